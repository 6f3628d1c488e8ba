"""An entry that was edited on the pages may take the place of the file's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    op.add_column(
        "documents",
        sa.Column(
            "overrides", sa.Boolean, nullable=False, server_default=sa.false()
        ),
    )
