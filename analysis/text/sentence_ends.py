from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_MARK = re.compile(r"[.!?;…\n|•·▪]")
_FROM_MARK = {
    "\n": 0,
    "|": -1,
    "•": -1,
    "·": -1,
    "▪": -1,
}  # where an end begins relative to its mark; others after it
_END = re.compile(
    r"(?:(?<=[.!?;…])(?P<closing>[\"'”’»)\]]*)\s+(?=(?:[\"'“‘(\[]|«\s?)?[A-ZÀ-ÖØ-Þ0-9•·\-–])|\n|\s\|\s|\s[•·▪]\s|(?<=;)\s+(?=\([a-z0-9]{1,3}\)|[-–•]))"
)
_NO_END = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|nos?|art|al|par|p|p\.ex|ex|inc|ltd|corp?|co|pvt|pty|mr|mrs|ms|dr|st|vs|approx|u\.s|u\.k|n)\.|\b[A-Z]\.)$",
    re.I,
)
_DAY = re.compile(r"\b\d{1,2}\.$")
_MONTH = re.compile(  # German "3. November"
    r"\s+(?:Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)\b"
)
_BREAKS = frozenset("\n|•·▪")  # always end a sentence
_LONGEST = 12  # characters of an abbreviation, with what precedes it


@lru_cache(maxsize=2048)
def sentence_bounds(text: str) -> tuple[tuple[int, int], ...]:
    """Cells of a row count as sentences."""
    bounds, start = [], 0
    for match in _ends(text):
        last = match.start() + len(match["closing"] or "")
        if _BREAKS.isdisjoint(match.group()) and _goes_on(
            text, max(start, last - _LONGEST), last
        ):
            continue
        bounds.append((start, last))
        start = match.end()
    bounds.append((start, len(text)))
    return tuple(
        (first, last) for first, last in bounds if text[first:last].strip()
    )


def _ends(text: str) -> Iterator[re.Match[str]]:
    """Matches of `_END`, tried only at marks."""
    behind = 0
    for mark in _MARK.finditer(text):
        at = mark.start() + _FROM_MARK.get(mark.group(), 1)
        if at >= behind and (match := _END.match(text, at)):
            yield match
            behind = match.end()


def _goes_on(text: str, start: int, end: int) -> bool:
    """The full stop before `end` is of an abbreviation or a date."""
    if _NO_END.search(text, start, end):
        return True
    return bool(_DAY.search(text, start, end) and _MONTH.match(text, end))
