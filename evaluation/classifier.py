"""`python -m evaluation train|score|misses|lead|answers|beside|score-beside|score-summary LABELS`.

LABELS is the folder of the labelled data (data/README.md). `corrections DATASET` prints what people corrected, as
labels.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from analysis.classify.features import PassageFeatures, kind_of
from analysis.classify.model import Model, shipped_model
from analysis.classify.summary import summarize
from analysis.classify.verdict import Verdict, classify_change, classify_passage
from evaluation.answers import WEIGHTS as ANSWERS
from evaluation.answers import examples, train_answers
from evaluation.beside import WEIGHTS as BESIDE
from evaluation.beside import scores_of_folds, train_beside, written_and_policies
from evaluation.corrections import write_corrections
from evaluation.headlines import write_headlines
from evaluation.labels import (
    DATA,
    OURS,
    Row,
    annotated,
    features_of,
    folds,
    labelled_passages,
    language_of,
    other_changes,
    pages_of,
    read_rows,
    verdict_of,
)
from evaluation.leads import (
    Labelled,
    SummaryScores,
    labelled,
    train_ranking,
    write_weights,
)
from evaluation.scores import change_scores, passage_scores, table
from evaluation.training import train, write_model

MODEL = Path(__file__).parent.parent / "analysis" / "classify" / "model.npz"
_FOLDS = 5


def main() -> None:
    """Train the weights that ship, or score their like on services that they were not trained with."""
    parser = argparse.ArgumentParser(
        prog="python -m evaluation", description=__doc__
    )
    parser.add_argument(
        "what",
        choices=[
            "train",
            "score",
            "misses",
            "lead",
            "answers",
            "beside",
            "score-beside",
            "score-summary",
            "corrections",
        ],
    )
    parser.add_argument("labels", type=Path)
    parser.add_argument(
        "--with-fewer",
        action="store_true",
        help="overwrite weights that learned from more examples",
    )
    given = parser.parse_args()
    if given.what == "train":
        _train(given.labels, with_fewer=given.with_fewer)
    elif given.what == "corrections":
        written, left_out = write_corrections(given.labels)
        print(f"{written} labels; {left_out} changes left out", file=sys.stderr)
    elif given.what == "answers":
        some = examples(read_rows(given.labels / "places.jsonl.gz"))
        write_model(
            train_answers(some),
            ANSWERS,
            examples=len(some),
            with_fewer=given.with_fewer,
        )
    elif given.what in ("beside", "score-beside"):
        lines = written_and_policies(read_rows(given.labels / "places.jsonl.gz"))
        if given.what == "beside":
            write_model(
                train_beside(lines),
                BESIDE,
                examples=len(lines),
                with_fewer=given.with_fewer,
            )
        else:
            print(scores_of_folds(lines))
    elif given.what == "lead":
        _train_lead(given.labels)
    elif given.what == "score-summary":
        _score_summary(given.labels)
    else:
        _score(given.labels, misses=given.what == "misses")


def _train(labels: Path, *, with_fewer: bool) -> None:
    started = time.process_time()
    rows = labelled_passages(labels)
    write_model(_model(rows), MODEL, examples=len(rows), with_fewer=with_fewer)
    digest = hashlib.sha256(MODEL.read_bytes()).hexdigest()
    print(
        f"{MODEL.name}: {len(rows)} passages, {MODEL.stat().st_size} bytes, sha256 {digest}"
    )
    print(f"{time.process_time() - started:.0f} s of CPU")


def _model(
    rows: Sequence[Row], features: Sequence[PassageFeatures] | None = None
) -> Model:
    known = zip(rows, features or map(features_of, rows), strict=True)
    pairs = [
        (each.values, row["label"])
        for row, each in known
        if each.values is not None
        for _ in range(row.get("times", 1))
    ]
    return train([values for values, _ in pairs], [label for _, label in pairs])


class Fold(NamedTuple):
    """Services left out, and the models that have not seen them."""

    services: Collection[str]
    model: Model
    answers: Model


def _folds(labels: Path, changes: Sequence[Row]) -> Iterator[Fold]:
    passages = labelled_passages(labels)
    features = [features_of(row) for row in passages]
    some = examples([row for row in passages if "source" in row])
    fold = folds({row["service"] for row in (*passages, *changes)}, _FOLDS)
    for left_out in range(_FOLDS):
        services = {
            service for service, number in fold.items() if number == left_out
        }
        seen = [
            number
            for number, row in enumerate(passages)
            if row["service"] not in services
        ]
        model = _model(
            [passages[number] for number in seen],
            [features[number] for number in seen],
        )
        yield Fold(services, model, train_answers(some, services))


def _told(
    labels: Path,
) -> tuple[list[Fold], list[Labelled], list[Labelled]]:
    """Changes with what leads them, each by a model that has not seen its service: those to train with, and others of
    the same services, for scores alone."""
    known = {row["id"]: row for row in read_rows(labels / "leads-dev.jsonl")}
    rows = read_rows(labels / "changes-dev.jsonl.gz")
    changes = [row for row in rows if row["id"] in known]
    parts = [*_folds(labels, changes)]
    return (
        parts,
        _labelled(parts, [(row, known[row["id"]]) for row in changes]),
        _labelled(parts, [*other_changes(labels, rows)]),
    )


def _labelled(
    parts: Sequence[Fold], changes: Sequence[tuple[Row, Row]]
) -> list[Labelled]:
    found = []
    places = annotated([row for row, _ in changes])
    for (row, label), each in zip(changes, places, strict=True):
        model = next(
            part.model for part in parts if row["service"] in part.services
        )
        change = labelled(row, label, each, model)
        if change is not None:
            found.append(change)
    return found


def _train_lead(labels: Path) -> None:
    _, changes, _ = _told(labels)
    weights = train_ranking(changes)
    write_weights(weights)
    print(f"{len(weights)} weights of {len(changes)} changes")


def _score_summary(labels: Path) -> None:
    """What leads and what is answered on services that no part of it has seen, and forty of the headlines."""
    parts, changes, others = _told(labels)
    answers = {row["id"]: row for row in read_rows(labels / "briefs-dev.jsonl")}
    scores, of_others, headlines = SummaryScores(), SummaryScores(), []
    for part in parts:
        weights = train_ranking(
            [
                change
                for change in changes
                if change.row["service"] not in part.services
            ]
        )
        for change in (*changes, *others):
            if change.row["service"] not in part.services:
                continue
            before, after = pages_of(change.row)
            brief = summarize(
                change.annotated,
                change.candidates,
                before,
                after,
                weights=weights,
                answers=part.answers,
            )
            if "version" in change.label:
                of_others.add_lead(change, brief)
            else:
                scores.add(change, brief, answers.get(change.row["id"]))
                headlines.append((change, brief))
    print(scores.table())
    print("\nother changes of the same services\n")
    print(of_others.lead_table())
    write_headlines(headlines)


def _score(labels: Path, *, misses: bool) -> None:
    passages, changes = (
        labelled_passages(labels),
        read_rows(labels / "changes-dev.jsonl.gz"),
    )
    features, places = [features_of(row) for row in passages], annotated(changes)
    fold = folds({row["service"] for row in (*passages, *changes)}, _FOLDS)
    verdicts: list[Verdict] = [Verdict()] * len(passages)
    answers: list[Verdict] = [Verdict()] * len(changes)
    for left_out in range(_FOLDS):
        seen = [
            number
            for number, row in enumerate(passages)
            if fold[row["service"]] != left_out
        ]
        model = _model(
            [passages[number] for number in seen],
            [features[number] for number in seen],
        )
        for number, row in enumerate(passages):
            if fold[row["service"]] == left_out:
                verdicts[number] = verdict_of(row, features[number], model)
        for number, row in enumerate(changes):
            if fold[row["service"]] == left_out and places[number]:
                kind = kind_of(row["document"], pages_of(row)[1])
                answers[number] = classify_change(
                    [
                        classify_passage(each, kind, language_of(row), model)
                        for each in places[number]
                    ]
                )
    for title, ours in (
        ("passages, services left out", False),
        ("written cases, left out", True),
    ):
        chosen = [
            number
            for number, row in enumerate(passages)
            if row["service"].startswith(OURS) == ours
        ]
        scores = passage_scores(
            [passages[number] for number in chosen],
            [verdicts[number] for number in chosen],
        )
        print(table(title, scores))
    print(table("changes, services left out", change_scores(changes, answers)))
    for title, name, parts in (
        ("practices beside denials", "denials", ("alert", "topics", "direction")),
        ("little changes and look-alikes", "little_changes", ("alert",)),
    ):
        given = _scores_of_shipped(read_rows(DATA / f"{name}.jsonl"))
        chosen_scores = {part: given[part] for part in parts}
        print(table(f"{title}, shipped weights", chosen_scores))
    if misses:
        for row, answer in zip(changes, answers, strict=True):
            if row["alert"] != answer.alert:
                print(
                    "missed" if row["alert"] else "false alarm",
                    row["id"],
                    row["service"],
                    row["evidence"][:1],
                )


def _scores_of_shipped(rows: Sequence[Row]) -> dict[str, float]:
    """Of passages that the weights have not learned from."""
    shipped = shipped_model()
    verdicts = [verdict_of(row, features_of(row), shipped) for row in rows]
    return passage_scores(rows, verdicts)
