"""Lays out a stored page's blocks again: headings, lists, tables, links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Generic, Literal, TypeVar

from notifier.escape import web_link
from storage.paragraphs import anchor, texts_of

_TOP = 2  # the page's own title is level 1
_Age = TypeVar("_Age")


@dataclass(frozen=True, slots=True)
class Words:
    """`link` is None where none is safe to follow."""

    text: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One block, for a row its cells. `block` is its number in the page, from 0; `anchor` ends its id."""

    block: int
    words: tuple[Words, ...]
    anchor: str

    @property
    def text(self) -> str:
        return "".join(words.text for words in self.words)


@dataclass(frozen=True, slots=True)
class Part:
    """A heading (`level` 2 to 6) or paragraph of one line, or a list or table."""

    kind: Literal["heading", "paragraph", "list", "table"]
    lines: tuple[Line, ...]
    level: int = 0


@dataclass(frozen=True, slots=True)
class Stretch(Generic[_Age]):
    """As standing since the same version; None where unknown."""

    since: _Age | None
    parts: list[Part]


def stretches(
    page: dict[str, Any], since: Sequence[_Age | None]
) -> list[Stretch[_Age]]:
    """In reading order. `since` has an entry for each block. Blocks without words join what precedes them."""
    ages = list(since)
    for i in range(1, len(ages)):
        ages[i] = ages[i] or ages[i - 1]
    parts = _parts(page, ages)
    return [
        Stretch(age, list(run))
        for age, run in groupby(parts, key=lambda part: ages[part.lines[0].block])
    ]


def _parts(page: dict[str, Any], ages: Sequence[object]) -> list[Part]:
    """In reading order; lists and tables are cut where lines differ in age."""
    parts: list[Part] = []
    level = _TOP - 1
    ids = anchors(page)
    for (kind, _), run in groupby(
        enumerate(page["blocks"]),
        key=lambda each: (str(each[1]["kind"]), ages[each[0]]),
    ):
        blocks = list(run)
        if kind == "item":
            parts.append(
                Part(
                    "list",
                    tuple(
                        Line(number, _linked(block), ids[number])
                        for number, block in blocks
                    ),
                )
            )
        elif kind == "row":
            parts.append(
                Part(
                    "table",
                    tuple(
                        Line(number, _cells(block), ids[number])
                        for number, block in blocks
                    ),
                )
            )
        elif kind == "heading":
            for number, block in blocks:
                # screen readers' heading navigation skips no levels
                level = min(len(block["heading"]) + _TOP, level + 1, 6)
                parts.append(
                    Part("heading", (Line(number, _linked(block), ids[number]),), level)
                )
        else:
            parts.extend(
                Part("paragraph", (Line(number, _linked(block), ids[number]),))
                for number, block in blocks
            )
    return parts


def anchors(page: dict[str, Any]) -> list[str]:
    """Ids of blocks; of a repeated text, the first gets the id that links use."""
    ids: dict[str, None] = {}
    for number, text in enumerate(texts_of(page)):
        id_ = anchor(text)
        ids[id_ if id_ and id_ not in ids else f"b{number}"] = None
    return [*ids]


def _cells(block: dict[str, Any]) -> tuple[Words, ...]:
    return tuple(Words(cell) for cell in str(block["text"]).split(" | "))


def _linked(block: dict[str, Any]) -> tuple[Words, ...]:
    """Cut at its links."""
    text, links = str(block["text"]), block.get("links") or []
    words: list[Words] = []
    at = 0
    for link in links:
        named, url, start = link["text"], web_link(link["url"]), link["at"]
        if not url or start < at:
            continue
        words += [Words(text[at:start]), Words(named, url)]
        at = start + len(named)
    return tuple(part for part in [*words, Words(text[at:])] if part.text)
