"""The words of a passage with their marks: same, removed or added, and which of them decided a topic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from storage.changes import StoredPassage

Tag = Literal["same", "removed", "added"]
_GRAVITY = {"high": 0, "medium": 1, "low": 2}
_SIDES: dict[str, tuple[Tag, ...]] = {"before": ("same", "removed"), "after": ("same", "added")}


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of one kind; `topics` are those that these words decided."""

    tag: Tag
    text: str
    topics: tuple[str, ...] = ()


def flagged_first(passages: Sequence[StoredPassage]) -> tuple[list[StoredPassage], list[StoredPassage]]:
    """The flagged passages, the gravest first, and the others; both else in reading order."""
    flagged = sorted((each for each in passages if each.topics), key=lambda each: _GRAVITY.get(each.severity, 3))
    return flagged, [each for each in passages if not each.topics]


def pieces(passage: StoredPassage) -> list[Piece]:
    """In the order in which they are read.

    A mark never ends in white space, so that what is struck out or underlined ends with its word.
    """
    marks = _marks(passage)
    topics = _topics_by_character(passage, marks)
    return [piece for (tag, text), marked in zip(marks, topics, strict=True) for piece in _split(tag, text, marked)]


def runs(passage: StoredPassage) -> list[tuple[Tag, list[Piece]]]:
    """The pieces by mark: what is one addition stays one, however many of its words are evidence."""
    return [(tag, list(run)) for tag, run in groupby(pieces(passage), key=lambda piece: piece.tag)]


def _marks(passage: StoredPassage) -> list[tuple[Tag, str]]:
    if passage.operation == "moved":
        return [("same", passage.after or passage.before or "")]
    if passage.marks:
        return [(_tag(tag), text) for tag, text in passage.marks if text]
    whole: list[tuple[Tag, str]] = [("removed", passage.before or ""), ("added", passage.after or "")]
    return [mark for mark in whole if mark[1]]


def _tag(stored: str) -> Tag:
    return "removed" if stored == "removed" else "added" if stored == "added" else "same"


def _topics_by_character(passage: StoredPassage, marks: list[tuple[Tag, str]]) -> list[list[tuple[str, ...]]]:
    """For each mark the topics of each of its characters."""
    found: list[list[tuple[str, ...]]] = [[()] * len(text) for _, text in marks]
    for side, tags in _SIDES.items():
        places = [(k, i) for k, (tag, text) in enumerate(marks) if tag in tags for i in range(len(text))]
        whole = "".join(text for tag, text in marks if tag in tags)
        for evidence in passage.evidence:
            words = evidence.get("text", "")
            start = whole.find(words) if words and evidence.get("side") == side else -1
            for k, i in places[start : start + len(words)] if start >= 0 else ():
                if evidence["topic"] not in found[k][i]:
                    found[k][i] = (*found[k][i], evidence["topic"])
    return found


def _split(tag: Tag, text: str, topics: list[tuple[str, ...]]) -> Iterator[Piece]:
    end = len(text.rstrip()) if tag != "same" else len(text)
    if end == 0 and tag == "removed":
        return  # white space that went says nothing, and would show as if it were still there
    start = 0
    for i in range(1, end + 1):
        if i == end or topics[i] != topics[start]:
            if start < i:
                yield Piece(tag, text[start:i], topics[start])
            start = i
    if end < len(text):
        yield Piece("same", text[end:])
