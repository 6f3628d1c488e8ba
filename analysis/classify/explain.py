"""Why a passage is classified as it is: the words that weighed most, by their weights in the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analysis.classify.features import PassageFeatures, changed_ngrams
from analysis.classify.model import Model
from analysis.classify.verdict import Verdict
from analysis.model import Evidence, Side
from messages import Reason, known, listed

_MOST_EVIDENCE = 3  # quotations for a topic of a passage
_MOST_WORDS = 5  # that `why` names
_NEAR = 2  # characters between two words that are quoted as one
_OF_SIDE = {"before": "why.removed", "after": "why.added"}


class Weighed(NamedTuple):
    """Words of a side, by offsets, and what they add to the log odds of a target."""

    weight: float
    side: Side
    start: int
    end: int


def evidence(features: PassageFeatures, verdict: Verdict, model: Model) -> list[Evidence]:
    """For each topic the phrases of the lexicon that name it, or else the words that weighed most for it."""
    found = []
    for topic in verdict.topics:
        phrases = [
            Weighed(phrase.end - phrase.start + 100 * (phrase.side == "after"), phrase.side, phrase.start, phrase.end)
            for phrase in features.phrases
            if phrase.topic == topic and phrase.changed and phrase.tier in ("decides", "suggests")
        ]
        for words in _apart(phrases or [each for each in weighed_words(features, topic, model) if each.weight > 0]):
            text = features.passage.texts[words.side][words.start : words.end]
            found.append(Evidence(topic, text, words.side))
    return found


def weighed_words(features: PassageFeatures, target: str, model: Model) -> Iterator[Weighed]:
    """What each changed word, stem and pair adds to a target."""
    values = features.values or {}
    for side, token in changed_ngrams(features.passage, features.sentences):
        names = (f"{'came' if side == 'after' else 'went'} {token.text}", f"changed {token.text}")
        weight = sum(values.get(name, 0) * model.weight(name, target) for name in names)
        yield Weighed(weight, side, token.start, token.end)


def why(features: PassageFeatures, verdict: Verdict, quotes: Sequence[Evidence], model: Model) -> tuple[Reason, ...]:
    """In plain words, with the chances and weights that decided."""
    if features.values is None:
        looks = features.wording.looks
        return (Reason("why.suppressed", reason=Reason(looks)) if looks else Reason("why.bounded"),)
    if not verdict.is_learned:
        return (Reason("why.unlearned"), *map(_quoted, quotes))
    chance = Reason("why.chance", chance=_percent(verdict.first or verdict))
    settled = (_second(verdict.first),) if verdict.first else ()
    if not verdict.alert:
        return (*settled, chance)
    told = [Reason("why.convention", reason=Reason(f"convention.{name}")) for name in verdict.conventions]
    weighed = sorted(_apart(weighed_words(features, "alert", model), _MOST_WORDS), key=lambda each: -each.weight)
    words = [
        Reason("why.word", text=features.passage.texts[each.side][each.start : each.end], weight=f"{each.weight:+.2f}")
        for each in weighed
    ]
    weights = [Reason("why.words", words=listed("list.words", words))] if words else []
    return (*told, *settled, *map(_quoted, quotes), chance, *weights)


def _second(first: Verdict) -> Reason:
    """That a second reader decided, and what the trained model would have: all of it in the reason's values."""
    names = [Reason(f"topic.{topic}") for topic in first.topics] or [Reason("why.nothing_to_tell")]
    return Reason("why.second_reader", first=listed("list.words", names))


def _percent(verdict: Verdict) -> int:
    return round(100 * verdict.chances.get("alert", 0))


def _quoted(quote: Evidence) -> Reason:
    code = f"topic.{quote.topic}"  # an operator's own topic has none
    return Reason(_OF_SIDE[quote.side], topic=Reason(code) if known(code) else quote.topic, text=quote.text)


def _apart(those: Iterator[Weighed] | Sequence[Weighed], most: int = _MOST_EVIDENCE) -> list[Weighed]:
    """The weightiest that do not overlap, in the order of the text; neighbours are one."""
    kept: list[Weighed] = []
    for each in sorted(those, key=lambda weighed: (-weighed.weight, weighed.side, weighed.start, -weighed.end)):
        near = [
            other
            for other in kept
            if other.side == each.side and other.start <= each.end + _NEAR and each.start <= other.end + _NEAR
        ]
        if not near and len(kept) == most:
            continue
        for other in near:
            kept.remove(other)
        group = [each, *near]
        kept.append(
            Weighed(
                max(other.weight for other in group),
                each.side,
                min(other.start for other in group),
                max(other.end for other in group),
            )
        )
    return sorted(kept, key=lambda each: (each.side, each.start))
