"""Phrases of a language by topic (`analysis/lexicon/*.toml`); docs/classification.md explains their notation."""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from importlib.resources import files
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, field_validator

from analysis.text.intervals import Intervals
from analysis.text.notation import (
    compiled,
    first_words,
    needed_elements,
    pattern_of,
)
from foundation.vocabulary import TOPICS

Tier = Literal["decides", "suggests", "ignores", "sections", "words"]

_TIERS: tuple[Tier, ...] = ("decides", "suggests", "ignores", "words")
_FILES = {
    file.name.removesuffix(".toml"): file
    for file in (files("analysis") / "lexicon").iterdir()
}
LANGUAGES = tuple(sorted(_FILES))
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class OwnTopic:
    """`languages` are two-letter codes; empty: all."""

    name: str
    phrases: tuple[str, ...]
    languages: tuple[str, ...] = ()


class PhraseMatch(NamedTuple):
    """By offsets. `topic` may be a group of `[words]` with the tier "words"."""

    topic: str
    tier: Tier
    start: int
    end: int


class _Phrases(BaseModel):
    """`decides` names the topic, `suggests` hints at it; neither counts inside a phrase of `ignores`."""

    model_config = ConfigDict(extra="forbid")
    decides: tuple[str, ...]
    suggests: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()

    @field_validator("decides", "suggests", "ignores", "sections")
    @classmethod
    def _readable(cls, phrases: tuple[str, ...]) -> tuple[str, ...]:
        for phrase in phrases:
            pattern_of(phrase)
        return phrases


class Language(BaseModel):
    """A file of `analysis/lexicon`."""

    model_config = ConfigDict(extra="forbid")
    topics: dict[str, _Phrases]
    words: dict[str, tuple[str, ...]]

    @field_validator("topics")
    @classmethod
    def _known(cls, topics: dict[str, _Phrases]) -> dict[str, _Phrases]:
        if unknown := sorted(set(topics) - set(TOPICS)):
            raise ValueError(
                f"unknown topic {unknown[0]!r}; known are {', '.join(TOPICS)}"
            )
        return topics


class _Entry(NamedTuple):
    topic: str
    tier: Tier
    phrase: str
    needs: frozenset[str]  # of which the text must have a word


class Lexicon:
    """Each phrase is tried only where its first word stands, in texts that have its other words."""

    def __init__(self, entries: Iterable[tuple[str, Tier, str]]) -> None:
        self._words: dict[str, list[_Entry | str]] = defaultdict(list)  # by word
        self._beginnings: dict[str, list[tuple[str, _Entry | str]]] = defaultdict(
            list
        )  # by prefix
        self._known: dict[str, tuple[tuple[_Entry, ...], frozenset[str]]] = {}
        elements: set[str] = set()
        for topic, tier, phrase in entries:
            pattern_of(phrase)  # raises with the reason
            entry = _Entry(topic, tier, phrase, frozenset(needed_elements(phrase)))
            self._add(phrase, entry)
            elements |= entry.needs
        for element in elements:
            self._add(element, element)

    def _add(self, phrase: str, entry: _Entry | str) -> None:
        for first in sorted(set(first_words(phrase))):
            if first.endswith("*"):
                self._beginnings[first[:2]].append((first[:-1], entry))
            else:
                self._words[first].append(entry)

    def matches(self, text: str) -> tuple[PhraseMatch, ...]:
        """Of one topic and tier at one place only the longest."""
        words = [
            (word.start(), *self._of_word(word[0].casefold()))
            for word in _WORD.finditer(text)
        ]
        present = frozenset().union(*(elements for _, _, elements in words))
        ends: dict[tuple[str, Tier, int], int] = {}
        for start, entries, _ in words:
            for topic, tier, phrase, needs in entries:
                if needs <= present and (
                    match := compiled(phrase).match(text, start)
                ):
                    key = (topic, tier, start)
                    ends[key] = max(ends.get(key, 0), match.end())
        ignored: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for (topic, tier, start), end in ends.items():
            if tier == "ignores":
                ignored[topic].append((start, end))
        ignored_in = {topic: Intervals(ranges) for topic, ranges in ignored.items()}
        return tuple(
            PhraseMatch(topic, tier, start, end)
            for (topic, tier, start), end in ends.items()
            if tier != "ignores"
            and not (topic in ignored_in and ignored_in[topic].overlap(start, end))
        )

    def _of_word(self, word: str) -> tuple[tuple[_Entry, ...], frozenset[str]]:
        """Phrases that can start with a word, and elements that contain it."""
        known = self._known.get(word)
        if known is None:
            beginnings = [
                entry
                for start, entry in self._beginnings.get(word[:2], ())
                if word.startswith(start)
            ]
            numbers = self._words["#"] if word.isdigit() else []
            all_ = (*self._words.get(word, ()), *beginnings, *numbers)
            entries = tuple(each for each in all_ if isinstance(each, _Entry))
            known = (
                entries,
                frozenset(each for each in all_ if isinstance(each, str)),
            )
            if len(self._known) < 50_000:  # pages are strangers'
                self._known[word] = known
        return known


def matches(text: str, language: str | None) -> tuple[PhraseMatch, ...]:
    """English for languages without a file."""
    return _lexicon(language if language in LANGUAGES else "en", *_TIERS).matches(
        text
    )


def _mentions(text: str, language: str | None) -> dict[str, int]:
    lexicon = _lexicon(
        language if language in LANGUAGES else "en", "decides", "ignores"
    )
    topics = Counter(match.topic for match in lexicon.matches(text))
    return dict(sorted(topics.items()))


def mentions_in(language: str | None) -> Callable[[str], dict[str, int]]:
    """Outright mentions by topic."""
    return partial(_mentions, language=language)


@lru_cache(maxsize=4096)
def section_topics(title: str, language: str | None) -> frozenset[str]:
    """By its title."""
    lexicon = _lexicon(language if language in LANGUAGES else "en", "sections")
    return frozenset(match.topic for match in lexicon.matches(title))


@lru_cache(maxsize=64)
def own_lexicon(topics: tuple[OwnTopic, ...], language: str | None) -> Lexicon:
    return Lexicon(
        (topic.name, "decides", phrase)
        for topic in topics
        if not topic.languages or language in topic.languages
        for phrase in topic.phrases
    )


@cache
def _lexicon(code: str, *tiers: Tier) -> Lexicon:
    language = _language(code)
    entries: list[tuple[str, Tier, str]] = [
        (topic, tier, phrase)
        for topic, phrases in language.topics.items()
        for tier in tiers
        for phrase in getattr(phrases, tier, ())
    ]
    groups = language.words if "words" in tiers else {}
    return Lexicon(
        [
            *entries,
            *(
                (group, "words", phrase)
                for group, each in groups.items()
                for phrase in each
            ),
        ]
    )


@cache
def _language(code: str) -> Language:
    return Language.model_validate(tomllib.loads(_FILES[code].read_text("utf-8")))
