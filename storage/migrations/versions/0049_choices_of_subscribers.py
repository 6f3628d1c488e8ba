"""Readers subscribe to one service or document, at once or as a digest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    op.add_column("subscribers", sa.Column("service", sa.String))
    op.add_column("subscribers", sa.Column("document", sa.String))
    op.add_column(
        "subscribers",
        sa.Column("when", sa.String, nullable=False, server_default="at once"),
    )
