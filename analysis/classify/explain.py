"""Why a passage is classified so: the words of most weight in the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from analysis.classify.features import PassageFeatures, changed_ngrams, tokens
from analysis.classify.model import Model
from analysis.classify.verdict import Verdict
from analysis.model import Evidence
from analysis.text.word_lists import word_lists
from foundation.vocabulary import TOPICS, Side
from messages import Message, join_messages, verbatim

_MOST_EVIDENCE = 3  # quotations for a topic
_SHORT = 2  # letters
_MOST_WORDS = 5  # named by `why`
_NEAR = 2  # characters between words quoted as one
_OF_SIDE = {"before": "why.removed", "after": "why.added"}


class Weighed(NamedTuple):
    """By offsets; `weight` is in log odds."""

    weight: float
    side: Side
    start: int
    end: int


def evidence(
    features: PassageFeatures, verdict: Verdict, model: Model
) -> list[Evidence]:
    """The phrases that name a topic, else the words of most weight that say something by themselves."""
    quotes = []
    for topic in verdict.topics:
        phrases = [
            Weighed(
                phrase.end - phrase.start + 100 * (phrase.side == "after"),
                phrase.side,
                phrase.start,
                phrase.end,
            )
            for phrase in features.phrases
            if phrase.topic == topic
            and phrase.changed
            and phrase.tier in ("decides", "suggests")
        ]
        texts = features.passage.texts
        words = phrases or [
            word
            for word in weighed_words(features, topic, model)
            if word.weight > 0
            and _says_something(texts[word.side][word.start : word.end])
        ]
        quotes += [
            Evidence(topic, texts[word.side][word.start : word.end], word.side)
            for word in _apart(words)
        ]
    return quotes


def _says_something(text: str) -> bool:
    """Unlike "e", "to our" and "of"."""
    return any(
        len(token.text) > _SHORT and token.text not in word_lists().function
        for token in tokens(text)
    )


def weighed_words(
    features: PassageFeatures, target: str, model: Model
) -> Iterator[Weighed]:
    """Of each changed word, stem and pair."""
    values = features.values or {}
    for side, token in changed_ngrams(features.passage, features.sentences):
        names = (
            f"{'came' if side == 'after' else 'went'} {token.text}",
            f"changed {token.text}",
        )
        weight = sum(
            values.get(name, 0) * model.weight(name, target) for name in names
        )
        yield Weighed(weight, side, token.start, token.end)


def why(
    features: PassageFeatures,
    verdict: Verdict,
    quotes: Sequence[Evidence],
    model: Model,
) -> tuple[Message, ...]:
    """With the deciding chances and weights."""
    if features.values is None:
        cosmetic = features.wording.cosmetic
        return (
            Message("why.suppressed", reason=Message(cosmetic))
            if cosmetic
            else Message("why.bounded"),
        )
    if not verdict.is_learned:
        return (Message("why.unlearned"), *map(_quoted, quotes))
    chance = Message(
        "why.chance",
        chance=round(100 * verdict.chances.get("alert", 0)),
    )
    if not verdict.alert:
        return (chance,)
    conventions = [
        Message("why.convention", reason=Message.term("convention", name))
        for name in verdict.conventions
    ]
    weighed = sorted(
        _apart(weighed_words(features, "alert", model), _MOST_WORDS),
        key=lambda each: -each.weight,
    )
    words = [
        Message(
            "why.word",
            text=features.passage.texts[each.side][each.start : each.end],
            weight=f"{each.weight:+.2f}",
        )
        for each in weighed
    ]
    weights = (
        [Message("why.words", words=join_messages("list.words", words))]
        if words
        else []
    )
    return (*conventions, *map(_quoted, quotes), chance, *weights)


def _quoted(quote: Evidence) -> Message:
    return Message(_OF_SIDE[quote.side], topic=_topic(quote.topic), text=quote.text)


def _topic(name: str) -> Message:
    return (
        Message.term("topics", name) if name in TOPICS else verbatim(name)
    )  # the operator's own have no other words


def _apart(words: Iterable[Weighed], most: int = _MOST_EVIDENCE) -> list[Weighed]:
    """In text order; neighbours are joined."""
    chosen: list[Weighed] = []
    for each in sorted(
        words, key=lambda word: (-word.weight, word.side, word.start, -word.end)
    ):
        near = [
            other
            for other in chosen
            if other.side == each.side
            and other.start <= each.end + _NEAR
            and each.start <= other.end + _NEAR
        ]
        if near or len(chosen) < most:
            group = [each, *near]
            start, end = (
                min(other.start for other in group),
                max(other.end for other in group),
            )
            chosen = [other for other in chosen if other not in near]
            chosen.append(
                Weighed(max(other.weight for other in group), each.side, start, end)
            )
    return sorted(chosen, key=lambda word: (word.side, word.start))
