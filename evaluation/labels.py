"""Labelled passages and changes: how they are read, and parted by service."""

from __future__ import annotations

import gzip
import json
import lzma
import random
import re
import sys
import tomllib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from analysis.classify.features import (
    PassageFeatures,
    annotate,
    kind_of,
    passage_features,
)
from analysis.classify.model import Model
from analysis.classify.verdict import Verdict, classify_passage
from analysis.diff import passages
from analysis.diff.wording import wording
from analysis.extract import read_page
from analysis.model import Page, Passage, UnreadablePage
from analysis.validate.rejection import change_rejection

Row = dict[str, Any]  # a labelled passage, change or summary
OWN = "own.jsonl"  # in the folder of labels: labels of whoever trains
_OWN_TIMES = 5  # as much as others counts each of these
_NEUTRAL_TIMES = 2  # for titles of data practices stand above many labels of news
OURS = "written"  # begins the names that stand for the service of our own passages: each is one of its own
DATA = Path(__file__).with_name("data")
CASES = Path(__file__).parent.parent / "tests" / "cases"


def read_rows(path: Path) -> list[Row]:
    """The lines of a file of JSON, packed or not. Ends the program where there is no such file."""
    if not path.exists():
        sys.exit(
            f"no {path}: the labelled data is not part of the repository; evaluation/data/README.md says whence"
        )
    opened = gzip.open if path.suffix == ".gz" else lzma.open
    with (
        path.open(encoding="utf8")
        if path.suffix == ".jsonl"
        else opened(path, "rt", encoding="utf8") as lines
    ):
        return [json.loads(line) for line in lines if line.strip()]


def language_of(row: Row) -> str | None:
    """None where it is none that the labels know."""
    return None if row["language"] == "other" else row["language"]


def pages_of(row: Row) -> tuple[Page, Page]:
    """Both texts of a change. Raises `UnreadablePage`."""
    before, after = (
        read_text(row[side], language_of(row)) for side in ("before", "after")
    )
    return before, after


def read_text(text: str, language: str | None) -> Page:
    """A page of a text in Markdown. Raises `UnreadablePage`."""
    return read_page(
        text.encode(), mime="text/markdown", charset="utf-8", language=language
    )


def passage_of(row: Row) -> Passage:
    """A labelled passage."""
    return Passage(
        tuple(row["heading"]),
        row["operation"],
        row["before"],
        row["after"],
        lead_in=tuple(row.get("lead_in", ())),
        former=tuple(row.get("former", ())),
    )


def features_of(row: Row) -> PassageFeatures:
    """What the model sees of a labelled passage."""
    passage = passage_of(row)
    empty = Page(row["document"], row["language"], ())
    return passage_features(
        passage, wording(passage), kind_of(row["document"], empty), row["language"]
    )


def verdict_of(row: Row, features: PassageFeatures, model: Model) -> Verdict:
    """Of a passage that was labelled alone: only its document's name tells the kind."""
    page = Page(row["document"], row["language"], ())
    kind = kind_of(row["document"], page)
    return classify_passage(features, kind, row["language"], model)


def labelled_passages(folder: Path) -> list[Row]:
    """Those of the published data set in this folder, those that we wrote, and its own; `times`: how much one counts."""
    own = read_rows(folder / OWN) if (folder / OWN).exists() else []
    return [
        *read_rows(folder / "places.jsonl.gz"),
        *read_rows(DATA / "furniture.jsonl"),
        *(
            row | {"times": _NEUTRAL_TIMES}
            for row in read_rows(DATA / "neutral.jsonl")
        ),
        *read_rows(DATA / "small_changes.jsonl"),
        *read_rows(DATA / "german_places.jsonl"),
        *_written(),
        *(row | {"times": _OWN_TIMES} for row in own),
    ]


def changed_paragraphs() -> Iterator[Row]:
    """Passages of `changed_paragraphs.jsonl.gz`: each change of each paragraph, and its items as they come and go."""
    for paragraph in read_rows(DATA / "changed_paragraphs.jsonl.gz"):
        text = paragraph["text"]
        shared = {
            name: paragraph[name]
            for name in ("service", "document", "language", "heading")
        }
        sides = [
            (text, _mended(text.replace(change["was"], change["now"], 1)), change)
            for change in paragraph["changes"]
        ]
        sides += [
            (None, item["text"], item | {"both": True})
            for item in paragraph["items"]
        ]
        for was, now, change in sides:
            label = {"alert": bool(change["topics"]), "topics": change["topics"]}
            for before, after in [(was, now), (now, was)][: 1 + change["both"]]:
                operation = (
                    "added"
                    if before is None
                    else "reworded"
                    if after
                    else "removed"
                )
                yield shared | {
                    "operation": operation,
                    "before": before,
                    "after": after,
                    "label": label,
                }


def _mended(text: str) -> str:
    """Without the space that a deletion left."""
    return re.sub(r"\s+([,.])", r"\1", " ".join(text.split()))


def _written() -> list[Row]:
    """The passages of the tests' written cases that change one place; a label says only what its case says."""
    found: list[Row] = []
    for language in ("en", "fr"):
        for case in tomllib.loads((CASES / f"{language}.toml").read_text("utf-8"))[
            "case"
        ]:
            frame = (CASES / f"{case['document']}.{language}.md").read_text("utf-8")
            heading = f"## {case['section']}\n\n" if case["section"] else ""
            before, after = (
                read_text(frame.replace("CHANGED", heading + case[side]), language)
                for side in ("before", "after")
            )
            places = passages(before, after)
            if len(places) == 1 and "alert" in case:
                shown = {
                    name: getattr(places[0], name)
                    for name in ("operation", "heading", "before", "after")
                }
                label = {
                    "substantive": case.get("substantive", case["alert"]),
                    "alert": case["alert"],
                }
                label |= {
                    name: case[name]
                    for name in ("severity", "direction")
                    if name in case
                }
                label |= {
                    "some_topics": case.get("topics", []),
                    "never": case.get("never", []),
                }
                service = f"{OURS} {len(found)}"
                found.append(
                    {
                        "service": service,
                        "document": before.title,
                        "language": language,
                        "label": label,
                    }
                    | shown
                )
    return found


def other_changes(
    labels: Path, changes: Iterable[Row]
) -> Iterator[tuple[Row, Row]]:
    """Changes between other versions of the documents of `changes`, with their labels in `leads_other.jsonl`."""
    rows = {row["id"]: row for row in changes}
    sequences = {
        row["id"]: row for row in read_rows(labels / "sequences-dev.jsonl.xz")
    }
    for label in read_rows(DATA / "leads_other.jsonl"):
        row, sequence = rows[label["id"]], sequences[label["id"]]
        texts = [
            *(each["text"] for each in sequence["earlier"]),
            row["before"],
            row["after"],
            *(each["text"] for each in sequence["later"]),
        ]
        before, after = texts[label["version"] :][:2]
        yield row | {"before": before, "after": after}, label


def folds(services: Collection[str], number: int, seed: int = 2) -> dict[str, int]:
    """The fold of each service: nothing of a service is seen before it is judged."""
    mixed = sorted(services)
    random.Random(seed).shuffle(mixed)
    return {service: place % number for place, service in enumerate(mixed)}


def annotated(rows: Iterable[Row]) -> list[list[PassageFeatures]]:
    """The passages of labelled changes; none of a text that is not believed to be the document's."""
    found: list[list[PassageFeatures]] = []
    for row in rows:
        try:
            before, after = pages_of(row)
        except UnreadablePage:
            found.append([])
            continue
        language, places = language_of(row), passages(before, after)
        if change_rejection(
            before,
            after,
            language=language or after.language,
            title=row["document"],
        ):
            places = ()  # quarantined: nothing is said of it
        kind = kind_of(row["document"], after)
        found.append(annotate(places, before, after, kind=kind, language=language))
    return found
