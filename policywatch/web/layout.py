"""A stored page's blocks laid out again: headings in order, items in lists, rows in tables, links in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from policywatch.sanitize import safe_link, sanitize
from storage.paragraphs import Since, anchor, texts_of

_TOP = 2  # the page's own title is the first level


@dataclass(frozen=True, slots=True)
class Words:
    """Text, with the address that it links to where it is safe to follow."""

    text: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A block's words, for a row its cells. `block` is its number in the page, from 0, `anchor` the id that links to
    it end in."""

    block: int
    words: tuple[Words, ...]
    anchor: str

    @property
    def text(self) -> str:
        return "".join(words.text for words in self.words)


@dataclass(frozen=True, slots=True)
class Part:
    """What becomes one element: a heading (`level` 2 to 6), a paragraph, or a list or table of several lines.

    `lines` holds one line for a heading or a paragraph.
    """

    kind: Literal["heading", "paragraph", "list", "table"]
    lines: tuple[Line, ...]
    level: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Parts in a row that have stood since the same version; None where nothing says since when."""

    since: Since | None
    parts: list[Part]


def stretches(page: dict[str, Any], since: Sequence[Since | None]) -> list[Stretch]:
    """The page in reading order, cut where text of another age begins. `since` has an entry a block.

    What has no words stands with what comes before it.
    """
    ages = list(since)
    for i in range(1, len(ages)):
        ages[i] = ages[i] or ages[i - 1]
    parts = _parts(page, ages)
    return [
        Stretch(age, list(run))
        for age, run in groupby(parts, key=lambda part: ages[part.lines[0].block])
    ]


def _parts(page: dict[str, Any], ages: Sequence[Since | None]) -> list[Part]:
    """The parts of a stored page, in reading order; a list or a table is cut where its lines are of another age."""
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
                # a page may skip levels; a reader who jumps from heading to heading should not fall into a hole
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
    """Of each block the id; of a text that stands twice, the first has the one that links know."""
    ids: dict[str, None] = {}
    for number, text in enumerate(texts_of(page)):
        id_ = anchor(text)
        ids[id_ if id_ and id_ not in ids else f"b{number}"] = None
    return [*ids]


def plain_text(page: dict[str, Any]) -> str:
    """The page's text for whoever wants nothing but that: a block a paragraph, its words as they stand."""
    marks = {"item": "- ", "row": "| "}
    return (
        "\n\n".join(
            marks.get(block["kind"], "") + sanitize(str(block["text"]))
            for block in page["blocks"]
        )
        + "\n"
    )


def _cells(block: dict[str, Any]) -> tuple[Words, ...]:
    return tuple(Words(cell) for cell in str(block["text"]).split(" | "))


def _linked(block: dict[str, Any]) -> tuple[Words, ...]:
    """The block's text cut where its links stand."""
    text, links = str(block["text"]), block.get("links") or []
    words: list[Words] = []
    at = 0
    for link in links:
        named, url, start = link["text"], safe_link(link["url"]), link["at"]
        if not url or start < at:
            continue
        words += [Words(text[at:start]), Words(named, url)]
        at = start + len(named)
    return tuple(part for part in [*words, Words(text[at:])] if part.text)
