"""Who of several people in one mail address has a message already, so that a try for the others does not repeat it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("taken", sa.JSON(), nullable=True))
