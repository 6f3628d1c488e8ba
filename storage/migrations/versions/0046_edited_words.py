"""What a person put in place of the machine's words on a change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.add_column("reviews", sa.Column("edit", sa.JSON, nullable=True))
