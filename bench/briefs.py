"""Make the brief of each labelled change, straight from its passages, for the scorer of briefs.

    python -m bench.briefs CHANGES.jsonl.gz BRIEFS.jsonl > answers.jsonl

Every labelled change is one that alerts; whether `compare` alerts on it is measured elsewhere. Times go to stderr.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict

from analysis.blocks import Page
from analysis.brief import brief
from analysis.change import Passage
from analysis.diff import passages
from bench.labelled import Row, pages_of, rows

Labelled = tuple[Row, Row, Page, Page, tuple[Passage, ...]]


def labelled(changes: str, briefs: str) -> Iterator[Labelled]:
    """The labelled briefs: the label, its change, both pages, the passages that the label is about.

    A label is of the change `change`, or of the one with its own id; of the passages `passages`, or of all.
    """
    labels: dict[str, list[Row]] = {}
    for label in rows(briefs):
        labels.setdefault(label["change" if "change" in label else "id"], []).append(label)
    for row in rows(changes):
        if row["id"] in labels:
            before, after = pages_of(row)
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
