"""Topics that both databases can look changes up by, and indexes for long lists."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_LISTED = ["detected_at", "id", "substantive", "cause", "severity", "direction", "document_id", "effective_date"]


def upgrade() -> None:
    op.create_table(
        "change_topics",
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["change_id"], ["changes.id"]),
        sa.PrimaryKeyConstraint("topic", "change_id"),
    )
    op.create_index("ix_change_topics_change_id", "change_topics", ["change_id"])
    _fill_topics()
    op.drop_index("ix_changes_detected_at", "changes")
    op.drop_index("ix_changes_document_id", "changes")
    op.create_index("ix_changes_listed", "changes", _LISTED)
    op.create_index("ix_changes_of_document", "changes", ["document_id", "detected_at", "id", "substantive", "cause"])
    op.create_index("ix_changes_before_id", "changes", ["before_id"])
    op.create_index("ix_changes_effective_date", "changes", ["effective_date"])
    op.drop_index("ix_checks_document_id", "checks")
    op.create_index("ix_checks_of_document", "checks", ["document_id", "id"])


def _fill_topics() -> None:
    connection = op.get_bind()
    topics = sa.table("change_topics", sa.column("topic"), sa.column("change_id"))
    for change_id, stored in connection.execute(sa.text("SELECT id, topics FROM changes")).all():
        held = json.loads(stored) if isinstance(stored, str) else stored
        rows = [{"topic": topic, "change_id": change_id} for topic in dict.fromkeys(held)]
        if rows:
            connection.execute(topics.insert(), rows)
