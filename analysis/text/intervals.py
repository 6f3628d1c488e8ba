"""Ranges of a text, asked for overlaps."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate


class Intervals:
    """Half-open ranges, which may overlap."""

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(ranges)
        self._starts = [start for start, _ in ordered]
        self._reach = list(
            accumulate((end for _, end in ordered), max)
        )  # up to each one

    def overlap(self, start: int, end: int) -> bool:
        """In logarithmic time."""
        before_its_end = bisect_left(self._starts, end)
        return before_its_end > 0 and self._reach[before_its_end - 1] > start
