"""Which clause is the news of a change: a linear ranking of changed sentences, learned from readers' choices.

`python -m evaluation lead` trains the weights.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from analysis.classify.clauses import quotable, quotation
from analysis.classify.features import PassageFeatures, passage_features
from analysis.classify.model import Model
from analysis.classify.verdict import Verdict
from analysis.diff.wording import ChangedSentence, Wording
from analysis.text.word_lists import word_lists
from foundation.vocabulary import Side

Weights = Mapping[str, float]
MOST = 300  # sentences ranked, of the passages that most likely alert
_WORD = re.compile(r"[^\W_]+")


class Candidate(NamedTuple):
    """Of an alerting passage; `quotation` is quoted if it leads."""

    place: int
    sentence: ChangedSentence
    quotation: tuple[int, int] | None
    passage_chance: float = 1.0
    values: Mapping[str, float] = {}

    @property
    def side(self) -> Side:
        return self.sentence.side


@cache
def shipped_weights() -> Weights:
    weights: Weights = json.loads(
        (files("analysis.classify") / "lead.json").read_text("utf-8")
    )
    return weights


def ranked(candidates: Sequence[Candidate], weights: Weights) -> list[Candidate]:

    def worth(each: Candidate) -> float:
        return sum(
            weights.get(name, 0.0) * value for name, value in each.values.items()
        )

    return sorted(
        candidates,
        key=lambda each: (
            -round(worth(each), 6),
            each.place,
            each.side,
            each.sentence.start,
        ),
    )


def candidates(
    annotated: Sequence[PassageFeatures],
    verdicts: Mapping[int, Verdict],
    kind: str,
    language: str | None,
    model: Model,
) -> list[Candidate]:
    """`verdicts` are by number of the passage."""
    sentences = [
        (place, sentence)
        for place in sorted(
            verdicts, key=lambda place: -verdicts[place].chances.get("alert", 1.0)
        )
        for sentence in quotable(
            annotated[place].passage, annotated[place].sentences
        )
    ][:MOST]
    sentences.sort(key=lambda each: (each[0], each[1].side, each[1].start))
    found = []
    for place, sentence in sentences:
        features = annotated[place]
        alone = passage_features(
            features.read or features.passage, Wording((sentence,)), kind, language
        )
        text = features.passage.texts[sentence.side]
        ends = quotation(text, sentence, features.sentences)
        values = _values(
            text[sentence.start : sentence.end],
            sentence.side,
            verdicts[place].chances,
            model.predict(alone.values or {}),
        )
        values["sentences beside"] = float(
            ends is not None
            and (ends[0] < sentence.start or ends[1] > sentence.end)
        )
        chance = verdicts[place].chances.get("alert", 0.5)
        found.append(Candidate(place, sentence, ends, chance, values))
    return found


def _values(
    text: str, side: Side, passage: Mapping[str, float], alone: Mapping[str, float]
) -> dict[str, float]:
    """Few features suffice: seventy more, of length, place, form and words, improved no ranking."""
    first = _WORD.search(text)
    word = first.group().casefold() if first else ""
    openings = word_lists().openings.items()
    opening = next((name for name, words in openings if word in words), "other")
    return {
        "passage medium or high": _odds(passage.get("medium or high", 0.5)),
        "alert": _odds(alone["alert"]),
        "medium or high": _odds(alone["medium or high"]),
        "ai_training": _odds(alone["ai_training"]),
        side: 1.0,
        f"opening {opening}": 1.0,
    }


def _odds(chance: float) -> float:
    """Log odds of about one unit."""
    kept = min(max(chance, 0.003), 0.997)
    return math.log(kept / (1 - kept)) / 3
