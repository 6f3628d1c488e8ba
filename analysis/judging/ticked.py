"""Cells that turned from a no to a yes, or back: in tables of what is collected, shared or left to choose one word is
all the news."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from analysis.blocks import CELL
from analysis.change import Side
from analysis.text.looks import answer, pattern


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
    if len(before) != len(after) or len(after) == 1:
        return
    at: dict[Side, int] = {"before": 0, "after": 0}
    for number, (was, now) in enumerate(zip(before, after, strict=True)):
        if {answer(was), answer(now)} == {True, False}:
            title = titles[number] if number < len(titles) else ""
            side: Side = "after" if answer(now) else "before"
            cell = now if answer(now) else was
            of_choice = bool(pattern("refused").search(title))
            yield Ticked(f"{title} {after[0]}", of_choice, side, at[side], at[side] + len(cell))
        at["before"] += len(was) + len(CELL)
        at["after"] += len(now) + len(CELL)
