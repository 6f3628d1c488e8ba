"""Passages: where two versions of a page differ, recognising moved, reworded and re-wrapped text."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from rapidfuzz.distance import LCSseq

from analysis.diff.lead_ins import lead_ins
from analysis.model import CELL, Block, Page, Passage
from analysis.text.normal import normalize
from analysis.text.words import edits, word_texts

_ALIKE = 0.5  # of common words in blocks of one place
_ALIKE_ELSEWHERE = 0.75  # of different places
_GROWN = 0.7  # of a text to one that contains all its words in order
_NEARLY = 0.9  # of common words: a word or two was added
_SHORT = 8  # words of blocks found elsewhere only word for word
_NUMBER = re.compile(
    r"^(?:(?:\d{1,3}(?:\.\d{1,3})*|[a-z]|[ivx]{1,5})[.):]|\((?:\d{1,3}|[a-z]|[ivx]{1,5})\)|\d{1,3}(?:\.\d{1,3})+)\s+(?=\S)"
)
_SIGNS = "%$€£"
_LONG = 1_000_000_000  # words times words
_BETWEEN = 4  # blocks
_RARE = 40  # blocks; a word pair in more identifies none


class _Text(NamedTuple):
    """A block and its keys."""

    block: Block
    key: str
    stays: bool  # its first cell is unique, also in the other page
    lead_in: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        return plain_words(self.block.text)

    @property
    def surroundings(self) -> dict[str, Any]:
        return {"lead_in": self.lead_in, "is_heading": self.block.kind == "heading"}

    @property
    def governing(self) -> tuple[str, ...]:
        return (*self.block.heading[-1:], *self.lead_in)


class _Place(NamedTuple):
    """By the later text; removed ones by the block they preceded."""

    after: int
    before: int


def passages(before: Page, after: Page) -> tuple[Passage, ...]:
    """In the later text's order, unclassified.

    Invisible differences (punctuation, case, white space, list numbers, paragraph breaks) are none. Text found
    elsewhere word for word is `moved`; so is what now stands under another title or lead-in of both texts.
    """
    b, a = _texts(before, after), _texts(after, before)
    titles = _titles(b) & _titles(a)
    places: dict[_Place, Passage] = {}
    b_left: dict[int, int] = {}  # by index, that in the later text
    a_left: dict[int, None] = {}  # for its order
    for run in edits([text.key for text in b], [text.key for text in a]):
        if run.same:
            for i, j in zip(
                range(run.b0, run.b1), range(run.a0, run.a1), strict=True
            ):
                if former := _former(b[i], a[j], titles):
                    places[_Place(j, i)] = _moved(b[i], a[j], former)
            continue
        b_gap, a_gap = range(run.b0, run.b1), range(run.a0, run.a1)
        if [w for i in b_gap for w in b[i].words] == [
            w for j in a_gap for w in a[j].words
        ]:
            continue
        pairs = _pairs(b, b_gap, a, a_gap, _ALIKE)
        b_free, a_free = (
            set(b_gap).difference(i for i, _ in pairs),
            set(a_gap).difference(j for _, j in pairs),
        )
        for i, j in pairs:
            joined_b, joined_a = _rewrapped(b, a, i, j, b_free, a_free)
            _put(places, b, a, joined_b, joined_a)
        place = min(a_free, default=run.a1)
        b_left.update((i, place) for i in sorted(b_free))
        a_left.update(dict.fromkeys(sorted(a_free)))
    _elsewhere(places, b, a, b_left, a_left, titles)
    for i, j in b_left.items():
        places[_Place(j, i)] = Passage(
            b[i].block.heading,
            "removed",
            b[i].block.text,
            None,
            **b[i].surroundings,
        )
    for j in a_left:
        places[_Place(j, len(b))] = Passage(
            a[j].block.heading, "added", None, a[j].block.text, **a[j].surroundings
        )
    return tuple(places[place] for place in sorted(places))


def block_keys(page: Page) -> frozenset[str]:
    """For asking whether a text stood on the page."""
    return frozenset(text_key(block.text) for block in page.blocks)


def text_key(text: str) -> str:
    return " ".join(plain_words(text))


@lru_cache(maxsize=4096)
def plain_words(text: str) -> tuple[str, ...]:
    """Without case, punctuation and section numbers."""
    text = _NUMBER.sub("", normalize(text).casefold())
    words = word_texts(text)
    if "_" in text:
        words = [plain for word in words if (plain := word.strip("_"))]  # italics
    return tuple(word for word in words if word[0].isalnum() or word in _SIGNS)


def _texts(page: Page, other: Page) -> list[_Text]:
    """What the other page lacks needs a closer look."""
    shared = {block.text for block in other.blocks}
    mine, others = (
        Counter(_cells(block)[0] for block in each.blocks if block.kind == "row")
        for each in (page, other)
    )
    texts = [
        _Text(
            block,
            block.text
            if block.text in shared
            else " ".join(plain_words(block.text)),
            block.kind == "row"
            and mine[_cells(block)[0]] == others[_cells(block)[0]] == 1,
            lead_in,
        )
        for block, lead_in in zip(page.blocks, lead_ins(page.blocks), strict=True)
    ]
    return [text for text in texts if any(map(str.isalnum, text.key))]


def _put(
    places: dict[_Place, Passage],
    b: list[_Text],
    a: list[_Text],
    b_part: Sequence[int],
    a_part: Sequence[int],
) -> None:
    """Unless the words are the same."""
    if [w for i in b_part for w in b[i].words] == [
        w for j in a_part for w in a[j].words
    ]:
        return
    before, after = (
        "\n".join(side[k].block.text for k in part)
        for side, part in ((b, b_part), (a, a_part))
    )
    first = a[a_part[0]]
    passage = Passage(
        first.block.heading, "reworded", before, after, **first.surroundings
    )
    places[_Place(a_part[0], b_part[0])] = passage


def _pairs(
    b: list[_Text],
    b_gap: Sequence[int],
    a: list[_Text],
    a_gap: Sequence[int],
    alike: float,
) -> list[tuple[int, int]]:
    """Rows of one name, then the most alike, then the nearest."""
    b_cells, a_cells = (
        {i: _cells(b[i].block) for i in b_gap},
        {j: _cells(a[j].block) for j in a_gap},
    )
    scored = []
    for i, j in _candidates(b, b_gap, a, a_gap):
        named = _named_alike(b_cells[i], a_cells[j])
        of_one_name = b[i].stays and a[j].stays
        likeness = (
            float(named > 0) if of_one_name else _likeness(b[i].words, a[j].words)
        )
        if likeness >= alike or _answer_alike(b, i, a, j):
            scored.append(
                (-named, -likeness, abs((i - b_gap[0]) - (j - a_gap[0])), i, j)
            )
    b_taken, a_taken, pairs = set(), set(), []
    for *_, i, j in sorted(scored):
        if i not in b_taken and j not in a_taken:
            b_taken.add(i)
            a_taken.add(j)
            pairs.append((i, j))
    return pairs


def _answer_alike(b: list[_Text], i: int, a: list[_Text], j: int) -> bool:
    """Both follow the same question: "No." and "Yes." share no word."""
    return (
        min(i, j) > 0
        and b[i - 1].key == a[j - 1].key
        and b[i - 1].block.text.rstrip(' *"”’»)').endswith("?")
    )


def _cells(block: Block) -> list[str]:
    """Of a row; none of other blocks."""
    return (
        normalize(block.text).casefold().split(CELL) if block.kind == "row" else []
    )


def _named_alike(b_cells: Sequence[str], a_cells: Sequence[str]) -> int:
    """In tables of cookies the other cells hardly differ."""
    both = itertools.takewhile(
        lambda pair: pair[0] == pair[1], zip(b_cells, a_cells, strict=False)
    )
    return sum(1 for _ in both)


def _candidates(
    b: list[_Text], b_gap: Sequence[int], a: list[_Text], a_gap: Sequence[int]
) -> list[tuple[int, int]]:
    """In a large gap, only pairs with two consecutive words in common."""
    if len(b_gap) * len(a_gap) <= 64:
        return [(i, j) for i in b_gap for j in a_gap]
    where: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for j in a_gap:
        for pair in _word_pairs(a[j].words):
            where[pair].append(j)
    rare = {pair: blocks for pair, blocks in where.items() if len(blocks) <= _RARE}
    candidates = []
    for i in b_gap:
        pairs = _word_pairs(b[i].words)
        shared = Counter(j for pair in pairs for j in rare.get(pair, ()))
        candidates += [
            (i, j)
            for j, count in shared.most_common(5)
            if 4 * count >= min(len(pairs), 40)
        ]
    return candidates


def _word_pairs(plain: tuple[str, ...]) -> set[tuple[str, ...]]:
    return set(itertools.pairwise(plain)) if len(plain) > 2 else {plain}


def _likeness(b_words: tuple[str, ...], a_words: tuple[str, ...]) -> float:
    """0 to 1: the share of common words, in order; of the shorter text's words if the longer one grew from it."""
    shorter, longer = sorted((len(b_words), len(a_words)))
    if not shorter or (shorter < longer * _ALIKE / 2 and shorter < _SHORT / 2):
        return 0.0
    if shorter * longer > _LONG:
        common = (Counter(b_words) & Counter(a_words)).total()
    else:
        common = LCSseq.similarity(b_words, a_words)
    whole = 2 * common / (shorter + longer)
    if common == shorter and shorter >= _SHORT / 2 and longer <= 8 * shorter:
        return whole if whole >= _NEARLY else _GROWN
    return max(
        whole,
        0.9 * common / shorter
        if shorter >= _SHORT and common >= 0.8 * shorter
        else 0.0,
    )


def _rewrapped(
    b: list[_Text],
    a: list[_Text],
    i: int,
    j: int,
    b_free: set[int],
    a_free: set[int],
) -> tuple[Sequence[int], Sequence[int]]:
    """Where a paragraph was split or joined; no longer free."""
    return _grown(b, i, b_free, a[j].words), _grown(a, j, a_free, b[i].words)


def _grown(
    texts: list[_Text], at: int, free: set[int], other: tuple[str, ...]
) -> Sequence[int]:
    """With free neighbours whose words mostly stand in the other text. After an insertion into a line, its rest belongs
    to it if it is complete.
    """
    if free.isdisjoint((at - 1, at + 1)):
        return (at,)
    left = Counter(other)
    left.subtract(texts[at].words)
    parts = [at]
    for step in (1, -1):
        neighbour, between = at + step, 0
        while neighbour in free and between <= _BETWEEN:
            candidate = Counter(texts[neighbour].words)
            common = sum(
                min(count, max(left[word], 0)) for word, count in candidate.items()
            )
            if (
                candidate.total() > 2
                and common >= (1 if between else 0.8) * candidate.total()
            ):
                left.subtract(candidate)
                free.remove(neighbour)
                parts.append(neighbour)
                between = 0
            else:
                between += 1
            neighbour += step
    return sorted(parts)


def _titles(texts: Sequence[_Text]) -> set[str]:
    """Keys of lines that govern others."""
    lines = dict.fromkeys(line for text in texts for line in text.governing)
    return {text_key(line) for line in lines}


def _former(b: _Text, a: _Text, titles: set[str]) -> tuple[str, ...]:
    """What governed it, if that governs no more but stands on, as does what governs it now: else a title was reworded."""
    if b.governing == a.governing or b.block.kind == "heading":
        return ()
    was, now = ({text_key(line) for line in text.governing} for text in (b, a))
    is_other = was - now and now - was and was | now <= titles
    return b.governing if is_other else ()


def _moved(b: _Text, a: _Text, former: tuple[str, ...]) -> Passage:
    return Passage(
        a.block.heading,
        "moved",
        b.block.text,
        a.block.text,
        former=former,
        **a.surroundings,
    )


def _elsewhere(
    places: dict[_Place, Passage],
    b: list[_Text],
    a: list[_Text],
    b_left: dict[int, int],
    a_left: dict[int, None],
    titles: set[str],
) -> None:
    """Moved, perhaps slightly changed; removed from what is left."""
    by_key: dict[str, deque[int]] = defaultdict(deque)
    for j in a_left:
        by_key[a[j].key].append(j)
    for i in tuple(b_left):
        same = by_key.get(b[i].key)
        if same:
            j = same.popleft()
            del b_left[i], a_left[j]
            places[_Place(j, i)] = _moved(b[i], a[j], _former(b[i], a[j], titles))
    b_long = [i for i in b_left if len(b[i].words) >= _SHORT]
    a_long = [j for j in a_left if len(a[j].words) >= _SHORT]
    if not b_long or not a_long:
        return
    for i, j in _pairs(b, b_long, a, a_long, _ALIKE_ELSEWHERE):
        del b_left[i], a_left[j]
        _put(places, b, a, [i], [j])
