"""Which words of a passage answer a question of the summary, as a small convolutional network learnt it.

`python -m evaluation summary` trains the weights; here they are only read. The answers are offsets into the passage's
own text, so that nothing can be quoted that does not stand there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.diff.wording import ChangedSentence
from analysis.model import QUESTIONS, Passage, Question, Side
from analysis.text.intervals import Intervals
from analysis.text.lexicon import Lexicon, PhraseMatch, matches
from analysis.text.sentence_ends import sentence_bounds
from analysis.text.word_lists import word_lists

WEIGHTS = Path(__file__).with_name("tagger.npz")
SHAPES, KINDS = 12, 10  # rows of their tables
TABLES = ("words", "endings", "shapes", "kinds", "cues")  # that the networks share
_WORD = re.compile(r"[^\W_]+|[^\w\s]")
_BULLETS = "*•·▪|"  # no answer goes across one
_HEADING_WORDS = 14  # of each of the two innermost headings
_NEAR = 2  # sentences around a changed one that it is read with
_LONGEST = 600  # words of an excerpt
_IN_HEADING, _UNCHANGED, _BESIDE, _CHANGED, _WHOLE = range(1, 6)  # kinds of words
_BEFORE = 4  # added to the kind of a word of the earlier text
WINDOWS = {"near": (-2, -1, 0, 1, 2), "wide": (-2, 0, 2), "wider": (-4, 0, 4), "widest": (-8, 0, 8)}

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]


class Span(NamedTuple):
    """Words that may answer a question: offsets into a side of a passage, and the mean chance of its words."""

    question: Question
    place: int
    side: Side
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What is read of one side of a passage: its headings, its changed sentences and those around them.

    A row of `features` is a word: its number in the vocabulary, of its ending, of its shape, of its kind.
    """

    place: int
    side: Side
    features: Integers
    cues: Floats  # a row is a word, 1 where it stands in a phrase of the cue
    sentences: Integers  # the number of the sentence of each word; 0 is the headings'
    starts: Integers  # offsets into the text, -1 for the words of headings
    ends: Integers


@dataclass(frozen=True, slots=True)
class Answers:
    """The chances of each word of an excerpt: to answer each question, and to begin the answer if so."""

    inside: Floats
    begins: Floats


@dataclass(frozen=True)
class Tagger:
    """The vocabulary, the endings and the weights of the network; the phrases that tell of the default, with theirs."""

    words: Mapping[str, int]
    endings: Mapping[str, int]
    cues: Mapping[str, int]  # topics (with "?" of their lesser phrases) and groups of the lexicon
    weights: Mapping[str, Floats]
    phrases: Mapping[str, Floats]  # "" is the bias
    limits: Mapping[Question, Sequence[float]]  # see summary.Limits
    default_limits: Sequence[float]  # from which chance it is "on", "off"

    @cached_property
    def numbered(self) -> Callable[[str], tuple[int, int, int]]:
        """The numbers of a word, of its ending and of its shape."""

        @lru_cache(maxsize=16384)
        def numbered(word: str) -> tuple[int, int, int]:
            lower = "0" if word.isdigit() else word.lower()
            return self.words.get(lower, 0), self.endings.get(lower[-3:], 0) if len(word) > 2 else 0, _shape(word)

        return numbered

    def excerpt(
        self, place: int, passage: Passage, side: Side, changed: Sequence[ChangedSentence], language: str | None
    ) -> Excerpt | None:
        """What is read of a side, nothing where no sentence of it changed."""
        text = passage.texts[side]
        mine = [sentence for sentence in changed if sentence.side == side]
        if not mine:
            return None
        rows: list[tuple[int, int, int, int]] = []
        where: list[tuple[int, int, int]] = []
        marks: list[tuple[int, int, int]] = []
        for heading in passage.heading[-2:]:
            for match in _WORD.findall(heading)[:_HEADING_WORDS]:
                rows.append((*self.numbered(match), _IN_HEADING))
                where.append((0, -1, -1))
        shift = _BEFORE if side == "before" else 0
        number = 0
        for start, end, sentence in _read(text, side, mine):
            number, first = number + 1, len(rows)
            words = text[start:end]
            marks += [
                (self.cues[cue_of(match)], start + match.start, start + match.end)
                for match in (*matches(words, language), *_cues().matches(words))
                if cue_of(match) in self.cues
            ]
            changed_words = Intervals(sentence.spans if sentence else ())
            for word in islice(_WORD.finditer(text, start, end), _LONGEST):
                number += word.group() in _BULLETS
                rows.append((*self.numbered(word.group()), shift + _kind(word, sentence, changed_words)))
                where.append((number, *word.span()))
            if first < len(rows):
                rows[first] = (*rows[first][:2], rows[first][2] + SHAPES // 2, rows[first][3])
            if len(rows) >= _LONGEST:
                break
        sentences, starts, ends = np.array(where[:_LONGEST], np.int32).T
        cues = np.zeros((len(starts), len(self.cues)), np.float32)
        for cue, start, end in marks:
            cues[(starts < end) & (ends > start), cue] = 1
        return Excerpt(place, side, np.array(rows[:_LONGEST], np.int32), cues, sentences, starts, ends)

    def answers(self, excerpts: Sequence[Excerpt]) -> list[Answers]:
        """The chances for each excerpt, all reckoned at once."""
        if not excerpts:
            return []
        weights = self.weights
        words, endings, shapes, kinds = np.concatenate([excerpt.features for excerpt in excerpts]).T
        owner = np.repeat(np.arange(len(excerpts)), [len(excerpt.features) for excerpt in excerpts])
        firsts = np.cumsum([0, *(int(excerpt.sentences[-1]) + 1 for excerpt in excerpts)])
        sentence = np.concatenate([excerpt.sentences for excerpt in excerpts]) + firsts[owner]
        tables = (("words", words), ("endings", endings), ("shapes", shapes), ("kinds", kinds))
        cues = np.concatenate([excerpt.cues for excerpt in excerpts]) @ weights["cues"]
        known = np.concatenate([*(weights[name][rows] for name, rows in tables), cues], axis=1)
        logits = [self._logits(network, known, owner, sentence) for network in range(len(weights["out"]))]
        chances = _chance(np.mean(logits, axis=0))
        half, ends = len(QUESTIONS), np.cumsum([0, *(len(excerpt.features) for excerpt in excerpts)])
        return [Answers(chances[a:b, :half], chances[a:b, half:]) for a, b in pairwise(ends)]

    def default(self, text: str, language: str | None) -> tuple[float, float]:
        """The chances that a text calls something "on" unless people act, and "off" unless they do."""
        known = self.phrases
        on, off = sum((known[phrase] for phrase in sorted(phrases(text, language)) if phrase in known), start=known[""])
        return float(_chance(on)), float(_chance(off))

    def _logits(
        self, network: int, known: Floats, owner: npt.NDArray[np.int64], sentence: npt.NDArray[np.int64]
    ) -> Floats:
        """What one of the networks says of the words, by what is known of each."""
        weights = {name: table[network] for name, table in self.weights.items() if name not in TABLES}
        hidden = _layer(weights, "near", known, owner)
        hidden = hidden + _layer(weights, "wide", hidden, owner)
        hidden = hidden + _layer(weights, "wider", hidden, owner)
        pooled = np.zeros((int(sentence[-1]) + 1, hidden.shape[1]), np.float32)
        np.add.at(pooled, sentence, hidden)
        pooled /= np.maximum(1, np.bincount(sentence, minlength=len(pooled)))[:, None]
        pooled = np.maximum(0, pooled @ weights["pool"] + weights["pool_bias"])
        hidden = hidden + pooled[sentence]
        hidden = hidden + _layer(weights, "widest", hidden, owner)
        logits: Floats = hidden @ weights["out"] + weights["out_bias"]
        return logits


def _layer(weights: Mapping[str, Floats], name: str, hidden: Floats, owner: npt.NDArray[np.int64]) -> Floats:
    """Each word with the words at the layer's distances from it, as far as they are of the same excerpt."""
    size = hidden.shape[1]
    total = np.zeros((len(hidden), weights[name].shape[1]), np.float32)
    for number, offset in enumerate(WINDOWS[name]):
        part = hidden @ weights[name][number * size : (number + 1) * size]
        if offset:
            here = slice(max(0, -offset), max(0, len(hidden) - max(0, offset)))
            there = slice(max(0, offset), max(0, len(hidden) - max(0, -offset)))
            total[here] += part[there] * (owner[here] == owner[there])[:, None]
        else:
            total += part
    layer: Floats = np.maximum(0, total + weights[f"{name}_bias"])
    return layer


def phrases(text: str, language: str | None) -> set[str]:
    """The words of a text, those that stand together, up to three, and what the lexicon finds in it ("<...>")."""
    words = ["0" if word.isdigit() else word for word in _WORD.findall(text.lower()) if word[0].isalnum()]
    together = {" ".join(words[at : at + size]) for size in (1, 2, 3) for at in range(len(words) - size + 1)}
    return together | {f"<{cue_of(match)}>" for match in matches(text, language)}


@cache
def _cues() -> Lexicon:
    """Of all languages, beside the topics and groups of the language's own lexicon."""
    return Lexicon((cue, "words", phrase) for cue, phrases in word_lists().cues.items() for phrase in phrases)


def cue_of(match: PhraseMatch) -> str:
    """The topic or group of a phrase, with "?" of one that only hints at it."""
    return f"{match.topic}?" if match.tier == "suggests" else match.topic


def spans(excerpt: Excerpt, answers: Answers, question: Question, least: float) -> list[Span]:
    """The runs of words whose chance is `least` and more, parted where a new answer begins, marks at their ends off."""
    column = QUESTIONS.index(question)
    chance, begins = answers.inside[:, column], answers.begins[:, column]
    inside = np.flatnonzero((chance >= least) & (excerpt.starts >= 0))
    marked = []
    for run in _runs(inside, excerpt.sentences, begins):
        while run and excerpt.features[run[0], 2] % (SHAPES // 2) == _MARK:
            run.pop(0)
        while run and excerpt.features[run[-1], 2] % (SHAPES // 2) == _MARK:
            run.pop()
        if run:
            start, end = int(excerpt.starts[run[0]]), int(excerpt.ends[run[-1]])
            marked.append(Span(question, excerpt.place, excerpt.side, start, end, float(chance[run].mean())))
    return marked


def _runs(inside: npt.NDArray[np.int64], sentences: Integers, begins: Floats) -> list[list[int]]:
    runs: list[list[int]] = []
    for at in inside.tolist():
        follows = runs and runs[-1][-1] == at - 1 and sentences[at] == sentences[at - 1]
        if follows and begins[at] < 0.5:
            runs[-1].append(at)
        else:
            runs.append([at])
    return runs


def _read(text: str, side: Side, changed: Sequence[ChangedSentence]) -> list[tuple[int, int, ChangedSentence | None]]:
    """The sentences that are read: those around a changed one too, but of the earlier text only the changed ones."""
    bounds = sentence_bounds(text)
    sentences = [next((c for c in changed if c.start < end and start < c.end), None) for start, end in bounds]
    near = _NEAR if side == "after" else 0
    return [
        (start, end, sentences[at])
        for at, (start, end) in enumerate(bounds)
        if any(sentences[max(0, at - near) : at + near + 1])
    ]


def _kind(match: re.Match[str], sentence: ChangedSentence | None, changed: Intervals) -> int:
    if sentence is None:
        return _UNCHANGED
    if not changed.overlap(*match.span()):
        return _BESIDE
    return _WHOLE if sentence.whole else _CHANGED


_LOWER, _TITLE, _UPPER, _DIGITS, _MARK, _MIXED = range(6)


def _shape(word: str) -> int:
    if word.isdigit():
        return _DIGITS
    if not word[0].isalnum():
        return _MARK
    if len(word) > 1 and word.isupper():
        return _UPPER
    if word[0].isupper():
        return _TITLE
    return _LOWER if word.islower() else _MIXED


def _chance(logits: Floats) -> Floats:
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


@lru_cache(maxsize=1)
def shipped() -> Tagger:
    """The tagger that ships with the program."""
    with np.load(WEIGHTS) as stored:
        return unpacked(stored)


def unpacked(stored: Mapping[str, npt.NDArray[Any]]) -> Tagger:
    """A tagger of what `packed` made: numbers of eight bits, with the unit of each table."""
    lists = ("vocabulary", "suffixes", "signals", "phrases")
    words, endings, cues, known = (bytes(stored[name]).decode().split("\n") for name in lists)
    names = [name for name in stored if f"{name}_unit" in stored]
    return Tagger(
        words={word: at for at, word in enumerate(words, 1)},
        endings={ending: at for at, ending in enumerate(endings, 1)},
        cues={cue: at for at, cue in enumerate(cues)},
        weights={name: stored[name].astype(np.float32) * stored[f"{name}_unit"] for name in names},
        phrases=dict(zip(known, stored["phrase_weights"].astype(np.float32), strict=True)),
        limits=dict(zip(QUESTIONS, stored["limits"].tolist(), strict=True)),
        default_limits=stored["default_limits"].tolist(),
    )
