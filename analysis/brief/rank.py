"""How well a candidate answers: a linear score over what is in it and around it.

The weights stand in analysis/brief/weights.toml; bench/train_briefs.py wrote them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from itertools import repeat
from operator import mul
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from analysis.brief.scene import Features, Scene, crowd
from analysis.brief.spans import Question, Span
from analysis.judging.weighing import chance_of

_NAMED = 5  # words of what is named rather than said: singular and plural are the same then
_ALIKE = 0.7  # from this share of the shorter one's words on, two answers say the same


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

    def total(self, features: Features, total: float = 0.0) -> float:
        weighed: Iterator[float] = map(mul, features.values(), map(self.weights.get, features, repeat(0.0)))
        return sum(weighed, total)

    def chance(self, own: Features, shared: float) -> float:
        """How well words with these features answer, from 0 to 1; `shared` is what their sentence weighs."""
        chance = chance_of(self.bias + shared + self.total(own))
        return max(chance, self.first, self.more) if self.sure and self.sure <= own.keys() else chance


def ranked(scene: Scene, field: Question, weights: Weights) -> list[tuple[float, Span]]:
    """The candidates for a field with their chances, best first; of equals the earlier one.

    Words that both texts hold are those of the later one.
    """
    by_sentence = scene.candidates(field)
    crowded = crowd(sum(map(len, by_sentence)))
    found: list[tuple[float, Span]] = []
    for sentence, spans in zip(scene.sentences, by_sentence, strict=True):
        if spans:
            shared = weights.total(crowded, weights.total(scene.sentence_features(sentence)))
            found += [(weights.chance(scene.span_features(span), shared), span) for span in spans if not span.void]
    found.sort(key=lambda pair: (-pair[0], pair[1].sentence.order, pair[1].first, pair[1].last))
    keys = [span.key for _, span in found]
    later: dict[str, Span] = {}
    for key, (_, span) in zip(keys, found, strict=True):
        if span.sentence.side == "after":
            later.setdefault(key, span)
    return [(chance, later.get(key, span)) for key, (chance, span) in zip(keys, found, strict=True)]


def best(
    found: Sequence[tuple[float, Span]], weights: Weights, most: int, vague: Callable[[Span], bool] | None = None
) -> list[tuple[float, Span]]:
    """The answers among ranked candidates: no two of the same words, none that says another's words again.

    Of `vague` ones more than `most` may come: others are to take their place.
    """
    kept: list[tuple[float, Span]] = []
    counted = 0
    for chance, span in found:
        if counted == most or chance < (weights.more if kept else weights.first):
            break
        if not any(alike(span, other) for _, other in kept):
            kept.append((chance, span))
            counted += not (vague and vague(span))
    return kept


def alike(span: Span, other: Span) -> bool:
    if span.meets(other):
        return True
    words, others = span.telling, other.telling
    if max(len(words), len(others)) <= _NAMED:
        words, others = ({word.removesuffix("s") for word in each} for each in (words, others))
    return len(words & others) >= _ALIKE * min(len(words), len(others))


@lru_cache(maxsize=1)
def shipped_weights() -> Mapping[Question, Weights]:
    """analysis/brief/weights.toml: one table a question."""
    text = (resources.files(__package__) / "weights.toml").read_text(encoding="utf8")
    return TypeAdapter(dict[Question, Weights]).validate_python(tomllib.loads(text))
