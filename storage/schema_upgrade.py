"""Upgrades a database's tables to the newest revision of migrations/, by Alembic."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, inspect

from storage.database import all_tables


def _config() -> Config:
    config = Config()
    config.set_main_option(
        "script_location", str(Path(__file__).parent / "migrations")
    )
    return config


def upgrade(connection: Connection, revision: str = "head") -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def missing_parts(
    connection: Connection, revision: str = "head"
) -> list[str] | None:
    """TABLE.COLUMN; None if the revision is unknown."""
    made = _columns_at(revision)
    return None if made is None else sorted(made - columns(connection))


@cache
def _columns_at(revision: str) -> set[str] | None:
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as empty:
            upgrade(empty, revision)
            return columns(empty)
    except CommandError:
        return None
    finally:
        engine.dispose()


def columns(connection: Connection) -> set[str]:
    looked_at = inspect(connection)
    ours = {table.name for table in all_tables()}.intersection(
        looked_at.get_table_names()
    )
    return {
        f"{table}.{column['name']}"
        for table in ours
        for column in looked_at.get_columns(table)
    }
