"""What each list of phrases and each rule of the reader still carries: without it, everything is read again.

    python -m evaluation.ablation ../shared/data/replay-dev [NOISE.toml ...]

Counted is what is then read otherwise: of every twentieth capture of real pages, the first of each without memory; of
pairs of pages with noise, how many more (or, negative, fewer) than with all rules make a new text; of our saved pages.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

from analysis.extract import furniture, main_text, read_page
from analysis.extract.line_rules import LINE_RULES
from analysis.model import UnreadablePage
from analysis.text import phrases
from analysis.text.normal import fingerprint
from evaluation.disturbances import NOISE, ROOT, noise_cases
from evaluation.replay_offline import FRENCH, bodies

STEP = 20  # captures
PAGES = ROOT / "tests" / "pages"
# by module, and what stands for them where they are left out
RULES: tuple[tuple[Any, str, Any], ...] = (
    (main_text, "mark_furniture", lambda *_, **__: None),
    (main_text, "by_place", lambda *_, **__: None),
    (main_text, "leave_out_other_languages", lambda *_, **__: None),
    (furniture, "mark_consent_managers", lambda *_, **__: None),
    (furniture, "_mark_consent_dialogs", lambda *_, **__: None),
    (furniture, "_by_tag", lambda *_: None),
)

Read = Callable[[], str]  # the fingerprint of a text
Rule = Callable[[], Any]  # the context in which it is left out


def text_of(body: bytes, former: Sequence[str] = (), **how: str) -> str:
    try:
        return fingerprint(read_page(body, former=former, **how).blocks)
    except UnreadablePage as failure:
        return str(failure.reason)


def captures(folder: pathlib.Path) -> Iterator[Read]:
    for manifest in sorted(folder.glob("*/manifest.json")):
        page = json.loads(manifest.read_text("utf8"))
        mimes = {capture["file"]: capture["mime"] for capture in page["captures"]}
        language = "fr" if manifest.parent.name in FRENCH else "en"
        former: tuple[str, ...] = ()
        for number, (name, body) in enumerate(
            bodies(manifest.parent, page["bodies"])
        ):
            how = {"mime": mimes[name], "language": language}
            if number % STEP == 0:
                yield partial(text_of, body, former, **how)
                try:
                    read = read_page(body, former=former, **how)
                except UnreadablePage:
                    continue
                former = tuple(block.text for block in read.blocks)


def is_fooled(before: bytes, after: bytes) -> str:
    try:
        page = read_page(before, language="en")
    except UnreadablePage:
        return "fooled"
    known = tuple(block.text for block in page.blocks)
    same = fingerprint(page.blocks) == text_of(after, known, language="en")
    return "" if same else "fooled"


def pairs(files: Sequence[pathlib.Path]) -> Iterator[Read]:
    for case in noise_cases(files):
        before, after = (page().encode() for page in case.pages[:2])
        yield partial(is_fooled, before, after)


def saved_pages() -> Iterator[Read]:
    for path in sorted(PAGES.glob("*.html")):
        yield partial(text_of, path.read_bytes())


def all_rules() -> Iterator[tuple[str, Rule]]:
    keys = {
        key for table in phrases._languages().values() for key in table["furniture"]
    }
    for key in sorted(keys):
        yield f"[furniture] {key}", partial(without_phrases, key)
    for rule in LINE_RULES:
        others = tuple(other for other in LINE_RULES if other is not rule)
        yield (
            f"lines: {rule.__name__.strip('_')}",
            partial(patch.object, main_text, "LINE_RULES", others),
        )
    for module, name, instead in RULES:
        yield name.strip("_"), partial(patch.object, module, name, instead)
    none = furniture._containers({})
    yield (
        "names of consent managers",
        partial(patch.object, furniture, "_consent_managers", lambda: (none, none)),
    )


@contextmanager
def without_phrases(key: str) -> Iterator[None]:
    tables = [table["furniture"] for table in phrases._languages().values()]
    kept = [(table, table.pop(key)) for table in tables if key in table]
    try:
        yield
    finally:
        for table, value in kept:
            table[key] = value


def forget_patterns() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("analysis."):
            for value in vars(module).values():
                if (
                    hasattr(value, "cache_clear")
                    and value is not phrases._languages
                ):
                    value.cache_clear()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("replay", type=pathlib.Path)
    parser.add_argument("noise", nargs="*", type=pathlib.Path, default=[NOISE])
    given = parser.parse_args()
    groups = {
        "captures": [*captures(given.replay)],
        "pairs": [*pairs(given.noise)],
        "pages": [*saved_pages()],
    }
    whole = {name: [read() for read in reads] for name, reads in groups.items()}
    sizes = "".join(f"{f'of {len(reads)}':>10}" for reads in groups.values())
    print(f"{'without':36}{''.join(f'{name:>10}' for name in groups)}")
    print(f"{'':36}{sizes}")
    for rule, left_out in all_rules():
        counts: Counter[str] = Counter()
        forget_patterns()
        with left_out():
            for name, reads in groups.items():
                for read, known in zip(reads, whole[name], strict=True):
                    text = read()
                    worse = text != known and (name != "pairs" or bool(text))
                    counts[name] += worse or -(text != known)
        print(
            f"{rule:36}{''.join(f'{counts[name]:10}' for name in groups)}",
            flush=True,
        )
    forget_patterns()


if __name__ == "__main__":
    main()
