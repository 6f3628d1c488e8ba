"""How often it was tried to read what a check brought, so that what ends the program each time is given up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    with op.batch_alter_table("checks") as table:
        table.add_column(sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
