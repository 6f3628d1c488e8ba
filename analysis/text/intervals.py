"""Ranges of a text, asked which others they touch."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate


class Intervals:
    """Ranges from their start up to, not including, their end; in any order, and they may overlap."""

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(ranges)
        self._starts = [start for start, _ in ordered]
        self._reach = list(
            accumulate((end for _, end in ordered), max)
        )  # how far those up to each one go

    def overlap(self, start: int, end: int) -> bool:
        """Whether one of them shares a character with this range. Takes the logarithm of their number."""
        before_its_end = bisect_left(self._starts, end)
        return before_its_end > 0 and self._reach[before_its_end - 1] > start
