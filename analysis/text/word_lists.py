"""Words and turns of phrase that are form rather than meaning (`word_lists.toml`)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

Words = frozenset[str]


class WordLists(BaseModel):
    """The file `word_lists.toml`."""

    model_config = ConfigDict(extra="forbid")
    empty: Words
    negations: Words
    reversing: Words
    stamp: Words
    section: Words
    link: Words
    yes: Words
    no: Words
    function: Words
    spelling: dict[str, str]
    short_forms: dict[str, str]
    short_forms_if_written: dict[str, str]
    patterns: dict[str, tuple[str, ...]]
    kinds: dict[str, tuple[str, ...]]
    dates: dict[str, tuple[str, ...]]
    actors: dict[str, Words]
    openings: dict[str, Words]
    signals: dict[str, Words]
    forms: dict[str, tuple[str, ...]]
    cues: dict[str, tuple[str, ...]]
    numbers: dict[int, tuple[str, ...]]
    units: dict[str, tuple[str, ...]]
    between_number_and_unit: tuple[str, ...]


@cache
def word_lists() -> WordLists:
    return WordLists.model_validate(
        tomllib.loads((files("analysis") / "word_lists.toml").read_text("utf-8"))
    )


@cache
def pattern(name: str) -> re.Pattern[str]:
    # each begins with a word, so only word starts are tried
    return re.compile(
        rf"\b(?=\w)(?:{'|'.join(word_lists().patterns[name])})\b", re.IGNORECASE
    )


def any_of(words: Iterable[str]) -> str:
    """Longest first."""
    return "|".join(
        map(re.escape, sorted(words, key=lambda word: (-len(word), word)))
    )


@cache
def number_words() -> Mapping[str, int]:
    """As written, and without regard to case, in which ß is ss."""
    return {
        form: number
        for number, words in word_lists().numbers.items()
        for word in words
        for form in (word, word.casefold())
    }


@cache
def irregular_forms() -> Mapping[str, str]:
    """Irregular ones only."""
    return {
        form: word for word, forms in word_lists().forms.items() for form in forms
    }
