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


def labelled(changes: str, briefs: str) -> Iterator[tuple[dict[str, Any], Page, Page, tuple[Passage, ...]]]:
    """The changes that have a labelled brief: the row, both pages, the passages."""
    wanted = {row["id"] for row in rows(briefs)}
    for row in rows(changes):
        if row["id"] in wanted:
            before, after = (
                read_page(row[side].encode(), mime="text/markdown", language=row["language"])
                for side in ("before", "after")
            )
            yield row, before, after, passages(before, after)


def main() -> None:
    times: list[float] = []
    for row, before, after, found in labelled(sys.argv[1], sys.argv[2]):
        started = time.process_time()
        answer = asdict(brief(found, before, after, effective=None, language=row["language"]))
        times.append((time.process_time() - started) * 1000)
        print(json.dumps({"id": row["id"], "brief": answer}, default=str, ensure_ascii=False))
    times.sort()
    print(
        f"CPU ms: median {statistics.median(times):.1f}, 90% {times[len(times) * 9 // 10]:.1f}, most {times[-1]:.1f}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
