"""Documents that are read from several addresses: a capture for each, and what the next request needs to know."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("captures") as table:
        table.add_column(sa.Column("head_id", sa.Integer(), nullable=True))
        table.create_foreign_key("fk_captures_head_id", "captures", ["head_id"], ["id"])
    op.create_index("ix_captures_head_id", "captures", ["head_id"])
    op.add_column("checks", sa.Column("parts", sa.JSON(), nullable=True))
    op.add_column("documents", sa.Column("parts", sa.JSON(), nullable=True))
