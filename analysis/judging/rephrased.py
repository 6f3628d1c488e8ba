"""Places that say the same in other words: a paragraph that went and one that came, written anew.

A reworded place cancels out by itself. Where a publisher writes a paragraph anew, little of the wording stays, so that
it goes and comes; what it says is no news all the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache

from analysis.change import Side
from analysis.judging.seen import Seen

_ALIKE = 0.5  # twice the words that two sentences share, of those of both
_SHARED = 2  # words with a meaning of their own


def alike(some: frozenset[str], others: frozenset[str]) -> bool:
    """Whether two sentences have half of their words."""
    shared = len(some & others)
    return shared >= _SHARED and 2 * shared >= _ALIKE * (len(some) + len(others))


@lru_cache(maxsize=512)
def _whole(one: Seen) -> tuple[tuple[Side, frozenset[str]], ...]:
    """Each whole sentence that came or went. Rows and entries stand for themselves: another entry is another thing."""
    if one.shape != "text":
        return ()
    return tuple(
        (sentence.side, one.stems(one.text_of(sentence))) for sentence in one.wording.sentences if sentence.whole
    )


def cells(seen: Sequence[Seen]) -> Sequence[int]:
    """For each place a number, which it shares with those that say the same in other words."""
    number = list(range(len(seen)))
    if len(seen) == 1:
        return number
    gone = [(place, stems) for place, one in enumerate(seen) for side, stems in _whole(one) if side == "before"]
    holding: defaultdict[str, list[int]] = defaultdict(list)
    for index, (_, stems) in enumerate(gone):
        for each in stems:
            holding[each].append(index)
    for place, one in enumerate(seen):
        for side, stems in _whole(one):
            if side == "after":
                shared = Counter(index for each in stems for index in holding[each])
                likest = max(
                    sorted(shared), key=lambda index: shared[index] / len(stems | gone[index][1]), default=None
                )
                if likest is not None and alike(stems, gone[likest][1]):
                    number = _joined(number, place, gone[likest][0])
    return number


def _joined(number: Sequence[int], place: int, other: int) -> list[int]:
    keep, drop = sorted((number[place], number[other]))
    return [keep if each == drop else each for each in number]
