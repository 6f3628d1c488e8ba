"""A change's passages in the order in which a reader wants them, and their words with marks.

A mark says whether words are the same, removed or added, and which topics they decided.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, takewhile

from analysis.text.words import Tag
from messages import Message
from notifier.presentation import group_alike
from storage.changes import StoredPassage, gravity

_LONG = 60  # unchanged words in a row, from which on those in the middle are folded away
_CONTEXT = 16  # words that stay on each side of the fold
_WORD = re.compile(r"\S+")
_SIDES: dict[str, tuple[Tag, ...]] = {"before": ("same", "removed"), "after": ("same", "added")}


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of one kind; `topics` are those that these words decided."""

    tag: Tag
    text: str
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Passages that stand one after the other under one heading.

    What says the same in several places is there once; `elsewhere` has the other places' headings, by its position.
    """

    heading: list[str]
    passages: list[StoredPassage]
    elsewhere: Mapping[int, list[str]]

    @property
    def places(self) -> int:
        """How many passages that is, each place counted."""
        return len(self.passages) + sum(len(self.also(passage)) for passage in self.passages)

    def also(self, passage: StoredPassage) -> list[str]:
        """Under which headings else it stands."""
        return self.elsewhere.get(passage.position, [])

    @property
    def operations(self) -> list[str]:
        """What was done in it, each once."""
        return list(dict.fromkeys(passage.operation for passage in self.passages))

    @property
    def topics(self) -> list[str]:
        """What it is about."""
        return list(dict.fromkeys(topic for passage in self.passages for topic in passage.topics))

    @property
    def why(self) -> list[Message]:
        """The reasons for its classification, each once."""
        return list(dict.fromkeys(chain.from_iterable(passage.why for passage in self.passages)))

    @property
    def severity(self) -> str:
        """That of its gravest passage."""
        return min((passage.severity for passage in self.passages), key=gravity)


def flagged_first(passages: Sequence[StoredPassage], title: str = "") -> tuple[list[Section], list[Section]]:
    """The sections that were flagged, the gravest first, and what else there is; both else in reading order.

    A heading does not begin with the document's own title.
    """
    once, elsewhere = [], {}
    for same in group_alike(passages):
        shown = min(same, key=lambda passage: gravity(passage.severity))
        once.append(shown)
        above = _shared([one.heading for one in same])
        elsewhere[shown.position] = [" › ".join(one.heading[above:]) for one in same if one is not shown]
    once.sort(key=lambda passage: passage.position)
    flagged = _sections([each for each in once if each.topics], title, elsewhere)
    others = _sections([each for each in once if not each.topics], title, elsewhere)
    return sorted(flagged, key=lambda section: gravity(section.severity)), others


def _sections(passages: Sequence[StoredPassage], title: str, elsewhere: Mapping[int, list[str]]) -> list[Section]:
    return [
        Section(_below(heading, title), list(run), elsewhere)
        for heading, run in groupby(passages, key=lambda passage: passage.heading)
    ]


def _shared(headings: Sequence[list[str]]) -> int:
    """How many steps of their ways all have in common."""
    return sum(1 for _ in takewhile(lambda steps: len(set(steps)) == 1, zip(*headings, strict=False)))


def _below(heading: list[str], title: str) -> list[str]:
    return heading[1:] if heading and heading[0].casefold() == title.casefold() else heading


def pieces(passage: StoredPassage) -> list[Piece]:
    """In the order in which they are read.

    A mark never ends in white space, so that what is struck out or underlined ends with its word.
    """
    marks = _marks(passage)
    topics = _topics_by_character(passage, marks)
    return [piece for (tag, text), marked in zip(marks, topics, strict=True) for piece in _split(tag, text, marked)]


@dataclass(frozen=True, slots=True)
class Run:
    """Pieces of one mark: what is one addition stays one, however many of its words are evidence.

    `folded` counts the words of unchanged text that need not be read, 0 for all else.
    """

    tag: Tag
    pieces: list[Piece]
    folded: int = 0


def runs(passage: StoredPassage) -> list[Run]:
    """The pieces by mark, in the order in which they are read."""
    return _runs(pieces(passage))


def whole_runs(passage: StoredPassage) -> list[Run]:
    """The same where nothing can be unfolded."""
    return [Run(tag, list(run)) for tag, run in groupby(pieces(passage), key=lambda piece: piece.tag)]


def sides(passage: StoredPassage) -> tuple[list[Run], list[Run]]:
    """What stood before and what stands now, to be read side by side."""
    found = pieces(passage)
    return _runs([each for each in found if each.tag != "added"]), _runs([e for e in found if e.tag != "removed"])


def _runs(found: list[Piece]) -> list[Run]:
    made = [Run(tag, list(run)) for tag, run in groupby(found, key=lambda piece: piece.tag)]
    if len(made) < 2:
        return made  # all of it is the same, so there is nothing else to look at
    return [part for run in made for part in (_with_fold(run) if run.tag == "same" else [run])]


def _with_fold(run: Run) -> list[Run]:
    """Cut out the middle of a long unchanged text, unless words of it decided a topic."""
    text = "".join(piece.text for piece in run.pieces)
    words = list(_WORD.finditer(text))
    if len(words) < _LONG or any(piece.topics for piece in run.pieces):
        return [run]
    first, last = words[_CONTEXT].start(), words[-_CONTEXT].start()
    cut = [(text[:first], 0), (text[first:last], len(words) - 2 * _CONTEXT), (text[last:], 0)]
    return [Run("same", [Piece("same", part)], folded) for part, folded in cut]


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
