"""Stores of before the first release, whose tables no migration knows: what was captured can still be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from storage.columns import decompressed
from storage.database import parse_address, sqlite_file
from storage.errors import DatabaseUnavailable, with_advice

# all that had these columns from the first day on; of a page of several parts the first one knows no better
_VERSIONS = sa.text(
    "SELECT captures.id, captures.document_id, captures.fetched_at FROM captures "
    "WHERE captures.id IN (SELECT capture_id FROM versions) ORDER BY captures.fetched_at, captures.id"
).columns(fetched_at=sa.DateTime(timezone=True))
_CAPTURE = sa.text(
    "SELECT url, final_url, status, headers, mime, charset, body FROM captures WHERE id = :id"
)


class OldCapture(NamedTuple):
    """What a version was extracted from."""

    id: int
    recorded_at: datetime


class OlderStore:
    """Is only read."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def captures(self) -> dict[str, list[OldCapture]]:
        """Of versions, oldest first, by document."""
        found: dict[str, list[OldCapture]] = {}
        for id_, document, at in self._connection.execute(_VERSIONS):
            utc = at if at.tzinfo else at.replace(tzinfo=UTC)
            found.setdefault(document, []).append(OldCapture(id_, utc))
        return found

    def answer(self, id_: int) -> dict[str, Any]:
        """What a server answered: the names and values of `Fetched`. Raises `DamagedValue`."""
        row = self._connection.execute(_CAPTURE, {"id": id_}).mappings().one()
        headers = row["headers"] or "[]"
        pairs = json.loads(headers) if isinstance(headers, str) else headers
        body = decompressed(row["body"])
        return {**row, "headers": [tuple(pair) for pair in pairs], "body": body}


@contextmanager
def opened(address: str) -> Iterator[OlderStore]:
    """Raise `WrongAddress`, and `DatabaseUnavailable` where it is no store."""
    url = parse_address(address)
    file = sqlite_file(url)
    if file is not None and not file.is_file():  # SQLite would make it
        raise DatabaseUnavailable(f"there is no file {file}")
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            yield OlderStore(connection)
    except DBAPIError as failure:
        raise DatabaseUnavailable(
            f"can't read {url.render_as_string(hide_password=True)}: {with_advice(failure.orig)}"
        ) from failure
    finally:
        engine.dispose()
