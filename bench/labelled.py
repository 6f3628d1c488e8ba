"""Labelled changes and sentences, which are no part of the project: how they are read, and parted by service."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Collection
from typing import Any

from analysis.blocks import Page
from analysis.page import read_page

Row = dict[str, Any]  # a labelled change, sentence or brief


def rows(path: str) -> list[Row]:
    """The lines of a file of JSON, packed or not."""
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def language_of(row: Row) -> str | None:
    """None where it is none that the labels know."""
    return None if row["language"] == "other" else row["language"]


def pages_of(row: Row) -> tuple[Page, Page]:
    """Both texts of a change. Raises `UnreadablePage`."""
    before, after = (
        read_page(row[side].encode(), mime="text/markdown", charset="utf-8", language=language_of(row))
        for side in ("before", "after")
    )
    return before, after


def folds(services: Collection[str], seed: int, number: int) -> list[set[str]]:
    """Which services are left out together, so that nothing of a service is seen before it is judged."""
    mixed = sorted(services)
    random.Random(seed).shuffle(mixed)
    return [set(mixed[start::number]) for start in range(number)]
