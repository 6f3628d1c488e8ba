"""Which topics a sentence touches, by the phrases of `analysis/topics/*.toml`; docs/topics.md explains these files."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from importlib.resources import files
from operator import or_
from typing import Generic, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, field_validator

from analysis.change import TOPICS
from analysis.text.notation import NUMBERS, compiled, openings, pattern_of

T = TypeVar("T")
Tier = Literal["decides", "suggests", "sections", "columns", "ignores", "words"]

LANGUAGES = ("en", "fr", "de", "es")  # each has a file; English is read where a page's language has none
# groups that say what a sentence claims; they give no sign of their own
CLAIMING = (
    "promise",
    "handed_on",
    "pointer",
    "yours",
    "ended",
    "lost",
    "no_choice",
    "own_purposes",
    "unless_refused",
    "shown_to_all",
    "people_read",
    "sold",
    "bodily",
    "some_only",
    "hurdle",
    "slow_way",
    "easy_way",
    "any_time",
    "obliged",
    "at_will",
    "forbidden",
    "things",
    "part_only",
    "lawful",
    "discretion",
)
WORDS = (
    "personal_data",
    "user_content",
    "notice",
    "negation",
    "exception",
    "default_on",
    "default_off",
    "permission",
    "safeguard",
    "wider",
    "narrower",
    "business",
    "conduct",
    "contact_only",
    "shop",
    *CLAIMING,
)
_WORD = re.compile(r"\w+")
_MARKS = ' .,;)]"”»'
_ABBREVIATED = 4  # letters; the dot behind a shorter word may be a part of it
_MOST_KNOWN = 50_000  # words of texts
_MOST_BEGUN = 500  # sets of further words that are kept for a word


@dataclass(frozen=True, slots=True)
class OwnTopic:
    """A topic that a user declares in the watchlist, by phrases in the way of docs/topics.md.

    `languages` (two-letter codes) restricts it to pages in these; empty means all.
    """

    name: str
    phrases: tuple[str, ...]
    languages: tuple[str, ...] = ()


class Match(NamedTuple):
    """A phrase found in a text. `topic` is a topic, or one of `WORDS` with the tier "words"."""

    topic: str
    tier: Tier
    start: int
    end: int


class _Phrases(BaseModel):
    """What stands in a file for one topic.

    `decides` alone suffices, `suggests` needs a second sign; inside a phrase of `ignores` neither counts.
    """

    model_config = ConfigDict(extra="forbid")
    decides: tuple[str, ...]
    suggests: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()

    @field_validator("decides", "suggests", "sections", "columns", "ignores")
    @classmethod
    def _readable(cls, phrases: tuple[str, ...]) -> tuple[str, ...]:
        for phrase in phrases:
            pattern_of(phrase)
        return phrases


class Language(BaseModel):
    """A file of `analysis/topics`."""

    model_config = ConfigDict(extra="forbid")
    language: str
    topics: dict[str, _Phrases]
    words: dict[str, tuple[str, ...]]

    @field_validator("topics")
    @classmethod
    def _known_topics(cls, topics: dict[str, _Phrases]) -> dict[str, _Phrases]:
        unknown = sorted(set(topics) - set(TOPICS))
        if unknown:
            raise ValueError(f"unknown topic {unknown[0]!r}; known are {', '.join(TOPICS)}")
        return topics

    @field_validator("words")
    @classmethod
    def _known_words(cls, words: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        unknown = sorted(set(words) - set(WORDS))
        if unknown:
            raise ValueError(f"unknown group of words {unknown[0]!r}; known are {', '.join(WORDS)}")
        for phrase in (phrase for phrases in words.values() for phrase in phrases):
            pattern_of(phrase)
        return words


class _Entry(NamedTuple):
    """A phrase to be found. `needs` are the numbers of its further words, as bits, which must follow."""

    topic: str
    tier: Tier
    phrase: str
    needs: int


class _Word(dict[int, tuple[_Entry, ...]]):
    """What a word of a text can be to the phrases: the first word of some, a further word (as bits) of others.

    It holds the phrases that may begin with it, by those of the words that they need which follow; mostly the same few.
    """

    __slots__ = ("_opens", "meets", "needs")

    def __init__(self, opens: tuple[_Entry, ...], meets: int) -> None:
        self._opens = opens
        self.needs = reduce(or_, (entry.needs for entry in opens), 0)
        self.meets = meets

    def __missing__(self, met: int) -> tuple[_Entry, ...]:
        begun = tuple(entry for entry in self._opens if entry.needs & met == entry.needs)
        if len(self) < _MOST_BEGUN:
            self[met] = begun
        return begun


class _Known(dict[str, _Word | None]):
    """The words of texts as they are written, for most are written in one way; None for what is nothing to any phrase,
    as most are. What is met for the first time is learnt."""

    def __init__(self, meant: Callable[[str], _Word | None]) -> None:
        self._meant = meant

    def __missing__(self, written: str) -> _Word | None:
        word = self._meant(written.casefold())
        if len(self) < _MOST_KNOWN:
            self[written] = word
        return word


class _ByWord(Generic[T]):
    """Things by the words that they stand for, written as in a phrase: a word, its beginning, or a number."""

    def __init__(self) -> None:
        self._words: dict[str, list[T]] = defaultdict(list)
        self._beginnings: dict[str, list[tuple[str, T]]] = defaultdict(list)
        self._numbers: list[T] = []

    def put(self, written: str, thing: T) -> None:
        if written.startswith("#"):
            self._numbers.append(thing)
            for number in NUMBERS:
                self._words[number].append(thing)
        elif "*" in written or "?" in written:
            beginning = re.split(r"[*?]", written)[0]
            self._beginnings[beginning[:2]].append((beginning, thing))
        else:
            self._words[written].append(thing)

    def of(self, word: str) -> Iterator[T]:
        yield from self._words.get(word, ())
        for beginning, thing in self._beginnings.get(word[:2], ()):
            if word.startswith(beginning):
                yield thing
        if word.isdigit():
            yield from self._numbers


class Lexicon:
    """Phrases ready to be found, each tried only where one of its first words stands and its other words follow."""

    def __init__(self, entries: Iterable[tuple[str, Tier, str]]) -> None:
        self.topics: set[str] = set()
        self._opening: _ByWord[_Entry] = _ByWord()
        self._further: _ByWord[int] = _ByWord()
        self._known = _Known(self._meant)
        bits: dict[tuple[str, ...], int] = {}
        for topic, tier, phrase in entries:
            self.topics.add(topic)
            pattern_of(phrase)  # says what of it can't be read
            for first, further in dict.fromkeys(openings(phrase)):
                for options in further:
                    if options not in bits:
                        bits[options] = 1 << len(bits)
                        for written in options:
                            self._further.put(written, bits[options])
                if first:
                    needs = reduce(or_, (bits[options] for options in further), 0)
                    self._opening.put(first, _Entry(topic, tier, phrase, needs))

    def matches(self, text: str) -> tuple[Match, ...]:
        """Every phrase of the text; of one topic and tier at one place only the longest."""
        known = self._known
        there = [(word, meant) for word in _WORD.finditer(text) if (meant := known[word[0]]) is not None]
        met, opening = 0, []
        for word, meant in reversed(there):
            met |= meant.meets
            if entries := meant[met & meant.needs]:
                opening.append((word.start(), entries))
        found: dict[tuple[str, Tier, int], int] = {}
        for start, entries in reversed(opening):
            for topic, tier, phrase, _ in entries:
                if match := compiled(phrase).match(text, start):
                    key = (topic, tier, start)
                    found[key] = max(found.get(key, 0), match.end())
        ignored = [(topic, start, end) for (topic, tier, start), end in found.items() if tier == "ignores"]
        return tuple(
            Match(topic, tier, start, end)
            for (topic, tier, start), end in found.items()
            if tier != "ignores"
            and not (ignored and any(topic == other and first < end and start < last for other, first, last in ignored))
        )

    def _meant(self, word: str) -> _Word | None:
        opens, meets = tuple(self._opening.of(word)), reduce(or_, self._further.of(word), 0)
        return _Word(opens, meets) if opens or meets else None


def _file(language: str | None) -> Language:
    return _language(language if language in LANGUAGES else "en")


def _entries(language: str | None, *tiers: Tier) -> Iterator[tuple[str, Tier, str]]:
    for topic, phrases in _file(language).topics.items():
        for tier in tiers:
            for phrase in getattr(phrases, tier):
                yield topic, tier, phrase


@cache
def lexicon(language: str | None) -> Lexicon:
    """The phrases for the sentences of pages in a language."""
    words = _file(language).words.items()
    return Lexicon(
        [
            *_entries(language, "decides", "suggests", "ignores"),
            *((name, "words", phrase) for name, written in words for phrase in written),
        ]
    )


@cache
def section_lexicon(language: str | None) -> Lexicon:
    """The phrases by which the heading of a section says what its sentences are about."""
    return Lexicon(_entries(language, "sections"))


@cache
def column_lexicon(language: str | None) -> Lexicon:
    """The phrases by which the title of a table's column says what its cells are about."""
    return Lexicon(_entries(language, "columns", "ignores"))


@lru_cache(maxsize=64)
def own_lexicon(topics: tuple[OwnTopic, ...], language: str | None) -> Lexicon:
    """The phrases of a user's own topics that apply to pages in a language."""
    return Lexicon(
        (topic.name, "decides", phrase)
        for topic in topics
        if not topic.languages or language in topic.languages
        for phrase in topic.phrases
    )


def matches(text: str, language: str | None) -> tuple[Match, ...]:
    """The phrases of a language's file that stand in a text."""
    return _matches(without_end(text), language)


def without_end(text: str) -> str:
    """The text without the marks that end it, so that a sentence is read once, be it quoted with its full stop or not.

    No phrase ends in one, but for the dot of "A.I." and its like.
    """
    bare = text.rstrip(_MARKS)
    return bare if bare[-_ABBREVIATED:].isalpha() else text


@lru_cache(maxsize=4096)
def _matches(text: str, language: str | None) -> tuple[Match, ...]:
    return lexicon(language).matches(text)


@lru_cache(maxsize=1024)
def section_topics(heading: tuple[str, ...], language: str | None) -> frozenset[str]:
    """The topics that the titles around a passage name; the outermost is the document's own and says nothing."""
    return frozenset(
        match.topic for title in titles_over(heading) for match in section_lexicon(language).matches(title)
    )


def titles_over(heading: tuple[str, ...]) -> tuple[str, ...]:
    """The titles of a path that can say what stands under them."""
    return heading[-2:] if len(heading) > 2 else heading[-1:]


@lru_cache(maxsize=1024)
def column_topics(title: str, language: str | None) -> frozenset[str]:
    """What the cells are about under a title of a table's column."""
    return frozenset(match.topic for match in column_lexicon(language).matches(title))


@cache
def _language(code: str) -> Language:
    return Language.model_validate(tomllib.loads((files("analysis") / "topics" / f"{code}.toml").read_text("utf-8")))
