"""Routes that are edited on the pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    op.create_table(
        "routes",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("entry", sa.JSON, nullable=False),
    )
