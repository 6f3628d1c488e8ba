"""A question that is answered by a sum of signs times weights, so that what decided can be read and shown.

The weights are in `weights/*.toml`; bench/train_weights.py makes them from labelled changes that are not shipped.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from itertools import repeat
from operator import mul
from typing import Any

from pydantic import BaseModel, ConfigDict

_FAR = 30.0  # beyond, the logistic function is 0 or 1 to any use
_MOST_REASONS = 3  # signs that are named as those that decided
_LEAST_REASON = 0.05  # what weighs less decided nothing


def chance_of(total: float) -> float:
    """The chance, from 0 to 1, that a sum of weights stands for."""
    return 1 / (1 + math.exp(-max(-_FAR, min(_FAR, total))))


class Weighing(BaseModel):
    """One question: `bias` plus the sum of signs times weights, and from which probability on the answer is yes."""

    model_config = ConfigDict(extra="forbid")
    bias: float
    threshold: float = 0.5
    weights: dict[str, float]

    def sum(self, found: Mapping[str, float]) -> float:
        weighed: Iterator[float] = map(mul, self.weights.values(), map(found.get, self.weights, repeat(0.0)))
        return self.bias + sum(weighed)

    def probability(self, found: Mapping[str, float]) -> float:
        return chance_of(self.sum(found))

    def holds(self, found: Mapping[str, float]) -> bool:
        return self.probability(found) >= self.threshold

    def reasons(self, found: Mapping[str, float], *, yes: bool) -> str:
        """The names of the signs that weighed most for the answer."""
        way = 1.0 if yes else -1.0
        parts = {sign: way * weight * found.get(sign, 0.0) for sign, weight in self.weights.items()}
        told = [sign for sign, part in parts.items() if part > _LEAST_REASON]
        return ", ".join(sorted(told, key=parts.__getitem__, reverse=True)[:_MOST_REASONS]) or "no sign for it"


def read(name: str) -> dict[str, Any]:
    """The file of that name in `weights/`."""
    return tomllib.loads((files("analysis") / "weights" / f"{name}.toml").read_text("utf-8"))
