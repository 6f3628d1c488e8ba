"""Make analysis/weights.toml from labelled changes, and say how well such weights do on services left out.

    python bench/train_weights.py LABELS.jsonl.gz            trains on all and writes the file
    python bench/train_weights.py LABELS.jsonl.gz --folds    also cross-validates by service, nothing written

The labelled changes are not part of the project. Needs scipy, which the program does not.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from analysis import compare as comparing
from analysis import judge as judging
from analysis.blocks import Page, UnreadablePage
from analysis.change import TOPICS
from analysis.diff import passages
from analysis.page import read_page
from analysis.seen import look
from analysis.signs import kind_of, signs, strengths

WEIGHTS = Path(judging.__file__).with_name("weights.toml")
SPECIFIC = 0.7  # how readily a topic gets weights of its own beside those of all topics
# what is new and gone, and how much: the signs that direction rests on
CHANGE = (
    "kind.", "any.", "claim.", "shape.text", "shape.any_text", "shape.few_words", "shape.longest", "shape.added",
    "shape.removed", "shape.reworded", *(f"{topic}.decides." for topic in TOPICS),
)  # fmt: skip
Row = dict[str, Any]


def labelled(path: str) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf8") as lines:
        return [json.loads(line) for line in lines]


def pages_of(row: Row) -> tuple[Page, Page] | None:
    language = None if row["language"] == "other" else row["language"]
    try:
        before, after = (
            read_page(row[side].encode(), mime="text/markdown", charset="utf-8", language=language)
            for side in ("before", "after")
        )
    except UnreadablePage:
        return None
    return before, after


def language_of(row: Row, after: Page) -> str | None:
    return after.language if row["language"] == "other" else row["language"]


class Example:
    """A labelled change with its pages and signs; `found` is None where it is held or unreadable."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.pages = pages_of(row)
        self.found: dict[str, float] | None = None
        if self.pages is None:
            return
        before, after = self.pages
        language = language_of(row, after)
        places = passages(before, after)
        if places and not comparing._doubt(before, after, language):
            seen = look(places, before, after, language)
            self.found = signs(seen, kind_of(row["document"], after))
        self.places = bool(places)


Bound = Callable[[str], tuple[float | None, float | None]]
ANY, UP, DOWN = (None, None), (0.0, None), (None, 0.0)


def free(_: str) -> tuple[float | None, float | None]:
    return ANY


def as_meant(name: str) -> tuple[float | None, float | None]:
    """The side on which a sign may weigh: what speaks for a change of practice never speaks against one."""
    if name.startswith(("words.business", "words.conduct", "words.contact", "words.shop", "words.language")):
        return DOWN
    if name.endswith(".nothing") or name == "shape.few_words":
        return DOWN
    if name.startswith(("kind.", "words.")):
        return ANY
    return UP


def for_topic(name: str) -> tuple[float | None, float | None]:
    return (
        ANY
        if name.rpartition(".")[2] in ("bias", "dense", "topics_seen", "changed", "direct_of_many", "direct_in_long")
        else UP
    )


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


def one(_: str) -> float:
    return 1.0


def train(examples: Iterable[Example]) -> str:
    usable = [example for example in examples if example.found is not None]
    alerts = [example for example in usable if example.row["alert"]]
    written = ["# Written by bench/train_weights.py. What the names mean is in docs/judging.md.\n"]
    together = [only(e, ("shape.", "kind.", "any.", "policy.", "terms.", "rules.")) for e in usable]
    written.append(section("substantive", *fit(together, [e.row["substantive"] for e in usable], 1.0, one, free), 0.35))
    steady = [{k: v for k, v in (e.found or {}).items() if not k.endswith((".new", ".gone"))} for e in usable]
    written.append(section("alert", *fit(steady, [e.row["alert"] for e in usable], 0.3, one, as_meant), 0.45))
    written.append(section("topic", *fit_topics(alerts), 0.4))
    told = [only(e, (*CHANGE, "policy.", "terms.", "rules.")) for e in alerts]
    for answer in sorted({value for e in alerts for value in e.row["direction"]}):
        truth = [answer in e.row["direction"] for e in alerts]
        written.append(section(f"direction.{answer}", *fit(told, truth, 0.05, one, free)))
    return "\n".join(written)


def only(example: Example, beginnings: tuple[str, ...]) -> dict[str, float]:
    return {
        name: value
        for name, value in (example.found or {}).items()
        if name.startswith(beginnings) and not name.endswith("decides.any")
    }


def fit_topics(alerts: Sequence[Example]) -> tuple[float, dict[str, float]]:
    rows, answers = [], []
    for example in alerts:
        for topic, strength in strengths(example.found or {}).items():
            both, either = (topic in example.row[key] for key in ("topics_both", "topics_either"))
            if both == either:
                rows.append(judging.topic_signs(topic, strength))
                answers.append(both)
    return fit(rows, answers, 0.3, lambda name: SPECIFIC if "." in name else 1.0, for_topic)


def section(name: str, bias: float, weights: Mapping[str, float], threshold: float | None = None) -> str:
    lines = [f"[{name}]", f"bias = {bias:.3f}"]
    if threshold is not None:
        lines.append(f"threshold = {threshold}")
    lines.append(f"[{name}.weights]")
    lines += [f'"{sign}" = {weight:.3f}' for sign, weight in sorted(weights.items()) if abs(weight) >= 0.005]
    return "\n".join(lines) + "\n"


def folds(examples: Sequence[Example], number: int = 10) -> list[set[str]]:
    services = sorted({example.row["service"] for example in examples})
    random.Random(7).shuffle(services)
    return [set(services[start::number]) for start in range(number)]


def answers(examples: Iterable[Example]) -> list[Row]:
    from analysis.as_json import comparison_json

    rows = []
    for example in examples:
        if example.pages is None:
            rows.append({"id": example.row["id"], "substantive": False, "alert": False})
            continue
        before, after = example.pages
        language = None if example.row["language"] == "other" else example.row["language"]
        told = comparing.compare(before, after, language=language, document=example.row["document"])
        rows.append({"id": example.row["id"], **comparison_json(told)})
    return rows


def use(text: str) -> None:
    """Let the judgement in this process rest on these weights."""
    found = judging.Weights.model_validate(tomllib.loads(text))
    judging.weights = lambda: found  # type: ignore[assignment]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels")
    parser.add_argument("--folds", metavar="ANSWERS", help="cross-validate by service; write the answers to this file")
    parser.add_argument(
        "--fitted", metavar="ANSWERS", help="write the answers of the weights trained on all to this file"
    )
    args = parser.parse_args()
    examples = [Example(row) for row in labelled(args.labels)]
    if args.folds:
        found: list[Row] = []
        for left_out in folds(examples):
            use(train(example for example in examples if example.row["service"] not in left_out))
            found += answers(example for example in examples if example.row["service"] in left_out)
        Path(args.folds).write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in found) + "\n", "utf-8")
        return
    text = train(examples)
    WEIGHTS.write_text(text, "utf-8")
    if args.fitted:
        use(text)
        Path(args.fitted).write_text(
            "\n".join(json.dumps(row, ensure_ascii=False) for row in answers(examples)) + "\n", "utf-8"
        )
    sys.stdout.write(f"{WEIGHTS}: {len(text.splitlines())} lines\n")


if __name__ == "__main__":
    main()
