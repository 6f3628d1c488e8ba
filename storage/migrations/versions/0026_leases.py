"""Who works on which documents of a PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rest", sa.Float, nullable=False),
    )
