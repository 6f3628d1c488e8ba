"""How many checks in a row may fail before the operator hears of it is the operator's own word."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("documents") as table:
        table.add_column(sa.Column("tell_after", sa.Integer(), nullable=False, server_default="3"))
    with op.batch_alter_table("documents") as table:
        table.alter_column("tell_after", existing_type=sa.Integer(), server_default=None)
