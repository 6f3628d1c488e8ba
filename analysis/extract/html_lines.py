"""Lines of a page, and which elements make lines, rows and headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from analysis.extract.html_tree import Element
from foundation.vocabulary import BlockKind

_BLOCK_TAGS = (
    "html body p div section article main header footer nav aside h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table thead "
    "tbody tfoot tr td th caption blockquote pre form fieldset legend figure figcaption details summary address "
    "hr dialog center menu search hgroup frameset noframes"
)
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_HEADING_LEVELS = {
    "h1": 1,
    "h2": 2,
    "h3": 3,
    "h4": 4,
    "h5": 5,
    "h6": 6,
    "summary": 7,
}
BOXES = frozenset(("div", "section", "aside"))  # generic containers
BOLD_LEVEL = 8  # of a bold line used as a heading
REMARK = 160  # characters; longer is no remark about the page
CELLS = frozenset(("td", "th"))
CELL_ROLES = frozenset(("cell", "gridcell", "columnheader", "rowheader"))
ROW_ROLES = CELL_ROLES | {"row"}
_SENTENCE_END = re.compile(r"[.!?;:。！？；：…]['\"’”»)\]]*$")
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef\u0e00-\u0e7f]")


class Href(NamedTuple):
    """As written, with its offset in the line."""

    text: str
    url: str
    at: int


@dataclass(slots=True, eq=False)
class MarkupLine:
    """`reason` says why the line is left out."""

    kind: BlockKind
    text: str
    element: Element
    level: int = 0
    hrefs: list[Href] = field(default_factory=list)
    link_chars: int = 0
    local_chars: int = 0  # link_chars of links into this page
    button_chars: int = 0
    breaks: tuple[int, ...] = ()  # offsets of `<br>` between items or sentences
    reason: str | None = None
    is_foreign: bool = False  # see `memory`

    @property
    def is_links(self) -> bool:
        return self.link_chars >= 0.8 * len(self.text)

    @property
    def is_clickable(self) -> bool:
        return max(self.link_chars, self.button_chars) >= 0.8 * len(self.text)

    @property
    def is_prose(self) -> bool:
        """Not a label, title or menu."""
        length = len(self.text)
        if (
            self.kind == "heading"
            or 2 * (self.link_chars + self.button_chars) > length
        ):
            return False
        if self.kind == "row":
            return length >= 20
        wide = len(_WIDE.findall(self.text)) if not self.text.isascii() else 0
        if wide * 3 > length:
            return length >= 16
        words = self.text.count(" ") + 1
        return words >= 12 or (
            words >= 5 and _SENTENCE_END.search(self.text) is not None
        )


def in_order(text: str, hrefs: Sequence[Href]) -> list[Href]:
    """By their words, one after the other."""
    placed: list[Href] = []
    end = 0
    for href in hrefs:
        if (at := text.find(href.text, end)) >= 0:
            placed.append(href._replace(at=at))
            end = at + len(href.text)
    return placed


def is_block(element: Element) -> bool:
    if element.tag in _BLOCKS or (element.role and element.role in ROW_ROLES):
        return True
    if "-" in element.tag and element.parent is not None:
        return not any(
            isinstance(child, str) and not child.isspace()
            for child in element.parent.children
        )
    return False


def heading_level(element: Element) -> int:
    level = _HEADING_LEVELS.get(element.tag, 0)
    if not level and element.role == "heading":
        declared = element.get("aria-level")
        level = (
            int(declared) if declared.isdecimal() and 1 <= int(declared) <= 6 else 2
        )
    return level


def layout_tables(elements: list[Element]) -> set[Element]:
    """With a heading, a table or a single column inside."""
    layout = {
        each
        for each in elements
        if each.tag == "table" and each.role in ("presentation", "none")
    }
    widest: dict[Element, int] = {}
    for element in elements:
        if element.tag in ("h1", "h2", "h3", "h4", "table", "tr"):
            table = next(
                (
                    holder
                    for holder in islice(element.upwards(), 1, None)
                    if holder.tag == "table"
                ),
                None,
            )
            if table is not None and element.tag == "tr":
                cells = sum(
                    1
                    for child in element.children
                    if isinstance(child, Element) and child.tag in CELLS
                )
                widest[table] = max(widest.get(table, 0), cells)
            elif table is not None:
                layout.add(table)
    return layout | {table for table, width in widest.items() if width < 2}


def is_stamp(line: MarkupLine) -> bool:
    """May date the document."""
    return (
        len(line.text) < 80
        and YEAR.search(line.text) is not None
        and not line.text.startswith("©")
    )
