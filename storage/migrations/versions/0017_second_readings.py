"""What a language model says of a passage, in place of a paragraph about a change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.drop_table("retellings")
    op.create_table(
        "second_readings",
        sa.Column("passage", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("passage", "model"),
    )
    op.create_index("ix_second_readings_made_at", "second_readings", ["made_at"])
