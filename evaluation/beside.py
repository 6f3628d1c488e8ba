"""Lines that stand beside the document: trained on lines that we wrote and on passages of real changes, and scored on
services and on written lines that are left out."""

from __future__ import annotations

import random
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from analysis.classify.beside import MUTES, PASSES, TARGETS, chance, line_values
from analysis.classify.features import tokens
from analysis.classify.model import CLASSIFIED, Model
from evaluation.labels import CASES, DATA, OURS, Row, folds, read_rows
from evaluation.training import fit_model

WEIGHTS = Path(__file__).parent.parent / "analysis" / "classify" / "beside.npz"
MOST_FEATURES = 12_000
_DRAWN = {"lines": 6, "document": 6, "frames": 60}  # times, with other words
_COMMON = 3  # services of which passages have a word that policies use
_SEED = 5
_FOLDS = 5
_SLOT = re.compile(r"\{(\w+)\}")


class Example(NamedTuple):
    """A line; `source`: the service, or the written line that it was drawn from."""

    source: str
    text: str
    language: str
    beside: bool
    alerts: bool


def written_and_policies(places: Sequence[Row]) -> list[Example]:
    german = read_rows(DATA / "german_places.jsonl")
    return [
        *_of_policies([*places, *german]),
        *_of_cases(),
        *_drawn_lines(),
        *_lines(),
    ]


def _of_policies(places: Sequence[Row]) -> Iterator[Example]:
    for row in places:
        label = row["label"]
        if row["language"] in CLASSIFIED and label["substantive"]:
            for line in {
                line
                for side in ("before", "after")
                for line in (row[side] or "").split("\n")
                if line
            }:
                yield Example(
                    row["service"],
                    line,
                    row["language"],
                    False,
                    bool(label["topics"]),
                )


def _of_cases() -> Iterator[Example]:
    """Sentences of the tests' written policies, and of what must be told of them."""
    for language in ("en", "fr"):
        table = tomllib.loads((CASES / f"{language}.toml").read_text("utf-8"))
        for number, case in enumerate(table["case"]):
            lines = {
                line
                for side in ("before", "after")
                for line in case[side].split("\n")
                if line and case.get("alert")
            }
            for line in sorted(lines):
                yield Example(
                    f"{OURS} case {language}{number}", line, language, False, True
                )
        for path in sorted(CASES.glob(f"*.{language}.md")):
            for number, line in enumerate(path.read_text("utf-8").split("\n")):
                if line.strip(" #"):
                    yield Example(
                        f"{OURS} {path.name}{number}", line, language, False, False
                    )


def _lines() -> Iterator[Example]:
    for row in read_rows(DATA / "beside_lines.jsonl"):
        source = f"{OURS} {row['site']}"
        yield Example(source, row["text"], row["language"], row["beside"], False)


def _drawn_lines() -> Iterator[Example]:
    chance = random.Random(_SEED)
    table = tomllib.loads((DATA / "beside.toml").read_text("utf-8"))
    for language, part in table.items():
        for kind, times in _DRAWN.items():
            for number, line in enumerate(part[kind]):
                source = f"{OURS} {language} {kind} {number}"
                drawn = {_drawn(line, part["words"], chance) for _ in range(times)}
                for text in sorted(drawn):
                    yield Example(source, text, language, kind != "document", False)


def _drawn(
    line: str, words: Mapping[str, Sequence[str]], chance: random.Random
) -> str:
    return _SLOT.sub(lambda slot: chance.choice(words[slot[1]]), line)


def train_beside(some: Sequence[Example], without: Collection[str] = ()) -> Model:
    """Weights that have not seen these sources."""
    seen = [each for each in some if each.source not in without]
    common = Counter(
        word
        for word, _ in {
            (word, each.source)
            for each in seen
            if not each.beside
            for word in _words(each.text)
        }
    )
    values = []
    for each in seen:
        own = (
            0 if each.beside else 1
        )  # a word known from this service alone is not known
        known = {
            word for word in _words(each.text) if common[word] - own >= _COMMON
        }
        values.append(line_values(each.text, each.language, known))
    return fit_model(
        values, [[each.beside] for each in seen], TARGETS, MOST_FEATURES
    )


def scores_of_folds(some: Sequence[Example]) -> str:
    """What passes and what is muted, of sources that the weights have not seen."""
    fold = folds({each.source for each in some}, _FOLDS)
    chances: list[tuple[Example, float]] = []
    for left_out in range(_FOLDS):
        without = {source for source, number in fold.items() if number == left_out}
        model = train_beside(some, without)
        chances += [
            (each, chance(each.text, each.language, model))
            for each in some
            if each.source in without
        ]
    kinds = {
        "lines of policies": [value for each, value in chances if not each.beside],
        "of these, of changes that alert": [
            value for each, value in chances if each.alerts
        ],
        "lines beside, written": [value for each, value in chances if each.beside],
    }
    rows = [f"{'':32}{'number':>8}{'passes':>8}{'muted':>8}"]
    for name, values in kinds.items():
        passes, mutes = (
            sum(value >= limit for value in values) / len(values)
            for limit in (PASSES, MUTES)
        )
        rows.append(f"{name:32}{len(values):8}{passes:8.3f}{mutes:8.3f}")
    return "\n".join(rows)


def _words(text: str) -> set[str]:
    return {token.text for token in tokens(text)}
