"""Truncated texts: a page captured in part."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from analysis.model import Page
from analysis.text.word_lists import pattern
from messages import Message

_SOME = 5  # blocks
_EDITED = 30  # characters
_ENDS = ".;,:"  # of list items, which editors may shorten
_LABEL, _PROSE = 6, 12  # words


def truncation_reason(
    before: Page, after: Page, *, may_shrink: bool = False
) -> Message | None:
    """One text is exactly the other's beginning or end, or (unless it `may_shrink`) less than half of it."""
    page, whole = sorted((before, after), key=lambda page: len(page.blocks))
    reason = _truncation(page, whole) or (
        None if may_shrink else _half(page, whole)
    )
    return (
        reason
        if reason is None or page is after
        else Message("rejection.earlier", reason=reason)
    )


def _truncation(page: Page, whole: Page) -> Message | None:
    shorter, longer = (
        [block.text for block in page.blocks] for page in (page, whole)
    )
    same = _common_start(shorter, longer)
    left, rest = shorter[same:], longer[same:]
    if len(shorter) < _SOME or len(rest) < _SOME:
        return None
    if (
        not left
        and page.blocks[-1].kind == "heading"
        and whole.blocks[same].kind != "heading"
    ):
        return Message("rejection.title_last", text=shorter[-1][:60])
    gone = longer[: len(longer) - len(shorter)]
    if (
        longer[len(gone) :] == shorter
        and whole.title in gone
        and whole.title not in shorter
    ):
        return Message("rejection.no_beginning", text=shorter[0][:60])
    if len(left) == 1 and _stops_within(left[0], rest[0]):
        return Message("rejection.stops", text=left[0][-60:])
    if (
        left
        and pattern("expands").fullmatch(left[0].rstrip(" .…›»"))
        and left[0] not in rest
    ):
        return Message("rejection.behind", label=left[0])
    footer = sum(
        1
        for _ in takewhile(lambda text: len(text.split()) < _LABEL, reversed(rest))
    )
    if (
        len(left) <= 1
        and footer >= _SOME
        and any(len(text.split()) >= _PROSE for text in rest)
    ):
        return Message("rejection.no_end", text=rest[0][:60])
    return None


def _half(page: Page, whole: Page) -> Message | None:
    shorter, longer = (
        [block.text for block in page.blocks] for page in (page, whole)
    )
    if min(
        len(shorter), len(longer) - _common_start(shorter, longer)
    ) < _SOME or not set(shorter) <= set(longer):
        return None
    return (
        Message("rejection.half")
        if sum(map(len, shorter)) < sum(map(len, longer)) / 2
        else None
    )


def _common_start(shorter: Sequence[str], longer: Sequence[str]) -> int:
    return sum(
        1
        for _ in takewhile(
            lambda pair: pair[0] == pair[1], zip(shorter, longer, strict=False)
        )
    )


def _stops_within(last: str, whole: str) -> bool:
    """A beginning of the former block; editors leave a few words of a sentence."""
    # truncated Markdown lacks the closing emphasis
    start = last.rstrip().lstrip("*_")
    if not (
        start[-1:].isalnum() and whole.startswith(start) and len(whole) > len(start)
    ):
        return False
    title = len(whole.split()) < _PROSE and whole[-1:] not in _ENDS
    return len(start) > _EDITED or whole[len(start)].isalpha() or title
