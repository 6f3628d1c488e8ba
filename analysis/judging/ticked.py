"""Cells that turned from a no to a yes, or back: in tables of what is collected, shared or left to choose one word is
all the news."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from analysis.blocks import CELL
from analysis.change import Side
from analysis.text.looks import answer, pattern
from analysis.text.normal import TICKS


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


def ticked(texts: Mapping[Side, str], titles: Sequence[str]) -> Iterator[Ticked]:
    """The cells of a row under the `titles` of its columns that say yes where they said no, or no where they said
    yes."""
    before, after = (texts[side].split(CELL) for side in ("before", "after"))
    if min(len(before), len(after)) == 1 or (len(before) != len(after) and not titles):
        return
    at: dict[Side, int] = {"before": 0, "after": 0}
    # the empty cells at the end of a row are not read
    for number, (was, now) in enumerate(zip_longest(before, after, fillvalue="")):
        if {_answer(was, beside=now), _answer(now, beside=was)} == {True, False}:
            title = titles[number] if number < len(titles) else ""
            side: Side = "after" if answer(now) else "before"
            cell = now if answer(now) else was
            of_choice = bool(pattern("refused").search(title))
            yield Ticked(f"{title} {after[0]}", of_choice, side, at[side], at[side] + len(cell))
        elif _rests_on_consent(was, beside=now) or _rests_on_consent(now, beside=was):
            side = "after" if pattern("consent_given").search(now) else "before"
            yield Ticked(after[0], True, side, at[side], at[side] + len(now if side == "after" else was))
        at["before"] += len(was) + len(CELL)
        at["after"] += len(now) + len(CELL)


def _rests_on_consent(cell: str, *, beside: str) -> bool:
    """Whether a cell names consent as the only ground of the law, and the other one another ground."""
    asks, alone = pattern("consent_given"), not pattern("other_ground").search(cell)
    return bool(asks.search(cell) and alone and pattern("ground").search(beside) and not asks.search(beside))


def _answer(cell: str, *, beside: str) -> bool | None:
    """What a cell says; where others have ticks, an empty one says no."""
    return False if not cell.strip() and beside[:1] in TICKS else answer(cell)
