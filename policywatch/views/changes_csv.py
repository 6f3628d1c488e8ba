"""Changes as CSV, for a spreadsheet or a register."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Any

from policywatch.sanitize import sanitize
from policywatch.views.json_models import ChangeHead
from policywatch.views.serializer import changes_json
from storage.change_list import ChangeFilter, changes_page
from storage.database import Database

_COLUMNS = (
    *(
        "id",
        "detected_at",
        "service",
        "document",
        "title",
        "kind",
        "language",
        "url",
        "severity",
        "direction",
    ),
    *(
        "topics",
        "effective_date",
        "substantive",
        "alert",
        "meaning",
        "state",
        "note",
        "by",
        "at",
    ),
)
_AT_ONCE = 200  # changes


def changes_csv(
    database: Database, wanted: ChangeFilter, *, reviews: bool = False
) -> Iterator[str]:
    """With a header; `reviews` fills the last four columns."""
    yield csv_line(_COLUMNS)
    for change in all_changes(database, wanted, reviews=reviews):
        yield csv_line(_row(change))


def all_changes(
    database: Database, wanted: ChangeFilter, *, reviews: bool = False
) -> Iterator[ChangeHead]:
    """Newest first, a page at a time."""
    before = None
    while True:
        with database.reading() as session:
            page = changes_page(session, wanted, before=before, limit=_AT_ONCE)
            changes = changes_json(session, page.rows, reviews=reviews)
        yield from changes
        before = page.older
        if before is None:
            return


def _row(change: ChangeHead) -> list[str]:
    head = change.model_dump(mode="json")
    values: dict[str, Any] = {
        **head,
        **(head["review"] or {}),
        "meaning": head["brief"].get("meaning"),
    }
    values["topics"] = ", ".join(change.topics)
    return [cell(values.get(name)) for name in _COLUMNS]


def cell(value: object) -> str:
    """No formulas in spreadsheets."""
    text = "" if value is None else sanitize(str(value))
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) else text


def csv_line(cells: Iterable[str]) -> str:
    out = StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
