"""Versions that a person withdrew, and held texts that a person rejected."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "withdrawals",
        sa.Column(
            "version_id", sa.Integer, sa.ForeignKey("versions.id"), primary_key=True
        ),
        sa.Column(
            "change_id", sa.Integer, sa.ForeignKey("changes.id"), unique=True
        ),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.add_column("checks", sa.Column("rejected_as", sa.Integer))
