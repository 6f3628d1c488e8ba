"""Alembic's entry: the connection comes from `storage.database`."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from storage import (
    alerts,
    captures,
    changes,
    checks,
    deliveries,
    documents,
    imports,
    notices,
    paragraphs,
    second_readings,
    versions,
)

# importing them defines them
TABLES = (
    *(alerts, captures, changes, checks, deliveries, documents, imports, notices, paragraphs, second_readings),
    versions,
)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
context.run_migrations()
