"""Alembic's entry: the connection comes from `storage.database`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from alembic import context
from sqlmodel import SQLModel

import storage

for module in iter_modules(storage.__path__):  # a table is known once its module is imported
    if not module.ispkg:
        import_module(f"storage.{module.name}")

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
context.run_migrations()
