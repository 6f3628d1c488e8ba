"""As much of a sentence as a reader takes in, around the words that matter, "…" for what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from analysis.brief.phrases import Grammar
from analysis.brief.quote import quoted
from analysis.brief.spans import Span
from analysis.brief.text import Sentence

_MORE = 25  # words, where the clause that it begins with says nothing alone, or what matters stands further on
_SHORTEST = 8
_OPENING = 15  # words; more is no short way to say who does what
_TITLE = 10  # words; more before a colon are no title
_VERBS = ("collect", "process", "share", "retain", "train")
CUT = "…"


def excerpt(
    sentence: Sentence,
    grammar: Grammar,
    at: tuple[int, int],
    *,
    longest: int,
    turns: Sequence[tuple[int, int]] = (),
) -> str:
    """The sentence, or of one with more words than `longest` the clauses that fit around the words `at`: the first, and
    the one after the last. Of `turns`, words without which the rest says the opposite, the last before is kept."""
    words = sentence.words
    if len(words) <= longest:
        return quoted(Span(sentence, 0, len(words), "sentence")).text
    bounds = [0, *(n for n in range(1, len(words)) if any(mark in words[n].gap for mark in ",;:—–(|")), len(words)]
    first = max(bound for bound in bounds if bound <= max(0, at[0] - longest // 2))
    ends = [bound for bound in bounds if at[0] < bound <= first + longest]
    last = max(at[1], max(ends, default=min(len(words), first + longest)))
    within = [bound for bound in bounds if last <= bound <= first + longest + _MORE]
    start = next((bound for bound in bounds if first < bound <= first + _TITLE and ":" in words[bound].gap), first)
    if words[start].text in grammar.breaks - grammar.subjects:  # "If ...," says nothing without what follows
        last = max([last, *within])
    elif not _tells(sentence, grammar, first, last):
        last = next((bound for bound in within if _tells(sentence, grammar, last, bound)), last)
    first, last = _balanced(sentence, first, last, at)
    while last > max(at[1], first + _SHORTEST) and words[last - 1].text in grammar.dangling:
        last -= 1
    kept = quoted(Span(sentence, first, last, "sentence")).text
    turned = [(start, end) for start, end in turns if end <= first]
    if turned:
        start, end = turned[-1]
        start = max(bound for bound in bounds if bound <= start)
        before = f"{CUT if start else ''}{sentence.quote(start, end)} " if end - start <= _SHORTEST else ""
        kept = f"{before}{CUT}{kept}"
    elif first:
        kept = f"{_opening(sentence, grammar, bounds, first)}{CUT}{kept}"
    return f"{kept}{CUT if last < len(words) else ''}"


def _opening(sentence: Sentence, grammar: Grammar, bounds: Sequence[int], first: int) -> str:
    """Who does what, where the clause that is left of a sentence begins in the middle of it: "we share your data ...and
    for training"; nothing where that takes long to say."""
    following = next(bound for bound in bounds if bound > first)
    if _tells(sentence, grammar, first, following):
        return ""
    start, end = next(((start, end) for start, end in pairwise(bounds) if _acts(sentence, grammar, start, end)), (0, 0))
    turned = any(end <= at < first for at in sentence.where("negation", "exception"))
    return f"{CUT if start else ''}{sentence.quote(start, end)} " if 0 < end <= first and not turned else ""


def _acts(sentence: Sentence, grammar: Grammar, start: int, end: int) -> bool:
    subject = sentence.words[start].text in grammar.subjects
    return subject and end - start <= _OPENING and _tells(sentence, grammar, start, end)


def _tells(sentence: Sentence, grammar: Grammar, first: int, last: int) -> bool:
    """Whether a word of these is a verb that says something, as far as small words and cues tell."""
    texts = {word.text for word in sentence.words[first:last]}
    return bool(texts & (grammar.modals | grammar.passives | grammar.denied_by)) or any(
        first <= at < last for at in sentence.where(*_VERBS)
    )


def _balanced(sentence: Sentence, first: int, last: int, at: tuple[int, int]) -> tuple[int, int]:
    """Without the part that an unclosed bracket opens, or one that was never opened closes, where enough is left, and
    the words `at`."""
    opened: list[int] = []
    start = first
    for number in range(first + 1, last):
        for mark in sentence.words[number].gap:
            if mark == "(":
                opened.append(number)
            elif mark == ")" and opened:
                opened.pop()
            elif mark == ")" and last - number >= _SHORTEST and number <= max(at[0], first + 1):
                start = number
    if opened and opened[0] - start >= _SHORTEST and opened[0] >= at[1]:
        last = opened[0]
    return start, last
