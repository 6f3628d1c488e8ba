"""Texts of a megabyte that no policy has: what they cost to read and to compare, in seconds of CPU and in memory.

    python -m evaluation.hostile_texts [NAME ...]

`try` and `compare` are run on each, as a person would. Prints a line for each, and those above the limits at the end.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

SIZE = 1_000_000  # bytes, at least
MOST_SECONDS, MOST_MEMORY = 20, 600  # of CPU; MB
NEWS = "We sell your posts and your personal data to others, who train generative AI models with them."
_WORDS = [
    "we",
    "may",
    "share",
    "your",
    "personal",
    "data",
    "with",
    "our",
    "partners",
    "to",
    "train",
    "AI",
    "models",
    "and",
    "for",
    "advertising",
    "until",
    "you",
    "opt",
    "out",
    "of",
    "it",
    "in",
    "your",
    "settings",
    "do",
    "not",
    "sell",
    "keep",
    "delete",
    "account",
    "cookies",
    "30",
    "days",
    "children",
    "third",
    "parties",
    "consent",
]
_POLICY = "".join(
    f"<p>We keep your name and your address for as long as paragraph {n} says so.</p>"
    for n in range(40)
)


class HostilePair(NamedTuple):
    """Two texts of one page, as files of a kind: html, md or txt."""

    suffix: str
    before: str
    after: str


def _seeded(seed: int) -> random.Random:
    return random.Random(seed)  # the same texts each time


def words(
    size: int, seed: int = 1, *, separator: str = " ", vocabulary: int = 0
) -> str:
    """Words of policies without a mark between them; with a `vocabulary`, as many invented ones."""
    chosen = _seeded(seed)
    known = [f"w{number:x}" for number in range(vocabulary)] or _WORDS
    text: list[str] = []
    length = 0
    while length < size:
        text.append(chosen.choice(known))
        length += len(text[-1]) + len(separator)
    return separator.join(text)


def sentences(size: int, seed: int = 1) -> str:
    """Words of policies in sentences of a dozen."""
    chosen = _seeded(seed)
    text: list[str] = []
    length = 0
    while length < size:
        text.append(" ".join(chosen.choices(_WORDS, k=12)).capitalize() + ".")
        length += len(text[-1]) + 1
    return " ".join(text)


def _every_other(text: str, step: int = 7) -> str:
    """The text with every so many words another."""
    changed = text.split(" ")
    changed[::step] = ["sold"] * len(changed[::step])
    return " ".join(changed)


def page(body: str) -> str:
    """A policy with more in it."""
    return (
        "<!doctype html><html lang=en><head><title>Privacy Policy</title></head><body><main><h1>Privacy Policy</h1>"
        f"{_POLICY}{body}</main></body></html>"
    )


def paragraph(text: str) -> str:
    return f"<p>{text}</p>"


def _added(body: str, suffix: str = "html") -> HostilePair:
    """It comes with the news beside it."""
    return HostilePair(suffix, page(""), page(f"{body}<p>{NEWS}</p>"))


def _changed(before: str, after: str) -> HostilePair:
    """It changes, and the news comes beside it."""
    return HostilePair("html", page(before), page(f"{after}<p>{NEWS}</p>"))


def _repeated(piece: str) -> str:
    return piece * (SIZE // len(piece.encode()) + 1)


def _numbered(piece: str) -> str:
    count = SIZE // len(piece)
    return "".join(piece.replace("#", str(number)) for number in range(count))


def _markdown(before: str, after: str) -> HostilePair:
    head = "# Privacy Policy\n\n" + "".join(
        f"We keep your name as paragraph {n} says.\n\n" for n in range(40)
    )
    return HostilePair("md", head + before, f"{head}{after}\n\n{NEWS}\n")


def _plain(before: str, after: str) -> HostilePair:
    head = "Privacy Policy\n\n" + "".join(
        f"We keep your name as paragraph {n} says.\n\n" for n in range(40)
    )
    return HostilePair("txt", head + before, f"{head}{after}\n\n{NEWS}\n")


def _cells(seed: int) -> str:
    chosen = _seeded(seed)
    row = "<tr>{}</tr>".format("<td>{}</td>" * 5)
    cells = [
        " ".join(chosen.choices(_WORDS, k=3)) for _ in range(5 * (SIZE // 160))
    ]
    rows = (row.format(*cells[at : at + 5]) for at in range(0, len(cells), 5))
    return f"<table>{''.join(rows)}</table>"


HOSTILE: dict[str, Callable[[], HostilePair]] = {
    # one paragraph
    "paragraph of 130 kB": lambda: _added(paragraph(words(130_000))),
    "paragraph": lambda: _added(paragraph(words(SIZE))),
    "paragraph of sentences": lambda: _added(paragraph(sentences(SIZE))),
    "paragraph reworded": lambda: _changed(
        paragraph(words(SIZE)), paragraph(_every_other(words(SIZE)))
    ),
    "paragraph replaced": lambda: _changed(
        paragraph(words(SIZE)), paragraph(words(SIZE, 2))
    ),
    "sentences reworded": lambda: _changed(
        paragraph(sentences(SIZE)), paragraph(_every_other(sentences(SIZE)))
    ),
    "sentences replaced": lambda: _changed(
        paragraph(sentences(SIZE)), paragraph(sentences(SIZE, 2))
    ),
    "sentences reversed": lambda: _changed(
        paragraph(sentences(SIZE)),
        paragraph(" ".join(reversed(sentences(SIZE).split(". ")))),
    ),
    "130 kB reworded": lambda: _changed(
        paragraph(words(130_000)), paragraph(_every_other(words(130_000)))
    ),
    "one phrase over and over": lambda: _added(
        paragraph(_repeated("do not sell your personal data to train AI "))
    ),
    "one word over and over": lambda: _changed(
        paragraph(_repeated("data ")), paragraph(_repeated("cookies "))
    ),
    "gaps of a phrase": lambda: _added(
        paragraph(_repeated("we use your your your your your your "))
    ),
    "dates": lambda: _added(paragraph(_numbered("On 3 May 20# we sell. "))),
    "dates that change": lambda: _changed(
        paragraph(_repeated("until 3 May 2024 or 30 days ")),
        paragraph(_repeated("until 5/6/2025 or one month ")),
    ),
    "lengths of time": lambda: _changed(
        paragraph(_numbered("# days and ")), paragraph(_numbered("# months or "))
    ),
    "invented words": lambda: _added(paragraph(words(SIZE, vocabulary=200_000))),
    "addresses": lambda: _changed(
        paragraph(_numbered("a#@b.example ")),
        paragraph(_numbered("c#@d.example/e/# ")),
    ),
    "marks": lambda: _added(paragraph(_repeated("!?.,;:…()[]«»“” - "))),
    "abbreviations": lambda: _added(
        paragraph(_repeated("e.g. No. 3. Art. 5 U.S. A. B. "))
    ),
    "quotation marks": lambda: _added(paragraph(_repeated("&quot;&#39;"))),
    # without spaces
    "no spaces": lambda: _added(paragraph(_repeated("wesellyourdata"))),
    "long words": lambda: _changed(
        paragraph(_repeated("a" * 9_000 + " ")),
        paragraph(_repeated("a" * 8_999 + "b ")),
    ),
    "underscores": lambda: _added(paragraph(_repeated("_"))),
    "points": lambda: _added(paragraph(_repeated("."))),
    "soft hyphens": lambda: _added(
        paragraph(_repeated("per\u00adso\u00adnal\u200b data\u2060 "))
    ),
    "combining characters": lambda: _added(
        paragraph(_repeated("a" + "\u0301\u0323" * 200 + " "))
    ),
    "emoji": lambda: _added(paragraph(_repeated("👩\u200d👩\u200d👧\u200d👦🏽 "))),
    "Chinese": lambda: _changed(
        paragraph(_repeated("我们出售您的数据")),
        paragraph(_repeated("我们训练人工智能")),
    ),
    "right to left": lambda: _added(
        paragraph(_repeated("\u202eنبيع بياناتك\u2066 "))
    ),
    "digits": lambda: _changed(
        paragraph(_numbered("#,#.")), paragraph(_numbered("#.#,"))
    ),
    # many blocks
    "tiny paragraphs": lambda: _added(_numbered("<p>a #</p>")),
    "tiny paragraphs that change": lambda: _changed(
        _numbered("<p>we # a</p>"), _numbered("<p>you # b</p>")
    ),
    "paragraphs that change": lambda: _changed(
        _numbered("<p>We keep your data for # days and share it.</p>"),
        _numbered("<p>We sell your data for # days and train AI.</p>"),
    ),
    "paragraphs in another order": lambda: _changed(
        "".join(f"<p>{sentences(70, n)}</p>" for n in range(9_000)),
        "".join(f"<p>{sentences(70, n)}</p>" for n in reversed(range(9_000))),
    ),
    "the same paragraph": lambda: _added(
        _repeated("<p>We may share your data with others.</p>")
    ),
    "titles": lambda: _added(_numbered("<h2>Title #</h2><p>a</p>")),
    "titles within titles": lambda: _added(
        _numbered("<h2>A #</h2><h3>B</h3><h4>C</h4><h5>D</h5><p>e</p>")
    ),
    "items": lambda: _added(f"<ul>{_numbered('<li>your data #</li>')}</ul>"),
    "lists in lists": lambda: _added(
        _repeated("<ul><li>data" * 200 + "</ul>" * 200)
    ),
    "table": lambda: _changed(_cells(1), _cells(2)),
    "one row": lambda: _added(f"<table><tr>{_numbered('<td>#</td>')}</tr></table>"),
    "links": lambda: _added(paragraph(_numbered("<a href=/a/#>your data #</a> "))),
    # markup
    "deep nesting": lambda: _added(f"{_repeated('<div>')}{NEWS}"),
    "unclosed tags": lambda: _added(_repeated("<b><i><a href=x>data <p>")),
    "entities": lambda: _added(
        paragraph(_repeated("&amp;&#x41;&nbsp;&notin;&bogus; "))
    ),
    "comments": lambda: _added(_repeated("<!-- <p>data</p> --><p>a</p>")),
    # other kinds of text
    "Markdown emphasis": lambda: _markdown(
        "", _repeated("*a **b _c __d [e](f) `g ")
    ),
    "Markdown quotes": lambda: _markdown(
        _repeated("> " * 200 + "a\n"), _repeated("- " * 200 + "b\n")
    ),
    "plain lines": lambda: _plain(
        words(SIZE, separator="\n"), words(SIZE, 2, separator="\n")
    ),
}


class Cost(NamedTuple):
    """Of a command with all that it started: seconds of CPU, MB at most in one process, exit status."""

    seconds: float
    memory: float
    status: int
    said: str


_MEASURED = """
import resource, subprocess, sys
resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, done.returncode)
print((done.stdout + done.stderr)[-4000:])
"""


def cost_of(*arguments: str | Path) -> Cost:
    """Of a policywatch command."""
    command = [
        sys.executable,
        "-c",
        _MEASURED,
        sys.executable,
        "-m",
        "policywatch",
        *map(str, arguments),
    ]
    environ = os.environ | {
        "PYTHONPATH": str(Path.cwd())
    }  # the program that stands here
    first, _, said = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environ
    ).stdout.partition("\n")
    seconds, memory, status = first.split()
    return Cost(float(seconds), float(memory), int(status), said)


def costs(name: str, folder: Path) -> Iterator[tuple[str, Cost]]:
    """Of `try` and of `compare`."""
    pair = HOSTILE[name]()
    files = [folder / f"{side}.{pair.suffix}" for side in ("before", "after")]
    for file, text in zip(files, pair[1:], strict=True):
        file.write_text(text, "utf-8", errors="replace")
    yield "try", cost_of("try", files[1], "--json")
    yield (
        "compare",
        cost_of("compare", *files, "--json", "--document", "Privacy Policy"),
    )


def main() -> None:
    above = []
    for name in sys.argv[1:] or HOSTILE:
        with tempfile.TemporaryDirectory() as folder:
            for command, cost in costs(name, Path(folder)):
                end = " ".join(cost.said.split())[-70:] if cost.status else ""
                print(
                    f"{name:32} {command:8} {cost.seconds:6.1f} s {cost.memory:6.0f} MB  {end}",
                    flush=True,
                )
                if (
                    cost.seconds > MOST_SECONDS
                    or cost.memory > MOST_MEMORY
                    or cost.status not in (0, 1)
                ):
                    above.append(f"{name}: {command}")
    print(f"{len(HOSTILE)} texts; above the limits: {', '.join(above) or 'none'}")


if __name__ == "__main__":
    main()
