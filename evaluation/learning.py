"""`python -m evaluation.learning LABELS`: what the reviews of one installation bring on later changes of its services.

An installation watches half of the services of `changes-dev.jsonl.gz`, by a model that has seen none of them. Its
people review the earliest changes; where they decide otherwise than the program, that is a label as
`evaluation.corrections` makes it, and counts as often as labels of one's own. The later changes are scored before and
after. Both halves take their turn. Three minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.classify.features import PassageFeatures, kind_of
from analysis.classify.model import Model
from analysis.classify.verdict import Verdict, classify_change, classify_passage
from evaluation.labels import (
    Row,
    annotated,
    features_of,
    folds,
    labelled_passages,
    language_of,
    pages_of,
    read_rows,
)
from evaluation.scores import change_scores, table
from evaluation.training import train

_REVIEWS = (50, 200)
_HALVES = 2
_TIMES = 5  # as often counts a label of one's own

Example = tuple[Mapping[str, float], Row]


def main() -> None:
    """Print the scores without and with the reviews."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labels", type=Path)
    labels = parser.parse_args().labels
    rows = sorted(
        read_rows(labels / "changes-dev.jsonl.gz"),
        key=lambda row: row["recorded_at"],
    )
    places = annotated(rows)
    known = [(row, features_of(row)) for row in labelled_passages(labels)]
    fold = folds(
        {row["service"] for row in (*rows, *(row for row, _ in known))}, _HALVES
    )
    scored: dict[Any, list[tuple[Row, Verdict, Verdict]]] = {}
    learned = dict.fromkeys(_REVIEWS, 0)
    for half in range(_HALVES):
        examples = [
            (each.values, row["label"])
            for row, each in known
            if each.values is not None and fold[row["service"]] != half
        ]
        own = [
            (row, each)
            for row, each in zip(rows, places, strict=True)
            if fold[row["service"]] == half
        ]
        before = _trained(examples)
        for count in _REVIEWS:
            more = [
                example
                for row, each in own[:count]
                for example in _corrected(row, each, before)
            ]
            learned[count] += len(more)
            after = _trained([*examples, *more * _TIMES])
            scored.setdefault(count, []).extend(
                (row, _verdict(row, each, before), _verdict(row, each, after))
                for row, each in own[count:]
            )
    for count, later in scored.items():
        print(
            f"\n{count} reviews, {learned[count]} labels in both halves, {len(later)} later changes"
        )
        for name, place in (("without", 1), ("with", 2)):
            verdicts: Sequence[Any] = [each[place] for each in later]
            print(table(name, change_scores([each[0] for each in later], verdicts)))


def _trained(examples: Sequence[Example]) -> Model:
    return train(
        [values for values, _ in examples], [label for _, label in examples]
    )


def _passages(
    row: Row, places: Sequence[PassageFeatures], model: Model
) -> list[Verdict]:
    kind = kind_of(row["document"], pages_of(row)[1])
    return [
        classify_passage(each, kind, language_of(row), model) for each in places
    ]


def _verdict(row: Row, places: Sequence[PassageFeatures], model: Model) -> Verdict:
    return classify_change(_passages(row, places, model)) if places else Verdict()


def _corrected(
    row: Row, places: Sequence[PassageFeatures], model: Model
) -> Iterator[Example]:
    """Nothing where the review agrees, or where it leaves open which of several passages was wrong."""
    if not places:
        return
    verdicts = _passages(row, places, model)
    told = classify_change(verdicts)
    topics = {*row["topics_either"]} if row["alert"] else set()
    if told.alert == row["alert"] and {*told.topics} <= topics:
        return
    flagged = [
        number for number, verdict in enumerate(verdicts) if verdict.alert
    ] or range(len(places))
    if row["alert"] and len(flagged) > 1:
        return
    label = {
        "substantive": row["substantive"],
        "alert": row["alert"],
        "topics": sorted(row["topics_both"]) if row["alert"] else [],
    }
    if row["alert"] and row["severity"]:
        label["severity"] = row["severity"][0]
    for number in flagged:
        if (values := places[number].values) is not None:
            yield values, label


if __name__ == "__main__":
    main()
