"""A sentence of a change beside the one that came in its place, and how the two differ."""

from __future__ import annotations

from typing import NamedTuple

from analysis.judging.degrees import further
from analysis.judging.entries import entries
from analysis.judging.exceptions import only_excepts
from analysis.judging.said import UNLESS, Said
from analysis.judging.seen import Seen
from analysis.text.looks import pattern

_LIKELY, _HARDLY = 0.5, 0.25  # chances
_ROOT = 4  # letters that the forms of a word have in common
_NOT = ("not", "witho", "sans")  # how the stems of words end that deny
_OF_READERS = ("conduct", "user_choice", "user_rights")  # what a sentence says of what they must, may or can ask for


class Pair(NamedTuple):
    """A sentence, and the one that says the same thing otherwise. One side is changed at least."""

    was: Said
    now: Said

    @property
    def place(self) -> Seen:
        return self.now.one

    @property
    def loses_entry(self) -> bool:
        """Whether something that was said together with other things went, and nothing came in its place."""
        return bool(entries(self.was, "before"))

    @property
    def gains_entry(self) -> bool:
        return bool(entries(self.now, "after"))

    @property
    def goes_further(self) -> int:
        """1 where all that differs is how far what it says goes, and it goes further; -1 where it goes less far."""
        return further(self.was, self.now)

    @property
    def is_of_choice(self) -> bool:
        return min(self.was.chances["user_choice"], self.now.chances["user_choice"]) >= _LIKELY

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
    def _excepts_both(self) -> bool:
        """Whether both say with what or whom it is not done what the sentence before says."""
        return all(pattern("not_so").match(said.text) for said in self) and self.now.follows_practice

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

    def _no_longer_has(self, looks: str) -> bool:
        return bool(pattern(looks).search(self.was.text)) and not pattern(looks).search(self.now.text)

    @property
    def _is_newly_not_so(self) -> bool:
        """Whether it is said not to be so, in the same words."""
        return _denies(self.now, self.was)

    @property
    def _is_so_now(self) -> bool:
        return _denies(self.was, self.now)

    @property
    def _is_close(self) -> bool:
        """Whether most of what was said is said now, too; of two words in a paragraph one may be there by chance."""
        shared = len(self.was.stems & self.now.stems)
        return 2 * shared >= len(self.was.stems) and (shared > 1 or self.was.stems <= self.now.stems)

    @property
    def _is_of_data(self) -> bool:
        return self.was.is_of_data and self.now.is_of_data

    @property
    def _is_of_right(self) -> bool:
        least = _HARDLY if "user_rights" in self.place.section else _LIKELY
        return min(self.was.chances["user_rights"], self.now.chances["user_rights"]) >= least

    @property
    def _is_still_done(self) -> bool:
        done = self.was.is_done and self.now.is_done and self._is_of_data
        protects = 0.0 if all(UNLESS in said.groups for said in self) else self.now.chances["protection"]
        return done and max(protects, self.now.chances["conduct"]) < _LIKELY

    @property
    def _is_plainly_still_done(self) -> bool:
        """Whether both say that something is done, and neither that people want it or may refuse it."""
        if not all(said.is_rather_done for said in self):
            return False
        return max(said.chances[aspect] for said in self for aspect in _OF_READERS) < _LIKELY


def _denies(said: Said, other: Said) -> bool:
    if "negation" not in said.groups or "negation" in other.groups:
        return False
    roots = [{stem[:_ROOT] for stem in each.stems if not stem.endswith(_NOT)} for each in (said, other)]
    return roots[0] == roots[1]
