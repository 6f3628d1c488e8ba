"""Tables made without `<table>`: cards and grids whose entries have the same few short pieces."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from analysis.extract.html_lines import BOLD_LEVEL, MarkupLine, in_order
from analysis.extract.html_tree import Element
from analysis.model import CELL

_LONGEST = 80  # characters
_CELLS = range(2, 8)
_ROWS = 3  # equal entries


def with_rows(lines: Sequence[MarkupLine]) -> list[MarkupLine]:
    """In a grid every child with text is an entry, most with equally many cells, at least two, none of them a title, a
    sentence or an item of an inner list. Cards that are links are no rows.
    """
    inside: defaultdict[Element, list[MarkupLine]] = defaultdict(
        list
    )  # enough to rule an entry out
    for line in lines:
        for element in line.element.upwards():
            if len(inside[element]) == _CELLS.stop:
                break  # the work grows with the page, not its depth
            inside[element].append(line)
    holders = {line.element for line in lines}
    rows: dict[Element, list[str]] = {}
    for grid in inside:
        entries = [
            child
            for child in grid.children
            if isinstance(child, Element) and child in inside
        ]
        if len(entries) >= _ROWS and grid not in holders:
            cells = {entry: _cells(inside[entry]) for entry in entries}
            _, times = Counter(map(len, cells.values())).most_common(1)[0]
            if 3 * times >= 2 * len(entries) and all(
                len(each) in _CELLS for each in cells.values()
            ):
                rows.update(cells)
    entry_of = {
        line: entry
        for entry in sorted(rows, key=lambda entry: entry.order)
        for line in inside[entry]
    }
    return list(_joined(lines, rows, entry_of))


def _cells(lines: Sequence[MarkupLine]) -> list[str]:
    """None if it is no entry."""
    first, *others = lines
    if not (_is_cell(first) or first.level == BOLD_LEVEL) or not all(
        map(_is_cell, others)
    ):
        return []
    if any(line.kind == "item" and line.element.tag != "dd" for line in others):
        return []
    if 2 * sum(line.link_chars for line in lines) > sum(
        len(line.text) for line in lines
    ):
        return []
    return [line.text for line in lines]


def _is_cell(line: MarkupLine) -> bool:
    return (
        line.kind in ("paragraph", "item")
        and len(line.text) <= _LONGEST
        and not line.is_prose
    )


def _joined(
    lines: Sequence[MarkupLine],
    rows: dict[Element, list[str]],
    entry_of: dict[MarkupLine, Element],
) -> Iterator[MarkupLine]:
    open_: Element | None = None
    row: MarkupLine | None = None
    for line in lines:
        entry = entry_of.get(line)
        if entry is None:
            yield line
        elif entry is open_ and row is not None:
            row.hrefs = in_order(row.text, [*row.hrefs, *line.hrefs])
        else:
            text = CELL.join(rows[entry])
            row = MarkupLine(
                "row",
                text,
                entry,
                hrefs=in_order(text, line.hrefs),
                link_chars=line.link_chars,
            )
            yield row
        open_ = entry
