from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from storage.database import all_tables

all_tables()
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
context.run_migrations()
