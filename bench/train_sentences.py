"""Make analysis/weights/sentences.csv from labelled sentences, which are not part of the project.

    python -m bench.train_sentences SENTENCES.jsonl           measures on services left out
    python -m bench.train_sentences SENTENCES.jsonl --write   and writes the weights of all

A line is {"text", "language", "kind", "heading": [...], "service", "topics": [...], "states": ["practice", ...],
"severity": "none"|"low"|"medium"|"high", "direction": "expands"|"limits"|"clarifies"|null}: what an annotator would say
if this one sentence were added to the document. Needs scikit-learn, which the program does not.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from analysis.change import SEVERITIES, TOPICS
from analysis.judging import sentences
from bench import labelled
from bench.labelled import Row

WEIGHTS = Path(sentences.__file__).with_name("weights") / "sentences.csv"
RARE = 10  # signs of fewer sentences are left out
MOST = 6000  # signs that are kept, those that weigh most
STRENGTH = 0.3  # the inverse of the regularisation
FOLDS = 5
_FROM = {"worth": "low", "medium": "medium", "high": "high"}

Words = dict[str, tuple[int, ...]]  # weights of signs in hundredths, in the order of the aspects


def holds(row: Row, aspect: str) -> bool:
    """Whether an annotator would say so of the sentence."""
    if aspect in TOPICS:
        return aspect in row["topics"]
    if aspect in _FROM:
        return SEVERITIES.index(row["severity"]) >= SEVERITIES.index(_FROM[aspect])
    return aspect in row["states"] or aspect == row["direction"]


class Table:
    """The signs of labelled sentences as a matrix, and what holds of each."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        found = [sentences.signs_of(row["text"], row["language"], row["kind"], tuple(row["heading"])) for row in rows]
        often = Counter(sign for signs in found for sign in signs)
        self.names = sorted(name for name, count in often.items() if count >= RARE)
        column = {name: number for number, name in enumerate(self.names)}
        indices = [column[sign] for signs in found for sign in signs if sign in column]
        counts = np.cumsum([0, *(sum(sign in column for sign in signs) for signs in found)])
        data = np.ones(len(indices))
        self.matrix = csr_matrix(
            (data, np.array(indices, "int32"), counts.astype("int32")), (len(rows), len(self.names))
        )
        self.answers = {aspect: np.array([holds(row, aspect) for row in rows]) for aspect in sentences.ASPECTS}

    def fit(self, without: Collection[str] = ()) -> Words:
        """The weights that are learnt from the sentences of all services but these."""
        kept = np.array([row["service"] not in without for row in self.rows])
        whole = np.array([model.coef_[0] for model in self._models(kept, np.arange(len(self.names)))])
        chosen = np.sort(np.argsort(-(whole**2).sum(0), kind="stable")[:MOST])
        models = self._models(kept, chosen)
        table = {self.names[at]: tuple(m.coef_[0][k] for m in models) for k, at in enumerate(chosen)}
        table[sentences.BIAS] = tuple(model.intercept_[0] for model in models)
        return {name: tuple(round(float(weight) * 100) for weight in weights) for name, weights in table.items()}

    def _models(self, kept: Any, columns: Any) -> list[LogisticRegression]:
        part = self.matrix[kept][:, columns]
        return [
            LogisticRegression(C=STRENGTH, solver="liblinear", max_iter=200).fit(part, self.answers[aspect][kept])
            for aspect in sentences.ASPECTS
        ]


def use(weights: Words) -> None:
    """Let sentences be read in this process by these weights."""
    table = sentences.Weights(written(weights).splitlines())
    sentences._weights = lambda: table  # type: ignore[assignment]
    for answer in (sentences.says, sentences._words_row, sentences._place_row):
        answer.cache_clear()


def written(weights: Words) -> str:
    lines = io.StringIO()
    table = csv.writer(lines, lineterminator="\n")
    table.writerow(["sign", *sentences.ASPECTS])
    for name, row in sorted(weights.items()):
        if any(row):
            table.writerow([name, *(cell or "" for cell in row)])
    return lines.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sentences")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS.name}")
    args = parser.parse_args()
    rows = labelled.rows(args.sentences)
    table = Table(rows)
    chances: dict[str, list[float]] = {aspect: [0.0] * len(rows) for aspect in sentences.ASPECTS}
    for left_out in labelled.folds({row["service"] for row in rows}, 3, FOLDS):
        use(table.fit(left_out))
        for number, row in enumerate(rows):
            if row["service"] in left_out:
                said = sentences.says(row["text"], row["language"], row["kind"], tuple(row["heading"]))
                for aspect, chance in said.items():
                    chances[aspect][number] = chance
    for aspect, found in chances.items():
        truth = table.answers[aspect]
        sys.stdout.write(
            f"{aspect:20} {truth.sum():5} sentences, average precision {average_precision_score(truth, found):.2f}\n"
        )
    if args.write:
        text = written(table.fit())
        WEIGHTS.write_text(text, "utf8")
        sys.stdout.write(f"{WEIGHTS}: {len(text.splitlines())} lines, {len(text) // 1000} kB\n")


if __name__ == "__main__":
    main()
