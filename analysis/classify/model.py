"""The linear model of passages, trained by `python -m evaluation train`; see the model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

from analysis.model import UnfitModel
from foundation.vocabulary import TOPICS

FORMAT = 1  # raise it when a change of features.py invalidates old weights
LANGUAGES = ("en", "fr")  # of the labels of all models
CLASSIFIED = (*LANGUAGES, "de")  # of those of passages
TARGETS = (
    "substantive",
    "alert",
    *TOPICS,
    "high",  # of alerts
    "medium or high",
    "expands",
    "limits",
    "clarifies",
    "mixed",
)
_DIGITS = 4  # of a chance: further ones differ between processors


@dataclass(frozen=True, eq=False)
class Model:
    """A logistic regression for each target. `weights`: int8, features by targets; times `scales` they are log odds."""

    rows: Mapping[str, int]
    weights: NDArray[np.int8]
    scales: NDArray[np.float32]
    bias: NDArray[np.float32]
    targets: tuple[str, ...] = TARGETS

    @property
    def untrained(self) -> frozenset[str]:
        """Topics that were added since: their phrases decide."""
        return frozenset(TOPICS).difference(self.targets)

    def predict(self, values: Mapping[str, float]) -> dict[str, float]:
        """By trained target, 0 to 1."""
        known = [
            (self.rows[name], value)
            for name, value in values.items()
            if name in self.rows
        ]
        odds = self.bias.astype(np.float64)
        if known:
            rows, amounts = zip(*known, strict=True)
            # float64 and a fixed order: equal chances on every machine
            odds = (
                odds
                + (np.array(amounts) @ self.weights[list(rows)].astype(np.float64))
                * self.scales
            )
        chances = 1 / (1 + np.exp(-odds))
        return {
            target: round(float(chance), _DIGITS)
            for target, chance in zip(self.targets, chances, strict=True)
        }

    def weight(self, name: str, target: str) -> float:
        """Contribution to a target's log odds at value 1; 0 if it is not trained."""
        if name not in self.rows or target not in self.targets:
            return 0.0
        row, column = self.rows[name], self.targets.index(target)
        return float(self.weights[row, column] * self.scales[column])


@cache
def shipped_model() -> Model:
    """Raises `UnfitModel`."""
    return stored_model("model.npz", TARGETS)


def stored_model(name: str, targets: tuple[str, ...]) -> Model:
    """From a file beside this one. Raises `UnfitModel`."""
    with (
        as_file(files("analysis.classify") / name) as path,
        np.load(path) as stored,
    ):
        trained = tuple(stored["targets"].tobytes().decode().split("\n"))
        known = tuple(
            each for each in targets if each in trained or each not in TOPICS
        )
        if int(stored["format"]) != FORMAT or trained != known:
            problem = f"the weights in {path} are of other topics or features than the program's"
            advice = "`python -m evaluation train evaluation/data` in the repository trains it anew"
            raise UnfitModel(
                f"{problem}; {advice} (docs/classification.md, Add a topic)"
            )
        names: Sequence[str] = stored["features"].tobytes().decode().split("\n")
        rows = {name: row for row, name in enumerate(names)}
        return Model(
            rows, stored["weights"], stored["scales"], stored["bias"], trained
        )
