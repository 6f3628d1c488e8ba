"""Why a passage is told or not also as codes with their values, to be said in the reader's language."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    with op.batch_alter_table("passages") as table:
        table.add_column(sa.Column("why_codes", sa.JSON(), nullable=True))
