"""The model of passages, trained: one regularised logistic regression a target, all in one run of L-BFGS."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import expit

from analysis.classify.model import FORMAT, TARGETS, Model
from evaluation.labels import Row
from foundation.vocabulary import TOPICS

_PENALTY = 1.0  # of squared weights
_RARE = 3  # passages; a feature of fewer is left out
_STEPS = (
    15,
    45,
)  # of L-BFGS: with all features, to choose among them, and with those chosen
MOST_FEATURES = 13_000
Matrix = NDArray[np.float64]


def targets_of(label: Row) -> list[bool | None]:
    """The answer to each of `TARGETS`, None where the label does not say: only alerts have severity and direction, and
    a written case names some topics that it has, and some that it has not."""
    alert = label.get("alert", bool(label.get("topics")))
    named: Sequence[str] = (
        label["topics"] if "topics" in label else label["some_topics"]
    )
    never: Collection[str] = label.get("never", TOPICS) if alert else TOPICS
    topics = [
        True if topic in named else False if topic in never else None
        for topic in TOPICS
    ]
    severity, direction = (
        label.get(name) if alert else None for name in ("severity", "direction")
    )
    return [
        label["substantive"],
        alert,
        *topics,
        severity and severity == "high",
        severity and severity in ("medium", "high"),
        *(direction and direction == each for each in TARGETS[-4:]),
    ]


def train(values: Sequence[Mapping[str, float]], labels: Sequence[Row]) -> Model:
    """A model of passages by their features."""
    return fit_model(
        values, [targets_of(label) for label in labels], TARGETS, MOST_FEATURES
    )


def fit_model(
    values: Sequence[Mapping[str, float]],
    labels: Sequence[Sequence[bool | None]],
    targets: tuple[str, ...],
    most: int,
) -> Model:
    """A model of `targets` over the weightiest features; a label of None does not count."""
    counts = Counter(name for each in values for name in each)
    names = sorted(name for name, count in counts.items() if count >= _RARE)
    answers = np.array(labels, dtype=np.float64)  # None is not a number
    wanted, counted = (
        np.nan_to_num(answers),
        (~np.isnan(answers)).astype(np.float64),
    )
    weights, _ = fit_logistic(
        feature_matrix(values, names), wanted, counted, _STEPS[0]
    )
    share = np.sqrt([counts[name] for name in names])
    worth = np.abs(weights).max(axis=1) * share
    names = sorted(names[row] for row in np.argsort(-worth, kind="stable")[:most])
    weights, bias = fit_logistic(
        feature_matrix(values, names), wanted, counted, _STEPS[1]
    )
    scales = np.abs(weights).max(axis=0) / 127
    rows = {name: row for row, name in enumerate(names)}
    rounded = np.rint(weights / scales).astype(np.int8)
    return Model(
        rows, rounded, scales.astype(np.float32), bias.astype(np.float32), targets
    )


def write_model(
    model: Model, path: Path, *, examples: int, with_fewer: bool = False
) -> None:
    """As `analysis.classify.model.stored_model` reads it, with how many examples it learned from.

    Ends the program where those of the file that is there were more, unless `with_fewer` or they are of other targets.
    """
    targets = np.frombuffer("\n".join(model.targets).encode(), np.uint8)
    if path.exists() and not with_fewer:
        with np.load(path) as stored:
            fits = np.array_equal(stored["targets"], targets)
            former = int(stored["examples"]) if fits and "examples" in stored else 0
        if former > examples:
            sys.exit(
                f"{path} learned from {former} examples, these labels are {examples}: --with-fewer overwrites it"
            )
    np.savez_compressed(
        path,
        format=FORMAT,
        examples=examples,
        targets=targets,
        features=np.frombuffer("\n".join(model.rows).encode(), np.uint8),
        weights=model.weights,
        scales=model.scales,
        bias=model.bias,
    )


def feature_matrix(
    values: Sequence[Mapping[str, float]], names: Sequence[str]
) -> csr_matrix:
    """A row for each, a column for each name."""
    columns = {name: column for column, name in enumerate(names)}
    data, indices, starts = [], [], [0]
    for each in values:
        known = sorted(
            (columns[name], value)
            for name, value in each.items()
            if name in columns
        )
        indices += [column for column, _ in known]
        data += [value for _, value in known]
        starts.append(len(data))
    return csr_matrix((data, indices, starts), shape=(len(values), len(names)))


def fit_logistic(
    matrix: csr_matrix, wanted: Matrix, counted: Matrix, steps: int
) -> tuple[Matrix, Matrix]:
    """The weights and the bias of a logistic regression a target; answers that are not `counted` are left out."""
    size, number = matrix.shape[1], wanted.shape[1]
    transposed = matrix.T.tocsr()

    def loss(flat: Matrix) -> tuple[float, Matrix]:
        weights, bias = (
            flat[: size * number].reshape(size, number),
            flat[size * number :],
        )
        odds = matrix @ weights + bias
        missed = counted * (expit(odds) - wanted)
        total = (
            counted * (np.logaddexp(0, odds) - wanted * odds)
        ).sum() + _PENALTY / 2 * (weights**2).sum()
        return total, np.concatenate(
            [(transposed @ missed + _PENALTY * weights).ravel(), missed.sum(axis=0)]
        )

    found = minimize(
        loss,
        np.zeros(size * number + number),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": steps, "maxcor": 7},
    ).x
    return found[: size * number].reshape(size, number), found[size * number :]
