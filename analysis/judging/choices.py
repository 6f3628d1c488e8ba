"""What people may choose, ask for and agree to by a sentence and by the one that came in its place."""

from __future__ import annotations

import re

from analysis.judging.entries import alone, entries
from analysis.judging.figures import ages, days, way
from analysis.judging.pair import Pair
from analysis.judging.said import UNLESS, Said
from analysis.text.looks import may_have, pattern
from analysis.text.times import times_in
from analysis.text.topics import matches
from analysis.text.words import word_texts

_LIKELY, _SOME = 0.5, 0.4  # chances
_SHARED = 3  # words of a part of a sentence
_FEW = 1 / 3  # of these
_JOINED = re.compile(r",?\s(?:and|or|et|ou)\b(?:,\s)?")
_ENTRY = 10  # words at most of what is named beside other things


class Choices(Pair):
    """What of people's choices, rights and consents is more, or less."""

    __slots__ = ()

    @property
    def narrows_choice(self) -> bool:
        """Whether fewer people may refuse than before, or it takes more of them."""
        if self.was.asks and self.now.asks:
            return False  # how people agree, not how they refuse
        if self.is_of_choice:
            slower = self._is_answered > 0 and self._takes_effect
            return slower or self._is_barred or self._is_over_in_time or self._refuses_less or self._excepts_anew
        of_cookies = min(self.was.chances["tracking"], self.now.chances["tracking"]) >= _LIKELY
        return of_cookies and self.now.count("hurdle") > self.was.count("hurdle")  # who refuses them pays

    @property
    def refuses_choice(self) -> bool:
        """Whether what people chose was heeded and is not."""
        refused = self._gains("no_choice") and "negation" not in self.was.groups
        return refused and (self._is_close or self.is_of_choice)

    @property
    def eases(self) -> bool:
        if self._is_aged < 0 or (self._is_of_right and self._is_answered < 0):
            return True
        if not (self.is_of_choice or self._is_of_right or self._is_for_people) or self._is_barred:
            return False
        return (
            self._gains_right
            or (self._is_answered < 0 and self._takes_effect)
            or self._is_so_now
            or self._loses("no_choice")
            or self._excepts_no_more
            or bars(self.now) < bars(self.was)
            or states(self.now) > states(self.was)
        )

    @property
    def narrows_right(self) -> bool:
        """Whether people may ask for less than before."""
        if not self._is_of_right:
            return False
        barred = (self._is_barred and not self.was.asks) or self._excepts_anew or self._is_newly_not_so
        return barred or (self.loses_entry and not self.gains_entry) or self._is_answered > 0

    @property
    def waits(self) -> bool:
        """Whether what was done anyway is done only if people want it, or is off until they turn it on."""
        if _rests_on_consent(self.now) and _rests_otherwise(self.was):
            return True
        if self.now.asks and self._excepts_no_more:
            return True
        asked = self._gains("default_off")
        done = self.was.is_done or UNLESS in self.was.groups
        return asked and (self._is_of_data or self.now.asks) and done and not self._asks_for_more

    @property
    def changes_ground(self) -> bool:
        """Whether what rested on consent is done on another ground of the law, too."""
        if _rests_on_consent(self.was) and _rests_otherwise(self.now):
            return True
        if self.was.asks and self._excepts_anew and "lawful" not in self.now.groups:
            return True
        asked = "default_off" in self.was.groups or _rests_on_consent(self.was)
        newly = asked and self._newly_has("ground")
        return newly and any(map(pattern("ground").search, alone(self.now, "after")))

    @property
    def turns_on(self) -> bool:
        """Whether what was off until people turned it on is on unless they turn it off."""
        return self.was.asks and "default_off" not in self.now.groups and UNLESS in self.now.groups

    @property
    def asks_no_more(self) -> bool:
        """Whether what waited for people's word is done anyway."""
        asked = self._loses("default_off")
        return asked and self._is_of_data and self.now.is_done and "exception" not in self.now.groups

    @property
    def _asks_for_more(self) -> bool:
        """Whether what waits for people's word is something else that was put beside what was done."""
        waits = [
            part
            for part in _JOINED.split(self.now.text)
            if any(match.topic == "default_off" for match in matches(part, self.now.one.language))
        ]
        return bool(waits) and all(_is_else(self.now.one.stems(part), self.was.stems) for part in waits)

    @property
    def _is_barred(self) -> bool:
        return bars(self.now) > bars(self.was)

    @property
    def _is_over_in_time(self) -> bool:
        """Whether what people could do at any time they can do for a time only."""
        return self._loses("any_time") and bool(times_in(self.now.text))

    @property
    def _refuses_less(self) -> bool:
        """Whether of the things that people could choose one went by which they refused."""
        if UNLESS in self.was.groups:
            return False
        refusing, accepting = pattern("refusing"), pattern("accepting")
        if any(map(refusing.search, entries(self.was, "before"))):
            return True
        could = all(accepting.search(said.text) for said in self) and refusing.search(self.was.text)
        return bool(could) and not refusing.search(self.now.text)

    @property
    def _gains_right(self) -> bool:
        if not self._is_of_right or self.loses_entry:
            return False
        named = (entry for entry in entries(self.now, "after") if len(word_texts(entry)) <= _ENTRY)
        return any(self.place.says(entry)["user_rights"] >= _LIKELY for entry in named)

    @property
    def _is_aged(self) -> int:
        """1 where younger people may use a service, or less is done for young ones; -1 where it is the other way."""
        if min(said.chances["sensitive_minors"] for said in self) < _SOME:
            # "14 ans" may be a time, too
            other = self.was.stems != self.now.stems or self.now.chances["retention"] >= _LIKELY
            if other:
                return 0
        return -way(*map(ages, self))

    @property
    def _is_answered(self) -> int:
        """1 where people wait longer for an answer, or may ask less often; -1 where it is the other way."""
        at_once = [bool(pattern("at_once").search(said.text)) for said in self]
        if at_once[0] != at_once[1]:
            waits = days(self.now if at_once[0] else self.was)
            return (1 if at_once[0] else -1) if waits else 0
        return way(*map(days, self))

    @property
    def _takes_effect(self) -> bool:
        return all(pattern("takes_effect").search(said.text) for said in self)

    @property
    def _is_for_people(self) -> bool:
        """Whether it stands where people are told what they may do, and one of the two says so by itself."""
        of_people = ("user_choice", "user_rights")
        said = max(said.chances[topic] for said in self for topic in of_people)
        return not self.place.section.isdisjoint(of_people) and said >= _LIKELY


def _rests_on_consent(said: Said) -> bool:
    return may_have("by_consent", said.text.casefold()) and bool(pattern("by_consent").search(said.text))


def _rests_otherwise(said: Said) -> bool:
    """Whether another ground of the law is named, and no consent."""
    return bool(pattern("ground").search(said.text)) and not pattern("consent_given").search(said.text)


def _is_else(part: frozenset[str], was: frozenset[str]) -> bool:
    """Whether a part of a sentence says hardly anything of what the other one did."""
    return len(part) >= _SHARED and len(part & was) < _FEW * len(part)


def bars(said: Said) -> int:
    """How much stands in people's way; a letter does not where a form on the page is enough."""
    slow = 0 if "easy_way" in said.groups or "@" in said.text else said.count("slow_way")
    hurdles = 0 if "negation" in said.groups else said.count("hurdle")  # "you need not pay a fee"
    return slow + hurdles + said.count("some_only")


def states(said: Said) -> frozenset[str]:
    """The states that have a law about data, and such laws, by name: who lives there has what it says."""
    return frozenset(found.group().casefold() for found in pattern("law").finditer(said.text))
