"""What differs between two texts, word by word.

The words are compared by diff-match-patch, each word standing for one character, without a time limit, so that the
answer never hangs on the machine. `fast_diff_match_patch` gives the same answer sooner where it is installed. Its work
grows with the square of what differs, so what is larger than any policy is split first, and what is still too large
counts as replaced.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from itertools import accumulate, starmap
from typing import Literal, NamedTuple

import diff_match_patch  # type: ignore[import-untyped]

try:
    import fast_diff_match_patch  # type: ignore[import-not-found]
except ImportError:  # the extra "fast" is not installed
    fast_diff_match_patch = None

Tag = Literal["same", "removed", "added"]
_Pieces = list[tuple[Tag, list[str]]]

# Chinese, Japanese and Thai are written without spaces: each of their characters is a word to us
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"([^\W{_UNSPACED}]++(?:['’][^\W{_UNSPACED}]++)*+|[{_UNSPACED}]|[^\w\s])")
_SPACED_WORD = re.compile(r"(\w++(?:['’]\w++)*+|[^\w\s])")  # the same in half the time, where all words have spaces
_BARE_WORD = re.compile(r"\w+")
_ANY_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_SURROGATES = range(0xD800, 0xE000)
_LARGEST = 10_000_000  # words of the one side times words of the other, of all that is compared
_ANCHORS = (1, 3)  # words in a row, that stand once on either side
_ISLAND = 2  # as many words (or fewer) that stay between two longer edits are easier read as replaced too


class Word(NamedTuple):
    """A word or a punctuation mark and where it stands."""

    text: str
    start: int
    end: int


class Columns(NamedTuple):
    """The words and punctuation marks of a text, and where they start and end.

    In columns, for plain tuples of words and numbers are nothing to the garbage collector, an object a word is; and
    no step is taken for each word.
    """

    texts: list[str]
    starts: list[int]
    ends: list[int]


class Edit(NamedTuple):
    """Words `before[b0:b1]` became `after[a0:a1]`; `same` where they are equal."""

    same: bool
    b0: int
    b1: int
    a0: int
    a1: int


def words(text: str) -> list[Word]:
    """The words and punctuation marks of a text."""
    return list(starmap(Word, zip(*in_columns(text), strict=True)))


def word_texts(text: str) -> list[str]:
    """The words and punctuation marks of a text, where it does not matter where they stand."""
    return _pattern(text).findall(text)


@lru_cache(maxsize=1024)
def bare_words(text: str) -> tuple[str, ...]:
    """Its runs of letters and digits, for what is asked of the same texts again and again."""
    return tuple(_BARE_WORD.findall(text))


def in_columns(text: str, at: int = 0) -> Columns:
    """The words and punctuation marks of a text that begins at an offset."""
    pieces = _pattern(text).split(text)  # what is between two words, and each word
    ends = list(accumulate(map(len, pieces), initial=at))
    return Columns(pieces[1::2], ends[1:-1:2], ends[2::2])


def _pattern(text: str) -> re.Pattern[str]:
    return _SPACED_WORD if text.isascii() or not _ANY_UNSPACED.search(text) else _WORD


def edits(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Edit]:
    """The shortest way from one sequence to another, as runs that alternate between same and not."""
    start, b_end, a_end = _common_ends(before, after)
    shared = set(before[start:b_end]) & set(after[start:a_end])
    # what stands on one side only can't be matched: the search is done among the rest
    b_kept = [i for i in range(start, b_end) if before[i] in shared]
    a_kept = [j for j in range(start, a_end) if after[j] in shared]
    matches = [(i, i) for i in range(start)]
    matches += [(b_kept[i], a_kept[j]) for i, j in _matches([before[i] for i in b_kept], [after[j] for j in a_kept])]
    matches += [(b_end + i, a_end + i) for i in range(len(before) - b_end)]
    return _runs(matches, len(before), len(after))


def word_diff(before: str, after: str) -> list[tuple[Tag, str]]:
    """The two texts word by word; same and removed put together are `before`, same and added are `after`."""
    b, a = words(before), words(after)
    runs = without_islands(edits([word.text for word in b], [word.text for word in a]))
    pieces: _Pieces = []
    b_at = a_at = 0
    for run in runs:
        b_next = b[run.b1].start if run.b1 < len(b) else len(before)
        a_next = a[run.a1].start if run.a1 < len(a) else len(after)
        if run.same:
            b_at, a_at = _same_pieces(pieces, (before, b, b_at, run.b0), (after, a, a_at, run.a0), run.b1 - run.b0)
        _put(pieces, "removed", before[b_at:b_next] if not run.same else "")
        _put(pieces, "added", after[a_at:a_next] if not run.same else "")
        if not run.same:
            b_at, a_at = b_next, a_next
    _put(pieces, "removed", before[b_at:])
    _put(pieces, "added", after[a_at:])
    return [(tag, "".join(texts)) for tag, texts in pieces]


def _same_pieces(
    pieces: _Pieces,
    b_side: tuple[str, list[Word], int, int],
    a_side: tuple[str, list[Word], int, int],
    count: int,
) -> tuple[int, int]:
    """Put `count` equal words with the white space after them, which may differ; return where each side goes on."""
    before, b, b_at, b0 = b_side
    after, a, a_at, a0 = a_side
    if before[b_at : b[b0].start] != after[a_at : a[a0].start]:
        _put(pieces, "removed", before[b_at : b[b0].start])
        _put(pieces, "added", after[a_at : a[a0].start])
        b_at, a_at = b[b0].start, a[a0].start
    for i in range(count):
        b_next = b[b0 + i + 1].start if b0 + i + 1 < len(b) else len(before)
        a_next = a[a0 + i + 1].start if a0 + i + 1 < len(a) else len(after)
        if before[b_at:b_next] == after[a_at:a_next]:
            _put(pieces, "same", before[b_at:b_next])
        else:
            _put(pieces, "same", before[b_at : b[b0 + i].end])
            _put(pieces, "removed", before[b[b0 + i].end : b_next])
            _put(pieces, "added", after[a[a0 + i].end : a_next])
        b_at, a_at = b_next, a_next
    return b_at, a_at


def _put(pieces: _Pieces, tag: Tag, text: str) -> None:
    if not text:
        return
    if pieces and pieces[-1][0] == tag:
        pieces[-1][1].append(text)
    else:
        pieces.append((tag, [text]))


def _common_ends(before: Sequence[Hashable], after: Sequence[Hashable]) -> tuple[int, int, int]:
    """Length of the common start, and where the common end begins on each side."""
    start, shortest = 0, min(len(before), len(after))
    while start < shortest and before[start] == after[start]:
        start += 1
    b_end, a_end = len(before), len(after)
    while b_end > start and a_end > start and before[b_end - 1] == after[a_end - 1]:
        b_end, a_end = b_end - 1, a_end - 1
    return start, b_end, a_end


def _matches(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pairs of equal elements in order."""
    if len(before) * len(after) <= _LARGEST:
        return _shortest(before, after)
    pairs: list[tuple[int, int]] = []
    left = _LARGEST
    b_at = a_at = 0
    for i, j in (*_anchors(before, after), (len(before), len(after))):
        work = (i - b_at) * (j - a_at)
        if work <= left:
            pairs += [(b_at + m, a_at + n) for m, n in _shortest(before[b_at:i], after[a_at:j])]
            left -= work
        pairs.append((i, j))
        b_at, a_at = i + 1, j + 1
    return pairs[:-1]  # without the ends of both


def _anchors(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pairs of equal elements in order that can hardly be paired otherwise: as in a patience diff, those that are
    alone of their kind on either side, or are part of a sequence that is."""
    pairs: set[tuple[int, int]] = set()
    for size in _ANCHORS:
        b_where, a_where = _alone(before, size), _alone(after, size)
        shared = ((i, a_where[key]) for key, i in b_where.items() if key in a_where)
        pairs.update((i + k, j + k) for i, j in shared for k in range(size))
    return _increasing(sorted(pairs, key=lambda pair: (pair[0], -pair[1])))


def _alone(elements: Sequence[Hashable], size: int) -> dict[tuple[Hashable, ...], int]:
    """Where each run of this size starts that stands there once."""
    runs = list(zip(*(elements[k:] for k in range(size)), strict=False))
    counts = Counter(runs)
    return {run: at for at, run in enumerate(runs) if counts[run] == 1}


def _increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """As many of the pairs as can be had with both their numbers growing."""
    ends: list[int] = []  # the least second number that so many pairs in a row can end with
    last: list[int] = []  # and the pair that it is of
    before: list[int] = []  # for each pair, the one before it in its row
    for number, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [j]
        last[length : length + 1] = [number]
    row: list[tuple[int, int]] = []
    at = last[-1] if last else -1
    while at >= 0:
        row.append(pairs[at])
        at = before[at]
    return row[::-1]


def _shortest(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The same by the shortest way, whatever it takes."""
    if not before or not after:
        return []
    alphabet = {element: _character(number) for number, element in enumerate(dict.fromkeys((*before, *after)))}
    b_text, a_text = ("".join(map(alphabet.__getitem__, side)) for side in (before, after))
    pairs, i, j = [], 0, 0
    for same, removed, length in _character_diff(b_text, a_text):
        if same:
            pairs += [(i + k, j + k) for k in range(length)]
        i += length if same or removed else 0
        j += length if same or not removed else 0
    return pairs


def _character(number: int) -> str:
    """The number's own character; surrogates are no characters, so they are skipped."""
    return chr(number + 1 if number + 1 < _SURROGATES.start else number + 1 + len(_SURROGATES))


def _slow_diff(before: str, after: str) -> list[tuple[bool, bool, int]]:
    matcher = diff_match_patch.diff_match_patch()
    matcher.Diff_Timeout = 0
    return [(operation == 0, operation < 0, len(text)) for operation, text in matcher.diff_main(before, after, False)]


def _fast_diff(before: str, after: str) -> list[tuple[bool, bool, int]]:
    found = fast_diff_match_patch.diff(before, after, timelimit=0, checklines=False, cleanup="No")
    return [(operation == "=", operation == "-", length) for operation, length in found]


# (is it the same, was it removed, how many characters)
_character_diff: Callable[[str, str], list[tuple[bool, bool, int]]] = (
    _slow_diff if fast_diff_match_patch is None else _fast_diff
)


def _runs(matches: list[tuple[int, int]], b_length: int, a_length: int) -> list[Edit]:
    runs: list[Edit] = []
    b_at = a_at = k = 0
    while k < len(matches):
        b0, a0 = matches[k]
        if (b_at, a_at) != (b0, a0):
            runs.append(Edit(False, b_at, b0, a_at, a0))
        first = k
        while k + 1 < len(matches) and matches[k + 1] == (matches[k][0] + 1, matches[k][1] + 1):
            k += 1
        k += 1
        b_at, a_at = b0 + k - first, a0 + k - first
        runs.append(Edit(True, b0, b_at, a0, a_at))
    if (b_at, a_at) != (b_length, a_length):
        runs.append(Edit(False, b_at, b_length, a_at, a_length))
    return runs


def without_islands(runs: list[Edit]) -> list[Edit]:
    """A word or two that stay between longer edits on both their sides are read as replaced with them."""
    kept: list[Edit] = []
    for k, run in enumerate(runs):
        small = run.same and 0 < k < len(runs) - 1 and run.b1 - run.b0 <= _ISLAND
        if small and _size(runs[k - 1]) > 2 * _ISLAND and _size(runs[k + 1]) > 2 * _ISLAND:
            run = run._replace(same=False)
        if kept and not kept[-1].same and not run.same:
            kept[-1] = Edit(False, kept[-1].b0, run.b1, kept[-1].a0, run.a1)
        else:
            kept.append(run)
    return kept


def _size(run: Edit) -> int:
    return min(run.b1 - run.b0, run.a1 - run.a0)
