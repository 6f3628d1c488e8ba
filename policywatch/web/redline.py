"""The later of two texts as a whole, with what was added and removed marked where it stands."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from policywatch.web.layout import Part, stretches
from storage.changes import StoredPassage
from storage.paragraphs import texts_of

_NEAR = 50  # blocks before one that is gone, of which one that stays says where it was


@dataclass(frozen=True, slots=True)
class MarkedStretch:
    """Blocks of the later text: those of one passage, or unchanged ones. `gone` stood before them."""

    gone: list[StoredPassage]
    passage: StoredPassage | None
    parts: list[Part]


def redline(
    passages: Sequence[StoredPassage], before: Any, after: Any
) -> list[MarkedStretch]:
    """`passages` are the differences of these pages, in the later one's order."""
    texts = texts_of(after)
    changed = _changed_blocks(passages, texts)
    gone = _gone(passages, texts_of(before), texts, changed)
    by_position = {each.position: each for each in passages}
    ages, cuts = [], 0
    for number in range(len(texts)):
        cuts += number in gone
        ages.append((cuts, changed.get(number)))
    marked, shown = list[MarkedStretch](), set[int]()
    for stretch in stretches(after, ages):
        position = stretch.since[1] if stretch.since else None
        before_it = gone.pop(stretch.parts[0].lines[0].block, [])
        if position is None:
            marked.append(MarkedStretch(before_it, None, stretch.parts))
        elif position not in shown:
            passage = by_position[position]
            marked.append(MarkedStretch(before_it, passage, stretch.parts))
            shown.add(position)
        elif before_it:  # the block is shown with the first of its passage
            marked.append(MarkedStretch(before_it, None, []))
    rest = [each for number in sorted(gone) for each in gone[number]]
    return [*marked, MarkedStretch(rest, None, [])] if rest else marked


def _changed_blocks(
    passages: Sequence[StoredPassage], texts: Sequence[str]
) -> dict[int, int]:
    """By number of a block in the later text, the position of the passage that it is of."""
    places = _places(texts)
    changed: dict[int, int] = {}
    at = 0
    for passage in passages:
        first = None
        for line in passage.after.split("\n") if passage.after else ():
            same = places[line]
            from_here = islice(same, bisect_left(same, at), None)
            place = next((each for each in from_here if each not in changed), None)
            if place is not None:
                changed[place] = passage.position
                first = place if first is None else first
        at = at if first is None else first
    return changed


def _gone(
    passages: Sequence[StoredPassage],
    before: Sequence[str],
    after: Sequence[str],
    changed: Mapping[int, int],
) -> dict[int, list[StoredPassage]]:
    """Passages without a block in the later text, by the number of the block that they preceded there."""
    starts = {position: place for place, position in sorted(changed.items())[::-1]}
    bounds, high = list[int](), len(after)
    for passage in reversed(passages):
        high = starts.get(passage.position, high)
        bounds.append(high)
    earlier = {text: iter(each) for text, each in _places(before).items()}
    later = _places(after)
    gone: dict[int, list[StoredPassage]] = defaultdict(list)
    placed: dict[int, int] = {}  # by number of a block in the earlier text
    low = 0
    for passage, high in zip(passages, reversed(bounds), strict=True):
        if passage.position in starts:
            low = starts[passage.position] + 1
            continue
        first = (passage.before or "").partition("\n")[0]
        stood = next(earlier.get(first, iter(())), None)
        place = low
        for number in range(stood - 1, max(stood - _NEAR, 0) - 1, -1) if stood else ():
            same = later.get(before[number], [])
            at = bisect_left(same, high) - 1
            behind = same[at] + 1 if at >= 0 else placed.get(number, -1)
            if low <= behind <= high:
                place = behind
                break
        if stood is not None:
            placed[stood] = place
        gone[place].append(passage)
    return gone


def _places(texts: Sequence[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for number, text in enumerate(texts):
        places[text].append(number)
    return places
