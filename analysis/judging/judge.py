"""Judges a change: is it one of the wording, and is it to be told? What it is about is said in `meaning.py`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from pydantic import BaseModel, ConfigDict

from analysis.change import TOPICS, Direction, Kept, Severity
from analysis.judging.claims import claims
from analysis.judging.found import AI
from analysis.judging.gist import GIST
from analysis.judging.grave import RULES
from analysis.judging.kept import kept_anew
from analysis.judging.meaning import direction_of, explains, severity_of, topics_of, why_so
from analysis.judging.pairs import restated
from analysis.judging.seen import Seen
from analysis.judging.signs import signs
from analysis.judging.taken_back import NOTHING_BACK, TakenBack, taken_back
from analysis.judging.ticked import asked
from analysis.judging.weighing import Weighing, read
from analysis.judging.why import about, topics_in, untold
from reasons import Reason, listed

# what needs no weighing: the code of why, by the sign that says so
_CERTAIN = {
    "policy.data": "rule.policy_data",
    "any.news": "rule.news",
    "policy.notice": "rule.policy_notice",
    "any.announced": "rule.announced",
    "policy.listed": "rule.listed",
    "terms.ai": "rule.terms_ai",
    "terms.frame": "rule.terms_frame",
    "rules.ai": "rule.rules_ai",
    "any.recipient": "rule.recipient",
    "claim.train.new": "rule.speaks_of_training",
    "claim.share.new": "rule.shared_anew",
    **{f"{GIST}{name}": f"rule.{name}" for name in RULES},
}
_OF_CHOICE = ("consent_gone", "turned_on", "choice_gone", "choice_narrowed")  # rules by which a choice is less, or more
_OF_ANSWERS = AI | {"data_sharing"}  # topics that a yes or no is told with, whatever is said beside it
_POSSIBLE = 0.35  # chance
_CHANGED = ("shape.any_address",)  # of the wording, though nothing to tell


class Weights(BaseModel):
    """The file `weights/change.toml`."""

    model_config = ConfigDict(extra="forbid")
    substantive: Weighing
    alert: Weighing


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a whole change is. `why` says it in plain words, `because` names the rules that make it high."""

    substantive: bool
    alert: bool
    topics: tuple[str, ...]
    severity: Severity
    direction: Direction
    why: tuple[Reason, ...] = ()
    because: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    back: TakenBack = NOTHING_BACK
    explains: bool = False


@cache
def weights() -> Weights:
    return Weights.model_validate(read("change"))


def judge(seen: Sequence[Seen]) -> Judgement:
    """Judge a change by all its places together."""
    found = signs(seen)
    real = any(one.is_wording for one in seen)
    by_words = is_certain(found)
    of_pairs = _of_pairs(seen) if real and not by_words else None
    certain = real and (by_words or of_pairs is not None)
    changed = certain or any(found.get(sign) for sign in _CHANGED) or weights().substantive.holds(found)
    if not real or not changed:
        return Judgement(False, False, (), "none", "none", (Reason("why.form_only"),) if real else ())
    topics = topics_of(found)
    if of_pairs or not topics:
        topics = _and(topics, of_pairs or _of_pairs(seen) or "")
    topics = _with_notice(_with_ai(topics, found), found)
    if not topics or not (certain or weights().alert.holds(found)):
        reason = untold(found, weights().alert.reasons(found, yes=False))
        return Judgement(True, False, (), "none", "none", (Reason("why.nothing_to_tell", reason=reason),))
    back = taken_back(seen)
    if back.retimed:  # whoever asked for news of how long data is kept is told it, whatever graver comes with it
        topics = _and(topics, "retention")
    for one in seen:
        for cell in one.ticked:
            for topic in _OF_ANSWERS & asked(cell, one.language) | ({"user_choice"} if cell.of_choice else set()):
                topics = _and(topics, topic)
    told = claims(seen, found, back)
    if back.waits or any(told[f"told.{name}"] for name in _OF_CHOICE):
        topics = _and(topics, "user_choice")
    if told["told.right_lost"]:
        topics = _and(topics, "user_rights")
    if told["told.trains_anew"]:
        topics = _and(topics, "ai_training")
    severity, because, weighty = severity_of(told, topics)
    direction, leaning = direction_of(told, topics)
    rules = rules_of(found) or _otherwise(found, certain=certain)
    why = (Reason("why.told", reason=rules), *why_so(severity, weighty, direction, leaning))
    return Judgement(True, True, topics, severity, direction, why, because, kept_anew(seen), back, explains(told))


def with_places(judgement: Judgement, directions: Collection[Direction]) -> Judgement:
    """The judgement of a change whose flagged places have these directions: where each of them only makes clearer what
    holds anyway, they do no more together."""
    if set(directions) != {"clarifies"} or judgement.direction not in ("expands", "limits"):
        return judgement
    told = Reason("why.direction", direction=Reason("direction.clarifies"), reason=Reason("weight.as_places"))
    why = tuple(told if reason.code == "why.direction" else reason for reason in judgement.why)
    return replace(judgement, direction="clarifies", why=why)


def _of_pairs(seen: Sequence[Seen]) -> str | None:
    """What a policy's sentence is likeliest about that says the same thing to another effect, in words that name no
    topic; empty where nothing is likely, None where no sentence does."""
    for pair in restated(seen):
        if pair.tells:
            likeliest = max(TOPICS, key=pair.now.chances.__getitem__)
            return likeliest if pair.now.chances[likeliest] >= _POSSIBLE else ""
    return None


def _otherwise(found: Mapping[str, float], *, certain: bool) -> Reason:
    return Reason("rule.restated") if certain else Reason("why.all_words", words=about(topics_in(found)))


def rules_of(found: Mapping[str, float]) -> Reason | None:
    """The rules by which a change or a place of one is told without weighing, if any holds."""
    rules = [Reason(code) for sign, code in _CERTAIN.items() if found.get(sign)]
    return listed("list.rules", rules) if rules else None


def _with_ai(topics: tuple[str, ...], found: Mapping[str, float]) -> tuple[str, ...]:
    """Whoever asked for news of AI is told it where words that came or went decide so, however few they be."""
    chances = {topic: found.get(f"{topic}.decides.new", 0.0) for topic in AI}
    likeliest = max(sorted(AI), key=lambda topic: chances[topic])
    if AI & set(topics) or not chances[likeliest] or not topics:
        return topics
    return _and(topics, likeliest)


def _with_notice(topics: tuple[str, ...], found: Mapping[str, float]) -> tuple[str, ...]:
    """A notice of a coming policy is about the use of data, whatever else the change is about."""
    if not topics or not found.get("any.announced"):
        return topics
    return _and(topics, "data_use")


def _and(topics: tuple[str, ...], other: str) -> tuple[str, ...]:
    return tuple(topic for topic in TOPICS if topic in topics or topic == other)


def is_certain(found: Mapping[str, float]) -> bool:
    """Whether the change says outright what is done with data, or that a new policy comes, be it ever so small."""
    return any(found.get(sign) for sign in _CERTAIN)
