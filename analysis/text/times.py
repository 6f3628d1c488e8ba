"""Lengths of time, in digits or words: "60 days" equals "two months"."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from analysis.text.word_lists import any_of, number_words, word_lists
from analysis.text.words import bare_words

_DAYS = {
    "minute": 1 / 1440,
    "hour": 1 / 24,
    "day": 1.0,
    "week": 7.0,
    "month": 30.0,
    "year": 360.0,
}
_OF_A_YEAR = {
    360.0: (365, 366),
    180.0: (182, 183),
}  # lawyers' other counts of a year and half a year


class Time(NamedTuple):
    """A month is 30 days, a year 12 months."""

    days: float
    start: int
    end: int


@lru_cache(maxsize=4096)
def times_in(text: str) -> tuple[Time, ...]:
    words = {word.casefold() for word in bare_words(text)}
    # skips most texts: no unit, or only "an", a year in French
    if _units().isdisjoint(words) or (
        _first_words_of_numbers().isdisjoint(words)
        and not any(map(str.isdecimal, words))
    ):
        return ()
    return tuple(
        Time(_days(match), match.start(), match.end())
        for match in _pattern().finditer(text)
    )


def _days(match: re.Match[str]) -> float:
    """Figures win: "twenty-five (25) months"."""
    figures = match["figures"] or ""
    number = (figures if figures.isdecimal() else match["number"]).casefold()
    count = float(number_words().get(number, 0) or number.replace(",", "."))
    unit = next(
        name
        for name, forms in word_lists().units.items()
        if match["unit"].casefold() in forms
    )
    days = round(count * _DAYS[unit], 4)
    return next(
        (year for year, others in _OF_A_YEAR.items() if days in others), days
    )


@cache
def _units() -> frozenset[str]:
    return frozenset(
        form for forms in word_lists().units.values() for form in forms
    )


@cache
def _first_words_of_numbers() -> frozenset[str]:
    return frozenset(number.split("-")[0] for number in number_words())


@cache
def _pattern() -> re.Pattern[str]:
    between = any_of(word_lists().between_number_and_unit)
    return re.compile(
        rf"\b(?<![^\W\d]-)(?P<number>\d{{1,4}}(?:[.,]\d)?|{any_of(number_words())})(?:\s*\((?P<figures>\w+)\))?"
        rf"[\s\u00a0\u202f-]+(?:(?:{between})\s+)?(?P<unit>{any_of(_units())})\b",
        re.IGNORECASE,
    )
