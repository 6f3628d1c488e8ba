"""What people corrected of changes, as labelled passages to train with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from evaluation.labels import Row, read_rows


def write_corrections(dataset: Path) -> tuple[int, int]:
    """Print a label for each passage of the data set (docs/data.md) that a correction speaks of. How many were
    corrected, and how many changes were left out: of several passages, nobody said which one was wrong.
    """
    passages: dict[int, list[Row]] = {}
    for row in read_rows(dataset / "passages.jsonl.gz"):
        passages.setdefault(row["change"], []).append(row)
    written = left_out = 0
    for change in read_rows(dataset / "changes.jsonl.gz"):
        if not change["edited"]:
            continue
        machine = change["edited"]["machine"]
        if all(change[name] == machine[name] for name in ("severity", "topics")):
            continue
        labels = [*_labels(change, passages.get(change["id"], []))]
        for label in labels:
            print(json.dumps(label, ensure_ascii=False))
        written += len(labels)
        left_out += not labels
    return written, left_out


def _labels(change: Row, passages: list[Row]) -> Iterator[Row]:
    alerts = change["severity"] != "none"
    flagged = [row for row in passages if row["severity"] != "none"] or passages
    if alerts and len(flagged) > 1:
        return
    label = {
        "substantive": change["substantive"],
        "alert": alerts,
        "topics": change["topics"] if alerts else [],
    }
    if alerts:
        label["severity"] = change["severity"]
    for row in flagged:
        yield {
            "id": f"{change['id']}-{row['position']}",
            "service": change["service"],
            "document": change["title"],
            "language": change["language"],
            **{
                name: row[name]
                for name in ("operation", "heading", "before", "after")
            },
            "label": label,
        }
