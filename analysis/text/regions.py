"""For whom a text is, by the names of regions in it (`analysis/regions.toml`)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from analysis.text.word_lists import any_of

_LONGEST_HEADING = 15  # words; longer ones are sentences
_NEAR = 120  # characters in which such words stand before a region
_BETWEEN = r"[\s()“”\"]*"
_SHOWN_IN = ("en", "fr", "de")  # the first names of a region


class _Regions(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid")
    names: tuple[tuple[str, ...], ...]
    joins: tuple[str, ...]
    outside: tuple[str, ...]
    people: tuple[str, ...]
    residents: tuple[str, ...]
    bodies: tuple[str, ...]


def regions_of(
    sentences: Iterable[str], headings: Iterable[str] = ()
) -> tuple[str, ...]:
    """By their English names; of both the nearest to the words first, for only the nearest that names some counts, or
    says "outside". A sentence does where it says that people live there: data may also go to a region."""
    lines = (
        *((line, False) for line in sentences),
        *((line, len(line.split()) <= _LONGEST_HEADING) for line in headings),
    )
    for line, is_heading in lines:
        named, is_outside = dict[str, None](), False
        for run in _runs().finditer(line):
            if _follows("outside", line, run.start()):
                is_outside = True
            elif is_heading or _is_of_people(line, *run.span()):
                named |= {
                    _codes()[each.casefold()]: None
                    for each in _name().findall(run[0])
                }
        if named or is_outside:
            return tuple(named)
    return ()


def region_name(name: str, language: str) -> str:
    """In English where it has none in the language."""
    shown = next(names for names in _regions().names if names[0] == name)
    return shown[_SHOWN_IN.index(language)] if language in _SHOWN_IN else name


def _is_of_people(text: str, start: int, end: int) -> bool:
    return bool(
        end - start > len(text) - 3  # names alone, with a colon
        or _follows("people", text, start)
        or _residents().match(text, end)
    )


def _follows(which: Literal["outside", "people"], text: str, at: int) -> bool:
    return bool(_before(which).search(text, max(0, at - _NEAR), at))


@cache
def _regions() -> _Regions:
    return _Regions.model_validate(
        tomllib.loads((files("analysis") / "regions.toml").read_text("utf-8"))
    )


@cache
def _codes() -> dict[str, str]:
    return {
        name.casefold(): names[0] for names in _regions().names for name in names
    }


@cache
def _name() -> re.Pattern[str]:
    names = {name for names in _regions().names for name in names}
    known = any_of(names | {*map(str.upper, names)})
    bodies = "|".join(_regions().bodies)
    # "CONTACT US" names none
    return re.compile(
        rf"(?<![\w-])(?!(?<=[A-Z]{{2}} )US\b)(?:{known})(?![\w-]| (?:{bodies})\b)"
    )


@cache
def _runs() -> re.Pattern[str]:
    """Names in a row."""
    name, join = _name().pattern, f"(?i:{'|'.join(_regions().joins)})"
    return re.compile(rf"{name}(?:{_BETWEEN}(?:{join}{_BETWEEN})*{name})*")


@cache
def _before(which: Literal["outside", "people"]) -> re.Pattern[str]:
    regions = _regions()
    joins, people = "|".join(regions.joins), "|".join(regions.people)
    phrases = {
        "outside": rf"(?:{'|'.join(regions.outside)})(?:,?\s+(?:{people}))?",
        "people": f"(?:{people})",
    }
    return re.compile(
        rf"(?<!\w){phrases[which]}\s+(?:(?:{joins})\s*)*$", re.IGNORECASE
    )


@cache
def _residents() -> re.Pattern[str]:
    return re.compile(
        rf"\)?\s+(?:{'|'.join(_regions().residents)})\b", re.IGNORECASE
    )
