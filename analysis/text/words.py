"""What differs between two texts, word by word.

The words are compared by diff-match-patch, each word standing for one character, without a time limit, so that the
answer is the same on every machine. `fast_diff_match_patch` gives the same answer sooner where it is installed. Its
work grows with the square of what differs, so what is larger than any policy is compared by RapidFuzz.
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
except ImportError:  # the extra "fast" is not installed
    fast_diff_match_patch = None

Tag = Literal["same", "removed", "added"]
_Spaced = list[tuple[str, str]]  # words, each with the white space behind it

# Chinese, Japanese and Thai are written without spaces: each of their characters is a word to us
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(
    rf"([^\W{_UNSPACED}]++(?:['’][^\W{_UNSPACED}]++)*+|[{_UNSPACED}]|[^\w\s])"
)
_SPACED_WORD = re.compile(
    r"(\w++(?:['’]\w++)*+|[^\w\s])"
)  # the same in half the time, where all words have spaces
_BARE_WORD = re.compile(r"\w+")
_ANY_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_SURROGATES = range(0xD800, 0xE000)
_LARGE = 10_000_000  # words of the one side times words of the other
_LARGEST = 4_000_000_000  # half a gigabyte of memory; what is larger counts as replaced
_ONE_SENTENCE = 0.34  # from this share of the shorter one's words on, two sentences are one reworded
_ISLAND = 2  # as many words (or fewer) that stay between two longer edits are easier read as replaced too


class Word(NamedTuple):
    """A word or a punctuation mark and where it stands."""

    text: str
    start: int
    end: int


class Edit(NamedTuple):
    """Words `before[b0:b1]` became `after[a0:a1]`; `same` where they are equal."""

    same: bool
    b0: int
    b1: int
    a0: int
    a1: int


def words(text: str) -> list[Word]:
    """The words and punctuation marks of a text."""
    return [
        Word(match.group(), *match.span())
        for match in word_pattern(text).finditer(text)
    ]


def word_texts(text: str) -> list[str]:
    """The words and punctuation marks of a text, where it does not matter where they stand."""
    return word_pattern(text).findall(text)


def bare_words(text: str) -> list[str]:
    """Its runs of letters and digits."""
    return _BARE_WORD.findall(text)


def word_pattern(text: str) -> re.Pattern[str]:
    """Finds the words and punctuation marks of a text."""
    return _SPACED_WORD if text.isascii() or not _ANY_UNSPACED.search(text) else _WORD


def edits(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Edit]:
    """The shortest way from one sequence to another, as runs that alternate between same and not."""
    start, b_end, a_end = _common_ends(before, after)
    shared = set(before[start:b_end]) & set(after[start:a_end])
    # what stands on one side only can't be matched: the search is done among the rest
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
    """The two texts word by word; same and removed put together are `before`, same and added are `after`.

    Words are the same only in sentences that are one sentence, reworded, parted or joined; what is removed or added
    ends with such a sentence.
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
    """The `word_diff` of each pair of texts."""
    return [word_diff(before, after) for before, after in sides]


def _aligned_sentences(b: _Spaced, a: _Spaced) -> Iterator[tuple[_Spaced, _Spaced]]:
    """Both texts cut into sentences that belong together, and what stands between them on one side or on both."""
    b_of, a_of = _sentence_numbers(b), _sentence_numbers(a)
    ranges: list[
        list[int]
    ] = []  # of sentences that belong together: from and to on either side
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
    """Of each word, the number of its sentence."""
    starts = [start for start, _ in sentence_bounds(_joined(pieces))][1:]
    offsets = itertools.accumulate(
        (len(word) + len(space) for word, space in pieces), initial=0
    )
    return [
        bisect_right(starts, offset) for offset, _ in zip(offsets, pieces, strict=False)
    ]


def _linked_sentences(
    b: _Spaced, b_of: Sequence[int], a: _Spaced, a_of: Sequence[int]
) -> list[tuple[int, int]]:
    """Pairs of sentences, in order, that share enough words."""
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
    """Each word with the white space after it; the first one is empty, before what the text begins with."""
    pieces = word_pattern(text).split(text)
    return list(zip(["", *pieces[1::2]], pieces[::2], strict=True))


def _common_ends(
    before: Sequence[Hashable], after: Sequence[Hashable]
) -> tuple[int, int, int]:
    """Length of the common start, and where the common end begins on each side."""
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
    """Pairs of equal elements in order."""
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
    """The same by the shortest way, whatever it costs."""
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
    """The number's own character; surrogates are no characters, so they are skipped."""
    return chr(
        number + 1 if number + 1 < _SURROGATES.start else number + 1 + len(_SURROGATES)
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


# "=", "-" or "+", and how many characters
_character_diff: Callable[[str, str], list[tuple[str, int]]] = (
    _slow_diff if fast_diff_match_patch is None else _fast_diff
)


def _runs(matches: list[tuple[int, int]], b_length: int, a_length: int) -> list[Edit]:
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
    last = runs.pop()  # with the pair behind both ends
    return (
        [*runs, last._replace(b1=b_length, a1=a_length)]
        if last.b1 - last.b0 > 1
        else runs
    )


def without_islands(runs: list[Edit]) -> list[Edit]:
    """A word or two that stay between longer edits on both their sides are read as replaced with them."""
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
