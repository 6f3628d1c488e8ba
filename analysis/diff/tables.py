"""Which row of a table names its columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from analysis.blocks import CELL, Block

_WORD = re.compile(r"\w")
_TITLE = 20  # words; what has more is said in the table
# a number, an address, a company's legal form, the end of a sentence
_SAID = re.compile(r"\d|@|://|\b(?:Inc|LLC|L\.L\.C|Ltd|PBC|Corp|GmbH|SAS|SARL|S\.A|B\.?V|AG|SE)\b|[.;]$")


def column_titles(rows: Sequence[str]) -> str | None:
    """The first row with words, unless it reads as what stands below it: tables without titles, and grids, begin with
    an entry. None where no row names the columns."""
    first = next((row for row in rows if _WORD.search(row)), None)
    if first is None:
        return None
    cells = first.split(CELL)
    if any(_SAID.search(cell) or cell.count(" ") >= _TITLE for cell in cells):
        return None
    below = (zip(cells, row.split(CELL), strict=False) for row in rows if row != first)
    return None if any(cell and cell == other for row in below for cell, other in row) else first


def titles_by_row(blocks: Iterable[Block]) -> dict[str, str | None]:
    """Of each row, the one that names its columns; of one that stands in several tables, that of the first."""
    titles: dict[str, str | None] = {}
    for is_table, those in groupby(blocks, key=lambda block: block.kind == "row"):
        rows = [block.text for block in those] if is_table else []
        named = column_titles(rows)
        for row in rows:
            titles.setdefault(row, named)
    return titles
