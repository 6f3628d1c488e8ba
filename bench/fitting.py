"""The signs of labelled changes, and weights fitted to them. Needs scipy, which the program does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize

from analysis.belief.believe import doubt
from analysis.blocks import Page, UnreadablePage
from analysis.diff import passages
from analysis.judging.claims import claims
from analysis.judging.kinds import kind_of
from analysis.judging.seen import look
from analysis.judging.signs import signs
from analysis.judging.taken_back import NOTHING_BACK
from bench.labelled import Row, language_of, pages_of

Bounds = tuple[float | None, float | None]
Bound = Callable[[str], Bounds]
ANY, UP, DOWN = (None, None), (0.0, None), (None, 0.0)


def free(_: str) -> Bounds:
    return ANY


def one(_: str) -> float:
    return 1.0


class Example:
    """A labelled change with its pages, its signs and claims; `found` is None where it is held or unreadable."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.pages: tuple[Page, Page] | None = None
        self.found: dict[str, float] | None = None
        self.told: dict[str, float] = {}
        try:
            self.pages = before, after = pages_of(row)
        except UnreadablePage:
            return
        language = language_of(row) or after.language
        places = passages(before, after)
        if places and not doubt(before, after, language=language, title=row["document"]):
            kind = kind_of(row["document"], after)
            seen = look(places, before, after, language, kind)
            self.found = signs(seen)
            self.told = claims(seen, self.found, NOTHING_BACK)


def fit(
    rows: Sequence[Mapping[str, float]],
    answers: Sequence[bool],
    strength: float,
    scale: Callable[[str], float],
    bound: Bound,
) -> tuple[float, dict[str, float]]:
    names = sorted({name for row in rows for name in row})
    scales = np.array([scale(name) for name in names])
    matrix = np.array([[row.get(name, 0.0) for name in names] for row in rows]) * scales
    sides = np.where(np.array(answers), 1.0, -1.0)

    def loss(values: Any) -> tuple[float, Any]:
        sums = sides * (matrix @ values[1:] + values[0])
        slopes = -sides / (1 + np.exp(np.clip(sums, -30, 30)))
        penalty = values[1:] @ values[1:] / (2 * strength)
        return float(np.logaddexp(0, -sums).sum() + penalty), np.concatenate(
            [[slopes.sum()], matrix.T @ slopes + values[1:] / strength]
        )

    bounds = [(None, None), *(bound(name) for name in names)]
    found = minimize(
        loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 400}
    ).x
    return float(found[0]), dict(zip(names, (found[1:] * scales).tolist(), strict=True))


def only(example: Example, beginnings: tuple[str, ...]) -> dict[str, float]:
    return {
        name: value
        for name, value in (example.found or {}).items()
        if name.startswith(beginnings) and not name.endswith("decides.any")
    }


def section(name: str, bias: float, weights: Mapping[str, float], threshold: float | None = None) -> str:
    lines = [f"[{name}]", f"bias = {bias:.3f}"]
    if threshold is not None:
        lines.append(f"threshold = {threshold}")
    lines.append(f"[{name}.weights]")
    lines += [f'"{sign}" = {weight:.3f}' for sign, weight in sorted(weights.items()) if abs(weight) >= 0.005]
    return "\n".join(lines) + "\n"
