"""What a change that is told is about, how severe it is, and in whose favour."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import cast

from pydantic import BaseModel, ConfigDict

from analysis.change import SEVERITIES, TOPICS, Direction, Severity
from analysis.seen import Seen
from analysis.signs import signs, strengths
from analysis.weighing import Weighing, read

_GRAVE = {
    "claim.share.new": 1.0,
    "claim.use.new": 1.0,
    "claim.sensitive.new": 1.0,
    "claim.default_on.new": 1.0,
    "claim.choice.new": 0.5,
}
_GRAVE_ENOUGH = 3.75  # some 4 to 5 sentences that say so
_PRACTICES = ("share", "collect", "use", "train", "sensitive", "delete", "ads")
# signs of a topic that weigh for each topic in its own way
_OWN = frozenset(("new", "gone", "direct", "hints", "beside", "section", "any_direct", "share", "only_beside"))
_LONG = 2.5  # of the sign "shape.text_words": some 150 words


_GRAVER = {"expands": 0.05}  # of two answers that are as good as equal the graver one is told


class Weights(BaseModel):
    """The file `weights/meaning.toml`. `direction` has a weighing for each answer; the highest sum wins."""

    model_config = ConfigDict(extra="forbid")
    topic: Weighing
    direction: dict[str, Weighing]


@cache
def weights() -> Weights:
    return Weights.model_validate(read("meaning"))


def topics_of(found: Mapping[str, float]) -> tuple[str, ...]:
    """The topics that the change is about; where none is sure, the likeliest that it has words for."""
    chances = {topic: weights().topic.probability(topic_signs(topic, one)) for topic, one in strengths(found).items()}
    told = [topic for topic in TOPICS if chances[topic] >= weights().topic.threshold and _has_words(found, topic)]
    likeliest = [topic for topic in sorted(TOPICS, key=lambda topic: -chances[topic]) if _has_words(found, topic)]
    if not told and not likeliest and found.get("words.notice.after"):
        return ("data_use",)  # a notice of a coming policy names no topic, yet is about what is done with data
    return tuple(told or likeliest[:1])


def topic_signs(topic: str, strength: Mapping[str, float]) -> dict[str, float]:
    """What speaks for a topic: by signs that weigh the same for all topics, and by some that have a weight for each."""
    own = [sign for sign in strength if sign in _OWN or sign.startswith("kind.")]
    return {
        **{sign: value for sign, value in strength.items() if not sign.startswith("kind.")},
        f"{topic}.bias": 1.0,
        **{f"{topic}.{sign}": strength[sign] for sign in own},
    }


def _has_words(found: Mapping[str, float], topic: str) -> bool:
    """Whether changed words say it, or stand in a section that is about it."""
    return any(found.get(f"{topic}.{sign}", 0.0) > 0 for sign in ("decides.any", "suggests.any", "section"))


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
    sums = {answer: weighing.sum(found) + _GRAVER.get(answer, 0.0) for answer, weighing in weighings.items()}
    return cast(Direction, max(sums, key=lambda answer: (sums[answer], answer)))


def of_passage(one: Seen, most: Severity) -> tuple[Severity, Direction, tuple[str, ...]]:
    """Severity and direction of one place by its own signs, and why; it never weighs more than the whole change."""
    found = signs((one,), "other")
    severity, why = severity_of(found)
    direction = direction_of(found)
    reasons = (
        f"severity {severity}: {why}",
        f"direction {direction}: {weights().direction[direction].reasons(found, yes=True)}",
    )
    return min(severity, most, key=SEVERITIES.index), direction, reasons
