"""The reason of a check also as a code with its values, to be said in the reader's language."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    with op.batch_alter_table("checks") as table:
        table.add_column(sa.Column("reason_code", sa.JSON(), nullable=True))
