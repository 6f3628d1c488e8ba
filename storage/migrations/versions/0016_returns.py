"""Which passages only bring back, or take away, what came and went before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    with op.batch_alter_table("passages") as table:
        table.add_column(sa.Column("returns", sa.Boolean(), nullable=False, server_default=sa.false()))
