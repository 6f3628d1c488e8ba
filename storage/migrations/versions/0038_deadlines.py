"""The last day on which people can refuse what a change brings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0028"


def upgrade() -> None:
    op.add_column("changes", sa.Column("deadline", sa.Date, nullable=True))
    op.create_index("ix_changes_deadline", "changes", ["deadline"])
