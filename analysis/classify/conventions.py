"""What people decided about changes, whatever a model has learnt, each with its reason; none is about a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from analysis.classify.features import PassageFeatures
from analysis.model import SIDES, TOPICS
from analysis.text.times import times_in

if TYPE_CHECKING:
    from analysis.classify.verdict import Verdict

_AI = ("ai_training", "ai_features")
_PEOPLES = ("personal_data", "user_content")
Decided = Mapping[str, Any]  # fields of a verdict


def _alerting(verdict: Verdict, *topics: str, severity: str, direction: str) -> Decided:
    both = {*verdict.topics, *topics}
    return {
        "substantive": True,
        "alert": True,
        "topics": tuple(topic for topic in TOPICS if topic in both),
        "severity": severity,
        "direction": direction,
    }


def _is_denied(features: PassageFeatures, side: str) -> bool:
    """Whether a changed sentence of the side says that something is not done."""
    return any(phrase.topic == "promise" and phrase.side == side for phrase in features.phrases)


def _notice(features: PassageFeatures, kind: str, verdict: Verdict) -> Decided | None:
    """A notice that the policy or the terms will change is news before the text is: people have until then to act."""
    if kind in ("rules", "developer") or verdict.alert or not features.has("notice", side="after"):
        return None
    return _alerting(verdict, "data_use", severity="low", direction="clarifies")


def _about_ai(features: PassageFeatures, _kind: str, verdict: Verdict) -> Decided | None:
    """Whatever a document newly says of AI alerts, be it a rule for users: it is what people subscribe for."""
    came = [topic for topic in _AI if features.has(topic, side="after", tiers=("decides",))]
    went = features.has(*_AI, side="before", tiers=("decides",))
    if verdict.alert or not verdict.substantive or not came or went:
        return None
    return _alerting(verdict, *came, severity="low", direction="clarifies")


def _training(features: PassageFeatures, kind: str, verdict: Verdict) -> Decided | None:
    """What a model has learnt can't be taken back, so training on people's data or content is always high."""
    if kind == "rules" or features.has("ai_training", side="before", tiers=("decides",)):
        return None
    for sentence in features.sentences:
        phrases = [each for each in features.phrases if each.side == sentence.side == "after"]
        phrases = [each for each in phrases if sentence.start <= each.start < sentence.end]
        trains = any(each.topic == "ai_training" and each.tier == "decides" and each.changed for each in phrases)
        groups = {each.topic for each in phrases if each.tier == "words"}
        if trains and not groups.isdisjoint(_PEOPLES) and "promise" not in groups:
            return _alerting(verdict, "ai_training", severity="high", direction="expands")
    return None


def _sale(features: PassageFeatures, kind: str, verdict: Verdict) -> Decided | None:
    """Data that is newly sold is out of the service's hands and of the person's."""
    if kind == "rules" or not features.has("sold", side="after") or features.has("sold", "promise", side="before"):
        return None
    if _is_denied(features, "after"):
        return None
    return _alerting(verdict, "data_sharing", severity="high", direction="expands")


def _promise_gone(features: PassageFeatures, kind: str, verdict: Verdict) -> Decided | None:
    """A promise about data that goes alerts, though nothing came: what was ruled out is possible now."""
    if kind == "rules" or not features.has("promise", side="before") or _is_denied(features, "after"):
        return None
    broken = [topic for topic in ("ai_training", "data_sharing") if features.has(topic, side="before")]
    named = {phrase.topic for phrase in features.phrases if phrase.side == "before"}
    if named.isdisjoint(TOPICS) or not (broken or named & {*_PEOPLES}):
        return None
    severity = "high" if broken else "medium" if verdict.severity in ("none", "low") else verdict.severity
    return _alerting(
        verdict, *(broken if broken or verdict.topics else ["data_use"]), severity=severity, direction="expands"
    )


def _choice_gone(features: PassageFeatures, kind: str, verdict: Verdict) -> Decided | None:
    """Who must act where nothing happened before, or can't refuse any more, has lost a choice."""
    if kind == "rules":
        return None
    asked = features.has("default_off", side="before") and not features.has("default_off", side="after")
    acts = features.has("default_on", "unless_refused", side="after")
    lost = features.has("no_choice", "lost", side="after") and not features.has("no_choice", "lost", side="before")
    if (asked and acts) or (lost and verdict.alert):
        return _alerting(verdict, "user_choice", severity="high", direction="expands")
    return None


def _retention(features: PassageFeatures, kind: str, verdict: Verdict) -> Decided | None:
    """Another time for which data is kept alerts, even if only a number differs."""
    if kind == "rules" or verdict.alert:
        return None
    named = {phrase.side for phrase in features.phrases if (phrase.topic, phrase.tier) == ("retention", "decides")}
    if len(named) < len(SIDES):
        return None
    before, after = ({time.days for time in times_in(text)} for text in features.passage.texts.values())
    if not before or not after or before == after:
        return None
    return _alerting(
        verdict, "retention", severity="medium", direction="expands" if max(after) > max(before) else "limits"
    )


def _denial(features: PassageFeatures, _kind: str, verdict: Verdict) -> Decided | None:
    """What is newly ruled out is never presented as a practice."""
    if not verdict.alert or not HIGH.isdisjoint(verdict.conventions):
        return None
    if not features.has("promise", side="after") or features.has("promise", side="before"):
        return None
    if any(phrase.topic in TOPICS and phrase.changed and phrase.side == "before" for phrase in features.phrases):
        return None
    return {"direction": "limits" if verdict.direction == "expands" else verdict.direction} | (
        {"severity": "medium"} if verdict.severity == "high" else {}
    )


# by what reasons call them; each gives the fields of the verdict that it settles, none where it does not apply
CONVENTIONS: Mapping[str, Callable[[PassageFeatures, str, Verdict], Decided | None]] = {
    "notice": _notice,
    "about_ai": _about_ai,
    "training": _training,
    "sale": _sale,
    "promise_gone": _promise_gone,
    "choice_gone": _choice_gone,
    "retention": _retention,
    "denial": _denial,
}
HIGH = frozenset(("training", "sale", "promise_gone", "choice_gone"))  # those that can make a change high
