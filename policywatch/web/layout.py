"""A stored page's blocks laid out again: headings in order, items in lists, rows in tables, links in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from policywatch.harmless import safe_link

_TOP = 2  # the page's own title is the first level


@dataclass(frozen=True, slots=True)
class Words:
    """Words, with the address that they link to where it is safe to follow."""

    text: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What becomes one element: a heading (`level` 2 to 6), a paragraph, or a list or table of several lines.

    `lines` holds one line for a heading or a paragraph; a line is its words, for a table its cells.
    """

    kind: Literal["heading", "paragraph", "list", "table"]
    lines: tuple[tuple[Words, ...], ...]
    level: int = 0
    anchor: str = ""

    @property
    def text(self) -> str:
        """The words of the first line."""
        return "".join(words.text for words in self.lines[0])


def laid_out(page: dict[str, Any]) -> list[Part]:
    """The parts of a stored page, in reading order."""
    parts: list[Part] = []
    level = _TOP - 1
    for kind, run in groupby(page["blocks"], key=lambda block: str(block["kind"])):
        blocks = list(run)
        if kind == "item":
            parts.append(Part("list", tuple(_linked(block) for block in blocks)))
        elif kind == "row":
            parts.append(Part("table", tuple(_cells(block) for block in blocks)))
        elif kind == "heading":
            for block in blocks:
                # a page may skip levels; a reader who jumps from heading to heading should not fall into a hole
                level = min(len(block["heading"]) + _TOP, level + 1, 6)
                parts.append(Part("heading", (_linked(block),), level, f"part-{len(parts)}"))
        else:
            parts.extend(Part("paragraph", (_linked(block),)) for block in blocks)
    return parts


def _cells(block: dict[str, Any]) -> tuple[Words, ...]:
    return tuple(Words(cell) for cell in str(block["text"]).split(" | "))


def _linked(block: dict[str, Any]) -> tuple[Words, ...]:
    """The block's text cut where its links stand; a link whose words can't be found is left out."""
    text, links = str(block["text"]), block.get("links") or []
    words: list[Words] = []
    at = 0
    for link in links:
        named, url = link["text"], safe_link(link["url"])
        start = text.find(named, at) if named and url else -1
        if start < 0:
            continue
        words += [Words(text[at:start]), Words(named, url)]
        at = start + len(named)
    return _without_empty([*words, Words(text[at:])])


def _without_empty(words: Sequence[Words]) -> tuple[Words, ...]:
    return tuple(each for each in words if each.text)
