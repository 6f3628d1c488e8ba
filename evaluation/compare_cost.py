"""What a comparison costs: CPU of all labelled pairs in one process, of those near 50 kB, and of a long history.

    python -m evaluation.compare_cost CHANGES.jsonl.gz [CLONE_OF_A_HISTORY]

With a clone (of a git repository of Markdown versions), the first text of each file is compared with its last.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
from pathlib import Path

from analysis.compare import compare
from analysis.extract import read_page
from analysis.model import Page, UnreadablePage
from evaluation.labels import language_of, pages_of, read_rows


def page(text: str) -> Page | None:
    try:
        return read_page(
            text.encode(), mime="text/markdown", charset="utf-8", language="en"
        )
    except UnreadablePage:
        return None


def cost(
    before: Page, after: Page, language: str | None, document: str | None
) -> float:
    start = time.process_time()
    compare(before, after, language=language, document=document)
    return 1000 * (time.process_time() - start)


def labelled(path: str) -> None:
    costs, near = [], []
    for row in read_rows(Path(path)):
        try:
            before, after = pages_of(row)
        except UnreadablePage:
            continue
        costs.append(cost(before, after, language_of(row), row["document"]))
        if 40_000 < len(row["after"]) < 60_000:
            near.append(costs[-1])
    for name, measured in (("all pairs", costs), ("pairs of 40 to 60 kB", near)):
        median, worst = statistics.median(measured), max(measured)
        print(
            f"{len(measured)} {name}: {sum(measured) / 1000:.1f} s, median {median:.1f} ms, worst {worst:.0f} ms"
        )


def history(folder: str) -> None:
    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", folder, *words],
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    newest = git("rev-list", "--all", "--max-count=1").strip()
    for name in git("ls-tree", "-r", "--name-only", newest).splitlines():
        commits = git("log", "--format=%H", newest, "--", name).split()
        pages = [
            page(git("show", f"{commit}:{name}"))
            for commit in (commits[-1], commits[0])
        ]
        if pages[0] and pages[1]:
            spent = cost(pages[0], pages[1], "en", Path(name).stem)
            print(
                f"{spent:7.0f} ms  {name}, first of {len(commits)} texts against the last"
            )


if __name__ == "__main__":
    if not sys.argv[1:] or not Path(sys.argv[1]).is_file():
        sys.exit(
            "Labelled changes are needed, which are no part of this project.\n"
            + str(__doc__)
        )
    gc.set_threshold(10_000, 10, 100)  # as the command line does
    labelled(sys.argv[1])
    if len(sys.argv) > 2:
        history(sys.argv[2])
