"""How well a candidate answers: a linear score over what is in it and around it.

The weights stand in analysis/brief/weights.toml; bench/train_briefs.py wrote them.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import resources
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from analysis.blocks import Page
from analysis.brief_phrases import Phrases
from analysis.brief_spans import Question, Reader, Span
from analysis.brief_text import ADDRESS, WORD, Sentence, touched_sentences, words_of
from analysis.change import Passage, Side

Features = dict[str, float]

_NEAR = 4  # words between a cue and the candidate that it stands beside
_SIZES = (1, 2, 4, 8, 14, 30, 100)
_PARTS = (("none", 0.0), ("little", 0.15), ("some", 0.4), ("half", 0.75), ("most", 1.0))
_ALIKE = 0.7  # from this share of the shorter one's words on, two answers say the same
_FAR = 30.0  # beyond, the logistic function is 0 or 1 to any use


class Weights(BaseModel):
    """Weights of one question.

    A field is answered if its best candidate reaches `first`; others stand beside it if they reach `more`. A candidate
    with all features of `sure` answers in any case.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bias: float
    first: Annotated[float, Field(ge=0, le=1)]
    more: Annotated[float, Field(ge=0, le=1)]
    sure: frozenset[str] = frozenset()
    weights: dict[str, float]

    def total(self, features: Features) -> float:
        known = self.weights
        return sum(value * known[name] for name, value in features.items() if name in known)

    def chance(self, own: Features, shared: float) -> float:
        """How well words with these features answer, from 0 to 1; `shared` is what their sentence weighs."""
        chance = 1 / (1 + math.exp(-max(-_FAR, min(_FAR, self.bias + shared + self.total(own)))))
        return max(chance, self.first) if self.sure and self.sure <= own.keys() else chance


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

    def __init__(self, passages: Sequence[Passage], before: Page, after: Page, phrases: Phrases) -> None:
        self.sentences = touched_sentences(passages, before, after)
        self.reader = Reader(phrases)
        self.phrases = phrases
        self._around: dict[str, frozenset[str]] = {}
        for sentence in self.sentences:
            sentence.cues = phrases.find(sentence.words)
        self._other: dict[Side, _Runs] = {
            "after": _Runs(passage.before for passage in passages),
            "before": _Runs(passage.after for passage in passages),
        }
        self._text = " ".join(block.text for block in after.blocks)
        self._counts: dict[str, int] = {}
        self._shared: dict[int, Features] = {}
        self.touched = sum(sentence.touched for sentence in self.sentences)

    def candidates(self, field: Question) -> list[list[Span]]:
        """The candidates of each sentence."""
        return [self.reader.spans(field, sentence) for sentence in self.sentences]

    def sentence_features(self, sentence: Sentence, density: int) -> Features:
        """What all candidates of a sentence share; `density` is how many candidates the whole change has."""
        if sentence.order not in self._shared:
            self._shared[sentence.order] = self._of_sentence(sentence)
        return self._shared[sentence.order] | {"candidates": math.log1p(density)}

    def _of_sentence(self, sentence: Sentence) -> Features:
        texts = [word.text for word in sentence.words]
        changed = sum(word.changed for word in sentence.words)
        fresh = self._other[sentence.side].unknown(texts)
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
        if other.unknown([word.text for word in words]):
            found["new"] = 1.0
        if any(word.changed for word in around):
            found["near changed"] = 1.0
        if capitals == size:
            found["capitals"] = 1.0
            found["named often"] = math.log1p(self._named(span.text))
        if ADDRESS.search(span.text):
            found["address"] = 1.0
        found.update(_cues_near(span))
        return found

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
    for cue, places in span.sentence.cues.items():
        for start, end in places:
            if start >= span.first and end <= span.last:
                found[f"in.{cue}"] = 1.0
                if start == span.first:
                    found[f"starts.{cue}"] = 1.0
                if end == span.last:
                    found[f"ends.{cue}"] = 1.0
            elif end <= span.first < end + _NEAR:
                found[f"before.{cue}"] = 1.0
            elif span.last <= start < span.last + _NEAR:
                found[f"after.{cue}"] = 1.0
    return found


class _Runs:
    """The runs of three words that stand in the passages of one side."""

    def __init__(self, texts: Iterable[str | None]) -> None:
        words = WORD.findall("\n".join(text for text in texts if text).lower())
        self._text = f" {' '.join(words)} "
        self._runs = set(zip(words, words[1:], words[2:], strict=False))

    def unknown(self, texts: Sequence[str]) -> float:
        """The part of the runs in `texts` that stand nowhere there; of fewer than three words, whether they do."""
        if len(texts) < 3:
            return float(f" {' '.join(texts)} " not in self._text)
        runs = list(zip(texts, texts[1:], texts[2:], strict=False))
        return sum(run not in self._runs for run in runs) / len(runs)


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
            found += [(weights.chance(scene.span_features(span), shared), span) for span in spans]
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
    if span.meets(other):
        return True
    words, others = span.telling, other.telling
    return len(words & others) >= _ALIKE * min(len(words), len(others))


@lru_cache(maxsize=1)
def shipped_weights() -> WeightsFile:
    text = (resources.files("analysis") / "brief" / "weights.toml").read_text(encoding="utf8")
    return WeightsFile.model_validate(tomllib.loads(text))
