"""Lines that govern a block: the lead-in of its list, the header of its table."""

from __future__ import annotations

import re
from collections.abc import Sequence

from analysis.extract.broken_lines import ENUMERATED
from analysis.model import CELL, Block
from analysis.text.sentence_ends import sentence_bounds

_SECTION = re.compile(r"\d{1,3}(?:\.\d{1,3})+\.?\s+")
_LONGEST_CELL = 40  # characters of a header cell


def lead_ins(blocks: Sequence[Block]) -> list[tuple[str, ...]]:
    """Outermost first.

    A list belongs to a preceding line that ends with a colon ("You must not:"), a nested list to such an item; rows to
    the first row, if it names columns.
    """
    governing: list[tuple[str, ...]] = []
    stack: tuple[str, ...] = ()
    header: Block | None = None
    for number, block in enumerate(blocks):
        if block.kind != "row":
            header = None
        elif header is None:
            following = blocks[number + 1] if number + 1 < len(blocks) else None
            header = block
            governing.append(())
            stack = (
                (block.text,)
                if following is not None and _names_columns(block, following)
                else ()
            )
            continue
        if block.kind == "heading":
            stack = ()
        elif block.kind == "paragraph" and not _is_item(block.text):
            governing.append(())
            stack = (_last_sentence(block.text),) if _leads(block.text) else ()
            continue
        governing.append(stack)
        if block.kind != "row" and stack and _leads(block.text):
            stack = (stack[0], _last_sentence(block.text))
    return governing


def _is_item(text: str) -> bool:
    """Numbered with one figure or letter, or "19.3.2 use ...", which goes on with a sentence begun above."""
    number = _SECTION.match(text)
    return bool(
        ENUMERATED.match(text) or (number and text[number.end() :][:1].islower())
    )


def _last_sentence(text: str) -> str:
    start, end = sentence_bounds(text)[-1]
    return text[start:end]


def _leads(text: str) -> bool:
    return text.rstrip("*_ ").endswith((":", "："))


def _names_columns(row: Block, following: Block) -> bool:
    cells = row.text.split(CELL)
    is_short = all(
        0 < len(cell) <= _LONGEST_CELL and not any(map(str.isdigit, cell))
        for cell in cells
    )
    return (
        is_short
        and len(cells) > 1
        and following.kind == "row"
        and len(following.text.split(CELL)) == len(cells)
    )
