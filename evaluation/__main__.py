"""`python -m evaluation train|score|misses|summary|score-summary LABELS`.

LABELS is the folder of the labelled data (data/README.md).
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from analysis.classify.features import PassageFeatures, kind_of
from analysis.classify.model import FORMAT, TARGETS, Model
from analysis.classify.tagger import WEIGHTS
from analysis.classify.verdict import Verdict, classify_change, classify_passage
from analysis.model import Page
from evaluation.labels import (
    OURS,
    Row,
    annotated,
    features_of,
    folds,
    labelled_passages,
    language_of,
    pages_of,
    read_rows,
)
from evaluation.scores import change_scores, passage_scores, table
from evaluation.training import train

MODEL = Path(__file__).parent.parent / "analysis" / "classify" / "model.npz"
_FOLDS = 5


def main() -> None:
    """Train the model or the tagger that ships, or score either on services that it was not trained with."""
    parser = argparse.ArgumentParser(prog="python -m evaluation", description=__doc__)
    parser.add_argument("what", choices=["train", "score", "misses", "summary", "score-summary"])
    parser.add_argument("labels", type=Path)
    given = parser.parse_args()
    if given.what == "train":
        _train(given.labels)
    elif "summary" in given.what:
        _summary(given.labels, write=given.what == "summary")
    else:
        _score(given.labels, misses=given.what == "misses")


def _train(labels: Path) -> None:
    started = time.process_time()
    model = _model(labelled_passages(labels))
    np.savez_compressed(
        MODEL,
        format=FORMAT,
        targets=np.frombuffer("\n".join(TARGETS).encode(), np.uint8),
        features=np.frombuffer("\n".join(model.rows).encode(), np.uint8),
        weights=model.weights,
        scales=model.scales,
        bias=model.bias,
    )
    digest = hashlib.sha256(MODEL.read_bytes()).hexdigest()
    print(f"{MODEL.name}: {len(model.rows)} features, {MODEL.stat().st_size} bytes, sha256 {digest}")
    print(f"{time.process_time() - started:.0f} s of CPU")


def _model(rows: Sequence[Row], features: Sequence[PassageFeatures] | None = None) -> Model:
    known = zip(rows, features or map(features_of, rows), strict=True)
    pairs = [(each.values, row["label"]) for row, each in known if each.values is not None]
    return train([values for values, _ in pairs], [label for _, label in pairs])


def _summary(folder: Path, *, write: bool) -> None:
    from evaluation.summary import Labels, folds_of, score_summaries, tuned  # needs jax, which nothing else does

    labels = Labels(folder)
    parts = folds_of(labels)
    print(f"| question | presence | words |\n| --- | --- | --- |\n{score_summaries(parts)}")
    if write:
        limits = tuned(parts)
        np.savez_compressed(WEIGHTS, **labels.without() | limits)  # type: ignore[arg-type]
        print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size} bytes, {hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()}")


def _score(labels: Path, *, misses: bool) -> None:
    passages, changes = labelled_passages(labels), read_rows(labels / "changes-dev.jsonl.gz")
    features, places = [features_of(row) for row in passages], annotated(changes)
    fold = folds({row["service"] for row in (*passages, *changes)}, _FOLDS)
    verdicts: list[Verdict] = [Verdict()] * len(passages)
    answers: list[Verdict] = [Verdict()] * len(changes)
    for left_out in range(_FOLDS):
        seen = [number for number, row in enumerate(passages) if fold[row["service"]] != left_out]
        model = _model([passages[number] for number in seen], [features[number] for number in seen])
        for number, row in enumerate(passages):
            if fold[row["service"]] == left_out:
                kind = kind_of(row["document"], Page(row["document"], row["language"], ()))
                verdicts[number] = classify_passage(features[number], kind, row["language"], model)
        for number, row in enumerate(changes):
            if fold[row["service"]] == left_out and places[number]:
                kind = kind_of(row["document"], pages_of(row)[1])
                answers[number] = classify_change(
                    [classify_passage(each, kind, language_of(row), model) for each in places[number]]
                )
    for title, ours in (("passages, services left out", False), ("written cases, left out", True)):
        chosen = [number for number, row in enumerate(passages) if row["service"].startswith(OURS) == ours]
        scores = passage_scores([passages[number] for number in chosen], [verdicts[number] for number in chosen])
        print(table(title, scores))
    print(table("changes, services left out", change_scores(changes, answers)))
    if misses:
        for row, answer in zip(changes, answers, strict=True):
            if row["alert"] != answer.alert:
                print("missed" if row["alert"] else "false alarm", row["id"], row["service"], row["evidence"][:1])


if __name__ == "__main__":
    main()
