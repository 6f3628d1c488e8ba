"""What a question to a language model cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0038"


def upgrade() -> None:
    for name in ("tokens_in", "tokens_out"):
        op.add_column(
            "second_readings",
            sa.Column(name, sa.Integer, nullable=False, server_default="0"),
        )
