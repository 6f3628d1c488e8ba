"""Names in a sentence: what stands inside one says nothing of its own, be it a law, a company or a link's words."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.blocks import CELL
from analysis.brief.phrases import Grammar
from analysis.brief.text import Sentence, Word

_SHORTEST = 3  # capitalised words in a row that are a name
_MOST = 0.7  # of a sentence's words in capitals: a title, not a name in a sentence
_OF = ("of", "for")
_APOSTROPHES = ("'", "’")


def capital_runs(sentence: Sentence, grammar: Grammar, *, joined: bool = True) -> Iterator[tuple[int, int]]:
    """Words with capitals in a row, with small ones like "of the" between them, and `joined` with "and"."""
    words, at = sentence.words, 0
    while at < len(words):
        if not words[at].capital or words[at].text in grammar.stops or words[at].text in grammar.determiners:
            at += 1
            continue
        end = further = at + 1
        while further < len(words) and further - end < 3 and _goes_on(words[further].gap):
            if words[further].capital:
                end = further + 1
            elif not _is_inside(words[further], grammar, joined=joined):
                break
            further += 1
        yield at, end
        at = end


def _is_inside(word: Word, grammar: Grammar, *, joined: bool) -> bool:
    """Whether a small word may stand inside a name."""
    text = word.text
    small = text in grammar.inner or text in grammar.determiners or text in _OF or (joined and text in grammar.joins)
    return small or word.gap in _APOSTROPHES


def _goes_on(gap: str) -> bool:
    return not gap.strip() or gap in _APOSTROPHES or gap == "-"


def long_names(sentence: Sentence, grammar: Grammar) -> tuple[tuple[int, int], ...]:
    """Words between quotation marks, and three or more with capitals in a row; a title in capitals is none."""
    words = sentence.words
    if sum(word.capital for word in words) >= _MOST * len(words):
        return sentence.names
    runs = (
        (first, last)
        for first, last in capital_runs(sentence, grammar)
        if sum(word.capital for word in words[first:last]) >= _SHORTEST
    )
    return (*sentence.names, *runs)


def line_starts(sentence: Sentence, grammar: Grammar, cues: tuple[str, ...]) -> frozenset[int]:
    """The words of a cell that begin a line, where nothing else ends the one before: "Contact data Order history".

    Told by a capital behind a small noun, at a phrase of one of `cues`.
    """
    if not sentence.item or CELL not in sentence.text:
        return frozenset()
    words, small = sentence.words, grammar.stops | grammar.determiners | grammar.joins | grammar.inner
    return frozenset(
        at
        for at in sentence.where(*cues)
        if at and words[at].capital and not sentence.quote(at, at + 1).isupper() and not words[at].gap.strip()
        if not words[at - 1].capital and words[at - 1].text not in small
    )


def within_name(names: tuple[tuple[int, int], ...], first: int, last: int) -> bool:
    return any(start <= first and last <= end for start, end in names)
