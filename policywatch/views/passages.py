"""A change's passages in reading order, with marks and the topics that these decided."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, pairwise, takewhile

from foundation.vocabulary import gravity
from messages import Message
from notifier.excerpts import group_alike
from storage.changes import StoredPassage

_LONG = 60  # unchanged words in a row
_CONTEXT = 16  # words on each side
_WORD = re.compile(r"\S+")
_SIDES = {
    "before": ("same", "removed"),
    "after": ("same", "added"),
}


@dataclass(frozen=True, slots=True)
class Section:
    """Under one heading; `elsewhere` has the other numbers and headings of repeated passages, by number."""

    heading: list[str]
    passages: list[StoredPassage]
    elsewhere: Mapping[int, list[tuple[int, str]]]

    @property
    def places(self) -> int:
        return len(self.passages) + sum(
            len(self.also(passage)) for passage in self.passages
        )

    def also(self, passage: StoredPassage) -> list[str]:
        return [heading for _, heading in self.elsewhere.get(passage.position, ())]

    def numbers(self, passage: StoredPassage) -> list[int]:
        """With those of its other places, which quotations use."""
        return [
            passage.position,
            *(number for number, _ in self.elsewhere.get(passage.position, ())),
        ]

    @property
    def operations(self) -> list[str]:
        return list(dict.fromkeys(passage.operation for passage in self.passages))

    @property
    def topics(self) -> list[str]:
        return list(
            dict.fromkeys(
                topic for passage in self.passages for topic in passage.topics
            )
        )

    @property
    def why(self) -> list[Message]:
        return list(
            dict.fromkeys(
                chain.from_iterable(passage.why for passage in self.passages)
            )
        )

    @property
    def severity(self) -> str:
        return min((passage.severity for passage in self.passages), key=gravity)


def flagged_first(
    passages: Sequence[StoredPassage], title: str
) -> tuple[list[Section], list[Section]]:
    """By severity, and the others, in reading order. Headings omit the document's own title."""
    distinct, elsewhere = [], {}
    for copies in group_alike(passages):
        shown = min(copies, key=lambda passage: gravity(passage.severity))
        distinct.append(shown)
        shared = _shared_steps([copy.heading for copy in copies])
        elsewhere[shown.position] = [
            (copy.position, " › ".join(copy.heading[shared:]))
            for copy in copies
            if copy is not shown
        ]
    distinct.sort(key=lambda passage: passage.position)
    flagged = _sections(
        [passage for passage in distinct if passage.topics], title, elsewhere
    )
    others = _sections(
        [passage for passage in distinct if not passage.topics], title, elsewhere
    )
    return sorted(flagged, key=lambda section: gravity(section.severity)), others


def _sections(
    passages: Sequence[StoredPassage],
    title: str,
    elsewhere: Mapping[int, list[tuple[int, str]]],
) -> list[Section]:
    return [
        Section(_without_title(heading, title), list(run), elsewhere)
        for heading, run in groupby(passages, key=lambda passage: passage.heading)
    ]


def _shared_steps(headings: Sequence[list[str]]) -> int:
    return sum(
        1
        for _ in takewhile(
            lambda steps: len(set(steps)) == 1, zip(*headings, strict=False)
        )
    )


def _without_title(heading: list[str], title: str) -> list[str]:
    return (
        heading[1:]
        if heading and heading[0].casefold() == title.casefold()
        else heading
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """`topics` are those these words decided."""

    tag: str
    text: str
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """Pieces with one mark. `folded` counts hidden unchanged words."""

    tag: str
    pieces: list[Piece]
    folded: int = 0

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


def runs(passage: StoredPassage, *, fold: bool = True) -> list[Run]:
    """`fold` hides the middle of long unchanged text."""
    return _runs(_pieces(passage), fold=fold)


def sides(passage: StoredPassage) -> tuple[list[Run], list[Run]]:
    pieces = _pieces(passage)
    return _runs([piece for piece in pieces if piece.tag != "added"]), _runs(
        [p for p in pieces if p.tag != "removed"]
    )


def _runs(pieces: list[Piece], *, fold: bool = True) -> list[Run]:
    parts = [
        Run(tag, list(run))
        for tag, run in groupby(pieces, key=lambda piece: piece.tag)
    ]
    if len(parts) < 2 or not fold:
        return parts
    return [
        part
        for run in parts
        for part in (_folded(run) if run.tag == "same" else [run])
    ]


def _folded(run: Run) -> list[Run]:
    text = run.text
    words = list(_WORD.finditer(text))
    if len(words) < _LONG or any(piece.topics for piece in run.pieces):
        return [run]
    first, last = words[_CONTEXT].start(), words[-_CONTEXT].start()
    cut = [
        (text[:first], 0),
        (text[first:last], len(words) - 2 * _CONTEXT),
        (text[last:], 0),
    ]
    return [Run("same", [Piece("same", part)], folded) for part, folded in cut]


def _pieces(passage: StoredPassage) -> list[Piece]:
    marks = passage.word_diff
    evidence = {side: _evidence(passage, side, marks) for side in _SIDES}
    offsets = dict.fromkeys(_SIDES, 0)  # of the mark in each side's text
    pieces: list[Piece] = []
    for tag, text in marks:
        on = [side for side, tags in _SIDES.items() if tag in tags]
        spans = [
            (start - offsets[side], end - offsets[side], topic)
            for side in on
            for start, end, topic in evidence[side]
        ]
        pieces += _split(tag, text, spans)
        for side in on:
            offsets[side] += len(text)
    return pieces


def _evidence(
    passage: StoredPassage, side: str, marks: list[tuple[str, str]]
) -> list[tuple[int, int, str]]:
    whole = "".join(text for tag, text in marks if tag in _SIDES[side])
    return [
        (start, start + len(words), each["topic"])
        for each in passage.evidence
        if each.get("side") == side
        and (words := each.get("text"))
        and (start := whole.find(words)) >= 0
    ]


def _split(
    tag: str, text: str, spans: list[tuple[int, int, str]]
) -> Iterator[Piece]:
    """Marks never end in white space, which would be struck out or underlined."""
    end = len(text.rstrip()) if tag != "same" else len(text)
    if end == 0 and tag == "removed":
        return  # would look present
    edges = {
        edge for start, stop, _ in spans for edge in (start, stop) if 0 < edge < end
    }

    def topics_at(cut: tuple[int, int]) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(
                topic
                for start, stop, topic in spans
                if start <= cut[0] and cut[1] <= stop
            )
        )

    for topics, run in groupby(pairwise(sorted({0, end, *edges})), key=topics_at):
        cuts = list(run)
        yield Piece(tag, text[cuts[0][0] : cuts[-1][1]], topics)
    if end < len(text):
        yield Piece("same", text[end:])
