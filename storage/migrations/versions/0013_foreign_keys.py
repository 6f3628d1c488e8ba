"""Each foreign key has an index: a row that goes is looked for in every table that may name it."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

_WITHOUT = (
    ("checks", "capture_id"),
    ("checks", "version_id"),
    ("changes", "check_id"),
    ("changes", "returns_to"),
    ("notices", "document_id"),
    ("notices", "check_id"),
)


def upgrade() -> None:
    for table, column in _WITHOUT:
        op.create_index(f"ix_{table}_{column}", table, [column])
