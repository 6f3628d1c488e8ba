"""How long something takes or lasts, as a text says it: in digits or in words, in days, months or years.

"60 days" and "two months" are one time in two notations, "30 days" and "60 days" are two.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from analysis.text.alternatives import first_letters, one_of
from analysis.text.looks import looks
from analysis.text.words import bare_words

_DAYS = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.0, "year": 360.0}
_OF_A_YEAR = {360.0: (365, 366), 180.0: (182, 183)}  # how else lawyers count a year, and half of one


class Time(NamedTuple):
    """A length of time in a text. `days` counts a month as 30 days and a year as 12 months."""

    days: float
    start: int
    end: int


@lru_cache(maxsize=4096)
def times_in(text: str) -> tuple[Time, ...]:
    """Every length of time in a text, in its order."""
    said = {word.casefold() for word in bare_words(text)}
    # most texts have no unit; of those that have one most only say "an", which is a year in French
    if _units().isdisjoint(said) or (_first_words_of_numbers().isdisjoint(said) and not any(map(str.isdecimal, said))):
        return ()
    return tuple(
        Time(_days(_number(found), found["unit"]), found.start(), found.end()) for found in _pattern().finditer(text)
    )


def _number(found: re.Match[str]) -> str:
    """In figures where both stand there: "twenty-five (25) months"."""
    figures = found["figures"] or ""
    return figures if figures.isdecimal() else found["number"]


def _days(number: str, unit: str) -> float:
    written = number.casefold()
    count = float(looks().numbers.get(written, 0) or written.replace(",", "."))
    name = next(name for name, forms in looks().units.items() if unit.casefold() in forms)
    days = round(count * _DAYS[name], 4)
    return next((year for year, others in _OF_A_YEAR.items() if days in others), days)


@cache
def _units() -> frozenset[str]:
    return frozenset(form for forms in looks().units.values() for form in forms)


@cache
def _first_words_of_numbers() -> frozenset[str]:
    return frozenset(number.casefold().split("-")[0] for number in looks().numbers)


@cache
def _pattern() -> re.Pattern[str]:
    numbers = looks().numbers
    between = "|".join(looks().between_number_and_unit)
    return re.compile(
        rf"\b(?<![^\W\d]-)(?=[\d{first_letters(numbers)}])(?P<number>\d{{1,4}}(?:[.,]\d)?|{one_of(numbers)})(?:\s*\((?P<figures>\w+)\))?"
        rf"[\s\u00a0\u202f-]+(?:(?:{between})\s+)?(?P<unit>{one_of(_units())})\b",
        re.IGNORECASE,
    )
