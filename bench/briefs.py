"""Make the brief of each labelled change, straight from its passages, for the scorer of briefs.

    python -m bench.briefs CHANGES.jsonl.gz BRIEFS.jsonl > answers.jsonl

Every labelled change is one that alerts; whether `compare` alerts on it is measured elsewhere. Times go to stderr.
"""

from __future__ import annotations

import gzip
import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis.blocks import Page
from analysis.brief import brief
from analysis.change import Passage
from analysis.diff import passages
from analysis.page import read_page


def rows(path: str) -> list[dict[str, Any]]:
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


Labelled = tuple[dict[str, Any], dict[str, Any], Page, Page, tuple[Passage, ...]]


def labelled(changes: str, briefs: str) -> Iterator[Labelled]:
    """The labelled briefs: the label, its change, both pages, the passages that the label is about.

    A label is of the change `change`, or of the one with its own id; of the passages `passages`, or of all.
    """
    labels: dict[str, list[dict[str, Any]]] = {}
    for label in rows(briefs):
        labels.setdefault(label.get("change", label["id"]), []).append(label)
    for row in rows(changes):
        if row["id"] in labels:
            before, after = (
                read_page(row[side].encode(), mime="text/markdown", language=row["language"])
                for side in ("before", "after")
            )
            found = passages(before, after)
            for label in labels[row["id"]]:
                yield label, row, before, after, tuple(found[at] for at in label.get("passages", range(len(found))))


def main() -> None:
    times: list[float] = []
    for label, row, before, after, found in labelled(sys.argv[1], sys.argv[2]):
        started = time.process_time()
        answer = asdict(brief(found, before, after, effective=None, language=row["language"]))
        times.append((time.process_time() - started) * 1000)
        print(json.dumps({"id": label["id"], "brief": answer}, default=str, ensure_ascii=False))
    times.sort()
    print(
        f"CPU ms: median {statistics.median(times):.1f}, 90% {times[len(times) * 9 // 10]:.1f}, most {times[-1]:.1f}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
