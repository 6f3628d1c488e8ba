"""What people decided regardless of the model, each with its reason; none is about one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from analysis.classify.clauses import DENIAL, denies
from analysis.classify.features import ChangedPhrase, PassageFeatures
from analysis.diff.wording import ChangedSentence
from analysis.model import Passage
from analysis.text.times import times_in
from analysis.text.word_lists import word_lists
from foundation.vocabulary import SIDES, TOPICS

if TYPE_CHECKING:
    from analysis.classify.verdict import Verdict

_AI = ("ai_training", "ai_features")
_PEOPLES = ("personal_data", "user_content")
_ABOUT_PEOPLE = {*_PEOPLES, "promise"}
_LIMITS = ("negation", "exception", "unlimited")  # what limits a sentence
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_CONTRAST = re.compile(
    r"(?i)\b(?:but|however|unless|except|mais|sauf|toutefois|aber|jedoch|außer)\b"
)
Decided = Mapping[str, Any]  # fields of a verdict


def _alerting(
    verdict: Verdict, *topics: str, severity: str, direction: str
) -> Decided:
    both = {*verdict.topics, *topics}
    return {
        "substantive": True,
        "alert": True,
        "topics": tuple(topic for topic in TOPICS if topic in both),
        "severity": severity,
        "direction": direction,
    }


def _is_denied(features: PassageFeatures, side: str) -> bool:
    """Not done, by a changed sentence of that side."""
    return any(
        phrase.topic == "promise" and phrase.side == side
        for phrase in features.phrases
    )


def _notice(
    features: PassageFeatures, kind: str, verdict: Verdict
) -> Decided | None:
    """A notice of coming changes is news before they are: people can act until then."""
    if (
        kind in ("rules", "developer")
        or verdict.alert
        or not features.has("notice", side="after")
    ):
        return None
    return _alerting(verdict, "data_use", severity="low", direction="clarifies")


def _about_ai(
    features: PassageFeatures, _kind: str, verdict: Verdict
) -> Decided | None:
    """New words on AI alert in any document, rules for users included: people subscribe for them."""
    came = [
        topic
        for topic in _AI
        if features.has(topic, side="after", tiers=("decides",))
    ]
    went = features.has(*_AI, side="before", tiers=("decides",))
    if verdict.alert or not verdict.substantive or not came or went:
        return None
    return _alerting(verdict, *came, severity="low", direction="clarifies")


def _trains(
    features: PassageFeatures, sentence: ChangedSentence, *, named: bool = False
) -> bool:
    """`named`: explicitly."""
    phrases = _phrases_of(features, sentence)
    peoples = [
        each
        for each in phrases
        if each.topic in _PEOPLES
        and (not named or each.end - each.start > len("data"))
    ]
    return bool(peoples) and any(
        each.topic == "ai_training" and each.tier == "decides" and each.changed
        and _service_acts(features.passage, sentence, each, named=named)
        for each in phrases
    )  # fmt: skip


def _sells(
    features: PassageFeatures, sentence: ChangedSentence, *, named: bool = False
) -> bool:
    return any(
        each.topic == "sold"
        and each.changed
        and _service_acts(features.passage, sentence, each, named=named)
        for each in _phrases_of(features, sentence)
    )


def _phrases_of(
    features: PassageFeatures, sentence: ChangedSentence
) -> list[ChangedPhrase]:
    return [
        each
        for each in features.phrases
        if each.side == sentence.side == "after"
        and sentence.start <= each.start < sentence.end
    ]


def _service_acts(
    passage: Passage,
    sentence: ChangedSentence,
    phrase: ChangedPhrase,
    *,
    named: bool,
) -> bool:
    """It precedes the phrase in the sentence or governing line, or no actor does (`named`: and the verb is passive),
    and nothing denies or forbids it.
    """
    known = word_lists().actors
    text = passage.texts[sentence.side]
    if denies(passage.lead_in) or DENIAL.search(text, sentence.start, sentence.end):
        return False
    own, above, title = (
        _WORD.findall(each.casefold())
        for each in (
            text[sentence.start : phrase.end],
            " ".join(passage.lead_in),
            " ".join(passage.heading[-1:]),
        )
    )
    if not known["duties"].isdisjoint(title) and known["service"].isdisjoint(title):
        return False  # "Your obligations", "Prohibited uses"
    if named and not word_lists().signals["right"].isdisjoint(
        _WORD.findall(text[sentence.start : sentence.end].casefold())
    ):
        return False  # a right is no practice
    if any(
        first in known["reader"] and second in known["bound"]
        for first, second in pairwise([*above, *own])
    ):
        return False
    acting = [
        name
        for word in own
        for name in ("service", "reader", "others")
        if word in known[name]
    ]
    acting = acting or ["service" for word in above if word in known["service"]]
    if "service" in acting:
        return "others" not in acting[: acting.index("service")]
    return not acting and (not named or not known["passive"].isdisjoint(own))


def _training(
    features: PassageFeatures, kind: str, verdict: Verdict
) -> Decided | None:
    """Training can't be undone, so training on people's data or content is always high."""
    if kind == "rules" or features.has(
        "ai_training", side="before", tiers=("decides",)
    ):
        return None
    if any(_trains(features, sentence) for sentence in features.sentences):
        return _alerting(
            verdict, "ai_training", severity="high", direction="expands"
        )
    return None


def _sale(features: PassageFeatures, kind: str, verdict: Verdict) -> Decided | None:
    """Sold data is out of everyone's control."""
    if kind == "rules" or features.has("sold", "promise", side="before"):
        return None
    if any(_sells(features, sentence) for sentence in features.sentences):
        return _alerting(
            verdict, "data_sharing", severity="high", direction="expands"
        )
    return None


def _promise_gone(
    features: PassageFeatures, kind: str, verdict: Verdict
) -> Decided | None:
    """A removed promise alerts, though nothing was added: what was ruled out is possible."""
    if (
        kind == "rules"
        or not features.has("promise", side="before")
        or _is_denied(features, "after")
    ):
        return None
    broken = [
        topic
        for topic in ("ai_training", "data_sharing")
        if features.has(topic, side="before")
    ]
    named = {phrase.topic for phrase in features.phrases if phrase.side == "before"}
    if named.isdisjoint(TOPICS) or not (broken or named & {*_PEOPLES}):
        return None
    severity = (
        "high"
        if broken
        else "medium"
        if verdict.severity in ("none", "low")
        else verdict.severity
    )
    return _alerting(
        verdict,
        *(broken if broken or verdict.topics else ["data_use"]),
        severity=severity,
        direction="expands",
    )


def _choice_gone(
    features: PassageFeatures, kind: str, verdict: Verdict
) -> Decided | None:
    """People who must act now, or can't refuse any more, lost a choice."""
    if kind == "rules":
        return None
    asked = features.has("default_off", side="before") and not features.has(
        "default_off", side="after"
    )
    acts = features.has("default_on", "unless_refused", side="after")
    lost = features.has("no_choice", "lost", side="after") and not features.has(
        "no_choice", "lost", side="before"
    )
    if (asked and acts) or (lost and verdict.alert):
        return _alerting(
            verdict, "user_choice", severity="high", direction="expands"
        )
    return None


def _retention(
    features: PassageFeatures, kind: str, verdict: Verdict
) -> Decided | None:
    """Another retention time alerts, even if only a number differs."""
    if kind == "rules" or verdict.alert:
        return None
    named = {
        phrase.side
        for phrase in features.phrases
        if (phrase.topic, phrase.tier) == ("retention", "decides")
    }
    if len(named) < len(SIDES):
        return None
    before, after = (
        {time.days for time in times_in(text)}
        for text in features.passage.texts.values()
    )
    if not before or not after or before == after:
        return None
    return _alerting(
        verdict,
        "retention",
        severity="medium",
        direction="expands" if max(after) > max(before) else "limits",
    )


def _denial(
    features: PassageFeatures, _kind: str, verdict: Verdict
) -> Decided | None:
    """What is newly ruled out is no high practice; what is done beside it stays one."""
    if verdict.severity != "high" or not HIGH.isdisjoint(verdict.conventions):
        return None
    if denies(features.passage.lead_in):
        return {"severity": "medium"}
    if not features.has("promise", side="after") or features.has(
        "promise", side="before"
    ):
        return None
    text = features.passage.texts["after"]
    if not all(
        each.side == "after"
        and DENIAL.search(text, each.start, each.end)
        and not _CONTRAST.search(text, each.start, each.end)
        for each in features.sentences
    ):
        return None
    return {"severity": "medium"}


def _turned(
    features: PassageFeatures, kind: str, verdict: Verdict
) -> Decided | None:
    """A sentence about personal data that only gains or loses a denial, exception, time or date has another meaning. Not in
    terms, which do so for fees and liability.
    """
    if verdict.alert or kind in ("rules", "developer", "terms"):
        return None
    kept = [sentence for sentence in features.sentences if not sentence.whole]
    phrases = [
        each
        for each in features.phrases
        if any(
            each.side == sentence.side
            and sentence.start <= each.start < sentence.end
            for sentence in kept
        )
    ]
    topics = {
        each.topic
        for each in phrases
        if each.topic in TOPICS and each.tier == "decides"
    }
    if not topics and {each.topic for each in phrases}.isdisjoint(_ABOUT_PEOPLE):
        return None
    before, after = (
        {
            each.topic if each.topic in _LIMITS else text[each.start : each.end]
            for each in phrases
            if each.topic in (*_LIMITS, "date")
            and each.changed
            and each.side == side
        }
        | {
            time.days
            for time in times_in(text)
            for sentence in kept
            for start, end in sentence.spans
            if sentence.side == side and time.start < end and start < time.end
        }
        for side, text in features.passage.texts.items()
    )
    if before == after:
        return None
    likeliest = max(TOPICS, key=lambda topic: verdict.chances.get(topic, 0))
    return _alerting(
        verdict, *(topics or {likeliest}), severity="medium", direction="none"
    )


# each returns the verdict's fields that it settles
CONVENTIONS: Mapping[
    str, Callable[[PassageFeatures, str, Verdict], Decided | None]
] = {
    "notice": _notice,
    "about_ai": _about_ai,
    "training": _training,
    "sale": _sale,
    "promise_gone": _promise_gone,
    "choice_gone": _choice_gone,
    "retention": _retention,
    "turned": _turned,
    "denial": _denial,
}
HIGH = frozenset(
    ("training", "sale", "promise_gone", "choice_gone")
)  # that can make a change high
# if the leading sentence itself makes them
CLAIMS: Mapping[str, Callable[[PassageFeatures, ChangedSentence], bool]] = {
    "training": partial(_trains, named=True),
    "sale": partial(_sells, named=True),
}
