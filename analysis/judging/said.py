"""A sentence or clause of a place by itself: what it says is done with data, promised, asked for or left to people.

What it says is taken from sentences.py, and from the groups of words in topics/*.toml.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from analysis.change import TOPICS, Side
from analysis.diff.wording import ChangedSentence
from analysis.judging.rephrased import alike
from analysis.judging.seen import Seen
from analysis.judging.sentences import Chances
from analysis.text.looks import pattern
from analysis.text.sentence_ends import sentence_before
from analysis.text.topics import matches

# chances
_LIKELY = 0.5
_POSSIBLE = 0.3
DENIED = frozenset(("promise", "ended", "forbidden"))  # groups of words that say that something is not done
_MINE = re.compile(r"\b(?:my|mes)\b", re.IGNORECASE)  # "do not sell my data" is the name of a link
# what browsers send, and no promise
_SIGNAL = re.compile(
    r"do[ -]not[ -]track(?=\W*\s(?:DNT|GPC|browser|signal|request|setting|header|preference|option))", re.IGNORECASE
)
REFUSABLE = ("ai_training", "ai_features", "data_use", "data_sharing", "advertising", "tracking")
_OF_DATA = (*REFUSABLE, "data_collection", "sensitive_minors")
UNLESS = "default_on"  # the group of words, see topics.py


@dataclass(frozen=True, eq=False)
class Said:
    """A sentence of a place, or a clause of one; few are asked what they say."""

    one: Seen
    text: str
    whole: bool

    @cached_property
    def chances(self) -> Chances:
        return self.one.says(self.text)

    @cached_property
    def _words(self) -> Sequence[str]:
        """The group of each of its words that are of one."""
        text = _SIGNAL.sub("DNT", self.text) if "rack" in self.text else self.text
        return [match.topic for match in matches(text, self.one.language) if match.tier == "words"]

    def changed(self, side: Side) -> Iterator[ChangedSentence]:
        """What changed in it; nothing of a sentence that stayed, nor of a clause."""
        text = self.one.passage.texts[side]
        changed = (found for found in self.one.wording.sentences if found.side == side)
        return (found for found in changed if text[found.start : found.end] == self.text)

    def count(self, group: str) -> int:
        """How many of its words are of a group."""
        return self._words.count(group)

    @cached_property
    def stems(self) -> frozenset[str]:
        """Of the words that say something."""
        return self.one.stems(self.text)

    @cached_property
    def groups(self) -> Collection[str]:
        groups = frozenset(self._words)
        return groups - {"promise"} if "promise" in groups and _MINE.search(self.text) else groups

    def practises(self, topic: str) -> bool:
        """Whether it says that something is done, be it unless people refuse."""
        if self.chances[topic] < _LIKELY:
            return False
        return (self._is_likelier_done or UNLESS in self.groups) and DENIED.isdisjoint(self.groups)

    @cached_property
    def trains(self) -> bool:
        return self.practises("ai_training")

    @cached_property
    def is_of_data(self) -> bool:
        return max(self.chances[topic] for topic in _OF_DATA) >= _POSSIBLE

    @property
    def does(self) -> bool:
        """Whether it says that what people may refuse is done, whatever it says of refusing."""
        return self._is_likelier_done and any(map(self.practises, REFUSABLE))

    @property
    def is_done(self) -> bool:
        """Whether it says that something is done with data, whatever it be."""
        return self.chances["practice"] >= _LIKELY and DENIED.isdisjoint(self.groups)

    @property
    def is_rather_done(self) -> bool:
        return self.chances["practice"] >= _POSSIBLE and self._is_likelier_done and DENIED.isdisjoint(self.groups)

    @property
    def is_plainly_done(self) -> bool:
        """Whether something is done that no "only", consent or length of time holds back, so that less is what an
        exception leaves of it."""
        held = "default_off" in self.groups or bool(pattern("only").search(self.text))
        other = max(self.chances["conduct"], self.chances["retention"]) >= _LIKELY
        likelier = self._is_likelier_done or "exception" in self.groups  # whose words are those of promises
        return self.is_done and likelier and not (held or other)

    @property
    def _is_likelier_done(self) -> bool:
        return self.chances["practice"] > max(self.chances["protection"], self.chances["conduct"])

    def spares(self, topic: str) -> bool:
        """Whether it says that something is not done, or only if people want it."""
        conduct = self.chances["conduct"] >= _LIKELY and self.one.kind not in ("privacy", "cookies")
        protects = self.chances["protection"]
        listed = topic == "user_choice" and self.one.listed and topic in self.one.section
        if listed or ("promise" in self.groups and protects > self.chances["practice"]):
            protects = 1.0  # whatever words weigh
        if conduct or min(self.chances[topic], protects) < _LIKELY:
            return False
        return topic == "user_choice" or UNLESS not in self.groups or "promise" in self.groups

    @property
    def follows_practice(self) -> bool:
        """Whether the sentence before it says that something is done with data."""
        text = next((text for text in self.one.passage.texts.values() if self.text in text), "")
        start, end = sentence_before(text, text.find(self.text))
        return Said(self.one, text[start:end], whole=False).is_done

    @property
    def asks(self) -> bool:
        """Whether it makes what is done with data wait for a consent, not only says what follows when it is gone."""
        # "off by default"
        of_setting = UNLESS in self.groups and not self.one.section.isdisjoint(_OF_DATA)
        if "default_off" not in self.groups or not (self.is_of_data or of_setting or self._is_worth_telling):
            return False
        # nor what is deleted when people ask for it
        return self.chances["retention"] < _LIKELY or not pattern("deleted").search(self.text)

    @property
    def _is_worth_telling(self) -> bool:
        return min(self.chances["practice"], self.chances["worth"]) >= _LIKELY

    @property
    def promises(self) -> bool:
        # not "we no longer rely on the Shield", nor what others promise
        other = max(self.chances["transfer"], self.chances["conduct"])
        denied = "handed_on" in self.groups and "exception" not in self.groups  # whatever words weigh
        protects = denied or self.chances["protection"] >= _LIKELY
        held = "promise" in self.groups and "discretion" not in self.groups  # else as long as the service likes
        return held and protects and other < _LIKELY

    def is_promised_by(self, other: Said) -> bool:
        """Whether another sentence promises the same, or something of the same topics; of a promise without a topic
        any other."""
        if "promise" not in other.groups:
            return False
        topics = [topic for topic in TOPICS if self.chances[topic] >= _LIKELY]
        related = not topics or any(other.chances[topic] >= _LIKELY for topic in topics)
        return related or self.is_repeated_by(other)

    def is_repeated_by(self, other: Said) -> bool:
        """Whether another sentence promises it in much the same words."""
        return "promise" in other.groups and alike(self.stems, other.stems)

    def shares_topic(self, other: Said) -> bool:
        return any(min(self.chances[topic], other.chances[topic]) >= _LIKELY for topic in TOPICS)
