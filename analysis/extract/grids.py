"""Tables made without `<table>`: cards and grids whose entries have the same few short pieces."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from analysis.extract.html_lines import BOLD_LEVEL, MarkupLine, in_order
from analysis.extract.html_tree import Element
from analysis.model import CELL

_LONGEST = 80  # characters
_CELLS = range(2, 8)
_ROWS = 3  # equal entries

_Entry = tuple[Element, list[MarkupLine]]


def with_rows(lines: Sequence[MarkupLine]) -> list[MarkupLine]:
    """In a grid every child with text is an entry, most with equally many cells, at least two, none of them a title, a
    sentence or an item of an inner list. Cards that are links are no rows. Where the children are the cells, they are
    rows as long as the first; a term and its value are one, too.
    """
    # enough to rule an entry out
    inside: defaultdict[Element, list[MarkupLine]] = defaultdict(list)
    for line in lines:
        for element in line.element.upwards():
            if len(inside[element]) == _CELLS.stop:
                break  # the work grows with the page, not its depth
            inside[element].append(line)
    holders = {line.element for line in lines}
    rows: dict[Element, list[str]] = {}
    entry_of: dict[MarkupLine, Element] = {}
    for grid in sorted(inside, key=lambda element: element.order):
        if grid in holders:
            continue
        for entry, held in _entries(grid, inside):
            rows[entry] = [line.text for line in held]
            entry_of.update(dict.fromkeys(held, entry))
    return list(_joined(lines, rows, entry_of))


def _entries(
    grid: Element, inside: Mapping[Element, list[MarkupLine]]
) -> list[_Entry]:
    children = [
        child
        for child in grid.children
        if isinstance(child, Element) and child in inside
    ]
    entries = [(child, inside[child]) for child in children]
    if any(child.tag == "dt" for child in children):
        return list(_terms(entries))
    if all(len(held) == 1 for _, held in entries) and (width := _width(children)):
        entries = [
            (
                children[at],
                [line for _, each in entries[at : at + width] for line in each],
            )
            for at in range(0, len(entries), width)
        ]
    if len(entries) < _ROWS:
        return []
    sizes = [len(held) if _are_cells(held) else 0 for _, held in entries]
    _, times = Counter(sizes).most_common(1)[0]
    if 3 * times < 2 * len(entries) or not all(size in _CELLS for size in sizes):
        return []
    return entries


def _terms(entries: Sequence[_Entry]) -> Iterator[_Entry]:
    """Those with one short value."""
    starts = [at for at, (child, _) in enumerate(entries) if child.tag == "dt"]
    for start, end in pairwise([*starts, len(entries)]):
        lines = [line for _, held in entries[start:end] for line in held]
        if end - start == 2 == len(lines) and _are_cells(lines):
            yield entries[start][0], lines


def _width(children: Sequence[Element]) -> int:
    """Of rows, by the first, whose class is another; 0 where children are no cells of rows."""
    classes = [child.get("class") for child in children]
    width = next((n for n, each in enumerate(classes) if each != classes[0]), 0)
    is_grid = (
        width in _CELLS
        and len(children) % width == 0
        and len({*classes[width:]}) == 1
    )
    return width if is_grid else 0


def _are_cells(lines: Sequence[MarkupLine]) -> bool:
    first, *others = lines
    return (
        (_is_cell(first) or first.level == BOLD_LEVEL)
        and all(map(_is_cell, others))
        and not any(
            line.kind == "item" and line.element.tag != "dd" for line in others
        )
        and 2 * sum(line.link_chars for line in lines)
        <= sum(len(line.text) for line in lines)
    )


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
