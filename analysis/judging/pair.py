"""A sentence of a change beside the one that came in its place, and how the two differ."""

from __future__ import annotations

from typing import NamedTuple

from analysis.judging.entries import entries
from analysis.judging.exceptions import only_excepts
from analysis.judging.said import UNLESS, Said
from analysis.judging.seen import Seen
from analysis.text.looks import pattern

_LIKELY, _HARDLY = 0.5, 0.25  # chances


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
