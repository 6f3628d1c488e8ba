"""Classification of passages and changes: chances of the model, then conventions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from analysis.classify.conventions import CONVENTIONS, HIGH
from analysis.classify.features import PassageFeatures
from analysis.classify.model import CLASSIFIED, Model
from foundation.vocabulary import AI_TOPICS, TOPICS, Direction, Severity, gravity

_CHANGES = 0.5  # chance from which the meaning changed
_ALERTS = 0.5
_ALERTS_IN_PART = 0.4  # a few words tell the model less than a sentence
_FEW = 12  # words
_TOPIC = 0.3  # chance of a topic of an alerting passage
_HIGH = 0.6
_MEDIUM = 0.5
_TOGETHER = 0.6  # that any of several passages is medium
_BOTH = 0.5  # chances of both directions for a mixed change
_BEHIND = 0.4
_ONE = 0.3


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of a passage or a change. `conventions` are those that decided."""

    substantive: bool = False
    alert: bool = False
    topics: tuple[str, ...] = ()
    severity: Severity = "none"
    direction: Direction = "none"
    chances: Mapping[str, float] = field(default_factory=dict)
    conventions: tuple[str, ...] = ()
    is_learned: bool = True


def classify_passage(
    features: PassageFeatures,
    kind: str,
    language: str | None,
    model: Model,
) -> Verdict:
    """By the model for trained languages; elsewhere every change of wording alerts, with its topics."""
    if features.values is None:
        return Verdict()
    if features.passage.is_heading:
        # its section says more, unless it turns what stands there
        if language not in CLASSIFIED:
            return Verdict(substantive=True)
        likely = Verdict(chances=model.predict(features.values))
        turned = CONVENTIONS["turned"](features, kind, likely)
        return (
            Verdict(conventions=("turned",), **turned) if turned else Verdict(True)
        )
    if language not in CLASSIFIED:
        return _unlearned(features)
    chances = model.predict(features.values)
    verdict = Verdict(chances["substantive"] >= _CHANGES, chances=chances)
    if chances["alert"] >= (_ALERTS_IN_PART if _is_little(features) else _ALERTS):
        possible = [
            topic
            for topic in TOPICS
            if topic in chances and _can_be(topic, features)
        ]
        topics = tuple(topic for topic in possible if chances[topic] >= _TOPIC)
        verdict = replace(
            verdict,
            substantive=True,
            alert=True,
            topics=topics or (max(possible, key=chances.__getitem__),),
            severity=_likeliest(chances),
            direction=_direction([chances]),
        )
    return _by_conventions(features, kind, verdict)


def _is_little(features: PassageFeatures) -> bool:
    """A whole sentence says itself what it is about."""
    return (
        features.passage.operation == "reworded"
        and features.size <= _FEW
        and not any(sentence.whole for sentence in features.sentences)
    )


def _can_be(topic: str, features: PassageFeatures) -> bool:
    """Whatever the chances, nothing is about AI without a word of it, there or above."""
    above = {f"phrase under {topic}", f"titled {topic}"}
    return (
        topic not in AI_TOPICS
        or any(phrase.topic == topic for phrase in features.phrases)
        or not above.isdisjoint(features.values or ())
    )


def _by_conventions(
    features: PassageFeatures, kind: str, verdict: Verdict
) -> Verdict:
    for name, decide in CONVENTIONS.items():
        if decided := decide(features, kind, verdict):
            verdict = replace(
                verdict, **decided, conventions=(*verdict.conventions, name)
            )
    return verdict


def classify_change(verdicts: Sequence[Verdict]) -> Verdict:
    """As its strongest passages: many weak hints make no alert."""
    alerting = [verdict for verdict in verdicts if verdict.alert]
    if not alerting:
        return Verdict(any(verdict.substantive for verdict in verdicts))
    named = {topic for verdict in alerting for topic in verdict.topics}
    is_learned = all(verdict.is_learned for verdict in alerting)
    return Verdict(
        substantive=True,
        alert=True,
        topics=(
            *(topic for topic in TOPICS if topic in named),
            *sorted(named - set(TOPICS)),
        ),
        severity=_severity(alerting),
        direction=_joined(alerting) if is_learned else "none",
        conventions=tuple(
            dict.fromkeys(
                name for verdict in alerting for name in verdict.conventions
            )
        ),
        is_learned=is_learned,
    )


def _unlearned(features: PassageFeatures) -> Verdict:
    topics = {
        phrase.topic
        for phrase in features.phrases
        if phrase.changed and phrase.tier == "decides"
    }
    return Verdict(
        substantive=True,
        alert=True,
        topics=tuple(topic for topic in TOPICS if topic in topics),
        severity="medium",
        is_learned=False,
    )


def _likeliest(chances: Mapping[str, float]) -> Severity:
    return (
        "high"
        if chances["high"] >= _HIGH
        else "medium"
        if chances["medium or high"] >= _MEDIUM
        else "low"
    )


def _severity(alerting: Sequence[Verdict]) -> Severity:
    """The highest; several nearly medium ones are medium together."""
    highest = min((verdict.severity for verdict in alerting), key=gravity)
    none_medium = math.prod(
        1 - verdict.chances.get("medium or high", 0) for verdict in alerting
    )
    return (
        "medium" if highest == "low" and 1 - none_medium >= _TOGETHER else highest
    )


def _joined(alerting: Sequence[Verdict]) -> Direction:
    high = {
        verdict.direction
        for verdict in alerting
        if verdict.severity == "high" and HIGH & {*verdict.conventions}
    }
    if len(high) == 1:
        return high.pop()  # others make it no milder
    directions: set[Direction] = set()
    learned = []
    for verdict in alerting:
        if verdict.conventions or verdict.direction == "none":
            directions.add(verdict.direction)
        else:
            learned.append(verdict.chances)
    if learned:
        directions.add(_direction(learned))
    for weak in ("none", "clarifies"):
        if len(directions) > 1:
            directions.discard(weak)
    return directions.pop() if len(directions) == 1 else "mixed"


def _direction(passages: Sequence[Mapping[str, float]]) -> Direction:
    """Mixed where both directions are likely and neither is far behind in sum."""
    expands, limits = (
        [chances.get(name, 0) for chances in passages]
        for name in ("expands", "limits")
    )
    less, more = sorted((sum(expands), sum(limits)))
    if min(max(expands), max(limits)) >= _BOTH and less >= _BEHIND * more:
        return "mixed"
    if max(*expands, *limits) < _ONE:
        return "clarifies"
    return "expands" if sum(expands) >= sum(limits) else "limits"
