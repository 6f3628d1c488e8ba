"""Whether one of two texts is the other one cut off: a page that was captured in part."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from analysis.model import Page
from analysis.text.looks import pattern
from messages import Message

_SOME = 5  # blocks that go or stay with a page that is torn
_EDITED = 30  # characters that an editor may leave of a sentence
_ENDS = ".;,:"  # of an entry of a list, which an editor may shorten
_LABEL, _PROSE = 6, 12  # words: less is a label of a menu, more is text


def torn(before: Page, after: Page) -> Message | None:
    """Why one of two texts is not believed to be whole: to the letter the other's beginning or end, or a part of it."""
    page, whole = sorted((before, after), key=lambda page: len(page.blocks))
    reason = _torn(page, whole)
    return reason if reason is None or page is after else Message("rejection.earlier", reason=reason)


def _torn(page: Page, whole: Page) -> Message | None:
    shorter, longer = ([block.text for block in page.blocks] for page in (page, whole))
    same = _in_common(shorter, longer)
    left, rest = shorter[same:], longer[same:]
    if len(shorter) < _SOME or len(rest) < _SOME:
        return None
    if not left and page.blocks[-1].kind == "heading" and whole.blocks[same].kind != "heading":
        return Message("rejection.title_last", text=shorter[-1][:60])
    gone = longer[: len(longer) - len(shorter)]
    if _in_common(shorter[::-1], longer[::-1]) == len(shorter) and whole.title in gone and whole.title not in shorter:
        return Message("rejection.no_beginning", text=shorter[0][:60])
    if len(left) <= 1 and _stops(left, rest):
        return Message("rejection.stops", text=left[0][-60:])
    if left and pattern("expands").fullmatch(left[0].rstrip(" .…›»")) and left[0] not in rest:
        return Message("rejection.behind", label=left[0])
    footer = sum(1 for _ in takewhile(lambda text: len(text.split()) < _LABEL, reversed(rest)))
    if len(left) <= 1 and footer >= _SOME and any(len(text.split()) >= _PROSE for text in rest):
        return Message("rejection.no_end", text=rest[0][:60])
    if set(shorter) <= set(longer) and sum(map(len, shorter)) < sum(map(len, longer)) / 2:
        return Message("rejection.half")
    return None


def _in_common(shorter: Sequence[str], longer: Sequence[str]) -> int:
    """How many blocks both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(shorter, longer, strict=False)))


def _stops(left: Sequence[str], rest: Sequence[str]) -> bool:
    """Whether the last block is the first words of what stood there; an edit may leave a few words of a sentence, not
    half a word nor half a title."""
    if not left:
        return False
    stump = left[0].rstrip().lstrip("*_")  # what emphasises a title is not ended in Markdown that is cut
    if not (stump[-1:].isalnum() and rest[0].startswith(stump) and len(rest[0]) > len(stump)):
        return False
    title = len(rest[0].split()) < _PROSE and rest[0][-1:] not in _ENDS
    return len(stump) > _EDITED or rest[0][len(stump)].isalpha() or title
