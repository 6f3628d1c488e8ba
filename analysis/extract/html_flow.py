"""Flattens an element tree to lines, in page order."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple

from analysis.extract.broken_lines import breaks_in
from analysis.extract.html_lines import (
    BOLD_LEVEL,
    CELL_ROLES,
    CELLS,
    ROW_ROLES,
    Href,
    MarkupLine,
    heading_level,
    in_order,
    is_block,
    layout_tables,
)
from analysis.extract.html_tree import Element
from analysis.model import CELL
from analysis.text.normal import UNSEEN
from analysis.text.phrases import pattern
from foundation.vocabulary import BlockKind

_STRUCTURE = frozenset(("li", "dt", "dd", "table", "tr", "td", "th"))
_ITEMS = frozenset(("li", "dt", "dd"))
_BREAK = "\x0b"  # <br>; white space elsewhere
_BREAKS = re.compile(r"\x0b\s*\x0b")
_LONGEST = 60  # characters
_ICON_NAME = re.compile(r"[a-z]+(?:_[a-z0-9]+)*")
_ICON = re.compile(r"\b(?:icons?|symbols|glyph(?:icon)?|ico)\b", re.IGNORECASE)
_MARK = re.compile(r"[+×✕✖−–—\-›‹»«>▲▼▶◀▴▾▸◂△▽⌃⌄↑↓→←⌵✓✔☰⋮…]{1,2}\ufe0f?")
_ANCHOR_MARK = re.compile(r"[#¶§🔗∞⚓]?\ufe0f?")


class _Piece(NamedTuple):
    """With its innermost element and link."""

    text: str
    holder: Element
    anchor: Element | None = None
    in_button: bool = False
    in_bold: bool = False

    @property
    def length(self) -> int:
        return len(self.text.strip())


class _Flow:
    """Collects a line's pieces until a block begins or ends."""

    def __init__(self, elements: list[Element]) -> None:
        self.elements = elements
        self.lines: list[MarkupLine] = []
        self.layout = layout_tables(elements)
        self.blocks: list[Element] = [elements[0]]
        self.pieces: list[_Piece] = []
        # open <a>, with their first piece
        self.anchors: list[tuple[int, Element]] = []
        # words, address and first piece
        self.hrefs: list[tuple[str, str, int]] = []
        # open headings and their levels
        self.headings: list[tuple[Element, int]] = []
        # for each open list item, whether its first line was taken
        self.items: list[bool] = []
        self.rows: list[Element] = []  # open rows; the outermost takes all text
        self.cells: list[list[str]] = []
        self.row_hrefs: list[Href] = []
        self.tables: list[Element] = []
        self.buttons = self.bolds = 0

    def text(self, text: str, holder: Element) -> None:
        anchor = self.anchors[-1][1] if self.anchors else None
        self.pieces.append(
            _Piece(text, holder, anchor, self.buttons > 0, self.bolds > 0)
        )

    def _is_local(self, anchor: Element) -> bool:
        """Leads to a place of this page, perhaps with its whole address."""
        start, mark, fragment = anchor.get("href").partition("#")
        return bool(mark) and (
            not start or (bool(fragment) and fragment in self.places)
        )

    @cached_property
    def places(self) -> frozenset[str]:
        return frozenset(
            element.get("id")
            for element in self.elements
            if "id" in element.attributes
        )

    def flush(self) -> None:
        if not self.pieces:
            return
        whole = "".join([piece.text for piece in self.pieces])
        if not whole.isascii():
            whole = UNSEEN.sub("", whole)
        if whole and not whole.isspace():
            holders = {
                piece.holder
                for piece in self.pieces
                if piece.text and not piece.text.isspace()
            }
            holder = self.blocks[-1] if len(holders) > 1 else holders.pop()
            hrefs, letters = self._placed_hrefs(), 0
            chars = self._chars()
            for part in _BREAKS.split(whole) if _BREAK in whole else [whole]:
                if text := " ".join(part.split()):
                    share = len(text) / len(whole)
                    linked, local, buttons = (
                        min(len(text), round(count * (1 if share > 0.5 else share)))
                        for count in chars
                    )
                    self._line(
                        text,
                        holder,
                        (linked, local, buttons),
                        _take_hrefs(hrefs, text, letters),
                        breaks_in(part.split(_BREAK)) if _BREAK in part else (),
                    )
                    letters += len(text) - text.count(" ")
        self.pieces.clear()
        self.hrefs = []
        self.anchors = [(0, anchor) for _, anchor in self.anchors]

    def _placed_hrefs(self) -> deque[Href]:
        """By the number of letters before them, as white space may still change."""
        if not self.hrefs:
            return deque()
        letters = [
            *accumulate(
                (len("".join(UNSEEN.sub("", p.text).split())) for p in self.pieces),
                initial=0,
            )
        ]
        return deque(
            Href(words, href, letters[start])
            for words, href, start in sorted(self.hrefs, key=itemgetter(2))
        )

    def _chars(self) -> tuple[int, int, int]:
        """Of links, links into this page, and buttons."""
        linked = local = buttons = 0
        for piece in self.pieces:
            buttons += piece.length * piece.in_button
            if piece.anchor is not None:
                linked += piece.length
                local += piece.length * self._is_local(piece.anchor)
        return linked, local, buttons

    def _line(
        self,
        text: str,
        holder: Element,
        chars: tuple[int, int, int],
        hrefs: list[Href],
        breaks: tuple[int, ...],
    ) -> None:
        if self.rows:
            self.cells[-1].append(text)
            self.row_hrefs.extend(hrefs)
            return
        kind: BlockKind = "paragraph"
        level = 0
        if self.headings:
            kind, level = "heading", self.headings[-1][1]
        elif self.items:
            kind = "paragraph" if self.items[-1] else "item"
            self.items[-1] = True
        elif sum(
            piece.length for piece in self.pieces if piece.in_bold
        ) >= 0.95 * len(text) and _is_title(text):
            kind, level = "heading", BOLD_LEVEL
        self.lines.append(
            MarkupLine(
                kind,
                text,
                holder,
                level,
                hrefs,
                *chars,
                () if level else breaks,
            )
        )

    def enter(self, element: Element) -> None:
        tag = element.tag
        if tag == "br":
            self.pieces.append(_Piece(_BREAK, element))
            return
        if tag == "a":
            if self.pieces and self.pieces[-1].text == "":
                self.text(" ", element)
            self.anchors.append((len(self.pieces), element))
        elif _is_button(element):
            if self.pieces:
                self.text(" ", element)
            self.buttons += 1
        elif tag in ("b", "strong"):
            self.bolds += 1
        level = heading_level(element)
        if level or is_block(element):
            self.flush()
            self.blocks.append(element)
            if level:
                self.headings.append((element, level))
        if tag in _STRUCTURE or element.role in ROW_ROLES:
            self._enter_structure(element, tag)

    def _enter_structure(self, element: Element, tag: str) -> None:
        if tag in _ITEMS:
            self.items.append(False)
        elif tag == "table":
            self.tables.append(element)
        elif (
            tag == "tr" and self.tables and self.tables[-1] not in self.layout
        ) or element.role == "row":
            if not self.rows:
                self.row_hrefs, self.cells = [], [[]]
            self.rows.append(element)
        elif len(self.rows) == 1 and (tag in CELLS or element.role in CELL_ROLES):
            self.cells.append([])

    def leave(self, element: Element) -> None:
        tag = element.tag
        if tag == "br":
            return
        if tag == "a":
            self._leave_anchor()
        elif _is_button(element):
            self._drop_control(element)
            self.pieces.append(_Piece(" ", element))
            self.buttons -= 1
        elif tag in ("span", "i", "em", "mark"):
            self._drop_unspoken(element)
        elif tag in ("b", "strong"):
            self.bolds -= 1
        if self.blocks[-1] is element:
            self.flush()
            self.blocks.pop()
            if self.headings and self.headings[-1][0] is element:
                self.headings.pop()
        if tag in _ITEMS:
            self.items.pop()
        elif tag == "table":
            self.tables.pop()
        elif self.rows and self.rows[-1] is element:
            self.rows.pop()
            if not self.rows:
                self._leave_row(element)

    def _leave_row(self, element: Element) -> None:
        outside, *cells = (" ".join(cell) for cell in self.cells)
        if outside:
            cells.insert(0, outside)
        if any(cells):
            text = CELL.join(cells).rstrip(" |")
            links = sum(len(href.text) for href in self.row_hrefs)
            hrefs = in_order(text, self.row_hrefs)
            self.lines.append(
                MarkupLine(
                    "row", text, element, 0, hrefs, link_chars=min(links, len(text))
                )
            )

    def _leave_anchor(self) -> None:
        start, anchor = self.anchors.pop()
        words = " ".join(
            "".join(piece.text for piece in self.pieces[start:]).split()
        )
        href = anchor.get("href")
        if href.startswith("#") and _ANCHOR_MARK.fullmatch(words):
            del self.pieces[start:]
        elif words and href:
            self.hrefs.append((UNSEEN.sub("", words), href, start))
        self.pieces.append(_Piece("", anchor))

    def _drop_control(self, element: Element) -> None:
        """Beside a title: "Our data [Copy link]"."""
        *before, last = self.pieces or [_Piece("", element)]
        if (
            self.headings
            and last.holder is element
            and any(piece.length for piece in before)
            and pattern("furniture", "controls", whole=True).fullmatch(last.text)
        ):
            self.pieces.pop()

    def _drop_unspoken(self, element: Element) -> None:
        """An icon's name, "+" beside a title that opens, or "(opens in a new window)" for screen readers."""
        if not self.pieces or self.pieces[-1].holder is not element:
            return
        words = self.pieces[-1].text.strip()
        is_mark = (self.buttons or self.headings) and _MARK.fullmatch(words)
        is_icon = _ICON_NAME.fullmatch(words) and _ICON.search(element.get("class"))
        is_label = len(words) < _LONGEST and pattern(
            "furniture", "skip", whole=True
        ).fullmatch(words)
        if is_mark or is_icon or is_label:
            self.pieces.pop()


def _take_hrefs(hrefs: deque[Href], text: str, before: int) -> list[Href]:
    """After so many letters; words are single-spaced."""
    taken = []
    ends = [*accumulate(map(len, text.split(" ")))] if hrefs else []
    while hrefs and hrefs[0].at - before < ends[-1]:
        href = hrefs.popleft()
        letters = href.at - before
        taken.append(href._replace(at=letters + bisect_right(ends, letters)))
    return [href for href in taken if text.startswith(href.text, href.at)]


def _is_button(element: Element) -> bool:
    return element.tag in ("button", "label") or element.role == "button"


def _is_title(text: str) -> bool:
    return (
        3 <= len(text) <= 120
        and text[-1] not in ".,;:!…。"
        and not re.search(r"\d{4}|@|: ", text)
        and any(map(str.isalpha, text))
    )


def _walk(root: Element) -> Iterator[tuple[Element, str | None]]:
    """Each element at its start ("") and end (None), and each text with its element."""
    open_: list[tuple[Element, Iterator[Element | str]]] = [
        (root, iter(root.children))
    ]
    while open_:
        element, children = open_[-1]
        for child in children:
            if isinstance(child, str):
                yield element, child
            else:
                yield child, ""
                open_.append((child, iter(child.children)))
                break
        else:
            open_.pop()
            if open_:
                yield element, None


def lines_of(elements: list[Element]) -> list[MarkupLine]:
    flow = _Flow(elements)
    for element, text in _walk(elements[0]):
        if text is None:
            flow.leave(element)
        elif text == "":
            flow.enter(element)
        else:
            flow.text(text, element)
    flow.flush()
    return flow.lines
