"""Weighs the signs of a change: is it one, is it to be told, about what, how severe and in whose favour.

The weights are in `weights.toml`; bench/train_weights.py makes them from labelled changes that are not shipped. A
judgement is a sum of signs times weights, so that what decided can be read and shown.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

from pydantic import BaseModel, ConfigDict

from analysis.change import SEVERITIES, TOPICS, Direction, Severity
from analysis.seen import Seen
from analysis.signs import signs, strengths

_CERTAIN = ("policy.data", "policy.notice", "policy.listed", "terms.ai", "claim.train.new", "claim.share.new")
_GRAVE = {
    "claim.share.new": 1.0,
    "claim.use.new": 1.0,
    "claim.sensitive.new": 1.0,
    "claim.default_on.new": 1.0,
    "claim.choice.new": 0.5,
}
_GRAVE_ENOUGH = 3.75  # some 4 to 5 sentences that say so
_PRACTICES = ("share", "collect", "use", "train", "sensitive", "delete", "ads")
_LONG = 2.5  # of the sign "shape.text_words": some 150 words
_MOST_REASONS = 3
_LEAST_REASON = 0.05


class Weighing(BaseModel):
    """One question: `bias` plus the sum of signs times weights, and from which probability on the answer is yes."""

    model_config = ConfigDict(extra="forbid")
    bias: float
    threshold: float = 0.5
    weights: dict[str, float]

    def sum(self, found: Mapping[str, float]) -> float:
        return self.bias + sum(weight * found.get(sign, 0.0) for sign, weight in self.weights.items())

    def probability(self, found: Mapping[str, float]) -> float:
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.sum(found)))))

    def holds(self, found: Mapping[str, float]) -> bool:
        return self.probability(found) >= self.threshold

    def reasons(self, found: Mapping[str, float], *, yes: bool) -> str:
        """The signs that weighed most for the answer."""
        return weightiest({sign: weight if yes else -weight for sign, weight in self.weights.items()}, found)


def weightiest(weights: Mapping[str, float], found: Mapping[str, float]) -> str:
    """The names of the signs that weighed most."""
    parts = {sign: weight * found.get(sign, 0.0) for sign, weight in weights.items()}
    most = sorted(parts, key=lambda sign: -parts[sign])[:_MOST_REASONS]
    return ", ".join(sign for sign in most if parts[sign] > _LEAST_REASON) or "no sign for it"


class Weights(BaseModel):
    """The file. `direction` has a weighing for each answer; the highest sum wins."""

    model_config = ConfigDict(extra="forbid")
    substantive: Weighing
    alert: Weighing
    topic: Weighing
    direction: dict[str, Weighing]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a whole change is. `reasons` names the signs that weighed most."""

    substantive: bool
    alert: bool
    topics: tuple[str, ...]
    severity: Severity
    direction: Direction
    reasons: str


@cache
def weights() -> Weights:
    return Weights.model_validate(tomllib.loads((files("analysis") / "weights.toml").read_text("utf-8")))


def judge(seen: Sequence[Seen], kind: str) -> Judgement:
    """Judge a change by all its places together."""
    found = signs(seen, kind)
    real = any(one.real and one.shape != "fragment" for one in seen)
    certain = real and is_certain(found)
    if not real or not (certain or weights().substantive.holds(found)):
        return Judgement(False, False, (), "none", "none", weights().substantive.reasons(found, yes=False))
    topics = topics_of(found)
    if not topics or not (certain or weights().alert.holds(found)):
        return Judgement(True, False, (), "none", "none", weights().alert.reasons(found, yes=False))
    severity, _ = severity_of(found)
    return Judgement(True, True, topics, severity, direction_of(found), weights().alert.reasons(found, yes=True))


def is_certain(found: Mapping[str, float]) -> bool:
    """Whether the change says outright what is done with data, or that a new policy comes, be it ever so small."""
    return any(found.get(sign) for sign in _CERTAIN)


def topics_of(found: Mapping[str, float]) -> tuple[str, ...]:
    """The topics that the change is about; where none is sure, the likeliest that has a phrase."""
    chances = {topic: weights().topic.probability(topic_signs(topic, one)) for topic, one in strengths(found).items()}
    told = [topic for topic in TOPICS if chances[topic] >= weights().topic.threshold and _has_phrase(found, topic)]
    likeliest = [topic for topic in sorted(TOPICS, key=lambda topic: -chances[topic]) if _has_phrase(found, topic)]
    if not told and not likeliest and found.get("words.notice.after"):
        return ("data_use",)  # a notice of a coming policy names no topic, yet is about what is done with data
    return tuple(told or likeliest[:1])


def topic_signs(topic: str, strength: Mapping[str, float]) -> dict[str, float]:
    """What speaks for a topic: by signs that weigh the same for all topics, and by some that have a weight for each."""
    return {
        **strength,
        f"{topic}.bias": 1.0,
        **{
            f"{topic}.{sign}": strength[sign]
            for sign in ("new", "gone", "direct", "hints", "beside", "section", "any_direct", "share")
        },
    }


def _has_phrase(found: Mapping[str, float], topic: str) -> bool:
    return found.get(f"{topic}.decides.any", 0.0) > 0 or found.get(f"{topic}.suggests.any", 0.0) > 0


def severity_of(found: Mapping[str, float]) -> tuple[Severity, str]:
    """How much a change weighs for a reader, and why. Rules, not weights."""
    if found.get("claim.train.new") and not found.get("kind.rules"):
        return "high", "people's data or content is newly used to train AI"
    if found.get("claim.default_on.new") and found.get("claim.use.new"):
        return "high", "data is newly used unless people object"
    if sum(weight * found.get(claim, 0.0) for claim, weight in _GRAVE.items()) >= _GRAVE_ENOUGH:
        return "high", "much is newly done with people's data: used, shared, or of a sensitive kind"
    practices = [claim for claim in _PRACTICES if found.get(f"claim.{claim}.new")]
    if practices or found.get("shape.text_words", 0.0) >= _LONG:
        return "medium", "newly said: " + ", ".join(practices) if practices else "many words changed"
    return "low", "no practice with people's data is new"


def direction_of(found: Mapping[str, float]) -> Direction:
    weighings = weights().direction
    return cast(Direction, max(weighings, key=lambda answer: (weighings[answer].sum(found), answer)))


def judge_passage(one: Seen, whole: Judgement) -> tuple[Severity, Direction, tuple[str, ...]]:
    """One place by its own signs; it never weighs more than the whole change."""
    found = signs((one,), "other")
    severity, why = severity_of(found)
    direction = direction_of(found)
    reasons = (
        f"severity {severity}: {why}",
        f"direction {direction}: {weights().direction[direction].reasons(found, yes=True)}",
    )
    return min(severity, whole.severity, key=SEVERITIES.index), direction, reasons
