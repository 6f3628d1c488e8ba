"""What a change says of the same thing before and after: a sentence beside the one that came in its place.

A choice, a condition, a default or a time means less by itself than by what stood there before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from analysis.judging.entries import alone, entries
from analysis.judging.exceptions import only_excepts
from analysis.judging.figures import ages, days, way
from analysis.judging.said import DENIED, UNLESS, Said
from analysis.judging.seen import Seen
from analysis.text.looks import may_have, pattern
from analysis.text.times import times_in
from analysis.text.topics import matches
from analysis.text.words import word_texts

_LIKELY, _DENIED, _MORE, _HARDLY = 0.5, 0.4, 0.3, 0.25  # chances
_SHARED, _MOST, _HALF, _SOME = 3, 0.6, 0.5, 0.4  # words of the shorter of two sentences that the other one has
_FURTHER = 3  # words of a sentence that says another one again
_FEW = 1 / 3  # of the words of a part of a sentence
_JOINED = re.compile(r",?\s(?:and|or|et|ou)\b(?:,\s)?")
_TURNED = frozenset(("negation", "promise", "no_choice"))
_MARKS = frozenset(("default_off", UNLESS, "at_will", "discretion", "lawful", "part_only"))
_OPENS = re.compile(r"^[\W_]*")
_WEIGHTY = ("data_collection", "data_sharing", "transfer", "advertising", "ai_training", "sensitive_minors")
_ENTRY = 10  # words at most of what is named beside other things


class Restated(NamedTuple):
    """A sentence, and the one that says the same thing otherwise. One side is changed at least."""

    was: Said
    now: Said

    @property
    def place(self) -> Seen:
        return self.now.one

    @property
    def tells(self) -> bool:
        """Whether a policy says the same thing to another effect for people, whatever words it has for it."""
        if self.place.kind not in ("privacy", "cookies"):
            return False
        return self.loosens or self.lengthens or self.shortens or self.narrows_right or self.waits

    @property
    def narrows_choice(self) -> bool:
        """Whether fewer people may refuse than before, or it takes more of them."""
        if self.was.asks and self.now.asks:
            return False  # how people agree, not how they refuse
        if self.is_of_choice:
            return self._is_barred or self._is_over_in_time or self._refuses_less or self._excepts_anew
        of_cookies = min(self.was.chances["tracking"], self.now.chances["tracking"]) >= _LIKELY
        return of_cookies and self.now.count("hurdle") > self.was.count("hurdle")  # who refuses them pays

    @property
    def refuses_choice(self) -> bool:
        """Whether what people chose was heeded and is not."""
        return self._gains("no_choice") and "negation" not in self.was.groups and self._is_close

    @property
    def tightens(self) -> bool:
        """Whether what was done is done only so, or only with this, or not with one more."""
        if self._excepts_both and self.gains_entry and not self.loses_entry:
            return True
        nameless = self._gains("part_only") and not (self.gains_entry or self.loosens)
        less = self._newly_has("only") or nameless
        return less and self.was.is_done and self._is_of_data and self._is_close

    @property
    def spares_some(self) -> bool:
        """Whether what was done is done but for some people or things, and nothing else came."""
        return self._excepts_anew and self.was.is_plainly_done and self.was.stems <= self.now.stems

    @property
    def spares_none(self) -> bool:
        """Whether it is done without an exception that it had."""
        return self._excepts_no_more and self.now.is_plainly_done and self.now.stems <= self.was.stems

    @property
    def ends(self) -> bool:
        """Whether less is done of what was done, or a promise holds for more."""
        return self.denies or self.trains_on_less or self.tightens or self.spares_some or self.promises_all

    @property
    def eases(self) -> bool:
        if self._is_aged < 0 or (self._is_of_right and self._is_answered < 0):
            return True
        if not (self.is_of_choice or self._is_of_right or self._is_for_people) or self._is_barred:
            return False
        return (
            self._gains_right
            or self._excepts_no_more
            or _bars(self.now) < _bars(self.was)
            or _states(self.now) > _states(self.was)
        )

    @property
    def narrows_right(self) -> bool:
        """Whether people may ask for less than before."""
        if not self._is_of_right:
            return False
        barred = (self._is_barred and not self.was.asks) or self._excepts_anew
        return barred or (self.loses_entry and not self.gains_entry) or self._is_answered > 0

    @property
    def adds(self) -> bool:
        """Whether what is done with data is done with, for or by one more, where that weighs."""
        more = self._is_still_done and self.gains_entry and not self.loses_entry
        return more and max(self.now.chances[topic] for topic in _WEIGHTY) >= _LIKELY

    @property
    def drops(self) -> bool:
        """Whether it is done with, for or by one less."""
        done = self.was.is_done and DENIED.isdisjoint(self.now.groups) and self._is_close
        own = done and max(self.was.chances["protection"], self.was.chances["conduct"]) < _LIKELY
        less = own and self.loses_entry and not self.gains_entry
        return less and self.was.chances["expands"] >= _LIKELY

    @property
    def loses_entry(self) -> bool:
        """Whether something that was said together with other things went, and nothing came in its place."""
        return bool(entries(self.was, "before"))

    @property
    def gains_entry(self) -> bool:
        return bool(entries(self.now, "after"))

    @property
    def narrows_promise(self) -> bool:
        """Whether a promise has exceptions that it had not, other than what people agree to or the law demands; or
        newly hangs on what the service thinks fit; or fewer are excepted from what is done."""
        if self._excepts_both and self.loses_entry and not self.gains_entry:
            return True
        if "promise" not in self.now.groups or not self.was.promises:
            return False
        hedged = self._is_of_data and self._is_close and self._newly_has("hedge")
        return self._gains("discretion") or (self._excepts and not self.is_excused) or self.loses_entry or hedged

    @property
    def is_excused(self) -> bool:
        """Whether people agree to what a promise excepts, or the law demands it."""
        return "promise" in self.now.groups and not {"default_off", "lawful"}.isdisjoint(self.now.groups)

    @property
    def promises_all(self) -> bool:
        """Whether a promise has lost an exception."""
        return self.now.promises and self._excepts_no_more

    @property
    def waits(self) -> bool:
        """Whether what was done anyway is done only if people want it, or is off until they turn it on."""
        if _rests_on_consent(self.now) and _rests_otherwise(self.was):
            return True
        if self.now.asks and self._excepts_no_more:
            return True
        asked = self._gains("default_off")
        done = self.was.is_done or UNLESS in self.was.groups
        return asked and self._is_of_data and done and not self._asks_for_more

    @property
    def frees(self) -> bool:
        """Whether data that went to others as the law demands may newly go to them as the service thinks fit."""
        bound = "lawful" in self.was.groups and not self.was.promises
        freed = self._gains("discretion") or (self._loses("lawful") and self._is_still_done and self._is_close)
        return bound and freed and min(said.chances["data_sharing"] for said in self) >= _LIKELY

    @property
    def spares_no_more(self) -> bool:
        """Whether what spared people ("your data stays in ...") became something that is done."""
        if not (self._spares(self.was) and self.now.is_done) or self._spares(self.now):
            return False
        in_place = self.was.one is self.now.one
        return (self._is_close or not in_place) and self.was.shares_topic(self.now)

    @property
    def trains_no_more(self) -> bool:
        """Whether what was done with people's data stays, but for the training of AI."""
        return self.was.trains and self._is_close and self.now.is_of_data and self.now.chances["ai_training"] < _DENIED

    @property
    def says_again(self) -> bool:
        """Whether a promise, a consent, a choice or how long data is kept is the same in other words."""
        return _says_again(self)

    @property
    def breaks_promise(self) -> bool:
        """Whether what was said not to be done is done, whatever it is called."""
        if "negation" not in self.was.groups or "negation" in self.now.groups or not self.now.is_done:
            return False
        own = max(self.was.chances[aspect] for aspect in ("conduct", "user_choice", "user_rights")) < _LIKELY
        done = self.now.chances["practice"] - self.was.chances["practice"] >= _MORE
        return own and done and self._is_close

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
    def denies(self) -> bool:
        """Whether what was done is said not to be."""
        if "negation" not in self.now.groups or "negation" in self.was.groups:
            return False
        if not self.was.is_done or self.gains_entry or self.lengthens:
            return False  # what is said of one thing more is none of the others
        promises = "promise" in self.now.groups and self.was.stems <= self.now.stems
        conduct = self.now.chances["conduct"] >= _LIKELY and not promises
        if conduct or self.now.chances["user_choice"] >= _LIKELY:
            return False
        return promises or self.now.chances["protection"] > max(self.now.chances["practice"], _DENIED)

    @property
    def loosens(self) -> bool:
        """Whether something that held back what is done is gone."""
        held_no_more = self.loses_condition or self.is_no_longer_only or self.frees or self.spares_no_more
        held_no_more = held_no_more or self.spares_none or self._warns_less
        return held_no_more or self._obliges or self._bares or self._goes_on or self._is_aged > 0

    @property
    def loses_condition(self) -> bool:
        """Whether "only", or "if ...", was left out and nothing put in its place."""
        if not self.now.is_done or not DENIED.isdisjoint(self.was.groups):
            return False
        return _has_condition(alone(self.was, "before")) and not _has_condition(alone(self.now, "after"))

    @property
    def is_no_longer_only(self) -> bool:
        """Whether what was only so, or only this, is done without "only"."""
        if not (self.now.is_done and self.was.is_of_data) or "default_off" in self.was.groups:
            return False
        return bool(pattern("only").search(self.was.text)) and not pattern("only").search(self.now.text)

    @property
    def lengthens(self) -> bool:
        """Whether a time for which data is kept became none that can be counted, what was gone at once is not, or some
        is deleted no more."""
        if self._excepts_anew and _deletes(self.was):
            return True
        return _is_untimed(self.was, self.now) or self._is_kept_longer_sometimes or self._is_gone_later

    @property
    def shortens(self) -> bool:
        return _is_untimed(self.now, self.was) or (self._excepts_no_more and _deletes(self.now))

    @property
    def trains_on_more(self) -> bool:
        """Whether AI is trained on other things of people's, too, or no longer on public ones only."""
        if self.spares_none:
            return self.now.trains
        if not (self.was.trains and self.now.trains) or self.spares_some:
            return False
        less = self._loses("part_only")
        return less or not _things(self.now) <= _things(self.was)

    @property
    def trains_on_less(self) -> bool:
        if not (self.was.trains and self.now.trains) or self.trains_on_more:
            return False
        less = self._gains("part_only")
        return less or not _things(self.was) <= _things(self.now)

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
    def still_protects(self) -> bool:
        """Whether it protects people as it did: by a promise, a consent, a choice, or by what is done."""
        if "default_off" in self.was.groups:
            kept = "promise" in self.now.groups or "promise" not in self.was.groups
            return "default_off" in self.now.groups and kept
        if _TURNED.isdisjoint(self.was.groups):
            same = _TURNED.isdisjoint(self.now.groups) and _marks(self.was) == _marks(self.now)
            return same and min(said.chances["protection"] for said in self) >= _LIKELY
        promised = "promise" in self.now.groups or "promise" not in self.was.groups
        turned = promised and not _TURNED.isdisjoint(self.now.groups)
        return turned and not self.narrows_promise and UNLESS not in self.now.groups

    @property
    def _is_kept_longer_sometimes(self) -> bool:
        """Whether beside a time that stayed a longer one holds for some of it."""
        if not self._excepts or min(self.was.chances["retention"], self.now.chances["retention"]) < _LIKELY:
            return False
        was, now = map(_days, self)
        return bool(was) and set(was) < set(now) and max(now) > max(was)

    @property
    def _is_gone_later(self) -> bool:
        if not pattern("at_once").search(self.was.text) or pattern("at_once").search(self.now.text):
            return False
        kept = min(said.chances["retention"] for said in self) >= _LIKELY
        return kept and bool(_days(self.now)) and not _days(self.was)

    @property
    def _is_still_done(self) -> bool:
        done = self.was.is_done and self.now.is_done and self._is_of_data
        protects = 0.0 if all(UNLESS in said.groups for said in self) else self.now.chances["protection"]
        return done and max(protects, self.now.chances["conduct"]) < _LIKELY

    @property
    def _is_barred(self) -> bool:
        return _bars(self.now) > _bars(self.was)

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
    def _obliges(self) -> bool:
        """Whether people must give what they could give, or did not."""
        return self._gains("obliged") and self._is_of_data and self._is_close

    @property
    def _bares(self) -> bool:
        """Whether what was done with public or nameless data is done with all of it; training is
        asked for elsewhere."""
        return self._loses("part_only") and self._is_still_done and self._is_close and not self.now.trains

    @property
    def _goes_on(self) -> bool:
        """Whether what is done is newly done even where it was not to be expected ("also while the app is closed")."""
        of_data = self._is_of_data or self.was.shares_topic(self.now)
        done = of_data and self.now.is_done and self.now.chances["conduct"] < _LIKELY
        return done and any(map(pattern("even_so").search, alone(self.now, "after")))

    @property
    def _excepts_both(self) -> bool:
        """Whether both say with what or whom it is not done what the sentence before says."""
        return all(pattern("not_so").match(said.text) for said in self) and self.now.follows_practice

    @property
    def _warns_less(self) -> bool:
        """Whether people are told of a breach only as the law demands or the service thinks fit."""
        bound = "promise" in self.was.groups and (self._gains("lawful") or self._gains("discretion"))
        return bound and min(said.chances["security"] for said in self) >= _LIKELY

    @property
    def _is_aged(self) -> int:
        """1 where younger people may use a service, or less is done for young ones; -1 where it is the other way."""
        if min(said.chances["sensitive_minors"] for said in self) < _SOME:
            return 0
        return -way(*map(_ages, self))

    @property
    def _is_answered(self) -> int:
        """1 where people wait longer for an answer, or may ask less often; -1 where it is the other way."""
        return way(*map(_days, self))

    @property
    def excepts_otherwise(self) -> bool:
        """Whether all that differs is what it does not hold for."""
        return self._excepts_anew or self._excepts_no_more

    @property
    def _excepts_anew(self) -> bool:
        """Whether all that it says more is what it does not hold for."""
        return only_excepts(self.now, self.was, "after")

    @property
    def _excepts_no_more(self) -> bool:
        return only_excepts(self.was, self.now, "before")

    @property
    def _excepts(self) -> bool:
        return self.now.count("exception") > self.was.count("exception")

    def _gains(self, group: str) -> bool:
        """Whether it has words of a group that it had not."""
        return group in self.now.groups and group not in self.was.groups

    def _loses(self, group: str) -> bool:
        return group in self.was.groups and group not in self.now.groups

    def _newly_has(self, looks: str) -> bool:
        return bool(pattern(looks).search(self.now.text)) and not pattern(looks).search(self.was.text)

    @property
    def is_of_choice(self) -> bool:
        return min(self.was.chances["user_choice"], self.now.chances["user_choice"]) >= _LIKELY

    @property
    def _is_close(self) -> bool:
        """Whether most of what was said is said now, too; of two words in a paragraph one may be there by chance."""
        shared = len(self.was.stems & self.now.stems)
        return 2 * shared >= len(self.was.stems) and (shared > 1 or self.was.stems <= self.now.stems)

    @property
    def is_kept_as_long(self) -> bool:
        was, now = map(_days, self)
        timed = bool(was) or all("at_will" in said.groups for said in self)
        if not timed or was != now or min(said.chances["retention"] for said in self) < _LIKELY:
            return False
        return _TURNED.isdisjoint(self.was.groups) == _TURNED.isdisjoint(self.now.groups)

    @staticmethod
    def _spares(said: Said) -> bool:
        own = max(said.chances[aspect] for aspect in ("conduct", "user_choice", "user_rights"))
        return own < _LIKELY <= said.chances["protection"] > said.chances["practice"]

    @property
    def _is_of_right(self) -> bool:
        least = _HARDLY if "user_rights" in self.place.section else _LIKELY
        return min(self.was.chances["user_rights"], self.now.chances["user_rights"]) >= least

    @property
    def _is_for_people(self) -> bool:
        """Whether it stands where people are told what they may do, and one of the two says so by itself."""
        of_people = ("user_choice", "user_rights")
        said = max(said.chances[topic] for said in self for topic in of_people)
        return not self.place.section.isdisjoint(of_people) and said >= _LIKELY

    @property
    def _is_of_data(self) -> bool:
        return self.was.is_of_data and self.now.is_of_data


@lru_cache(maxsize=512)  # asked of the change and again of each place
def _says_again(pair: Restated) -> bool:
    if pair.excepts_otherwise and not pair.is_excused:
        return False
    if pair.is_kept_as_long:
        return True
    was, now = pair
    shared, fewer = len(was.stems & now.stems), min(len(was.stems), len(now.stems))
    more = len(now.stems) - shared  # what it has more may be a condition
    if shared < max(2, _MOST * fewer) or more > _FURTHER or not pair.still_protects:
        return False
    if pair.narrows_right or pair.loosens or pair.tightens or (pair.gains_entry and _TURNED.isdisjoint(was.groups)):
        return False
    return all(told(was) == told(now) for told in _TOLD)


def _has_condition(parts: Iterable[str]) -> bool:
    return any(pattern("condition").match(_OPENS.sub("", words)) for words in parts)


def _rests_on_consent(said: Said) -> bool:
    return may_have("by_consent", said.text.casefold()) and bool(pattern("by_consent").search(said.text))


def _rests_otherwise(said: Said) -> bool:
    """Whether another ground of the law is named, and no consent."""
    return bool(pattern("ground").search(said.text)) and not pattern("consent_given").search(said.text)


def _deletes(said: Said) -> bool:
    return said.chances["retention"] >= _LIKELY and bool(pattern("deleted").search(said.text))


def _is_else(part: frozenset[str], was: frozenset[str]) -> bool:
    """Whether a part of a sentence says hardly anything of what the other one did."""
    return len(part) >= _SHARED and len(part & was) < _FEW * len(part)


def _bars(said: Said) -> int:
    """How much stands in people's way; a letter does not where a form on the page is enough."""
    slow = 0 if "easy_way" in said.groups or "@" in said.text else said.count("slow_way")
    hurdles = 0 if "negation" in said.groups else said.count("hurdle")  # "you need not pay a fee"
    return slow + hurdles + said.count("some_only")


def _states(said: Said) -> frozenset[str]:
    """The states that have a law about data, and such laws, by name: who lives there has what it says."""
    return frozenset(found.group().casefold() for found in pattern("law").finditer(said.text))


def _days(said: Said) -> Sequence[float]:
    return days(said.text)


def _ages(said: Said) -> Sequence[float]:
    return ages(said.text)


def _marks(said: Said) -> frozenset[str]:
    """What holds what it says back, or lets it loose."""
    return _MARKS.intersection(said.groups)


def _things(said: Said) -> frozenset[str]:
    """What of people's it names, each in one form."""
    found = matches(said.text, said.one.language)
    return frozenset(
        said.text[each.start : each.end].casefold().rstrip("s") for each in found if each.topic == "things"
    )


# what two sentences must have in common to say the same; the cheapest to ask first
_TOLD = (_days, _ages, _bars, _things, _states)


def _is_untimed(timed: Said, other: Said) -> bool:
    kept = min(timed.chances["retention"], other.chances["retention"]) >= _LIKELY
    return kept and "at_will" in other.groups and bool(times_in(timed.text)) and not times_in(other.text)
