"""The questions of the summary: which sentences answer them, trained and scored on services that are left out."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from analysis.classify.answers import TARGETS, sentence_values
from analysis.classify.features import Features
from analysis.classify.model import Model
from analysis.text.lexicon import matches
from analysis.text.sentence_ends import sentence_bounds
from evaluation.labels import Row, language_of, passage_of
from evaluation.training import fit_model
from foundation.vocabulary import QUESTIONS

WEIGHTS = Path(__file__).parent.parent / "analysis" / "classify" / "answers.npz"
MOST_FEATURES = 6_000
_QUIET = 900  # passages that answer nothing
_SEED = 3
_TELLING = {
    "on": ("default_on", "unless_refused", "user_choice"),
    "off": ("default_off", "user_choice"),
}


class Example(NamedTuple):
    """A sentence with what it answers; None where the label does not say."""

    service: str
    values: Features
    answers: list[bool | None]


def examples(places: Sequence[Row]) -> list[Example]:
    """The sentences of passages whose answers are labelled, and of some that answer nothing."""
    quiet = [
        row
        for row in places
        if "says" not in row
        and "topics" in row["label"]
        and not row["label"]["topics"]
    ]
    random.Random(_SEED).shuffle(quiet)
    return [
        each
        for row in [row for row in places if "says" in row] + quiet[:_QUIET]
        for each in _of_row(row)
    ]


def _of_row(row: Row) -> Iterator[Example]:
    says, language, passage = row.get("says", {}), language_of(row), passage_of(row)
    text = passage.texts[says["side"]] if says else passage.text
    sentences = [text[start:end] for start, end in sentence_bounds(text)]
    default = says.get("default")
    telling = (
        [sentence for sentence in sentences if _tells(sentence, default, language)]
        if default
        else []
    )
    for sentence in sentences:
        answers: list[bool | None] = [
            any(quote in sentence for quote in says.get(name, ()))
            for name in QUESTIONS
        ]
        for side in ("on", "off"):
            is_said: bool | None = default == side
            if is_said and len(sentences) > 1 and telling != [sentence]:
                is_said = None if sentence in telling or not telling else False
            answers.append(is_said)
        yield Example(
            row["service"], sentence_values(sentence, passage, language), answers
        )


def _tells(sentence: str, default: str, language: str | None) -> bool:
    return any(
        match.topic in _TELLING[default] for match in matches(sentence, language)
    )


def train_answers(some: Sequence[Example], without: Collection[str] = ()) -> Model:
    """Weights that have not seen these services."""
    seen = [each for each in some if each.service not in without]
    return fit_model(
        [each.values for each in seen],
        [each.answers for each in seen],
        TARGETS,
        MOST_FEATURES,
    )
