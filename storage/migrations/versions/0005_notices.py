"""Notices hold what they have to say, not the sentence: it is put into the reader's language when it is sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("notices") as table:
        table.add_column(sa.Column("facts", sa.JSON(), nullable=False, server_default="{}"))
        table.alter_column("text", existing_type=sa.String(), nullable=True)
    with op.batch_alter_table("notices") as table:
        table.alter_column("facts", existing_type=sa.JSON(), server_default=None)
