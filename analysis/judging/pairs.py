"""Which sentence of a change says the same thing as which of the other side: what the pairs mean is in restated.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial

from analysis.change import Side
from analysis.judging.rephrased import alike
from analysis.judging.restated import Restated
from analysis.judging.said import Said
from analysis.judging.seen import Seen
from analysis.text.sentence_ends import sentence_bounds

_SHARED, _MOST, _HALF, _SOME = 3, 0.6, 0.5, 0.4  # words of the shorter of two sentences that the other one has


def restated(seen: Sequence[Seen]) -> tuple[Restated, ...]:
    """Each changed sentence with the likest of the other side: of its own place, or of another under the same titles,
    where both are changed there."""
    return _restated(tuple(one for one in seen if one.is_wording))


@lru_cache(maxsize=16)
def _restated(seen: tuple[Seen, ...]) -> tuple[Restated, ...]:
    under: defaultdict[tuple[str, ...], defaultdict[Side, list[Said]]] = defaultdict(lambda: defaultdict(list))
    for one in seen:
        for side, said in _changed(one):
            under[one.passage.heading][side].append(said)
    found: dict[tuple[str, str], Restated] = {}
    for one in seen:
        in_place = one.passage.before and one.passage.after
        for pair in _in_place(one) if in_place else _pairs(one, under[one.passage.heading]):
            found.setdefault((pair.was.text, pair.now.text), pair)
    return tuple(found.values())


@lru_cache(maxsize=512)
def _in_place(one: Seen) -> tuple[Restated, ...]:
    sides = {
        side: [Said(one, text[start:end], False) for start, end in sentence_bounds(text)]
        for side, text in one.passage.texts.items()
    }
    return tuple(_pairs(one, sides))


def _pairs(one: Seen, sides: Mapping[Side, Sequence[Said]]) -> Iterator[Restated]:
    """The changed sentences of a place, each with the likest of the other side, or the only one."""
    alone = len(sides["before"]) == len(sides["after"]) == 1
    for side, said in _changed(one):
        others = sides["before" if side == "after" else "after"]
        likest = max(others, key=partial(_likeness, said), default=None)
        if likest and (_is_same(said, likest) or (alone and said.shares_topic(likest))):
            yield Restated(likest, said) if side == "after" else Restated(said, likest)


def _likeness(one: Said, other: Said) -> float:
    return 2 * len(one.stems & other.stems) / (len(one.stems) + len(other.stems) or 1)


def _is_same(one: Said, other: Said) -> bool:
    shared, fewer = len(one.stems & other.stems), min(len(one.stems), len(other.stems))
    in_place = one.one is other.one and shared >= min(_SHARED, _HALF * fewer) and shared >= _SOME * fewer
    if in_place or alike(one.stems, other.stems) or shared == fewer > 1:
        return True
    least = _HALF if "promise" in one.groups and "promise" in other.groups else _MOST
    return shared >= _SHARED and shared >= least * fewer


@lru_cache(maxsize=512)
def _changed(one: Seen) -> tuple[tuple[Side, Said], ...]:
    texts = one.passage.texts
    return tuple(
        (found.side, Said(one, texts[found.side][found.start : found.end], found.whole))
        for found in one.wording.sentences
    )
