"""The sentence that a change is headed with: the weightiest news, in the page's own words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from analysis.brief_phrases import Grammar
from analysis.brief_quote import quote
from analysis.brief_scene import Scene
from analysis.brief_spans import Span
from analysis.brief_text import Sentence
from analysis.change import SEVERITIES, Side
from analysis.surroundings import CELL
from analysis.topics import matches

_LONGEST = 45  # words
_WITH_MAIN_CLAUSE = 70  # words, where the clause that it begins with says nothing alone
_SHORTEST = 8
_LABEL = 6  # words; less is rather the entry of a list than a sentence
_LIKELY = 0.5
# the grave.RULES by which a change is high for what it no longer says
_GONE = frozenset(("training_promise_gone", "promise_gone", "consent_gone", "choice_gone"))
_CUT = "…"


class Headline(NamedTuple):
    """Words of one side; where some of a long sentence were left out, "…" stands for them."""

    text: str
    side: Side
    place: int  # of the passage among those of the change


def headline(scene: Scene, worth: Mapping[int, float], because: Collection[str]) -> Headline | None:
    """The weightiest touched sentence; None where nothing but single words changed.

    `worth` is what the answers quoted from each sentence (by its order) weigh together, `because` the rules that make
    the change high: where one says that something is gone, that may be the news.
    """
    touched = [sentence for sentence in scene.sentences if sentence.touched and len(sentence.words) > 1]
    if not touched:
        return None

    gone = bool(_GONE & set(because))

    def rank(sentence: Sentence) -> tuple[bool, bool, bool, int, int, bool, bool, float, int]:
        answers = worth.get(sentence.order, 0.0)
        says_what = answers > 0 and not _denies(sentence)
        trains = says_what and "train" in sentence.cues and "ai" in sentence.cues
        return (
            sentence.told,
            sentence.side == "after" or (gone and _spares(scene, sentence)),
            trains,
            SEVERITIES.index(sentence.severity),
            round(2 * _weight(scene, sentence)),
            says_what,
            sentence.words[0].capital,
            answers,
            -sentence.order,
        )

    best = max(touched, key=rank)
    return Headline(_told(best, scene.phrases.grammar), best.side, best.place)


def _weight(scene: Scene, sentence: Sentence) -> float:
    """How much a sentence is worth telling; a notice of a coming policy more than what stands around it."""
    chances = scene.chances(sentence)
    notice = any(match.topic == "notice" for match in matches(sentence.said, scene.phrases.language))
    return chances["worth"] + chances["medium"] + chances["high"] + notice


def _spares(scene: Scene, sentence: Sentence) -> bool:
    return scene.chances(sentence)["protection"] >= _LIKELY


def _denies(sentence: Sentence) -> bool:
    """Whether a later sentence says what is not done: "your posts, but not your messages" says what is."""
    excepts = sentence.cues.get("exception", ())
    negations = sentence.cues.get("negation", ())
    return sentence.side == "after" and any(
        not any(first <= at < last for first, last in excepts) for at, _ in negations
    )


def _told(sentence: Sentence, grammar: Grammar) -> str:
    """The sentence; a cell behind the first of its row, a short entry of a list behind its section's title."""
    text = _cut(sentence, grammar)
    cell = sentence.text.split(CELL)[0] if sentence.item and CELL in sentence.text else ""
    if cell and sentence.words[0].start > len(cell):
        return f"{cell}: {text}"
    label = sentence.item and len(sentence.words) <= _LABEL and sentence.heading
    return f"{sentence.heading.rstrip(' :')}: {text}" if label and not cell else text


def _cut(sentence: Sentence, grammar: Grammar) -> str:
    """The sentence, or of a long one the clauses that fit around its first changed word."""
    words = sentence.words
    if len(words) <= _LONGEST:
        return quote(Span(sentence, 0, len(words), "sentence")).text
    changed = next(number for number, word in enumerate(words) if word.changed)
    bounds = [0, *(n for n in range(1, len(words)) if any(mark in words[n].gap for mark in ",;:—–(|")), len(words)]
    first = max(bound for bound in bounds if bound <= max(0, changed - _LONGEST // 2) or bound == 0)
    ends = [bound for bound in bounds if changed < bound <= first + _LONGEST]
    last = max(ends, default=min(len(words), first + _LONGEST))
    if words[first].text in grammar.breaks - grammar.subjects:  # "If ...," says nothing without what follows
        last = max(bound for bound in (last, *bounds) if bound <= first + _WITH_MAIN_CLAUSE)
    first, last = _balanced(sentence, first, last)
    while last - first > _SHORTEST and words[last - 1].text in grammar.dangling:
        last -= 1
    kept = quote(Span(sentence, first, last, "sentence")).text
    return f"{_CUT if first else ''}{kept}{_CUT if last < len(words) else ''}"


def _balanced(sentence: Sentence, first: int, last: int) -> tuple[int, int]:
    """Without the part that an unclosed bracket opens, or one that was never opened closes, where enough is left."""
    opened: list[int] = []
    start = first
    for at in range(first + 1, last):
        for mark in sentence.words[at].gap:
            if mark == "(":
                opened.append(at)
            elif mark == ")" and opened:
                opened.pop()
            elif mark == ")" and last - at >= _SHORTEST:
                start = at
    if opened and opened[0] - start >= _SHORTEST:
        last = opened[0]
    return start, last
