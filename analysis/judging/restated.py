"""What a sentence and the one that came in its place say together.

A choice, a condition, a default or a time means less by itself than by what stood there before. What people may do is
in choices.py; here is what is done, promised and kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from analysis.judging.choices import bars, states
from analysis.judging.done import Done
from analysis.judging.entries import alone
from analysis.judging.figures import ages, days
from analysis.judging.said import DENIED, UNLESS, Said
from analysis.text.looks import begins, pattern
from analysis.text.times import times_in
from analysis.text.topics import matches

_LIKELY, _DENIED, _MORE = 0.5, 0.4, 0.3  # chances
_MOST = 0.6  # of the words of the shorter of two sentences that the other one has
_FURTHER = 3  # words of a sentence that says another one again
_TURNED = frozenset(("negation", "promise", "no_choice"))
_MARKS = frozenset(("default_off", UNLESS, "at_will", "discretion", "lawful", "part_only"))


class Restated(Done):
    """What is done with data, promised of it or kept for how long, before and after."""

    __slots__ = ()

    @property
    def tells(self) -> bool:
        """Whether a policy says the same thing to another effect for people, whatever words it has for it."""
        if self.place.kind not in ("privacy", "cookies"):
            return False
        by_degree = self.goes_further and (self.adds or self.ends or self.narrows_promise or self.narrows_choice)
        of_people = self.narrows_right or self.waits or (self.eases and self.is_of_choice)
        more = self.loosens or self.lengthens or self.begins or self.gains_company
        less = self.shortens or self.spares_some or self.denies or self.stops
        return bool(by_degree or of_people or more or less)

    @property
    def tightens(self) -> bool:
        """Whether what was done is done only so, or only with this, or not with one more."""
        if self._excepts_both and self.gains_entry and not self.loses_entry:
            return True
        if (self.goes_further < 0 and self._is_plainly_still_done) or self._binds or self._turns_from:
            return True
        nameless = self._gains("part_only") and not (self.gains_entry or self.loosens)
        less = self._newly_has("only") or nameless
        of_data = self.was.is_of_data and (self.now.is_of_data or "things" in self.now.groups)
        return less and self.was.is_done and of_data and self._is_close

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
        if self._is_so_now and self._informs:
            return True
        return (
            self.denies
            or self.stops
            or self._is_left_to_people
            or self.trains_no_more
            or self.trains_on_less
            or self.tightens
            or self.spares_some
            or self.promises_all
        )

    @property
    def narrows_promise(self) -> bool:
        """Whether a promise has exceptions that it had not, other than what people agree to or the law demands; or
        newly hangs on what the service thinks fit; or fewer are excepted from what is done."""
        if self._excepts_both and self.loses_entry and not self.gains_entry:
            return True
        if "promise" not in self.now.groups or not self.was.promises:
            return False
        if self.goes_further > 0:
            return True  # what is not done to more may be done to less
        hedged = self._is_of_data and self._is_close and self._newly_has("hedge")
        return self._gains("discretion") or (self._excepts and not self.is_excused) or self.loses_entry or hedged

    @property
    def is_excused(self) -> bool:
        """Whether people agree to what a promise excepts, or the law demands it."""
        return "promise" in self.now.groups and not {"default_off", "lawful"}.isdisjoint(self.now.groups)

    @property
    def promises_all(self) -> bool:
        """Whether a promise has lost an exception."""
        if not self.now.promises:
            return False
        fuller = self.goes_further < 0 or self._no_longer_has("hedge")
        return self._excepts_no_more or (fuller and self.was.promises and self._is_close)

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
        if _deletes(self.now) or self._informs:
            return False
        own = max(self.was.chances[aspect] for aspect in ("conduct", "user_choice", "user_rights")) < _LIKELY
        more = self.now.chances["practice"] - self.was.chances["practice"] >= _MORE
        done = more or self._is_so_now
        return own and done and self._is_close

    @property
    def denies(self) -> bool:
        """Whether what was done is said not to be."""
        if "negation" not in self.now.groups or "negation" in self.was.groups:
            return False
        if not self.was.is_done or self.gains_entry or self.lengthens or _deletes(self.was) or self._informs:
            return False  # what is said of one thing more is none of the others
        promises = self._is_newly_not_so or ("promise" in self.now.groups and self.was.stems <= self.now.stems)
        conduct = self.now.chances["conduct"] >= _LIKELY and not promises
        if conduct or self.now.chances["user_choice"] >= _LIKELY:
            return False
        return promises or self.now.chances["protection"] > max(self.now.chances["practice"], _DENIED)

    @property
    def loosens(self) -> bool:
        """Whether something that held back what is done is gone."""
        held_no_more = self.loses_condition or self.is_no_longer_only or self.spares_no_more or self.spares_none
        of_service = self.frees or self._warns_less or self._bares or self._goes_on
        silent = self._is_newly_not_so and self._informs
        return held_no_more or of_service or self._obliges or self._is_aged > 0 or silent

    @property
    def loses_condition(self) -> bool:
        """Whether "only", or "if ...", was left out and nothing put in its place."""
        if not self.now.is_done or not DENIED.isdisjoint(self.was.groups):
            return False
        return _has_condition(alone(self.was, "before")) and not _has_condition(alone(self.now, "after"))

    @property
    def is_no_longer_only(self) -> bool:
        """Whether what was only so, or only this, is done without "only"."""
        of_data = self.was.is_of_data or self.now.is_of_data
        if not (self.now.is_done and of_data) or "default_off" in self.was.groups:
            return False
        return self._no_longer_has("only")

    @property
    def lengthens(self) -> bool:
        """Whether a time for which data is kept became none that can be counted, or one beyond the end of the account;
        what was gone at once is not, or some is deleted no more."""
        if self.was.chances["retention"] < _LIKELY:
            return False
        if self._newly_has("beyond"):
            return self.now.is_done and not _deletes(self.now)
        if self._no_longer_has("even_so"):
            return False
        if self._gains("negation") and self._is_of_one_deletion:
            return True
        if self._newly_has("even_so"):
            return True
        if self._excepts_anew and _deletes(self.was):
            return True
        if _deletes(self.was) and not _deletes(self.now) and self._keeps(self.now):
            return True
        return _is_untimed(self.was, self.now) or self._is_kept_longer_sometimes or self._is_gone_later

    @property
    def shortens(self) -> bool:
        if self.now.chances["retention"] < _LIKELY or self._newly_has("beyond"):
            return False
        if self._no_longer_has("beyond"):
            return self.now.is_done and not _deletes(self.was)
        if _deletes(self.now) and not _deletes(self.was) and self._keeps(self.was):
            return True
        if self._loses("negation") and self._is_of_one_deletion:
            return True
        if self._newly_has("even_so"):
            return False
        if self._no_longer_has("even_so") or self._is_gone_sooner:
            return True
        return _is_untimed(self.now, self.was) or (self._excepts_no_more and _deletes(self.now))

    @property
    def trains_on_more(self) -> bool:
        """Whether AI is trained on other things of people's, too, or no longer on public ones only."""
        if self.spares_none:
            return self.now.trains
        if not (self.was.trains and self.now.trains) or self.spares_some:
            return False
        less = self._loses("part_only") or (self._newly_has("you_make") and "user_content" not in self.was.groups)
        return less or _names_further(self.now, self.was)

    @property
    def trains_on_less(self) -> bool:
        if not (self.was.trains and self.now.trains) or self.trains_on_more:
            return False
        less = self._gains("part_only") or (self._no_longer_has("you_make") and "user_content" not in self.now.groups)
        other = bool(now := _things(self.now)) and now.isdisjoint(_things(self.was))  # "recordings", and now "videos"
        return less or (not other and _names_further(self.was, self.now))

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
        was, now = map(days, self)
        return bool(was) and set(was) < set(now) and max(now) > max(was)

    @property
    def _is_of_one_deletion(self) -> bool:
        """Whether both say of the same that it is deleted, or is not."""
        return len(self.was.stems ^ self.now.stems) <= _FURTHER and all(map(_deletes, self))

    def _keeps(self, said: Said) -> bool:
        """Whether something is done with what the other one of a place says is deleted."""
        return (
            self.was.one is self.now.one
            and self._is_close
            and said.is_done
            and not pattern("deleted").search(said.text)
        )

    @property
    def _is_gone_later(self) -> bool:
        if not pattern("at_once").search(self.was.text) or pattern("at_once").search(self.now.text):
            return False
        kept = min(said.chances["retention"] for said in self) >= _LIKELY
        return kept and bool(days(self.now)) and not days(self.was)

    @property
    def _is_gone_sooner(self) -> bool:
        if not self._newly_has("at_once"):
            return False
        kept = min(said.chances["retention"] for said in self) >= _LIKELY
        return kept and bool(days(self.was)) and not days(self.now)

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
    def _warns_less(self) -> bool:
        """Whether people are told of a breach only as the law demands or the service thinks fit."""
        bound = "promise" in self.was.groups and (self._gains("lawful") or self._gains("discretion"))
        return bound and min(said.chances["security"] for said in self) >= _LIKELY

    @property
    def is_kept_as_long(self) -> bool:
        was, now = map(days, self)
        timed = bool(was) or all("at_will" in said.groups for said in self)
        if not timed or was != now or min(said.chances["retention"] for said in self) < _LIKELY:
            return False
        return _TURNED.isdisjoint(self.was.groups) == _TURNED.isdisjoint(self.now.groups)

    @staticmethod
    def _spares(said: Said) -> bool:
        own = max(said.chances[aspect] for aspect in ("conduct", "user_choice", "user_rights"))
        return own < _LIKELY <= said.chances["protection"] > said.chances["practice"]


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
    if (
        pair.waits
        or pair.turns_on
        or pair.narrows_right
        or pair.loosens
        or pair.tightens
        or (pair.gains_entry and _TURNED.isdisjoint(was.groups))
    ):
        return False
    return all(told(was) == told(now) for told in _TOLD)


def _has_condition(parts: Iterable[str]) -> bool:
    return any(begins("condition", words) for words in parts)


def _deletes(said: Said) -> bool:
    return said.chances["retention"] >= _LIKELY and bool(pattern("deleted").search(said.text))


def _marks(said: Said) -> frozenset[str]:
    """What holds what it says back, or lets it loose."""
    return _MARKS.intersection(said.groups)


def _things(said: Said) -> frozenset[str]:
    """What of people's it names, each in one form."""
    found = matches(said.text, said.one.language)
    return frozenset(
        said.text[each.start : each.end].casefold().rstrip("s") for each in found if each.topic == "things"
    )


def _names_further(said: Said, other: Said) -> bool:
    """Whether it names something of people's that the other does not in any form: "videos" is no more than "video"."""
    return any(
        not re.search(rf"\b{re.escape(thing)}s?\b", other.text, re.IGNORECASE)
        for thing in _things(said) - _things(other)
    )


# what two sentences must have in common to say the same; the cheapest to ask first
_TOLD = (days, ages, bars, _things, states)


def _is_untimed(timed: Said, other: Said) -> bool:
    kept = min(timed.chances["retention"], other.chances["retention"]) >= _LIKELY
    return kept and "at_will" in other.groups and bool(times_in(timed.text)) and not times_in(other.text)
