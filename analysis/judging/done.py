"""What is done with data by a sentence and by the one that came in its place: more or less of it, by whom, for what."""

from __future__ import annotations

import re
from functools import lru_cache

from analysis.change import TOPICS
from analysis.judging.choices import Choices
from analysis.judging.entries import entries
from analysis.judging.found import AI
from analysis.judging.said import DENIED, Said
from analysis.text.looks import begins, pattern
from analysis.text.topics import matches

_LIKELY, _DENIED, _SOME, _MORE, _HARDLY, _WORTH = 0.5, 0.4, 0.35, 0.3, 0.25, 0.9  # chances
_EXCHANGED = 7  # words by which one sentence differs from another in who does it
# somebody does something in a sentence, or it is done; an order to readers has none of these
_DOES = re.compile(r"\b(?:we|our|us|is|are|will|be|nous|nos|notre|est|sont|sera|seront|être)\b", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_WEIGHTY = ("data_collection", "data_sharing", "transfer", "advertising", "ai_training", "sensitive_minors")
_GRAVER = ("advertising", "ai_training", "sensitive_minors")


class Done(Choices):
    """What of what is done is more, or less."""

    __slots__ = ()

    @property
    def adds(self) -> bool:
        """Whether what is done with data is done with, for or by one more, where that weighs."""
        if self.begins or self._turns_to or (self.goes_further > 0 and self._is_plainly_still_done):
            return True
        if self.gains_company:
            return True
        more = self._is_still_done and self.gains_entry and not self.loses_entry
        return more and (
            max(self.now.chances[topic] for topic in _WEIGHTY) >= _LIKELY
            or any(map(_is_aim_or_other, entries(self.now, "after")))
        )

    @property
    def drops(self) -> bool:
        """Whether it is done with, for or by one less."""
        done = self.was.is_done and DENIED.isdisjoint(self.now.groups) and self._is_close
        own = done and max(self.was.chances["protection"], self.was.chances["conduct"]) < _LIKELY
        less = own and self.loses_entry and not self.gains_entry
        return less and self.was.chances["expands"] >= _LIKELY

    @property
    def gains_company(self) -> bool:
        """Whether what is done with data is done by or with one more company."""
        if not self._is_plainly_still_done or self.loses_entry:
            return False
        return any(map(pattern("company").search, entries(self.now, "after")))

    @property
    def begins(self) -> bool:
        """Whether something plainly does more than what stood in its place, which did nothing, or had ended."""
        if self._loses("ended"):
            return self.now.is_done and self._is_close
        read = self._gains("people_read") and self._reads
        by_machine = _is_newly_of_ai(self.now, self.was) and not _names_ai(self.was)
        return (read or by_machine or _is_new_beside(self.now, self.was)) and self._is_close

    @property
    def stops(self) -> bool:
        if self._gains("ended"):
            return self.was.is_done and self._is_close
        read = self._loses("people_read") and self._reads
        return (read or _is_new_beside(self.was, self.now)) and self._is_close

    @property
    def _is_left_to_people(self) -> bool:
        """Whether people decide what a machine did."""
        read = "people_read" in self.now.groups and self._reads
        return _is_newly_of_ai(self.was, self.now) and self._is_close and not read

    @property
    def _reads(self) -> bool:
        """Whether both are about what is people's and neither says that it is not looked at; people want moderators."""
        theirs = not any({"things", "user_content"}.isdisjoint(said.groups) for said in self)
        return theirs and all(DENIED.isdisjoint(said.groups) and "conduct" not in said.groups for said in self)

    @property
    def _binds(self) -> bool:
        """Whether data goes to others only as the law demands, where it went to them anyway."""
        bound = self._gains("lawful") and self.was.is_done and not self.now.promises
        return bound and min(said.chances["data_sharing"] for said in self) >= _LIKELY and self._is_close

    @property
    def _turns_to(self) -> bool:
        """Whether the same is newly done for something graver, and for nothing else."""
        return _is_for_graver(self.now, self.was) and self._is_close

    @property
    def _turns_from(self) -> bool:
        return _is_for_graver(self.was, self.now) and self._is_close

    @property
    def _informs(self) -> bool:
        """Whether both are about what people are told, so that a "not" takes something from them."""
        return all(pattern("informs").search(said.text) for said in self)


def _is_aim_or_other(entry: str) -> bool:
    """Whether one thing more that is said is what something is done for, or somebody else who does it."""
    return begins("aim", entry) or bool(pattern("third_party").search(entry))


@lru_cache(maxsize=512)
def _is_new_beside(said: Said, other: Said) -> bool:
    """Whether a sentence does something by all its words that the other one of its place does not."""
    if said.one is not other.one or other.chances["practice"] >= _LIKELY or not said.is_plainly_done:
        return False
    if not DENIED.isdisjoint(other.groups):
        return False
    own = max(said.chances[aspect] for aspect in ("protection", "user_choice", "user_rights"))
    if said.chances["conduct"] >= _MORE:
        return False
    if begins("left_to_people", other.text) and begins("by_service", said.text):
        return own < _LIKELY
    more = min(said.chances["worth"] - _WORTH, said.chances["expands"] - other.chances["expands"] - _MORE)
    if own >= _LIKELY or more < 0 or not _DOES.search(said.text):
        return False
    return max(said.chances[topic] for topic in TOPICS) >= _SOME


def _is_newly_of_ai(said: Said, other: Said) -> bool:
    """Whether a machine does what the other sentence of its place does without one."""
    of_ai, automated = said.chances["ai_features"], said.chances["automated_decisions"]
    if (of_ai < _HARDLY and automated < _HARDLY) or said.one is not other.one or said.stems <= other.stems:
        return False
    if of_ai < _LIKELY and automated < _LIKELY and not _names_ai(said):
        return False
    if max(other.chances["ai_features"], other.chances["automated_decisions"]) >= _MORE:
        return False
    if len(said.stems ^ other.stems) > _EXCHANGED or _names_only(said, other):
        return False
    own = max(said.chances[aspect] for aspect in ("protection", "user_choice", "user_rights", "conduct"))
    worth = min(said.chances["worth"], other.chances["worth"], said.chances["practice"])
    told = worth >= _DENIED and own < _LIKELY
    return told and DENIED.isdisjoint({*said.groups, *other.groups}) and not begins("aim", said.text)


def _names_only(said: Said, other: Said) -> bool:
    """Whether all that it says more is a name, of a product for example, though it be that of an AI."""
    was = other.text.casefold()
    new = [word for word in _WORD.findall(said.text) if word.casefold() not in was]
    return all(word.istitle() and not said.text.startswith(word) for word in new)


def _is_for_graver(said: Said, other: Said) -> bool:
    if said.one is not other.one or len(said.stems ^ other.stems) > _EXCHANGED:
        return False
    for topic in _GRAVER:
        if said.chances[topic] >= _LIKELY and other.chances[topic] < _MORE:
            return said.is_rather_done and other.is_rather_done
    return False


def _names_ai(said: Said) -> bool:
    return not AI.isdisjoint(match.topic for match in matches(said.text, said.one.language))
