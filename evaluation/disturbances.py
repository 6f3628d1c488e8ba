"""What disturbs a page, and what changes it: `python -m evaluation.disturbances [NOISE.toml ...]`.

Pages of five makes are composed of the sentences of tests/cases, if a file has no pages of its own; each noise is put
into each of them, comes with one check and goes with the next, beside a document that stays as it is, or shows what its
`days` say. Real changes are those of the files, each in its page or two makes; without any, one sentence of a page
becomes another one that must be told. Everything runs through the real job, over the loopback. A noise fools the watch
where a version, an alert or a held text comes of it (of a broken page: a version or an alert); a change is told where
it alerts.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlmodel import select

from storage.changes import Change
from storage.checks import Check
from storage.database import Database
from storage.deliveries import Alert
from tests.site import Site, a_job, a_site

ROOT = Path(__file__).parents[1]
NOISE = ROOT / "evaluation" / "data" / "disturbances" / "noise.toml"
CHANGES = ("change", "neutral")
SLOTS = ("top", "above", "start", "middle", "end", "beside", "bottom")
SECTIONS = 9
SENTENCES = 4  # of a section
TITLES = {
    "en": "Privacy Policy",
    "fr": "Politique de confidentialité",
    "de": "Datenschutzerklärung",
}

Sections = list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Case:
    """One page that is watched: what it shows at each of the checks."""

    name: str
    kind: str
    make: str
    pages: tuple[Callable[[], str], ...]
    language: str = "en"


def sentences(language: str) -> list[dict[str, Any]]:
    """Cases that a person must be told of, each with both texts."""
    cases = tomllib.loads(
        (ROOT / "tests" / "cases" / f"{language}.toml").read_text("utf-8")
    )["case"]
    return [
        case
        for case in cases
        if case.get("alert")
        and min(len(case["before"]), len(case["after"])) > 25
        and "\n" not in case["after"]
    ]


def compose(seed: int, language: str) -> tuple[Sections, list[tuple[str, str]]]:
    """Sections of a policy, and the changes that can be made to it: a sentence, and the one that replaces it."""
    chance = random.Random(seed)
    chosen = chance.sample(sentences(language), SECTIONS * SENTENCES)
    headings = list(dict.fromkeys(case["section"] for case in chosen))[:SECTIONS]
    sections: Sections = [(heading, []) for heading in headings]
    changes = []
    for number, case in enumerate(chosen):
        sections[number % len(sections)][1].append(case["before"])
        changes.append((case["before"], case["after"]))
    return sections, changes


def _text(
    sections: Sections,
    slots: dict[str, str],
    section: Callable[[int, str, list[str]], str],
) -> str:
    drawn = [section(number, *each) for number, each in enumerate(sections)]
    return "".join([*drawn[:4], slots["middle"], *drawn[4:]])


def _each(form: str, paragraphs: list[str]) -> str:
    return "".join(map(form.format, paragraphs))


def article(title: str, sections: Sections, slots: dict[str, str]) -> str:
    def section(number: int, heading: str, paragraphs: list[str]) -> str:
        if number % 3 == 1:
            return f"<h2>{heading}</h2><ul>{_each('<li>{}</li>', paragraphs)}</ul>"
        if number % 3 == 2:
            rows = "".join(
                f"<tr><th>{n}</th><td>{paragraph}</td></tr>"
                for n, paragraph in enumerate(paragraphs, 1)
            )
            head = "<tr><th>No.</th><th>Rule</th></tr>"
            return f"<h2>{heading}</h2><table>{head}{rows}</table>"
        return f"<h2>{heading}</h2>{_each('<p>{}</p>', paragraphs)}"

    text = _text(sections, slots, section)
    return _document(
        title,
        f'{slots["top"]}<header class="site-head"><a href="/">Quillmark</a><nav><ul><li><a href="/books">Books</a></li>'
        f'<li><a href="/clubs">Clubs</a></li></ul></nav></header>{slots["above"]}<main><article><h1>{title}</h1>'
        f"{slots['start']}{text}{slots['end']}</article>{slots['beside']}</main>"
        f'<footer><a href="/imprint">Imprint</a> <a href="/jobs">Jobs</a> © 2025 Quillmark</footer>{slots["bottom"]}',
    )


def theme(title: str, sections: Sections, slots: dict[str, str]) -> str:
    def section(number: int, heading: str, paragraphs: list[str]) -> str:
        title = f"<h3><strong>{number + 1}. {heading}</strong></h3>"
        return title + _each('<p class="wp-block-paragraph">{}</p>', paragraphs)

    text = _text(sections, slots, section)
    return _document(
        title,
        f'{slots["top"]}<div id="page" class="hfeed site"><div class="site-branding"><a href="/">Bramblewood</a></div>'
        f'<div class="menu-primary"><a href="/shop">Shop</a><a href="/blog">Blog</a></div>{slots["above"]}'
        f'<div id="content" class="site-content"><div class="post-2 hentry"><h1 class="entry-title">{title}</h1>'
        f'<div class="entry-content">{slots["start"]}{text}{slots["end"]}</div></div>{slots["beside"]}'
        '<div id="secondary"><h4>Categories</h4><ul><li><a href="/c/1">Gardens</a></li><li><a href="/c/2">Tools</a>'
        f'</li></ul></div></div><div id="colophon">Bramblewood Ltd</div></div>{slots["bottom"]}',
    )


def spans(title: str, sections: Sections, slots: dict[str, str]) -> str:
    def section(_number: int, heading: str, paragraphs: list[str]) -> str:
        title = (
            f'<div class="css-9fk2 e1"><span class="css-77a">{heading}</span></div>'
        )
        rows = "<br><br>".join(
            f'<span class="css-0">{paragraph}</span>' for paragraph in paragraphs
        )
        return f'{title}<div class="css-1qw">{rows}</div>'

    text = _text(sections, slots, section)
    return _document(
        title,
        f'<div id="root">{slots["top"]}<div class="css-aa1"><a class="css-l" href="/">Tallow</a></div>{slots["above"]}'
        f'<div class="css-bb2"><div class="css-cc3"><div class="css-h">{title}</div>{slots["start"]}{text}{slots["end"]}'
        f'</div>{slots["beside"]}</div><div class="css-ff9"><a href="/about">About</a><a href="/press">Press</a></div>'
        f"{slots['bottom']}</div>",
    )


def layout(title: str, sections: Sections, slots: dict[str, str]) -> str:
    def section(_number: int, heading: str, paragraphs: list[str]) -> str:
        rows = _each("<p><font size=2>{}</font></p>", paragraphs)
        return f"<p><b>{heading}</b></p>{rows}"

    text = _text(sections, slots, section)
    return _document(
        title,
        f'{slots["top"]}<table width="900"><tr><td colspan=2><img src="logo.gif" alt="Oldfield Mail"></td></tr><tr>'
        f'<td width="160"><a href="a.htm">Mail</a><br><a href="b.htm">Rates</a></td><td>{slots["above"]}<h1>{title}</h1>'
        f"{slots['start']}{text}{slots['end']}</td></tr><tr><td colspan=2>{slots['beside']}<small>Oldfield Mail Inc."
        f"</small></td></tr></table>{slots['bottom']}",
    )


def folds(title: str, sections: Sections, slots: dict[str, str]) -> str:
    def section(number: int, heading: str, paragraphs: list[str]) -> str:
        inner = _each("<p>{}</p>", paragraphs)
        if number % 2:
            inner += '<div class="actions"><button>Opt out</button> <button>Learn more</button></div>'
            return f'<section class="panel"><h2>{heading}</h2>{inner}</section>'
        return f"<details><summary>{heading}</summary><div>{inner}</div></details>"

    text = _text(sections, slots, section)
    return _document(
        title,
        f'{slots["top"]}<div class="hc-header"><a href="/">Corvid Help</a><form role="search"><input name="q"></form></div>'
        f'{slots["above"]}<div role="main" class="hc-article"><h1>{title}</h1>{slots["start"]}{text}{slots["end"]}</div>'
        f'{slots["beside"]}<div class="hc-footer"><a href="/community">Community</a></div>{slots["bottom"]}',
    )


MAKES = {each.__name__: each for each in (article, theme, spans, layout, folds)}


def _document(title: str, body: str) -> str:
    language = next(each for each, name in TITLES.items() if name == title)
    return f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title></head><body>{body}</body></html>'


def noise_cases(files: Sequence[Path]) -> Iterator[Case]:
    """Each noise in each make; `{nonce}` in it is another word in each answer."""
    seed = 0
    for file in files:
        data = tomllib.loads(file.read_text("utf-8"))
        for entry in data["noise"]:
            own = [
                page["name"]
                for page in data.get("page", [])
                if page["language"] == entry.get("language", "en")
            ]
            for make in entry.get("makes") or own or MAKES:
                seed += 1
                yield _entry_case(entry, make, seed, data)


def file_changes(files: Sequence[Path]) -> Iterator[Case]:
    """Each change in its page, or in two makes; `neutral` ones deserve no alert."""
    makes = list(MAKES)
    seed = 2000
    for file in files:
        data = tomllib.loads(file.read_text("utf-8"))
        entries = [
            (kind, number, entry)
            for kind in CHANGES
            for number, entry in enumerate(data.get(kind, []))
        ]
        for kind, number, entry in entries:
            composed = (makes[number % 5], makes[(number + 2) % 5])
            for make in [entry["page"]] if "page" in entry else composed:
                seed += 1
                place = {} if "page" in entry else {"at": "middle"}
                case = _entry_case(place | entry, make, seed, data)
                before, after, _ = case.pages
                yield replace(case, kind=kind, pages=(before, after, after))


def _entry_case(
    entry: dict[str, Any], make: str, seed: int, data: dict[str, Any]
) -> Case:
    own = next(
        (page for page in data.get("page", []) if page["name"] == make), None
    )
    language = own["language"] if own else entry.get("language", "en")
    title = TITLES[language]
    written = [
        [(heading, list(texts)) for heading, texts in policy["sections"]]
        for policy in data.get("policy", [])
        if policy["language"] == language
    ]
    sections: Sections = []
    if own is None:
        sections = written[0] if written else compose(seed, language)[0]

    def page(shown: Sequence[str], changed: bool) -> Callable[[], str]:
        def answer() -> str:
            slots = dict.fromkeys(SLOTS, "")
            if changed and "beside" in entry:
                slots[entry["beside"]["at"]] += entry["beside"]["html"]
            text = random.choice(shown)
            if "page" not in entry:
                slots[entry.get("at", "top")] += text
            if own:
                drawn = own["html"]
                for slot, html in slots.items():
                    drawn = drawn.replace(f"<!--{slot}-->", html)
                if "page" in entry:
                    drawn = drawn.replace(entry["was"], text)
            else:
                drawn = MAKES[make](title, sections, slots)
            for old, new in entry.get("replace", []) if changed else []:
                drawn = re.sub(old, new, drawn)
            return re.sub(
                r"\{nonce\}", lambda _: f"{random.getrandbits(40):x}", drawn
            )

        return answer

    within = entry.get("choose") or [entry.get("html", "")]
    was = entry.get("was", "")
    without = within if was == "same" else ["" if [was] == within else was]
    pages = [page(without, False), page(within, True), page(without, False)]
    if "days" in entry:
        pages = [page([html], False) for html in entry["days"]]
    return Case(entry["name"], entry["kind"], make, tuple(pages), language)


def change_cases() -> Iterator[Case]:
    """Fifteen changes in each make; every fifth of them while a banner comes."""
    for number, make in enumerate(MAKES):
        sections, changes = compose(1000 + number, "en")
        for place, (old, new) in enumerate(changes[:15]):
            banner = '<div class="pz-note"><p>We are moving to a new building in May. Come and see us!</p></div>'
            slots = dict.fromkeys(SLOTS, "") | (
                {"top": banner} if place % 5 == 0 else {}
            )
            changed = [
                (heading, [new if each == old else each for each in texts])
                for heading, texts in sections
            ]
            before = MAKES[make](
                "Privacy Policy", sections, dict.fromkeys(SLOTS, "")
            )
            after = MAKES[make]("Privacy Policy", changed, slots)
            name = f"{old[:40]} -> {new[:60]}"
            yield Case(
                name, "change", make, tuple(map(_always, (before, after, after)))
            )


def _always(page: str) -> Callable[[], str]:
    return lambda: page


def run(
    cases: Sequence[Case], folder: Path
) -> Iterator[tuple[Case, list[str], int]]:
    """Each case with its outcomes and how many alerts came of it."""
    for checks in sorted({len(case.pages) for case in cases}):
        some = [case for case in cases if len(case.pages) == checks]
        home = folder / str(checks)
        home.mkdir()
        yield from _run(some, checks, home)


def _run(
    cases: Sequence[Case], checks: int, folder: Path
) -> Iterator[tuple[Case, list[str], int]]:
    with a_site() as site:
        config = _watchlist(folder, site, cases)
        step = 0
        for number, case in enumerate(cases):
            site.pages[f"/{number}"] = lambda case=case: case.pages[step]()  # type: ignore[misc]
        with a_job(config) as job:
            for step in range(checks):  # noqa: B007
                job.run(force=True)
        database = Database(f"sqlite:///{folder}/watch.db")
        with database.reading() as session:
            for number, case in enumerate(cases):
                document = f"d{number}/page"
                made = session.exec(
                    select(Check)
                    .where(Check.document_id == document)
                    .order_by(Check.id)  # type: ignore[arg-type]
                ).all()
                alerts = session.exec(
                    select(Alert)
                    .join(Change, Change.id == Alert.change_id)  # type: ignore[arg-type]
                    .where(Change.document_id == document)
                ).all()
                outcomes = [str(check.outcome) for check in made]
                yield case, outcomes, len(alerts)
        database.close()


def _watchlist(folder: Path, site: Site, cases: Sequence[Case]) -> Path:
    text = f'contact = "test@example.org"\ndatabase = "sqlite:///{folder}/watch.db"\n[crawl]\ndelay = 0\nconfirm_delay = 0\n'
    text += f'[[routes]]\nname = "all"\nto = ["file://{folder}/alerts.txt"]\n'
    for number, case in enumerate(cases):
        text += f'[[documents]]\nid = "d{number}/page"\nservice = "S{number}"\ntitle = "{TITLES[case.language]}"\n'
        text += f'language = "{case.language}"\nkind = "privacy-policy"\nurl = "{site.url}/{number}"\nallow_private = true\n'
    file = folder / "policywatch.toml"
    file.write_text(text, "utf-8")
    return file


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("noise", nargs="*", type=Path, default=[NOISE])
    parser.add_argument(
        "--misses",
        action="store_true",
        help="list what fooled the watch, and what was not told",
    )
    given = parser.parse_args()
    changes = list(file_changes(given.noise)) or list(change_cases())
    cases = [*noise_cases(given.noise), *changes]
    started = time.process_time()
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    with tempfile.TemporaryDirectory() as folder:
        for case, outcomes, alerts in run(cases, Path(folder)):
            counts = table[case.kind]
            later = set(outcomes[1:])
            counts["pairs"] += 1
            counts["alerts"] += bool(alerts)
            counts["versions"] += bool({"changed", "cosmetic"} & later)
            counts["held"] += "held" in outcomes
            counts["lost"] += bool(
                {"unreadable", "failed", "blocked"} & {*outcomes}
            )
            quiet = not alerts and (
                case.kind == "neutral"
                or later <= {"unchanged", "not-modified"}
                or (
                    case.kind == "broken"
                    and later.isdisjoint({"changed", "cosmetic"})
                )
            )
            if case.kind not in CHANGES:
                counts["fooled"] += not quiet
            wrong = not alerts if case.kind == "change" else not quiet
            if given.misses and wrong:
                print(
                    f"{case.kind:10} {case.make:8} {case.name[:70]:70} {' '.join(outcomes)} alerts={alerts}"
                )
    for kind, counts in table.items():
        print(f"{kind:12}", json.dumps(counts))
    noise = sum(
        (counts for kind, counts in table.items() if kind not in CHANGES),
        Counter[str](),
    )
    change, neutral = (table[kind] for kind in CHANGES)
    figures = {
        "noise_pairs": noise["pairs"],
        "fooled": round(noise["fooled"] / max(1, noise["pairs"]), 3),
        "noise_alerts": round(noise["alerts"] / max(1, noise["pairs"]), 3),
        "noise_held": noise["held"],
        "changes": change["pairs"],
        "changes_told": change["alerts"],
        "changes_recorded_only": change["versions"] - change["alerts"],
        "neutral": neutral["pairs"],
        "neutral_alerts": neutral["alerts"],
        "cpu_s": round(time.process_time() - started, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
