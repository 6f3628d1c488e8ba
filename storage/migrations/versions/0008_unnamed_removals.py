"""Say in the chain what removals before did not: that of the capture whose entry was the newest then."""

from __future__ import annotations

from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0001"

_CHAIN_LOCK = 0x706F6C6963790003


def upgrade() -> None:
    connection = op.get_bind()
    if (
        connection.dialect.name == "postgresql"
    ):  # workers of the release before may write captures meanwhile
        connection.execute(
            sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK}
        )
    rows = connection.execute(sa.text("SELECT number, text FROM chain_entries"))
    entries: dict[int, str] = {row.number: row.text for row in rows}
    present = {*connection.execute(sa.text("SELECT entry FROM captures")).scalars()}
    named = {name for each in entries.values() for name in _names(each)}
    for number, removal in sorted(entries.items()):
        removed = entries.get(number - 1, "")
        comment = removal.partition("\n")[0].partition(": ")[2]
        is_of_captures = any(
            name.startswith("capture-") for name in _names(removed)
        )
        is_unsaid = number - 1 not in present and f"entry-{number - 1}" not in named
        if comment.startswith("removed ") and is_of_captures and is_unsaid:
            last = max(entries)
            lines = [
                f"# entry {last + 1}: {comment}, as entry {number} does not say",
                f"{_digest(entries[last])}  entry-{last}",
                f"{_digest(removed)}  entry-{number - 1}",
            ]
            entries[last + 1] = "".join(f"{line}\n" for line in lines)
            row = {"number": last + 1, "text": entries[last + 1]}
            connection.execute(
                sa.text(
                    "INSERT INTO chain_entries (number, text) VALUES (:number, :text)"
                ),
                row,
            )


def _names(entry: str) -> list[str]:
    return [line.partition("  ")[2] for line in entry.splitlines()[2:]]


def _digest(entry: str) -> str:
    return sha256(entry.encode()).hexdigest()
