"""Cells and answers that turned from a no to a yes, or back: in tables of what is collected, shared or left to choose,
and behind a question, one word is all the news."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from analysis.blocks import CELL
from analysis.change import Side
from analysis.judging.surroundings import Surroundings
from analysis.text.looks import answer, opening_answer, pattern
from analysis.text.normal import TICKS
from analysis.text.topics import column_topics, matches


class Ticked(NamedTuple):
    """What the column of a cell asks of what its row is about, whether that is what people may refuse, and the side
    that says yes, with the offsets of its cell."""

    about: str
    of_choice: bool
    side: Side
    start: int
    end: int

    @property
    def favours(self) -> bool:
        """Whether people may refuse what they could not, or something is done no more."""
        return self.of_choice == (self.side == "after")


def asked(cell: Ticked, language: str | None) -> frozenset[str]:
    """The topics of what is asked, by phrases, or as the title of a column."""
    by_phrase = frozenset(match.topic for match in matches(cell.about, language) if match.tier == "decides")
    return by_phrase | column_topics(cell.about, language)


def ticked(texts: Mapping[Side, str], titles: Sequence[str], language: str | None) -> Iterator[Ticked]:
    """The cells of a row under the `titles` of its columns that say yes where they said no, or no where they said
    yes; of a row that came or went those that say yes."""
    if not (texts["before"] and texts["after"]):
        yield from _of_new_row(texts, titles)
        return
    before, after = (texts[side].split(CELL) for side in ("before", "after"))
    if min(len(before), len(after)) == 1 or (len(before) != len(after) and not titles):
        return
    at: dict[Side, int] = {"before": 0, "after": 0}
    # the empty cells at the end of a row are not read
    for number, (was, now) in enumerate(zip_longest(before, after, fillvalue="")):
        title = titles[number] if number < len(titles) else ""
        if {_answer(was, beside=now), _answer(now, beside=was)} == {True, False}:
            side: Side = "after" if answer(now) else "before"
            cell = now if answer(now) else was
            of_choice = bool(pattern("refused").search(title))
            yield Ticked(f"{title} {after[0]}", of_choice, side, at[side], at[side] + len(cell))
        elif _is_nobody(was, beside=now, title=title, language=language):
            yield Ticked(f"{title} {after[0]}", False, "after", at["after"], at["after"] + len(now))
        elif _is_nobody(now, beside=was, title=title, language=language):
            yield Ticked(f"{title} {after[0]}", False, "before", at["before"], at["before"] + len(was))
        elif _rests_on_consent(was, beside=now) or _rests_on_consent(now, beside=was):
            side = "after" if pattern("consent_given").search(now) else "before"
            yield Ticked(after[0], True, side, at[side], at[side] + len(now if side == "after" else was))
        at["before"] += len(was) + len(CELL)
        at["after"] += len(now) + len(CELL)


def _is_nobody(cell: str, *, beside: str, title: str, language: str | None) -> bool:
    """Whether a cell says that nobody gets data, where the other names who does."""
    named = bool(beside.strip()) and answer(beside) is None
    return named and answer(cell) is False and "data_sharing" in column_topics(title, language)


def _of_new_row(texts: Mapping[Side, str], titles: Sequence[str]) -> Iterator[Ticked]:
    side: Side = "after" if texts["after"] else "before"
    cells, at = texts[side].split(CELL), 0
    for cell, title in zip(cells, titles, strict=False):
        if answer(cell):
            yield Ticked(f"{title} {cells[0]}", bool(pattern("refused").search(title)), side, at, at + len(cell))
        at += len(cell) + len(CELL)


def answered(texts: Mapping[Side, str], around: Mapping[Side, Surroundings]) -> Iterator[Ticked]:
    """The answer that turned, of a text that says yes or no to the question it begins with or stands behind."""
    was, now = opening_answer(texts["before"]), opening_answer(texts["after"])
    if was is None or now is None or was[2] == now[2]:
        return
    above = (
        question
        for question, answer in around["after"].answers.items()
        if answer == texts["after"] and around["before"].answers.get(question) == texts["before"]
    )
    question = texts["after"][: now[0]].strip() or next(above, "")
    if question and texts["before"][: was[0]].strip() in ("", question):
        side: Side = "after" if now[2] else "before"
        start, end, _ = now if now[2] else was
        yield Ticked(question, bool(pattern("refused").search(question)), side, start, end)


def _rests_on_consent(cell: str, *, beside: str) -> bool:
    """Whether a cell names consent as the only ground of the law, and the other one another ground."""
    asks, alone = pattern("consent_given"), not pattern("other_ground").search(cell)
    return bool(asks.search(cell) and alone and pattern("ground").search(beside) and not asks.search(beside))


def _answer(cell: str, *, beside: str) -> bool | None:
    """What a cell says; where others have ticks, an empty one says no."""
    return False if not cell.strip() and beside[:1] in TICKS else answer(cell)
