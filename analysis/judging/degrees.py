"""How far what is done goes, where two sentences differ in nothing but a word of degree: "may", "some", "precise"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import chain
from typing import NamedTuple

from analysis.change import Side
from analysis.judging.said import Said
from analysis.text.looks import looks, pattern

_FEW_WORDS = 8  # that say something
_ROOT = 4  # letters that the forms of a word have in common
_NAMED = 3  # words by which a party is described beside what it is
_FEW = 120  # characters of the words that changed in two sentences; a longer change says something else, too


class _Degree(NamedTuple):
    any_level: re.Pattern[str]
    levels: tuple[re.Pattern[str], ...]
    plain: int  # the level of a sentence without any of its words; -1 where there is none

    def level(self, text: str) -> int:
        """The highest level of which words stand in a text."""
        return max((level for level, found in enumerate(self.levels) if found.search(text)), default=self.plain)


@lru_cache(maxsize=512)
def further(was: Said, now: Said) -> int:
    """1 where what a sentence says goes further than what the other one said, and that is all that differs; -1 where it
    goes less far, else 0."""
    if was.one is not now.one or len(was.stems ^ now.stems) > _FEW_WORDS:
        return 0
    old, new = _changed(was, "before"), _changed(now, "after")
    if len(old) + len(new) > _FEW or not _any_level().search(f"{old} | {new}"):
        return 0
    if pattern("condition").search(f"{old} | {new}"):
        return 0
    ways, of_parties = set(), False
    for degree in _degrees():
        if degree.any_level.search(f"{old} | {new}"):
            levels = degree.level(old), degree.level(new)
            if min(levels) >= 0 and levels[0] != levels[1]:
                ways.add(1 if levels[0] < levels[1] else -1)
                of_parties = of_parties or degree.plain < 0
                old, new = degree.any_level.sub(" ", old), degree.any_level.sub(" ", new)
    rest = [{stem[:_ROOT] for stem in was.one.stems(text)} for text in (old, new)]
    same = rest[0] == rest[1] or (of_parties and max(map(len, rest)) <= _NAMED)
    return ways.pop() if len(ways) == 1 and same else 0


def _changed(said: Said, side: Side) -> str:
    """The words of a sentence that changed."""
    text = said.one.passage.texts[side]
    found = next(said.changed(side), None)
    return " | ".join(text[start:end] for start, end in found.spans) if found else ""


@cache
def _degrees() -> tuple[_Degree, ...]:
    return tuple(
        _Degree(
            _any_of(chain(*levels)),
            tuple(map(_any_of, levels)),
            next((n for n, words in enumerate(levels) if "" in words), -1),
        )
        for levels in looks().degrees.values()
    )


@cache
def _any_level() -> re.Pattern[str]:
    return _any_of(word for levels in looks().degrees.values() for words in levels for word in words)


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?=\w)(?:{'|'.join(filter(None, words)) or '(?!)'})\b", re.IGNORECASE)
