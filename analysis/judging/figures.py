"""Numbers that a sentence names, and which way they went: how long something takes, how old people are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from analysis.judging.said import Said
from analysis.text.looks import pattern
from analysis.text.times import times_in

_AGE = re.compile(r"\b(?:[89]|1\d|2[01])\b")
_NEAR = 20  # characters between a number and the word that makes it an age


def days(said: Said) -> Sequence[float]:
    """Every length of time."""
    return [time.days for time in times_in(said.text)]


def ages(said: Said) -> Sequence[float]:
    """The ages from or up to which something holds."""
    return [float(found.group()) for found in _AGE.finditer(said.text) if _is_age(said.text, *found.span())]


def way(was: Sequence[float], now: Sequence[float]) -> int:
    """1 where each number that changed became greater, -1 where each became less, else 0."""
    if len(was) != len(now):
        return 0
    ways = {1 if new > old else -1 for old, new in zip(was, now, strict=True) if new != old}
    return ways.pop() if len(ways) == 1 else 0


def _is_age(text: str, start: int, end: int) -> bool:
    return bool(pattern("age").search(text, max(0, start - _NEAR), end + _NEAR))
