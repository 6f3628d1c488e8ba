"""Tables in a PDF, by ruled lines between rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Protocol, TypeVar

from pdfminer.layout import LTCurve, LTPage

_THIN = 2.0  # points
_NEAR = 2.0  # points
_TALLEST = 160.0  # points; lines further apart frame a text
_OVERLAP = 0.8  # of the shorter line


class Placed(Protocol):
    left: float
    right: float
    bottom: float
    top: float


_Line = TypeVar("_Line", bound=Placed)


def table_rows(page: LTPage, lines: Sequence[_Line]) -> list[list[list[_Line]]]:
    """From top to bottom.

    A row has at least two cells between two lines; two consecutive rows make a table.
    """
    rules = _rules(page)
    rows: dict[int, list[list[_Line]]] = {}
    for index, (upper, lower) in enumerate(pairwise(rules)):
        height, left, right = (
            upper[0] - lower[0],
            max(upper[1], lower[1]),
            min(upper[2], lower[2]),
        )
        if height > _TALLEST or right - left < _OVERLAP * min(
            upper[2] - upper[1], lower[2] - lower[1]
        ):
            continue
        inside = [
            line
            for line in lines
            if lower[0] < (line.bottom + line.top) / 2 < upper[0]
            and left - _NEAR < line.left
            and line.right < right + _NEAR
        ]
        cells = _cells(inside)
        if len(cells) > 1:
            rows[index] = cells
    return [
        cells
        for index, cells in rows.items()
        if rows.keys() & {index - 1, index + 1}
    ]


def _rules(page: LTPage) -> list[tuple[float, float, float]]:
    """Height, left and right, from top to bottom; pieces at one height are joined."""
    pieces: list[tuple[float, float, float]] = []
    for item in page:
        if not isinstance(item, LTCurve) or item.width < 10:
            continue
        thin = item.height < _THIN
        if not thin and not item.stroke:  # background of a text
            continue
        heights = (item.y0,) if thin else (item.y0, item.y1)
        pieces += [(height, item.x0, item.x1) for height in heights]
    rules: list[tuple[float, float, float]] = []
    for height, left, right in sorted(pieces, reverse=True):
        if rules and rules[-1][0] - height < _NEAR:
            last = rules.pop()
            rules.append((last[0], min(last[1], left), max(last[2], right)))
        else:
            rules.append((height, left, right))
    return rules


def _cells(lines: Iterable[_Line]) -> list[list[_Line]]:
    """From left to right; overlapping lines are one cell."""
    cells: list[list[_Line]] = []
    end = 0.0
    for line in sorted(lines, key=lambda line: line.left):
        if cells and line.left < end:
            cells[-1].append(line)
        else:
            cells.append([line])
        end = max(end, line.right)
    for cell in cells:
        cell.sort(key=lambda line: -line.top)
    return cells
