"""Word diffs, by diff-match-patch with a character for each word, without time limit, so that the answer is the same on
every machine.

`fast_diff_match_patch` gives the same sooner. Texts larger than any policy are left to RapidFuzz.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Literal, NamedTuple

import diff_match_patch  # type: ignore[import-untyped]
from rapidfuzz.distance import LCSseq

from analysis.text.sentence_ends import sentence_bounds

try:
    import fast_diff_match_patch  # type: ignore[import-not-found]
except ImportError:  # without the extra "fast"
    fast_diff_match_patch = None

Tag = Literal["same", "removed", "added"]
_Spaced = list[tuple[str, str]]  # words with the white space behind them

# without spaces: each character is a word
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(
    rf"([^\W{_UNSPACED}]++(?:['’][^\W{_UNSPACED}]++)*+|[{_UNSPACED}]|[^\w\s])"
)
_SPACED_WORD = re.compile(
    r"(\w++(?:['’]\w++)*+|[^\w\s])"
)  # twice as fast for text with spaces
_BARE_WORD = re.compile(r"\w+")
_ANY_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_SURROGATES = range(0xD800, 0xE000)
_LARGE = 10_000_000  # words of one side times the other's
_LARGEST = 4_000_000_000  # larger ones count as replaced
_ONE_SENTENCE = 0.34  # of the shorter sentence's words
_ISLAND = 2  # words between longer edits


class Word(NamedTuple):
    text: str
    start: int
    end: int


class Edit(NamedTuple):
    """`before[b0:b1]` became `after[a0:a1]`; `same` if equal."""

    same: bool
    b0: int
    b1: int
    a0: int
    a1: int


def words(text: str) -> list[Word]:
    """With punctuation marks."""
    return [
        Word(match.group(), *match.span())
        for match in word_pattern(text).finditer(text)
    ]


def word_texts(text: str) -> list[str]:
    """As `words`, without places."""
    return word_pattern(text).findall(text)


def bare_words(text: str) -> list[str]:
    """Runs of letters and digits."""
    return _BARE_WORD.findall(text)


def word_pattern(text: str) -> re.Pattern[str]:
    """For words and punctuation marks."""
    return (
        _SPACED_WORD if text.isascii() or not _ANY_UNSPACED.search(text) else _WORD
    )


def edits(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Edit]:
    """As alternating runs of same and not."""
    start, b_end, a_end = _common_ends(before, after)
    shared = set(before[start:b_end]) & set(after[start:a_end])
    # elements of one side only can't match
    b_shared = [i for i in range(start, b_end) if before[i] in shared]
    a_shared = [j for j in range(start, a_end) if after[j] in shared]
    matches = [(i, i) for i in range(start)]
    matches += [
        (b_shared[i], a_shared[j])
        for i, j in _matches(
            [before[i] for i in b_shared], [after[j] for j in a_shared]
        )
    ]
    matches += [(b_end + i, a_end + i) for i in range(len(before) - b_end)]
    return _runs(matches, len(before), len(after))


def word_diff(before: str, after: str) -> list[tuple[Tag, str]]:
    """ "same" and "removed" joined are `before`, "same" and "added" `after`.

    Words are the same only within sentences that correspond; edits end with such a sentence.
    """
    pieces: list[tuple[int, Tag, str]] = []
    for part, (b, a) in enumerate(
        _aligned_sentences(_with_space_behind(before), _with_space_behind(after)), 1
    ):
        for run in without_islands(
            edits([word for word, _ in b], [word for word, _ in a])
        ):
            old, new = b[run.b0 : run.b1], a[run.a0 : run.a1]
            if not run.same:
                pieces += [
                    (part, "removed", _joined(old)),
                    (part, "added", _joined(new)),
                ]
                continue
            for (word, old_space), (_, new_space) in zip(old, new, strict=True):
                if old_space == new_space:
                    pieces.append((0, "same", word + new_space))
                else:
                    pieces += [
                        (0, "same", word),
                        (part, "removed", old_space),
                        (part, "added", new_space),
                    ]
    runs = itertools.groupby(
        (piece for piece in pieces if piece[2]), key=lambda piece: piece[:2]
    )
    return [(tag, "".join(text for *_, text in run)) for (_, tag), run in runs]


def word_diffs(sides: Sequence[tuple[str, str]]) -> list[list[tuple[Tag, str]]]:
    return [word_diff(before, after) for before, after in sides]


def _aligned_sentences(b: _Spaced, a: _Spaced) -> Iterator[tuple[_Spaced, _Spaced]]:
    """Corresponding sentences, and what stands between them on either side."""
    b_of, a_of = _sentence_numbers(b), _sentence_numbers(a)
    ranges: list[list[int]] = []  # bounds on either side
    for s, t in _linked_sentences(b, b_of, a, a_of):
        if ranges and (s <= ranges[-1][1] or t <= ranges[-1][3]):
            ranges[-1][1::2] = s, t
        else:
            ranges.append([s, s, t, t])
    b_at = a_at = 0
    for first_s, last_s, first_t, last_t in ranges:
        b0, b1 = bisect_left(b_of, first_s), bisect_left(b_of, last_s + 1)
        a0, a1 = bisect_left(a_of, first_t), bisect_left(a_of, last_t + 1)
        yield b[b_at:b0], []
        yield [], a[a_at:a0]
        yield b[b0:b1], a[a0:a1]
        b_at, a_at = b1, a1
    yield b[b_at:], []
    yield [], a[a_at:]


def _sentence_numbers(pieces: _Spaced) -> list[int]:
    starts = [start for start, _ in sentence_bounds(_joined(pieces))][1:]
    offsets = itertools.accumulate(
        (len(word) + len(space) for word, space in pieces), initial=0
    )
    return [
        bisect_right(starts, offset)
        for offset, _ in zip(offsets, pieces, strict=False)
    ]


def _linked_sentences(
    b: _Spaced, b_of: Sequence[int], a: _Spaced, a_of: Sequence[int]
) -> list[tuple[int, int]]:
    """In order, if they share enough words."""
    if not (b_of[-1] or a_of[-1]):
        return [(0, 0)]
    runs = edits([word for word, _ in b], [word for word, _ in a])
    same = (
        (run.b0 + k, run.a0 + k)
        for run in runs
        if run.same
        for k in range(run.b1 - run.b0)
    )
    shared = Counter(
        (b_of[i], a_of[j]) for i, j in same if i
    )  # the first word of both is empty
    b_size, a_size = Counter(b_of), Counter(a_of)
    return [
        (s, t)
        for (s, t), count in sorted(shared.items())
        if count >= _ONE_SENTENCE * min(b_size[s], a_size[t])
    ]


def _joined(words: _Spaced) -> str:
    return "".join(itertools.chain.from_iterable(words))


def _with_space_behind(text: str) -> _Spaced:
    """The first word is empty, before leading white space."""
    pieces = word_pattern(text).split(text)
    return list(zip(["", *pieces[1::2]], pieces[::2], strict=True))


def _common_ends(
    before: Sequence[Hashable], after: Sequence[Hashable]
) -> tuple[int, int, int]:
    """Length of the common prefix, and where the common suffix begins on each side."""
    start, shortest = 0, min(len(before), len(after))
    while start < shortest and before[start] == after[start]:
        start += 1
    b_end, a_end = len(before), len(after)
    while b_end > start and a_end > start and before[b_end - 1] == after[a_end - 1]:
        b_end, a_end = b_end - 1, a_end - 1
    return start, b_end, a_end


def _matches(
    before: Sequence[Hashable], after: Sequence[Hashable]
) -> list[tuple[int, int]]:
    """In order."""
    size = len(before) * len(after)
    if size <= _LARGE:
        return _shortest(before, after)
    if size > _LARGEST:
        return []
    alike = [op for op in LCSseq.opcodes(before, after) if op.tag == "equal"]
    return [
        (op.src_start + k, op.dest_start + k)
        for op in alike
        for k in range(op.src_end - op.src_start)
    ]


def _shortest(
    before: Sequence[Hashable], after: Sequence[Hashable]
) -> list[tuple[int, int]]:
    """At any cost."""
    if not before or not after:
        return []
    alphabet = {
        element: _character(number)
        for number, element in enumerate(dict.fromkeys((*before, *after)))
    }
    b_text, a_text = (
        "".join(map(alphabet.__getitem__, side)) for side in (before, after)
    )
    pairs, i, j = [], 0, 0
    for operation, length in _character_diff(b_text, a_text):
        if operation == "=":
            pairs += [(i + k, j + k) for k in range(length)]
        i += length if operation != "+" else 0
        j += length if operation != "-" else 0
    return pairs


def _character(number: int) -> str:
    """Skips surrogates."""
    return chr(
        number + 1
        if number + 1 < _SURROGATES.start
        else number + 1 + len(_SURROGATES)
    )


def _slow_diff(before: str, after: str) -> list[tuple[str, int]]:
    matcher = diff_match_patch.diff_match_patch()
    matcher.Diff_Timeout = 0
    return [
        ("-=+"[operation + 1], len(text))
        for operation, text in matcher.diff_main(before, after, False)
    ]


def _fast_diff(before: str, after: str) -> list[tuple[str, int]]:
    return list(
        fast_diff_match_patch.diff(
            before, after, timelimit=0, checklines=False, cleanup="No"
        )
    )


# "=", "-" or "+", and a number of characters
_character_diff: Callable[[str, str], list[tuple[str, int]]] = (
    _slow_diff if fast_diff_match_patch is None else _fast_diff
)


def _runs(
    matches: list[tuple[int, int]], b_length: int, a_length: int
) -> list[Edit]:
    runs: list[Edit] = []
    b_at = a_at = 0
    for b, a in [*matches, (b_length, a_length)]:
        if (b_at, a_at) != (b, a):
            runs.append(Edit(False, b_at, b, a_at, a))
        if runs and runs[-1].same:
            runs[-1] = runs[-1]._replace(b1=b + 1, a1=a + 1)
        else:
            runs.append(Edit(True, b, b + 1, a, a + 1))
        b_at, a_at = b + 1, a + 1
    last = runs.pop()  # a pair beyond both ends
    return (
        [*runs, last._replace(b1=b_length, a1=a_length)]
        if last.b1 - last.b0 > 1
        else runs
    )


def without_islands(runs: list[Edit]) -> list[Edit]:
    """A word or two between longer edits read as replaced too."""
    joined: list[Edit] = []
    for k, run in enumerate(runs):
        small = run.same and 0 < k < len(runs) - 1 and run.b1 - run.b0 <= _ISLAND
        if (
            small
            and _size(runs[k - 1]) > 2 * _ISLAND
            and _size(runs[k + 1]) > 2 * _ISLAND
        ):
            run = run._replace(same=False)
        if joined and not joined[-1].same and not run.same:
            joined[-1] = Edit(False, joined[-1].b0, run.b1, joined[-1].a0, run.a1)
        else:
            joined.append(run)
    return joined


def _size(run: Edit) -> int:
    return min(run.b1 - run.b0, run.a1 - run.a0)
