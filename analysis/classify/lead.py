"""Which clause is the news of a change: a linear ranking of its changed sentences, learned from what readers chose.

`python -m evaluation lead` trains the weights.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from analysis.classify.clauses import quotable
from analysis.classify.conventions import HIGH
from analysis.classify.features import PassageFeatures, passage_features
from analysis.classify.model import Model
from analysis.classify.verdict import Verdict
from analysis.diff.wording import ChangedSentence, Wording
from analysis.model import CELL, Page
from analysis.text.word_lists import word_lists
from foundation.vocabulary import TOPICS, Side

Weights = Mapping[str, float]
MOST = 300  # sentences that are ranked, of the passages that most likely alert
_AI = ("ai_training", "ai_features", "automated_decisions")
_WORD = re.compile(r"[^\W_]+")
_NAME = re.compile(r"(?<!^)(?<![.!?:] )\b[A-Z][\w-]+")
_STEM = 6  # letters
_ENUMERATED = re.compile(r"(?:\(?(?:\w|\d{1,3}|[ivx]{1,4})[.)]|[-–*•·●▪])\s")


class Candidate(NamedTuple):
    """A changed sentence of an alerting passage, with the chances of its own changed words and its features."""

    place: int
    sentence: ChangedSentence
    chances: Mapping[str, float]
    values: Mapping[str, float]

    @property
    def side(self) -> Side:
        return self.sentence.side


def words_of(page: Page) -> frozenset[str]:
    """In small letters."""
    return frozenset(
        word.casefold() for block in page.blocks for word in _WORD.findall(block.text)
    )


@cache
def shipped_weights() -> Weights:
    """The weights beside this file."""
    weights: Weights = json.loads(
        (files("analysis.classify") / "lead.json").read_text("utf-8")
    )
    return weights


def ranked(candidates: Sequence[Candidate], weights: Weights) -> list[Candidate]:
    """The likeliest news first."""
    worth = {
        id(each): sum(
            weights.get(name, 0.0) * value for name, value in each.values.items()
        )
        for each in candidates
    }
    return sorted(
        candidates,
        key=lambda each: (
            -round(worth[id(each)], 6),
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
    known: Mapping[Side, Collection[str]],
) -> list[Candidate]:
    """The changed sentences of passages, with the verdicts on these by number.

    `known` holds the words in small letters of the other text of each side: of the later one for "before".
    """
    sentences = [
        (place, sentence)
        for place in sorted(
            verdicts, key=lambda place: -verdicts[place].chances.get("alert", 1.0)
        )
        for sentence in quotable(annotated[place].passage, annotated[place].sentences)
    ][:MOST]
    sentences.sort(key=lambda each: (each[0], each[1].side, each[1].start))
    found, best = [], 0.0
    for number, (place, sentence) in enumerate(sentences):
        features = annotated[place]
        alone = passage_features(
            features.read or features.passage, Wording((sentence,)), kind, language
        )
        chances = model.predict(alone.values or {})
        position = number / len(sentences)
        is_first = number == 0 or sentences[number - 1][0] != place
        values = dict(
            _values(
                features,
                verdicts[place],
                sentence,
                alone,
                chances,
                known,
                position,
                is_first=is_first,
            )
        )
        best = max(best, chances["alert"])
        found.append(Candidate(place, sentence, chances, values))
    return [
        each._replace(
            values={**each.values, "likeliest": float(each.chances["alert"] == best)}
        )
        for each in found
    ]


def _values(
    features: PassageFeatures,
    verdict: Verdict,
    sentence: ChangedSentence,
    alone: PassageFeatures,
    chances: Mapping[str, float],
    known: Mapping[Side, Collection[str]],
    position: float,
    *,
    is_first: bool,
) -> Iterator[tuple[str, float]]:
    passage = features.passage
    text = passage.texts[sentence.side][sentence.start : sentence.end].strip()
    words = [word.casefold() for word in _WORD.findall(text)]
    changed = sum(
        len(_WORD.findall(passage.texts[sentence.side][start:end]))
        for start, end in sentence.spans
    )
    for target in ("alert", "medium or high", "high"):
        yield f"passage {target}", _odds(verdict.chances.get(target, 0.5))
    for target in (
        "alert",
        "medium or high",
        "high",
        "expands",
        "limits",
        "clarifies",
        "ai_training",
        "data_sharing",
    ):
        yield target, _odds(chances[target])
    yield "passage chance", verdict.chances.get("alert", 0.5)
    yield "ai", _odds(max(chances[topic] for topic in _AI))
    yield "convention", float(not HIGH.isdisjoint(verdict.conventions))
    yield f"{sentence.side} {passage.operation}", 1.0
    yield sentence.side, 1.0
    yield "whole", float(sentence.whole)
    yield "changed", math.log1p(changed) / 2
    yield "part changed", min(1.0, changed / max(1, len(words)))
    yield "length", math.log1p(len(words)) / 2
    yield "short", float(len(words) < 6)
    yield "very short", float(len(words) < 4)
    yield "long", float(len(text) > 320)
    yield "position", position
    yield "first of change", float(position == 0)
    yield "first of passage", float(is_first)
    yield "begins small", float(text.lstrip('“"«(')[:1].islower())
    yield "enumerated", float(_ENUMERATED.match(text) is not None)
    yield "ends open", float(text.endswith(":"))
    yield "ends", float(text[-1:] in ".!;")
    yield "question", float(text.endswith("?"))
    yield "row", float(CELL in text)
    yield "governed", float(bool(passage.lead_in))
    yield "address", float("http" in text or "@" in text)
    yield "digits", float(any(map(str.isdigit, text)))
    yield (
        "capitals",
        sum(word[:1].isupper() for word in text.split()) / max(1, len(text.split())),
    )
    yield "commas", math.log1p(text.count(",")) / 2
    names = [match.group().casefold() for match in _NAME.finditer(text)]
    yield "names", min(4, len(names)) / 4
    yield "new name", float(not all(name in known[sentence.side] for name in names))
    title = {
        word[:_STEM]
        for word in _WORD.findall(" ".join(passage.heading[-1:]).casefold())
        if len(word) > 2
    }
    yield (
        "as titled",
        float(
            not title.isdisjoint(
                word[:_STEM] for word in words if word not in word_lists().function
            )
        ),
    )
    decided = {
        phrase.topic
        for phrase in alone.phrases
        if phrase.changed and phrase.tier == "decides"
    }
    yield "topics", len(decided & {*TOPICS}) / 2
    yield (
        "phrases",
        len({phrase.topic for phrase in alone.phrases if phrase.tier != "words"}) / 3,
    )
    first = words[0] if words else ""
    openings = word_lists().openings.items()
    yield (
        f"opening {next((name for name, some in openings if first in some), 'other')}",
        1.0,
    )
    for name, some in word_lists().signals.items():
        if not some.isdisjoint(words):
            yield f"signal {name}", 1.0


def _odds(chance: float) -> float:
    """Log odds of about one unit."""
    kept = min(max(chance, 0.003), 0.997)
    return math.log(kept / (1 - kept)) / 3
