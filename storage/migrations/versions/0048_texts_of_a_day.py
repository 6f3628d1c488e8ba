"""Which text was in force on a day is read from an index; it serves what the one of documents did."""

from __future__ import annotations

from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.create_index(
        "ix_versions_of_document",
        "versions",
        ["document_id", "captured_at", "number", "entry"],
    )
    op.drop_index("ix_versions_document_id", "versions")
