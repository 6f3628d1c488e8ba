"""Replay a corpus of real pages through the reader, without a crawler: the figures of score_replay.py and the cost.

    python -m evaluation.replay_offline ../shared/data/replay-dev [--out pairs.jsonl] [--page SLUG]

`recall_of_reader` counts a change as found if it was recorded at all, whatever the comparison then made of it.
A page is read, then compared by fingerprint with the last good text, then believed or not, then compared. The corpus
and its truth are described in its own README.
"""

from __future__ import annotations

import argparse
import collections
import json
import pathlib
import statistics
import tarfile
import time
from collections.abc import Iterator

import zstandard

from analysis.compare import compare
from analysis.extract import read_page
from analysis.model import Page, UnreadablePage
from analysis.text.normal import fingerprint
from analysis.validate.rejection import change_rejection, page_rejection

SET_ASIDE = ("held", "unreadable")
SOFT = (
    "date-only",
    "words-minor",
    "notice",
)  # kinds of substantive change that can be argued either way
FRENCH = ("doctolib-privacy-pdf",)


def bodies(folder: pathlib.Path, packed: str) -> Iterator[tuple[str, bytes]]:
    with open(folder / packed, "rb") as raw:
        stream = zstandard.ZstdDecompressor(max_window_size=2**31).stream_reader(
            raw
        )
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                if (opened := tar.extractfile(member)) is not None:
                    yield member.name, opened.read()


class Document:
    """What a watch would know of one document."""

    def __init__(self, language: str, title: str) -> None:
        self.language = language
        self.title = title
        self.good: Page | None = None
        self.mark = ""
        self.alerts = False  # whether the last capture made an alert

    def check(self, body: bytes, mime: str) -> tuple[str, str | None]:
        """The outcome of one capture, with its reason."""
        self.alerts = False
        try:
            former = [block.text for block in self.good.blocks] if self.good else ()
            page = read_page(body, mime=mime, language=self.language, former=former)
        except UnreadablePage as failure:
            return "unreadable", str(failure.reason)
        mark = fingerprint(page.blocks)
        if mark == self.mark:
            return "unchanged", None
        before = self.good
        if before is None:
            reason = page_rejection(page, language=self.language, title=self.title)
        else:
            reason = change_rejection(
                before, page, language=self.language, title=self.title
            )
        if reason:
            return "held", str(reason)
        self.good, self.mark = page, mark
        if before is None:
            return "first", None
        comparison = compare(
            before, page, language=self.language, document=self.title, trusted=True
        )
        self.alerts = comparison.alert
        return ("changed" if comparison.substantive else "cosmetic"), None


def replay(folder: pathlib.Path) -> Iterator[dict[str, object]]:
    manifest = json.loads((folder / "manifest.json").read_text("utf8"))
    truth = {
        pair["to_n"]: pair
        for pair in json.loads((folder / "truth.json").read_text("utf8"))
    }
    captures = {capture["file"]: capture for capture in manifest["captures"]}
    document = Document(
        "fr" if folder.name in FRENCH else "en", manifest["terms_type"]
    )
    for name, body in bodies(folder, manifest["bodies"]):
        capture = captures[name]
        started = time.process_time()
        outcome, reason = document.check(body, capture["mime"])
        spent = time.process_time() - started
        pair = truth.get(
            capture["n"], {"label": "first", "kind": None, "why": None}
        )
        yield {
            "page": folder.name,
            "step": capture["n"],
            "label": pair["label"],
            "kind": pair["kind"],
            "outcome": outcome,
            "alert": document.alerts,
            "reason": reason,
            "ms": round(1000 * spent, 2),
            "why": pair["why"],
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--page", help="only this page")
    parser.add_argument(
        "--out",
        type=pathlib.Path,
        help="write every pair's label and outcome here (JSON lines)",
    )
    args = parser.parse_args()
    folders = [path.parent for path in sorted(args.corpus.glob("*/manifest.json"))]
    rows = [
        row
        for folder in folders
        if args.page in (None, folder.name)
        for row in replay(folder)
    ]
    if args.out:
        args.out.write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows),
            "utf8",
        )
    table = collections.Counter((row["label"], row["outcome"]) for row in rows)
    for label in ("first", "same", "cosmetic", "substantive", "broken"):
        print(
            label,
            dict(
                sorted(
                    (str(o), n) for (known, o), n in table.items() if known == label
                )
            ),
        )
    pairs = [row for row in rows if row["label"] != "first"]
    recorded = ("changed", "cosmetic", "first")
    changed = [row for row in pairs if row["outcome"] in ("changed", "first")]
    firm = [
        row
        for row in pairs
        if row["label"] == "substantive" and row["kind"] not in SOFT
    ]
    good = [row for row in pairs if row["label"] != "broken"]
    seen = [row for row in firm if row["outcome"] in recorded]
    cost = sorted(
        float(str(row["ms"])) for row in rows if row["outcome"] == "unchanged"
    ) or [0.0]
    figures = {
        "pairs": len(pairs),
        "precision": round(
            sum(row["label"] == "substantive" for row in changed)
            / max(1, len(changed)),
            3,
        ),
        "recall": round(
            sum(row["outcome"] == "changed" for row in firm) / max(1, len(firm)), 3
        ),
        "recall_of_reader": round(len(seen) / max(1, len(firm)), 3),
        "recorded_on_same": sum(
            row["label"] == "same" and row["outcome"] in recorded for row in pairs
        ),
        "alerts_on_same": sum(
            row["label"] in ("same", "cosmetic") and bool(row["alert"])
            for row in pairs
        ),
        "broken_recorded": sum(
            row["label"] == "broken" and row["outcome"] in recorded for row in pairs
        ),
        "good_page_set_aside": round(
            sum(row["outcome"] in SET_ASIDE for row in good) / max(1, len(good)), 4
        ),
        "cpu_ms_median": round(statistics.median(cost), 2),
        "cpu_ms_p95": round(cost[int(0.95 * (len(cost) - 1))], 2),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
