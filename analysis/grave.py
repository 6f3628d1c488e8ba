"""What makes a change grave whatever its size: training that is new, a promise, a consent or a choice that is gone.

The codebook of the field calls high what newly trains AI on people's data or content, sells or shares it, uses what is
sensitive, or takes a choice or consent away. Each rule holds where the earlier sentences of a place say one thing and
the later ones another; what a sentence says is taken from sentences.py, and from the groups of words in topics/*.toml.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from analysis.change import Side
from analysis.seen import Seen
from analysis.sentences import Chances, says
from analysis.topics import matches
from analysis.wording import sentence_bounds

RULES = (
    "trains_anew",
    "training_promise_gone",
    "promise_gone",
    "consent_gone",
    "turned_on",
    "choice_gone",
    "sensitive_anew",
)
# chances
_LIKELY = 0.5
_SURELY = 0.95  # that a whole new sentence on the training of AI weighs high
_POSSIBLE = 0.3  # that a later sentence still gives a choice
_GRAVELY = 0.35  # that a new sentence on sensitive data weighs high
_FEW = 4  # places; in a longer change what went may stand elsewhere in other words
_DENIED = frozenset(("promise", "ended"))  # groups of words that say that something is not done
_CLAUSES = re.compile(r";\s+")  # a practice and a promise may stand in one sentence
_MINE = re.compile(r"\b(?:my|mes)\b", re.IGNORECASE)  # "do not sell my data" is the name of a link
_OF_PEOPLE = frozenset(("privacy", "cookies", "terms", "other"))  # other documents tell readers what they may train


class _Said(NamedTuple):
    chances: Chances
    groups: Collection[str]
    whole: bool

    def practises(self, topic: str) -> bool:
        """Whether it says that something is done, be it unless people refuse."""
        likelier = self.chances["practice"] > max(self.chances["protection"], self.chances["conduct"])
        done = likelier or "default_on" in self.groups
        return self.chances[topic] >= _LIKELY and done and not _DENIED & set(self.groups)

    def spares(self, topic: str) -> bool:
        """Whether it says that something is not done, or only if people want it."""
        unless_refused = "default_on" in self.groups and topic != "user_choice"
        protects = self.chances["protection"] >= _LIKELY and not unless_refused
        return self.chances[topic] >= _LIKELY and protects and self.chances["conduct"] < _LIKELY

    @property
    def promises(self) -> bool:
        return "promise" in self.groups and self.chances["protection"] >= _LIKELY


class _Place(NamedTuple):
    """The changed sentences of a place, and all of them, by side."""

    gone: Sequence[_Said]
    new: Sequence[_Said]
    before: Sequence[_Said]
    after: Sequence[_Said]


def graves(seen: Sequence[Seen], kind: str, language: str | None) -> dict[str, float]:
    """For each of `RULES` 1 where it holds, else 0; and `only_spares`, by which no training is new."""
    places = [_place(one, kind, language) for one in seen if one.wording.sentences]
    after = [said for place in places for said in place.after]
    few = len(places) <= _FEW
    held = {
        "trains_anew": kind in _OF_PEOPLE and any(map(_trains_anew, places)),
        "training_promise_gone": any(map(_training_promise_gone, places)) and _fewer(places),
        "promise_gone": few
        and any(said.promises for place in places for said in place.gone)
        and not any("promise" in said.groups for said in after),
        "consent_gone": any(_consent_gone(place) and not _turned_on(place) for place in places),
        "turned_on": any(map(_turned_on, places)),
        "choice_gone": few
        and any(said.spares("user_choice") for place in places for said in place.gone)
        and all(said.chances["user_choice"] < _POSSIBLE for said in after),
        "sensitive_anew": any(map(_sensitive_anew, places)),
    }
    held["only_spares"] = _only_spares(places)
    return {name: float(holds) for name, holds in held.items()}


def _only_spares(places: Sequence[_Place]) -> bool:
    """Whether all that the change newly says of training AI is that it is not done."""
    training = [said for place in places for said in place.new if said.chances["ai_training"] >= _LIKELY]
    return bool(training) and all(
        said.spares("ai_training") and said.chances["protection"] > said.chances["practice"] for said in training
    )


def is_grave(one: Seen, kind: str, language: str | None) -> bool:
    """Whether a place by itself makes a change grave."""
    held = graves((one,), kind, language)
    return any(held[name] for name in RULES)


@lru_cache(maxsize=512)
def _place(one: Seen, kind: str, language: str | None) -> _Place:
    sides: dict[Side, list[_Said]] = {"before": [], "after": []}
    changed: dict[Side, list[_Said]] = {"before": [], "after": []}
    for side, text in one.passage.texts.items():
        whole = {(found.start, found.end): found.whole for found in one.wording.sentences if found.side == side}
        for start, end in sentence_bounds(text) if text else ():
            for clause in _CLAUSES.split(text[start:end]):
                said = _said(clause, kind, language, one.passage.heading, whole=whole.get((start, end), False))
                sides[side].append(said)
                if (start, end) in whole:
                    changed[side].append(said)
    return _Place(changed["before"], changed["after"], sides["before"], sides["after"])


def _said(text: str, kind: str, language: str | None, heading: tuple[str, ...], *, whole: bool) -> _Said:
    groups = {match.topic for match in matches(text, language) if match.tier == "words"}
    if _MINE.search(text):
        groups.discard("promise")
    return _Said(says(text, language, kind, heading), groups, whole)


def _trains_anew(place: _Place) -> bool:
    """A whole new sentence must read gravely: "we may use machine learning" is no training on people's data."""
    new = any(
        said.practises("ai_training") and (not said.whole or said.chances["high"] >= _SURELY) for said in place.new
    )
    return new and not any(said.practises("ai_training") for said in place.before)


def _training_promise_gone(place: _Place) -> bool:
    return any(said.spares("ai_training") for said in place.gone) and not any(
        said.spares("ai_training") for said in place.after
    )


def _fewer(places: Sequence[_Place]) -> bool:
    """Whether fewer sentences spare people's data than did: none came elsewhere for the one that went."""
    gone = sum(said.spares("ai_training") for place in places for said in place.gone)
    return gone > sum(said.spares("ai_training") for place in places for said in place.new)


def _consent_gone(place: _Place) -> bool:
    """What was done with consent only is done without."""
    asked = any("default_off" in said.groups and said.chances["worth"] >= _LIKELY for said in place.gone)
    return asked and bool(place.after) and not any("default_off" in said.groups for said in place.after)


def _turned_on(place: _Place) -> bool:
    """What was off unless people acted is on unless they act."""
    was = {group for said in place.before for group in said.groups}
    now = {group for said in place.after for group in said.groups}
    return "default_off" in was - now and "default_on" in now


def _sensitive_anew(place: _Place) -> bool:
    new = any(said.practises("sensitive_minors") and said.chances["high"] >= _GRAVELY for said in place.new)
    return new and not any(said.practises("sensitive_minors") for said in place.before)
