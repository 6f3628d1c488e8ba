"""The workers' queue: procrastinate's tables, in their own schema of the store's database. What is due is in the store,
and queued again each minute.
"""

from __future__ import annotations

import hashlib

import psycopg
from procrastinate import PsycopgConnector
from procrastinate.schema import SchemaManager
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from storage.database import SERVER_TIMEOUTS, Database
from storage.errors import DatabaseUnavailable, StorageError, with_advice

_SCHEMA = "procrastinate"
_TABLES = SchemaManager.get_schema()
_RELEASE = hashlib.sha256(_TABLES.encode()).hexdigest()[:16]  # as the schema's comment
_WRITTEN = "SELECT obj_description(to_regnamespace(%s), 'pg_namespace')"


class NoQueue(StorageError):
    """The queue's tables are missing or of another release."""


def connector(database: Database) -> PsycopgConnector:
    return PsycopgConnector(conninfo=_address(database))


def make_queue(database: Database) -> None:
    """Also replaces another release's tables; stop the workers first."""
    with psycopg.connect(_address(database)) as connection:
        if _is_current(connection):
            return
        name = sql.Identifier(_SCHEMA)
        for statement in ("DROP SCHEMA IF EXISTS {} CASCADE", "CREATE SCHEMA {}"):
            connection.execute(sql.SQL(statement).format(name))
        connection.execute(_TABLES)
        connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(name, _RELEASE))


def require_queue(database: Database) -> None:
    """Raises `NoQueue`, `DatabaseUnavailable`."""
    try:
        with psycopg.connect(_address(database)) as connection:
            if not _is_current(connection):
                raise NoQueue(
                    "the queue's tables are missing, or of another release; run `policywatch database upgrade`"
                )
    except psycopg.OperationalError as failure:
        raise DatabaseUnavailable(
            f"can't open {database}: {with_advice(failure)}"
        ) from failure


def _is_current(connection: psycopg.Connection) -> bool:
    row = connection.execute(_WRITTEN, [_SCHEMA]).fetchone()
    return row is not None and row[0] == _RELEASE


def _address(database: Database) -> str:
    """For libpq, with the queue's schema first."""
    address = database.url.set(drivername="postgresql").render_as_string(
        hide_password=False
    )
    settings = {"search_path": _SCHEMA, **SERVER_TIMEOUTS}
    own = " ".join(f"-c {name}={value}" for name, value in settings.items())
    options = f"{conninfo_to_dict(address).get('options') or ''} {own}".strip()
    return make_conninfo(address, options=options)
