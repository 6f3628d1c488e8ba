"""The text of a page as a reader sees it, in units that can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reasons import Reason

BlockKind = Literal["heading", "paragraph", "item", "row"]
CELL = " | "  # between the cells of a row


class UnreadablePage(Exception):
    """A capture from which no text can be taken; `reason` is a sentence for the operator."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class TooCostly(UnreadablePage):
    """A text that takes more time or memory to read or to compare than any policy should."""

    def __init__(self, reason: Reason | None = None) -> None:
        super().__init__(reason or Reason("unreadable.costly"))


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it stands in a block: its words and its absolute address (http, https, mailto)."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Block:
    """One unit of a page's text.

    `text` has single spaces and no line breaks; the cells of a table row are joined by " | ".
    `heading` holds the titles of the sections that the block stands in, outermost first; a heading's own words are
    its `text` and not in its own `heading`.
    """

    kind: BlockKind
    text: str
    heading: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Dropped:
    """Text of the page that is not the document's, and why the reader left it out ("navigation", "cookie banner").

    `after` counts the blocks of the document that stand before it on the page.
    """

    text: str
    reason: str
    after: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """What the reader took from one capture.

    `language` is a two-letter code (what the text is written in, as well as can be told), None when nothing tells;
    `labelled` the code that the page itself gives its text, which need not be the same, `region` the country with it
    ("GB" of "en-GB"), which says how dates are written.
    """

    title: str
    language: str | None
    blocks: tuple[Block, ...]
    dropped: tuple[Dropped, ...] = ()
    labelled: str | None = None
    region: str | None = None
