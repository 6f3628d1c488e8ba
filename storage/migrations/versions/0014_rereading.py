"""How far reading all versions again came, so that it goes on there after it was stopped."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    with op.batch_alter_table("documents") as table:
        table.add_column(sa.Column("rereading", sa.JSON(), nullable=True))
