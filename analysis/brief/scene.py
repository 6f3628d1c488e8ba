"""What is in a candidate and around it: the features that the weights of the brief are of (named in docs/brief.md)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain, pairwise
from typing import NamedTuple

from analysis.blocks import Page
from analysis.brief.names import line_starts, long_names
from analysis.brief.no_data import DATA
from analysis.brief.phrases import CUES, Phrases
from analysis.brief.publisher import Publisher
from analysis.brief.spans import Question, Reader, Span
from analysis.brief.text import Sentence, has_address, touched_sentences, word_in, words_of
from analysis.change import Passage, Side
from analysis.diff.wording import stems_of
from analysis.judging.sentences import ASPECTS, Chances, says
from analysis.text.sentence_ends import sentence_bounds

Features = dict[str, float]

_ANY_KIND = "other"  # of document
_MOST = 80  # sentences in which answers are looked for, the weightiest of those that were read
_SAYS = tuple(f"says.{aspect}" for aspect in ASPECTS)
_SAME = 0.8  # of the words that say something
_NEAR = 4  # words between a cue and the candidate that it stands beside
_ENDED = frozenset(("negation", "taken_out"))  # cues of what is not done, or no longer
_SIZES = (1, 2, 4, 8, 14, 30, 100)
_PARTS = (("none", 0.0), ("little", 0.15), ("some", 0.4), ("half", 0.75), ("most", 1.0))
_WAY = (  # cues that tell wherever in the sentence they stand: before the candidate or after it
    "collect",
    "process",
    "share",
    "retain",
    "train",
    "purpose_lead",
    "purpose_verb",
    "recipient_lead",
    "refuse_act",
    "you_may",
    "negation",
    "exception",
)


class _Names(NamedTuple):
    """What a cue is called by where it stands: in a candidate, at its ends, near it, or somewhere on a side of it."""

    inside: str
    starts: str
    ends: str
    before: str
    after: str
    left: str
    right: str


_WHERE = ("in", "starts", "ends", "before", "after", "left", "right")
_NAMES = {cue: _Names(*(f"{where}.{cue}" for where in _WHERE)) for cue in CUES}


class Scene:
    """The touched sentences of one change with their cues, and what of them is new to the page."""

    def __init__(self, passages: Sequence[Passage], before: Page, after: Page, phrases: Phrases) -> None:
        self.reader = Reader(phrases, Publisher(after))
        self.phrases = phrases
        self.sentences = self._weightiest(touched_sentences(passages, before, after))
        self._around: dict[str, frozenset[str]] = {}
        self._kinds: dict[str, str] = {}
        for sentence in self.sentences:
            sentence.cues = phrases.find(sentence.words)
            sentence.long_names = long_names(sentence, phrases.grammar)
            sentence.lines = line_starts(sentence, phrases.grammar, DATA)
        asked: dict[Side, list[list[str]]] = {"after": [], "before": []}
        for sentence in self.sentences:
            asked[sentence.side].append([word.text for word in sentence.words])
        self._other: dict[Side, _Runs] = {
            "after": _Runs(asked["after"], (passage.before for passage in passages)),
            "before": _Runs(asked["before"], (passage.after for passage in passages)),
        }
        self._after = after
        self._counts: dict[str, int] = {}
        self._fresh: dict[int, list[bool]] = {}
        self._ways: dict[int, list[tuple[str, int, int]]] = {}
        self._shared: dict[int, Features] = {}
        self.touched = sum(sentence.touched for sentence in self.sentences)

    def _weightiest(self, sentences: list[Sentence]) -> list[Sentence]:
        """At most `_MOST`, in their order: those that a change touches, that are told, that people want to know of."""
        if len(sentences) <= _MOST:
            return sentences
        kept = set(sorted(range(len(sentences)), key=lambda at: self._weight(sentences[at]), reverse=True)[:_MOST])
        return [sentence for at, sentence in enumerate(sentences) if at in kept]

    def _weight(self, sentence: Sentence) -> tuple[bool, bool, float]:
        chances = self.chances(sentence)
        of_people = (chances["user_choice"] + chances["user_rights"]) / 2
        return sentence.touched, sentence.told, chances["worth"] + chances["medium"] + of_people

    def chances(self, sentence: Sentence) -> Chances:
        """What a sentence says by its words, see sentences.py."""
        return says(sentence.said, self.phrases.language, _ANY_KIND, (sentence.heading,))

    def candidates(self, field: Question) -> list[list[Span]]:
        """The candidates of each sentence."""
        return [self.reader.spans(field, sentence) for sentence in self.sentences]

    def sentence_features(self, sentence: Sentence) -> Features:
        """What all candidates of a sentence share."""
        if sentence.order not in self._shared:
            self._shared[sentence.order] = self._of_sentence(sentence)
        return self._shared[sentence.order]

    def _of_sentence(self, sentence: Sentence) -> Features:
        texts = [word.text for word in sentence.words]
        changed = sum(word.changed for word in sentence.words)
        fresh = self._fresh_part(sentence)
        found: Features = {
            f"place.{'whole' if sentence.whole else 'reworded' if sentence.touched else 'beside'}": 1.0,
            f"change.{_size(self.touched)}": 1.0,
            f"side.{sentence.side}": 1.0,
            "late": math.log1p(sentence.order),
            "deep": sentence.order / max(1, sentence.of),
            f"fresh.{_part(fresh)}": 1.0,
            "fresh words": math.log1p(fresh * len(texts)),
            f"share.{_part(changed / len(texts))}": 1.0,
            "changed words": math.log1p(changed),
            "words": math.log1p(len(texts)),
        }
        if sentence.item:
            found["item"] = 1.0
        for cue in sentence.cues:
            found[f"sentence.{cue}"] = 1.0
        found.update(zip(_SAYS, self.chances(sentence).values(), strict=True))
        for cue in self._cues_around(sentence.heading):
            found[f"heading.{cue}"] = 1.0
        for cue in self._cues_around(sentence.lead):
            found[f"lead.{cue}"] = 1.0
        return found

    def span_features(self, span: Span) -> Features:
        """What is in a candidate and next to it."""
        sentence, first, last = span.sentence, span.first, span.last
        words = sentence.words[first:last]
        size, changed, capitals = len(words), 0, 0
        for word in words:
            changed += word.changed
            capitals += word.capital
        found: Features = {
            f"rule.{span.rule}": 1.0,
            f"words.{_size(size)}": 1.0,
            f"changed.{'none' if not changed else 'all' if changed == size else 'part'}": 1.0,
        }
        if self._is_new(sentence, first, last):
            found["new"] = 1.0
        if any(word.changed for word in sentence.words[max(0, first - _NEAR) : last + _NEAR]):
            found["near changed"] = 1.0
        if span.telling <= self.phrases.grammar.general:
            found["general"] = 1.0
        if capitals == size:
            found["capitals"] = 1.0
            found["named often"] = math.log1p(self._named(span.text))
        if has_address(span.text):
            found["address"] = 1.0
        found.update(_cues_near(span))
        found.update(self._edges(sentence, first, last))
        for cue, earliest, latest in self._ways_of(sentence):
            if earliest <= first:
                found[_NAMES[cue].left] = 1.0
            if latest >= last:
                found[_NAMES[cue].right] = 1.0
        return found

    def _edges(self, sentence: Sentence, first: int, last: int) -> Features:
        """The kind of word that the candidate opens with, and of what stands before and after it."""
        words, grammar, found = sentence.words, self.phrases.grammar, Features()
        opening = words[first].text
        kind = "determiner" if opening in grammar.determiners else "stop" if opening in grammar.stops else "other"
        found[f"opens.{kind}"] = 1.0
        found[
            f"left of it.{'start' if first == 0 else self._mark(sentence, first) or self._kind(words[first - 1].text)}"
        ] = 1.0
        found[
            f"right of it.{'end' if last == len(words) else self._mark(sentence, last) or self._kind(words[last].text)}"
        ] = 1.0
        return found

    def _mark(self, sentence: Sentence, at: int) -> str | None:
        if self.reader.hard(sentence, at):
            return "mark"
        return "comma" if "," in sentence.words[at].gap else None

    def _kind(self, word: str) -> str:
        if word not in self._kinds:
            grammar = self.phrases.grammar
            lists = {
                "join": grammar.joins,
                "link": grammar.links,
                "break": grammar.breaks,
                "stop": grammar.stops,
                "determiner": grammar.determiners,
            }
            self._kinds[word] = next((name for name, words in lists.items() if word in words), "word")
        return self._kinds[word]

    def _ways_of(self, sentence: Sentence) -> list[tuple[str, int, int]]:
        """For each telling cue of a sentence where its first one ends and its last one begins."""
        if sentence.order not in self._ways:
            self._ways[sentence.order] = [
                (cue, places[0][1], places[-1][0]) for cue in _WAY if (places := sentence.cues.get(cue))
            ]
        return self._ways[sentence.order]

    def _fresh_runs(self, sentence: Sentence) -> list[bool]:
        """Of each run of three words of a sentence, whether it stands nowhere in the other side's passages."""
        if sentence.order not in self._fresh:
            texts = [word.text for word in sentence.words]
            self._fresh[sentence.order] = self._other[sentence.side].unknown(texts)
        return self._fresh[sentence.order]

    def _fresh_part(self, sentence: Sentence) -> float:
        runs = self._fresh_runs(sentence)
        if not runs:
            return float(self._is_new(sentence, 0, len(sentence.words)))
        return sum(runs) / len(runs)

    def _is_new(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether the words say something that the other side's passages do not, in runs of three words."""
        if last - first < 3:
            return not self._other[sentence.side].has([word.text for word in sentence.words[first:last]])
        return any(self._fresh_runs(sentence)[first : last - 2])

    @cached_property
    def _text(self) -> str:
        return " ".join(block.text for block in self._after.blocks)

    @cached_property
    def _later(self) -> tuple[tuple[str, str], ...]:
        """The texts of the later page, each also in small letters."""
        return tuple((block.text, block.text.lower()) for block in self._after.blocks)

    def _later_with(self, key: str) -> Iterator[str]:
        """The sentences of the later page that have these words in a row, in small letters and without marks.

        Most texts lack one of the words, and need no closer look.
        """
        words = key.split(" ")
        for text, small in self._later:
            if all(word in small for word in words):
                for start, end in sentence_bounds(text):
                    said = f" {' '.join(word_in(text).findall(text[start:end].lower()))} "
                    if f" {key} " in said:
                        yield said

    @cached_property
    def _came(self) -> tuple[frozenset[str], ...]:
        later = (one for one in self.sentences if one.side == "after" and _ENDED.isdisjoint(one.cues))
        return tuple(stems_of(one.said) for one in later)

    def still_said(self, span: Span) -> bool:
        """Whether the later page has the words of the earlier one, or a changed sentence of it nearly all that they
        mean: where it denies nothing, which might be them."""
        if span.sentence.side == "after":
            return False
        stems = stems_of(span.text)
        if stems and any(len(stems & others) >= _SAME * len(stems) for others in self._came):
            return True
        return any(_ENDED.isdisjoint(self._cues_around(sentence)) for sentence in self._later_with(span.key))

    def _named(self, name: str) -> int:
        """How often a name stands in the later text: the service's own is everywhere."""
        if name not in self._counts:
            self._counts[name] = self._text.count(name)
        return self._counts[name]

    def _cues_around(self, text: str) -> frozenset[str]:
        if text not in self._around:
            self._around[text] = frozenset(self.phrases.find(words_of(text))) if text else frozenset()
        return self._around[text]


def _cues_near(span: Span) -> Features:
    """The cues inside a candidate and within a few words of it."""
    found: Features = {}
    first, last = span.first, span.last
    for cue, places in span.sentence.cues.items():
        for start, end in places:
            if start >= first and end <= last:
                found[_NAMES[cue].inside] = 1.0
                if start == first:
                    found[_NAMES[cue].starts] = 1.0
                if end == last:
                    found[_NAMES[cue].ends] = 1.0
            elif end <= first < end + _NEAR:
                found[_NAMES[cue].before] = 1.0
            elif last <= start < last + _NEAR:
                found[_NAMES[cue].after] = 1.0
    return found


def crowd(candidates: int) -> Features:
    """What all candidates for a field share: how many of them the whole change has."""
    return {"candidates": math.log1p(candidates)}


class _Runs:
    """The runs of words of some sentences that stand in the passages of the other side.

    These have far more runs: of them none is kept that nobody asks for.
    """

    def __init__(self, asked: Sequence[Sequence[str]], texts: Iterable[str | None]) -> None:
        said = "\n".join(text for text in texts if text).lower()
        words = word_in(said).findall(said)
        self._words = frozenset(words)
        self._pairs = set(chain.from_iterable(map(pairwise, asked))).intersection(pairwise(words))
        self._threes = set(chain.from_iterable(map(_threes, asked))).intersection(_threes(words))

    def has(self, texts: Sequence[str]) -> bool:
        """Whether one or two words of a sentence stand there."""
        return texts[0] in self._words if len(texts) == 1 else (texts[0], texts[1]) in self._pairs

    def unknown(self, texts: Sequence[str]) -> list[bool]:
        """Of each run of three words, whether it stands nowhere there."""
        return [run not in self._threes for run in _threes(texts)]


def _threes(words: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    return zip(words, words[1:], words[2:], strict=False)


def _size(number: int) -> str:
    return next((f"{most}" for most in _SIZES if number <= most), "more")


def _part(share: float) -> str:
    """None, a little, some, half, most, all: the size of a share, in six steps."""
    return "all" if share >= 1 else next(name for name, most in _PARTS if share <= most)
