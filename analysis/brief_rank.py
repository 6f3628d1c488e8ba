"""How well a candidate answers: a linear score over what is in it and around it (weights: analysis/brief/weights.toml)."""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from analysis.blocks import Page
from analysis.brief_phrases import Phrases
from analysis.brief_spans import Question, Reader, Span
from analysis.brief_text import ADDRESS, WORD, Sentence, words_of
from analysis.change import Side

Features = dict[str, float]

_NEAR = 4  # words between a cue and the candidate that it stands beside
_SIZES = (1, 2, 4, 8, 14, 30, 100)
_CAPITAL = re.compile(r"\b[A-ZÀ-ÖØ-Þ][^\W_]*")
_PARTS = (("none", 0.0), ("little", 0.15), ("some", 0.4), ("half", 0.75), ("most", 1.0))
_FAR = 30.0  # beyond, the logistic function is 0 or 1 to any use


class Weights(BaseModel):
    """Weights of one question.

    A field is answered if its best candidate reaches `first`; others stand beside it if they reach `more`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bias: float
    first: Annotated[float, Field(ge=0, le=1)]
    more: Annotated[float, Field(ge=0, le=1)]
    weights: dict[str, float]

    def total(self, features: Features) -> float:
        known = self.weights
        return sum(value * known[name] for name, value in features.items() if name in known)

    def chance(self, total: float) -> float:
        """Of words with this sum of weights, how large a part answers the question."""
        return 1 / (1 + math.exp(-max(-_FAR, min(_FAR, self.bias + total))))


class WeightsFile(BaseModel):
    """analysis/brief/weights.toml: one table a field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Weights
    purposes: Weights
    recipients: Weights
    refuse: Weights
    excluded: Weights
    irreversible: Weights
    regions: Weights


class Scene:
    """The touched sentences of one change with their cues, and what of them is new to the page."""

    def __init__(self, sentences: Sequence[Sentence], before: Page, after: Page, phrases: Phrases) -> None:
        self.sentences = sentences
        self.reader = Reader(phrases)
        self.phrases = phrases
        self._around: dict[str, frozenset[str]] = {}
        for sentence in sentences:
            sentence.cues = phrases.find(sentence.words)
        self._other: dict[Side, _Runs] = {"after": _Runs(before), "before": _Runs(after)}
        self._names = Counter(name.lower() for block in after.blocks for name in _CAPITAL.findall(block.text))
        self.touched = sum(sentence.touched for sentence in sentences)

    def candidates(self, field: Question) -> list[list[Span]]:
        """The candidates of each sentence."""
        return [self.reader.spans(field, sentence) for sentence in self.sentences]

    def sentence_features(self, sentence: Sentence, density: int) -> Features:
        """What all candidates of a sentence share; `density` is how many candidates the whole change has."""
        texts = [word.text for word in sentence.words]
        changed = sum(word.changed for word in sentence.words)
        fresh = self._other[sentence.side].unknown(texts, 3)
        found: Features = {
            f"place.{'whole' if sentence.whole else 'reworded' if sentence.touched else 'beside'}": 1.0,
            f"change.{_size(self.touched)}": 1.0,
            f"side.{sentence.side}": 1.0,
            "late": math.log1p(sentence.order),
            "deep": sentence.order / max(1, sentence.of),
            "candidates": math.log1p(density),
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
        other, around = self._other[sentence.side], sentence.words[max(0, first - _NEAR) : last + _NEAR]
        if other.unknown([word.text for word in words], 3):
            found["new"] = 1.0
        if any(word.changed for word in around):
            found["near changed"] = 1.0
        joined = [word.text for word in sentence.words[max(0, first - 1) : last + 1]]
        found[f"fresh here.{_part(other.unknown(joined, 2))}"] = 1.0
        if capitals == size:
            found["capitals"] = 1.0
            found["named often"] = math.log1p(max(self._names[word.text] for word in words))
        if ADDRESS.search(span.text):
            found["address"] = 1.0
        for cue, places in sentence.cues.items():
            for start, end in places:
                if start >= first and end <= last:
                    found[f"in.{cue}"] = 1.0
                    if start == first:
                        found[f"starts.{cue}"] = 1.0
                    if end == last:
                        found[f"ends.{cue}"] = 1.0
                elif end <= first < end + _NEAR:
                    found[f"before.{cue}"] = 1.0
                elif last <= start < last + _NEAR:
                    found[f"after.{cue}"] = 1.0
        return found

    def _cues_around(self, text: str) -> frozenset[str]:
        if text not in self._around:
            self._around[text] = frozenset(self.phrases.find(words_of(text))) if text else frozenset()
        return self._around[text]


class _Runs:
    """The runs of up to three words that stand on a page; taken from it when first asked for."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._runs: dict[int, set[tuple[str, ...]]] = {}
        self._words: list[str] | None = None

    def unknown(self, texts: Sequence[str], length: int) -> float:
        """The part of the runs of `length` words in `texts` that stand nowhere on the page."""
        length = min(length, len(texts))
        if length not in self._runs:
            if self._words is None:
                self._words = WORD.findall("\n".join(block.text for block in self._page.blocks).lower())
            self._runs[length] = set(zip(*(self._words[n:] for n in range(length)), strict=False))
        known = self._runs[length]
        runs = list(zip(*(texts[n:] for n in range(length)), strict=False))
        return sum(run not in known for run in runs) / len(runs)


def _size(number: int) -> str:
    return next((f"{most}" for most in _SIZES if number <= most), "more")


def _part(share: float) -> str:
    """None, a little, some, half, most, all: the size of a share, in six steps."""
    return "all" if share >= 1 else next(name for name, most in _PARTS if share <= most)


def ranked(scene: Scene, field: Question, weights: Weights) -> list[tuple[float, Span]]:
    """The candidates for a field with their chances, best first; of equals the earlier one."""
    by_sentence = scene.candidates(field)
    density = sum(map(len, by_sentence))
    found: list[tuple[float, Span]] = []
    for sentence, spans in zip(scene.sentences, by_sentence, strict=True):
        if spans:
            shared = weights.total(scene.sentence_features(sentence, density))
            found += [(weights.chance(shared + weights.total(scene.span_features(span))), span) for span in spans]
    return sorted(found, key=lambda pair: (-pair[0], pair[1].sentence.order, pair[1].first, pair[1].last))


def best(found: Sequence[tuple[float, Span]], weights: Weights, most: int) -> list[tuple[float, Span]]:
    """The answers among ranked candidates: no two of the same words, none that says another's words again."""
    kept: list[tuple[float, Span]] = []
    for chance, span in found:
        if len(kept) == most or chance < (weights.more if kept else weights.first):
            break
        if not any(_alike(span, other) for _, other in kept):
            kept.append((chance, span))
    return kept


def _alike(span: Span, other: Span) -> bool:
    if span.sentence is other.sentence and span.first < other.last and other.first < span.last:
        return True
    words, others = set(span.key.split()), set(other.key.split())
    return len(words & others) >= 0.7 * min(len(words), len(others))


@lru_cache(maxsize=1)
def shipped_weights() -> WeightsFile:
    text = (resources.files("analysis") / "brief" / "weights.toml").read_text(encoding="utf8")
    return WeightsFile.model_validate(tomllib.loads(text))


