"""The part of a page under one heading, where a page has several documents."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from analysis.model import Block, Dropped, Page, UnreadablePage
from analysis.text.normal import normalize
from messages import Message


def section_of(page: Page, title: str) -> Page:
    """The heading with all below it; of equal titles the longest section, as tables of contents repeat them. Raises
    `UnreadablePage`.
    """
    starts = [
        at
        for at, block in enumerate(page.blocks)
        if block.kind == "heading" and _same(block.text, title)
    ]
    if not starts:
        raise UnreadablePage(Message("unreadable.section", section=title))
    start, end = max(
        ((at, _end(page.blocks, at)) for at in starts),
        key=lambda part: part[1] - part[0],
    )
    depth = len(page.blocks[start].heading)
    others = [
        (at, block) for at, block in enumerate(page.blocks) if not start <= at < end
    ]
    left = [
        Dropped(block.text, "another section", 0 if at < start else end - start)
        for at, block in others
    ]
    dropped = [
        replace(each, after=min(max(each.after - start, 0), end - start))
        for each in page.dropped
    ]
    return replace(
        page,
        title=page.blocks[start].text,
        blocks=tuple(
            replace(block, heading=block.heading[depth:])
            for block in page.blocks[start:end]
        ),
        dropped=tuple(sorted((*dropped, *left), key=lambda each: each.after)),
    )


def _end(blocks: tuple[Block, ...], start: int) -> int:
    path = (*blocks[start].heading, blocks[start].text)
    return (
        start
        + 1
        + sum(
            1
            for _ in takewhile(
                lambda block: block.heading[: len(path)] == path,
                blocks[start + 1 :],
            )
        )
    )


def _same(heading: str, title: str) -> bool:
    return normalize(heading).casefold() == normalize(title).casefold()
