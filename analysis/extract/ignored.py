"""Passages that a person called not of the document: left out where they stand again, by their words and their place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from analysis.extract.memory import REWORDED, speaks_of_policies
from analysis.model import Block, Dropped, Ignored, Page
from analysis.text.normal import normalize

IGNORED = "ignored by a person"


def leave_out_ignored(
    page: Page,
    ignored: Sequence[Ignored],
    former: Collection[str],
    language: str | None,
) -> Page:
    """Below the same title as an ignored block, with its words, or nearly: the latter only if they are new (`former`
    are the blocks in force) and have no word of policies.
    """
    if not ignored:
        return page
    blocks: list[Block] = []
    dropped: dict[int, Block] = {}  # index in the page
    # below titles that are left out
    paths: dict[tuple[str, ...], tuple[str, ...]] = {}
    path: tuple[str, ...] = ()
    for number, block in enumerate(page.blocks):
        heading = _without(block.heading, paths)
        if any(_is_ignored(block, each, former, language) for each in ignored):
            dropped[number] = block
            if block.kind == "heading":
                paths[*block.heading, block.text] = path
        else:
            blocks.append(replace(block, heading=heading))
            path = (*heading, block.text) if block.kind == "heading" else heading
    if not dropped:
        return page
    others = [
        replace(each, after=each.after - sum(n < each.after for n in dropped))
        for each in page.dropped
    ]
    here = [
        Dropped(block.text, IGNORED, number - place)
        for place, (number, block) in enumerate(dropped.items())
    ]
    by_place = sorted([*others, *here], key=lambda each: each.after)
    return replace(page, blocks=tuple(blocks), dropped=tuple(by_place))


def _is_ignored(
    block: Block, ignored: Ignored, former: Collection[str], language: str | None
) -> bool:
    if _key(block.heading[-1] if block.heading else "") != _key(ignored.heading):
        return False
    if _key(block.text) == _key(ignored.text):
        return True
    return (
        block.text not in former
        and fuzz.ratio(block.text, ignored.text) >= REWORDED
        and not speaks_of_policies(block.text, language)
    )


def _key(text: str) -> str:
    return normalize(text).casefold()


def _without(
    heading: tuple[str, ...], paths: dict[tuple[str, ...], tuple[str, ...]]
) -> tuple[str, ...]:
    for size in range(len(heading), 0, -1):
        if heading[:size] in paths:
            return (*paths[heading[:size]], *heading[size:])
    return heading
