"""Notices of passages that come and go are of the kind of other places that keep changing."""

from __future__ import annotations

from alembic import op

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    op.execute("UPDATE notices SET kind = 'volatile' WHERE kind = 'alternating'")
