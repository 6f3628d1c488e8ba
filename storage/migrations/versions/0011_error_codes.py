"""Why a message was not taken also as a code with its values, to be said in the reader's language."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("error_code", sa.JSON(), nullable=True))
