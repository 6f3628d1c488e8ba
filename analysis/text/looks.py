"""The lists of `looks.toml`: words and turns of phrase by which the looks of a text are told from what it says."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain, product
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from analysis.text.normal import TICKS

_WORDS = re.compile(r"\w+")
_ASKED = re.compile(r"(?:.*\?[*”\"]*(?: »)?|[^:.!?]{3,60}:)")
_FIRST_WORD = re.compile(r"[\W_]*(?P<word>\w{2,6})(?=[\s*_]*(?:[,.;:!—–-]|$))")  # before a mark, or the end
_MARKS = re.compile(r"[\W_]*")
_GROUP = re.compile(r"\((?:[^()\\]|\\.)*\)[?*+]?")  # the innermost ones
_FIRST_GROUP = re.compile(r"\(\?:((?:[^()\\]|\\\w)*)\)(?![?*{])")
_LETTERS = re.compile(r"(\[\w+\]|\w)(\??)")  # one, or any of several, that may be missing
_NO_WORDS = re.compile(r"\[(?:[^\]\\]|\\.)*\]|\\(?:x..|.)|\{[^}]*\}|.(?=[?*{])|[?*+^$.]")


class _Spelling(BaseModel):
    model_config = ConfigDict(extra="forbid")
    pattern: str
    plain: str


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid")
    empty: frozenset[str]
    negations: frozenset[str]
    turning: frozenset[str]
    stamp: frozenset[str]
    section: frozenset[str]
    link: frozenset[str]
    yes: frozenset[str]
    no: frozenset[str]


class _Patterns(BaseModel):
    model_config = ConfigDict(extra="forbid")
    ago: tuple[str, ...]
    cloaked: tuple[str, ...]
    expands: tuple[str, ...]
    opens: tuple[str, ...]
    function: tuple[Annotated[str, StringConstraints(pattern=r"^[\w\[\]?]+$")], ...]  # each a single word


class Looks(BaseModel):
    """The file `looks.toml`."""

    model_config = ConfigDict(extra="forbid")
    words: _Words
    spelling: tuple[_Spelling, ...]
    short_forms: dict[str, str]
    short_forms_if_written: dict[str, str]
    patterns: _Patterns
    kinds: dict[str, tuple[str, ...]]
    forms: dict[str, tuple[str, ...]]
    numbers: dict[str, int]
    units: dict[str, tuple[str, ...]]
    between_number_and_unit: tuple[str, ...]


@cache
def looks() -> Looks:
    return Looks.model_validate(tomllib.loads((files("analysis") / "looks.toml").read_text("utf-8")))


@cache
def pattern(name: str) -> re.Pattern[str]:
    """A list of `[patterns]` as one regex."""
    alternatives = "|".join(getattr(looks().patterns, name))
    # each begins with a word: where one ends none needs to be tried
    return re.compile(rf"\b(?=\w)(?:{alternatives})\b", re.IGNORECASE)


def asks(text: str) -> bool:
    """Whether a block is a question, or ends with one."""
    return text.rstrip(' *"”’»)').endswith("?")


def answer(text: str) -> bool | None:
    """Whether a text says yes or no, and nothing else."""
    words, said = looks().words, text.strip(" .*\ufe0f")
    if len(said) > _longest_answer():
        return None
    said = said.casefold()
    said = TICKS.get(said, said)
    return True if said in words.yes else False if said in words.no else None


@cache
def _longest_answer() -> int:
    return max(map(len, looks().words.yes | looks().words.no))


def may_have(name: str, small: str) -> bool:
    """Whether a text, in small letters (by `casefold`), has any of the words without which a pattern finds nothing.

    To ask is far cheaper than to search for a long list in vain.
    """
    needed = _needed(name)
    return not needed or any(map(small.__contains__, needed))


@cache
def _needed(name: str) -> tuple[str, ...]:
    """Of each alternative of a list words of which one stands in whatever it finds; empty if one can do without."""
    found = [_needed_by(alternative) for alternative in getattr(looks().patterns, name)]
    return tuple(dict.fromkeys(chain.from_iterable(found))) if all(found) else ()


def _needed_by(regex: str) -> tuple[str, ...]:
    """The longest part that stands for itself, or those that it may begin with where they are longer."""
    plain, first = _plain_words(regex), _FIRST_GROUP.match(regex)
    options = tuple(map(_plain_words, first[1].split("|"))) if first else ("",)
    return options if min(map(len, options)) > len(plain) else (plain,) if plain else ()


def _plain_words(regex: str) -> str:
    """The longest part of a regex that stands for itself, in small letters."""
    while (outer := _GROUP.sub("\0", regex)) != regex:
        regex = outer
    return "" if "|" in regex else max(_NO_WORDS.sub("\0", regex).split("\0"), key=len).casefold()


@lru_cache(maxsize=16384)
def is_small(word: str) -> bool:
    """Whether it is one of the words that sentences have and menus have not."""
    return word.casefold() in _small_words()


@cache
def irregular() -> Mapping[str, str]:
    """The word of each form that does not begin as it does."""
    return {form: word for word, forms in looks().forms.items() for form in forms}


@cache
def _small_words() -> frozenset[str]:
    """Those of the list, each in all its forms: "ihre[rmn]?" is four words."""
    return frozenset("".join(word) for each in looks().patterns.function for word in product(*_letters_of(each)))


def _letters_of(regex: str) -> Iterator[tuple[str, ...]]:
    for letters, may_lack in _LETTERS.findall(regex):
        yield (*letters.strip("[]"), *([""] if may_lack else []))
