"""Write the texts of all versions into the chain, as they are stored now."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from hashlib import sha256

import sqlalchemy as sa
import zstandard
from alembic import op

revision = "0028"
down_revision = "0026"

_CHAIN_LOCK = 0x706F6C6963790003
_VERSION = sa.text(
    "SELECT document_id, capture_id, captured_at, page FROM versions WHERE id = :id"
).columns(captured_at=sa.DateTime(timezone=True))
_LAST = "SELECT number, text FROM chain_entries ORDER BY number DESC LIMIT 1"
_CAPTURES = """
SELECT coalesce(captures.head_id, captures.id) AS head, number, text
FROM captures JOIN chain_entries ON number = entry ORDER BY number
"""


def upgrade() -> None:
    op.execute(
        "ALTER TABLE versions ADD COLUMN entry INTEGER REFERENCES chain_entries (number)"
    )
    op.create_index("ix_versions_entry", "versions", ["entry"], unique=True)
    connection = op.get_bind()
    # as workers write captures meanwhile
    if connection.dialect.name == "postgresql":
        connection.execute(
            sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK}
        )
    captures: dict[int, list[str]] = defaultdict(list)
    for head, number, text in connection.execute(sa.text(_CAPTURES)):
        captures[head].append(f"{_digest(text.encode())}  entry-{number}")
    last = connection.execute(sa.text(_LAST)).first()
    number, digest = (
        (last.number, _digest(last.text.encode())) if last else (0, "0" * 64)
    )
    for id_ in connection.execute(
        sa.text("SELECT id FROM versions ORDER BY id")
    ).all():
        row = connection.execute(_VERSION, {"id": id_[0]}).one()
        try:
            page = zstandard.decompress(row.page)
        except zstandard.ZstdError:  # of a damaged one nothing can be said
            continue
        number += 1
        time = _utc(row.captured_at).isoformat(timespec="microseconds")
        lines = [
            f"# entry {number}: text {time}, of {row.document_id}",
            f"{digest}  entry-{number - 1}",
            *captures[row.capture_id],
            f"{_digest(page)}  text-{number}.json",
        ]
        text = "".join(f"{line}\n" for line in lines)
        digest = _digest(text.encode())
        connection.execute(
            sa.text(
                "INSERT INTO chain_entries (number, text) VALUES (:number, :text)"
            ),
            {"number": number, "text": text},
        )
        connection.execute(
            sa.text("UPDATE versions SET entry = :number WHERE id = :id"),
            {"number": number, "id": id_[0]},
        )


def _utc(time: datetime) -> datetime:
    """SQLite keeps no time zone."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()
