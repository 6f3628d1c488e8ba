"""Stores from before the first release, which no migration knows: their captures can be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlmodel import UTCDateTime

from storage.columns import decompressed
from storage.database import parse_address, sqlite_file
from storage.errors import DatabaseUnavailable, with_advice

# that all had; a page of several parts gives only its first
_VERSIONS = sa.text(
    "SELECT captures.id, captures.document_id, captures.fetched_at FROM captures "
    "WHERE captures.id IN (SELECT capture_id FROM versions) ORDER BY captures.fetched_at, captures.id"
).columns(fetched_at=UTCDateTime())
_CAPTURE = sa.text(
    "SELECT url, final_url, status, headers, mime, charset, body FROM captures WHERE id = :id"
)


class OldCapture(NamedTuple):
    id: int
    recorded_at: datetime


class OlderStore:
    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def captures(self) -> dict[str, list[OldCapture]]:
        found: dict[str, list[OldCapture]] = {}
        for id_, document, at in self._connection.execute(_VERSIONS):
            found.setdefault(document, []).append(OldCapture(id_, at))
        return found

    def answer(self, id_: int) -> dict[str, Any]:
        """As the arguments of `Fetched`. Raises `DamagedValue`."""
        row = self._connection.execute(_CAPTURE, {"id": id_}).mappings().one()
        headers = row["headers"] or "[]"
        pairs = json.loads(headers) if isinstance(headers, str) else headers
        body = decompressed(row["body"])
        return {**row, "headers": [tuple(pair) for pair in pairs], "body": body}


@contextmanager
def opened(address: str) -> Iterator[OlderStore]:
    """Raises `WrongAddress`, `DatabaseUnavailable`."""
    url = parse_address(address)
    file = sqlite_file(url)
    if file is not None and not file.is_file():
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
