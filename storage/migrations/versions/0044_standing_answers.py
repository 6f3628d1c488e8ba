"""What the texts in force answer, as it was worked out last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0041"


def upgrade() -> None:
    op.create_table(
        "standing_answers",
        sa.Column(
            "document_id",
            sa.String,
            sa.ForeignKey("documents.id"),
            primary_key=True,
        ),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("answers", sa.LargeBinary, nullable=False),
    )
