"""An element tree as lines: every piece of its text once, in page order, with the element that holds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from analysis.extract.html_lines import (
    BOLD_LEVEL,
    CELL_ROLES,
    CELLS,
    REMARK,
    ROW_ROLES,
    Line,
    heading_level,
    is_block,
    layout_tables,
)
from analysis.extract.html_tree import Element
from analysis.model import CELL, BlockKind
from analysis.text.normal import UNSEEN
from analysis.text.phrases import pattern

_STRUCTURE = frozenset(("li", "dt", "dd", "table", "tr", "td", "th"))
_ITEMS = frozenset(("li", "dt", "dd"))
_BREAK = "\x0b"  # a <br>; white space to everything else
_BREAKS = re.compile(r"\x0b\s*\x0b")
_ANCHOR_MARK = re.compile(r"[#¶§🔗∞⚓]?\ufe0f?")
_ICON_NAME = re.compile(r"[a-z]+(?:_[a-z0-9]+)*")
_ICON_WORDS = frozenset(("icon", "icons", "symbols", "glyph", "glyphicon", "ico"))
_MARK = re.compile(r"[+×✕✖−–—\-›‹»«>▲▼▶◀▴▾▸◂△▽⌃⌄↑↓→←⌵✓✔☰⋮…]{1,2}\ufe0f?")
_TIP = frozenset(("tooltiptext", "tooltipcontent", "tooltipbody"))
_TIP_PARTS = frozenset(("text", "content", "body", "inner", "bubble"))
_LONGEST_TIP = 300  # characters
_BEFORE_WAY_UP = " |·•([↑⇑▲^"
_BEHIND_WAY_UP = " |·•)]↑⇑▲^"


class _Flow:
    """Collects the pieces of one line until a block begins or ends."""

    def __init__(self, elements: list[Element]) -> None:
        self.elements = elements
        self.lines: list[Line] = []
        self.layout = layout_tables(elements)
        self.blocks: list[Element] = [elements[0]]
        self.pieces: list[str] = []
        self.holders: list[Element] = []  # of each piece, the innermost element
        self.anchors: list[tuple[int, Element]] = []  # open <a>, with the piece that it begins at
        self.hrefs: list[tuple[str, str]] = []
        self.links = self.local = self.button = self.bold = 0
        self.headings: list[int] = []  # levels of the open headings, and their elements
        self.heading_elements: list[Element] = []
        self.items: list[bool] = []  # of each open list item, whether its first line was taken
        self.rows: list[Element] = []  # open rows; the outermost one takes all text
        self.cells: list[list[str]] = []
        self.row_hrefs: list[tuple[str, str]] = []
        self.tables: list[Element] = []
        self.buttons = self.bolds = 0
        self.tip: Element | None = None  # what a pointer shows over a word, and its text
        self.tip_pieces: list[str] = []

    def text(self, piece: str, holder: Element) -> None:
        if self.tip is not None:
            self.tip_pieces.append(piece)
            return
        self.pieces.append(piece)
        self.holders.append(holder)
        length = len(piece.strip())
        if self.anchors:
            self.links += length
            if self._is_local(self.anchors[-1][1].get("href")):
                self.local += length
        if self.buttons:
            self.button += length
        if self.bolds:
            self.bold += length

    def _take_back(self) -> None:
        """The last piece is no text; what it counted for is still open."""
        length = len(self.pieces.pop().strip())
        self.holders.pop()
        if self.anchors:
            self.links -= length
            if self._is_local(self.anchors[-1][1].get("href")):
                self.local -= length
        if self.buttons:
            self.button -= length
        if self.bolds:
            self.bold -= length

    def _is_local(self, href: str) -> bool:
        """Whether a link leads to a place of this page, be it written with the page's whole address."""
        start, mark, fragment = href.partition("#")
        return bool(mark) and (not start or (bool(fragment) and fragment in self.places))

    @cached_property
    def places(self) -> frozenset[str]:
        return frozenset(element.get("id") for element in self.elements if "id" in element.attributes)

    def flush(self) -> None:
        if not self.pieces:
            return
        whole = "".join(self.pieces) if len(self.pieces) > 1 else self.pieces[0]
        if not whole or whole.isspace():
            self._clear()
            return
        if not whole.isascii():
            whole = UNSEEN.sub("", whole)
        holder = self.holders[0]
        beside: tuple[Element, ...] = ()
        if len(self.pieces) > 1:
            told = zip(self.holders, self.pieces, strict=True)
            holders = {holder for holder, piece in told if piece and not piece.isspace()}
            holder = holders.pop() if len(holders) == 1 else self.blocks[-1]
            if holders and len(whole) <= REMARK and _BREAK not in whole:
                beside = self._beside(holders)
        parts = _BREAKS.split(whole) if _BREAK in whole else [whole]
        for part in parts:
            if text := " ".join(part.split()):
                self._line(text, holder, len(text) / max(1, len(whole)), beside)
        self._clear()

    def _beside(self, holders: set[Element]) -> tuple[Element, ...]:
        """The elements that stand beside each other in the open block; () if it is but one, or some text in none."""
        block = self.blocks[-1]
        if block in holders:
            return ()
        found = set()
        for holder in holders:
            while holder.parent is not None and holder.parent is not block:
                holder = holder.parent
            found.add(_unwrapped(holder))
        return tuple(found) if len(found) > 1 else ()

    def _clear(self) -> None:
        self.pieces.clear()
        self.holders.clear()
        self.hrefs = []
        self.anchors = [(0, anchor) for _, anchor in self.anchors]
        self.links = self.local = self.button = self.bold = 0

    def _line(self, text: str, holder: Element, share: float, beside: tuple[Element, ...]) -> None:
        hrefs = [(words, href) for words, href in self.hrefs if words and words in text]
        text, cut = self._without_way_up(text, hrefs)
        if self.rows:
            self.cells[-1].append(text)
            self.row_hrefs.extend(hrefs)
            return
        kind: BlockKind = "paragraph"
        level = 0
        if self.headings:
            kind, level = "heading", self.headings[-1]
        elif self.items:
            kind = "paragraph" if self.items[-1] else "item"
            self.items[-1] = True
        elif self.bold >= 0.95 * len(text) and self._titles(text):
            kind, level = "heading", BOLD_LEVEL
        portion = 1 if share > 0.5 else share
        self.lines.append(
            Line(
                kind,
                text,
                holder,
                level,
                hrefs,
                link_chars=min(len(text), round((self.links - cut) * portion)),
                local_chars=min(len(text), round((self.local - cut) * portion)),
                button_chars=min(len(text), round(self.button * portion)),
                beside=beside,
            )
        )

    def _without_way_up(self, text: str, hrefs: list[tuple[str, str]]) -> tuple[str, int]:
        """A sentence without the "Back to top" behind it, and how long that link was. What is alone in its line stays,
        for the rules on lines say why they leave it out."""
        words, href = hrefs[-1] if hrefs else ("", "")
        if not (self._is_local(href) or href.startswith("javascript:")):
            return text, 0
        shown, label = text.rstrip(_BEHIND_WAY_UP), words.strip(_BEFORE_WAY_UP + _BEHIND_WAY_UP)
        rest = shown.removesuffix(label).rstrip(_BEFORE_WAY_UP)
        if (
            not rest
            or not label
            or not shown.endswith(label)
            or not pattern("furniture", "top", whole=True).fullmatch(words)
        ):
            return text, 0
        hrefs.pop()
        return rest, len(words)

    @staticmethod
    def _titles(text: str) -> bool:
        return (
            3 <= len(text) <= 120
            and text[-1] not in ".,;:!…。"
            and not re.search(r"\d{4}|@|: ", text)
            and any(character.isalpha() for character in text)
        )

    def enter(self, element: Element) -> None:
        if self.tip is None and _is_tip(element):
            self.tip = element
        if self.tip is not None:
            return
        tag = element.tag
        if tag == "br":
            self.pieces.append(_BREAK)
            self.holders.append(element)
            return
        if tag == "a":
            if self.pieces and self.pieces[-1] == "":
                self.text(" ", element)
            self.anchors.append((len(self.pieces), element))
        elif tag in ("button", "label") or element.role == "button":
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
                self.headings.append(level)
                self.heading_elements.append(element)
        if tag in _STRUCTURE or element.role in ROW_ROLES:
            self._enter_structure(element, tag)

    def _enter_structure(self, element: Element, tag: str) -> None:
        if tag in _ITEMS:
            self.items.append(False)
        elif tag == "table":
            self.tables.append(element)
        elif (tag == "tr" and self.tables and self.tables[-1] not in self.layout) or element.role == "row":
            if not self.rows:
                self.row_hrefs, self.cells = [], [[]]
            self.rows.append(element)
        elif len(self.rows) == 1 and (tag in CELLS or element.role in CELL_ROLES):
            self.cells.append([])

    def leave(self, element: Element) -> None:
        if self.tip is None:
            self._leave(element)
        elif self.tip is element:
            self._leave_tip(element)

    def _leave(self, element: Element) -> None:
        tag = element.tag
        if tag == "br":
            return
        if tag == "a":
            self._leave_anchor()
        elif tag in ("span", "i", "em", "mark"):
            self._drop_unspoken(element)
        elif tag in ("button", "label") or element.role == "button":
            self._drop_control(element)
            self.pieces.append(" ")
            self.holders.append(element)
            self.buttons -= 1
        elif tag in ("b", "strong"):
            self.bolds -= 1
        if self.blocks[-1] is element:
            self.flush()
            self.blocks.pop()
            if self.heading_elements and self.heading_elements[-1] is element:
                self.headings.pop()
                self.heading_elements.pop()
        if tag in _ITEMS:
            self.items.pop()
        elif tag == "table":
            self.tables.pop()
        elif self.rows and self.rows[-1] is element:
            self.rows.pop()
            if not self.rows:
                self._leave_row(element)

    def _leave_tip(self, element: Element) -> None:
        if text := " ".join("".join(self.tip_pieces).split()):
            self.lines.append(Line("paragraph", text, element, reason="tooltip"))
        self.tip = None
        self.tip_pieces.clear()

    def _leave_row(self, element: Element) -> None:
        outside, *cells = (" ".join(cell) for cell in self.cells)
        if outside:
            cells.insert(0, outside)
        if any(cells):
            text = CELL.join(cells).rstrip(" |")
            links = sum(len(words) for words, _ in self.row_hrefs)
            self.lines.append(Line("row", text, element, 0, self.row_hrefs, link_chars=min(links, len(text))))

    def _leave_anchor(self) -> None:
        start, anchor = self.anchors.pop()
        words = " ".join("".join(self.pieces[start:]).split())
        href = anchor.get("href")
        if href.startswith("#") and _ANCHOR_MARK.fullmatch(words):
            del self.pieces[start:], self.holders[start:]
        elif words and href:
            self.hrefs.append((words, href))
        self.pieces.append("")
        self.holders.append(anchor)

    def _drop_control(self, element: Element) -> None:
        """A button beside the words of a title or of a table's column: "Our data [Copy link]", "Vendor [↕]"."""
        if not (self.headings or self.rows) or not self.holders or self.holders[-1] is not element:
            return
        if not any(map(str.isalnum, self.pieces[-1])) and any(map(str.strip, self.pieces[:-1])):
            self._take_back()
            return
        if not self.headings:
            return
        label = pattern("furniture", "controls", whole=True)
        if label.fullmatch(self.pieces[-1]) and any(map(str.strip, self.pieces[:-1])):
            self._take_back()

    def _drop_unspoken(self, element: Element) -> None:
        """An icon's name, or "(opens in a new window)" for who cannot see its sign."""
        if not self.holders or self.holders[-1] is not element:
            return
        words = self.pieces[-1].strip()
        if (self.buttons or self.headings) and _MARK.fullmatch(words):  # "+" beside a title that opens on a click
            self._take_back()
            return
        icon = _ICON_NAME.fullmatch(words) is not None and not element.classes().isdisjoint(_ICON_WORDS)
        if icon or (len(words) < 60 and pattern("furniture", "skip", whole=True).fullmatch(words)):
            self._take_back()


def _is_tip(element: Element) -> bool:
    """What a pointer shows over a word of the text: none of its words."""
    if element.role != "tooltip":
        names = element.classes() if element.has_name else frozenset[str]()
        if names.isdisjoint(_TIP) and ("tooltip" not in names or names.isdisjoint(_TIP_PARTS)):
            return False
    return bool(element.words(_LONGEST_TIP))


def _unwrapped(element: Element) -> Element:
    """The innermost element that holds no less than this one."""
    while True:
        children = [child for child in element.children if not (isinstance(child, str) and child.isspace())]
        if len(children) != 1 or isinstance(children[0], str):
            return element
        element = children[0]


def _walk(root: Element) -> Iterator[tuple[Element, str | None]]:
    """Every element twice, at its start ("") and at its end (None), and every piece of text with its element."""
    open_: list[tuple[Element, Iterator[Element | str]]] = [(root, iter(root.children))]
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


def lines_of(elements: list[Element]) -> list[Line]:
    flow = _Flow(elements)
    for element, piece in _walk(elements[0]):
        if piece is None:
            flow.leave(element)
        elif piece == "":
            flow.enter(element)
        else:
            flow.text(piece, element)
    flow.flush()
    return flow.lines
