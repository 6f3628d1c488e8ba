"""Passages that a person called not of the document."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    op.add_column("documents", sa.Column("ignored", sa.JSON, nullable=True))
