"""Copies the whole store into another database of either kind, or a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    LargeBinary,
    Table,
    Text,
    bindparam,
    cast,
    insert,
    select,
    text,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Session

from storage.clock import utc_now
from storage.database import Database, all_tables
from storage.errors import StorageError, with_advice
from storage.paragraphs import stored_words, write_words

_ROWS = 100  # in memory at once; a capture may have megabytes
_ANY_ORDER = 2**256


class NotCopied(StorageError):
    """The target is as it was before."""


@dataclass
class _TableDigest:
    rows: int = 0
    digest: int = 0

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        self.rows += len(rows)
        for row in rows:
            own = sha256(repr(tuple(row)).encode("utf-8", "surrogatepass")).digest()
            self.digest = (self.digest + int.from_bytes(own)) % _ANY_ORDER


def copy(source: Database, target: Database) -> dict[str, int]:
    """Returns the number of rows by table. The source may be written meanwhile; each table is compared. Raises
    `NotCopied`.
    """
    try:
        with source.reading() as reading, target.writing() as writing:
            rows = _copy(reading, writing)
    except DBAPIError as failure:
        raise NotCopied(
            f"nothing was copied to {target}: {with_advice(failure.orig)}"
        ) from failure
    except ValueError as failure:
        raise NotCopied(
            f"nothing was copied: {failure}; `policywatch database check` says what is damaged"
        ) from failure
    target.optimize()
    return rows


def backup(database: Database, file: Path) -> None:
    """Raises `NotCopied`, `DatabaseUnavailable`."""
    if file.exists():
        raise NotCopied(f"{file} is there already; name a new file")
    _write_file(database, file)


def daily_backup(database: Database, folder: Path, *, keep: int) -> Path:
    """The file of today, which is written anew if it is there; of such files the newest `keep` stay.

    Raises `NotCopied`, `DatabaseUnavailable`, `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"policywatch-{utc_now():%Y-%m-%d}.db"
    _write_file(database, file)
    for old in sorted(folder.glob("policywatch-????-??-??.db"))[:-keep]:
        old.unlink()
    return file


def _write_file(database: Database, file: Path) -> None:
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)  # of one that was killed
    if database.sqlite_file is not None:
        return database.copy_file(file)
    try:
        target = Database(f"sqlite:///{part}")
        try:
            copy(database, target)
        finally:
            target.close()
        part.replace(file)
    finally:
        for ending in ("", "-wal", "-shm"):
            part.with_name(part.name + ending).unlink(missing_ok=True)
    return None


def _copy(reading: Session, writing: Session) -> dict[str, int]:
    tables, to_sqlite = all_tables(), writing.connection().dialect.name == "sqlite"
    for table in tables:
        if writing.execute(select(table).limit(1)).first() is not None:
            raise NotCopied(
                f"the target has {table.name} already, and nothing was copied; name an empty database"
            )
    if to_sqlite:
        writing.execute(text("PRAGMA defer_foreign_keys = ON"))
    digests = {table.name: _copy_table(reading, writing, table) for table in tables}
    for pack in stored_words(reading):
        write_words(writing.connection(), pack)
    for table in tables:
        written = _TableDigest()
        for rows in _parts(writing, table):
            written.add(rows)
        if written != digests[table.name]:
            raise NotCopied(
                f"nothing was copied: {table.name} would not have been the same as in the source"
            )
        if (
            not to_sqlite
            and table.autoincrement_column is not None
            and written.rows
        ):
            _go_on_counting(writing, table)
    return {name: digest.rows for name, digest in digests.items()}


def _copy_table(reading: Session, writing: Session, table: Table) -> _TableDigest:
    digest = _TableDigest()
    names = [
        f"new_{column.name}" for column in table.columns
    ]  # SQLAlchemy reserves the columns' names
    # SQLite would take the cast for a number
    as_json = writing.connection().dialect.name != "sqlite"
    values: dict[str, ColumnElement[Any]] = {}
    for column, name in zip(table.columns, names, strict=True):
        type_ = _plain_type(column.type)
        bound = bindparam(name, type_=Text() if isinstance(type_, JSON) else type_)
        values[column.name] = (
            cast(bound, JSON) if isinstance(type_, JSON) and as_json else bound
        )
    for rows in _parts(reading, table):
        digest.add(rows)
        writing.connection().execute(
            insert(table).values(values),
            [dict(zip(names, row, strict=True)) for row in rows],
        )
    return digest


def _parts(session: Session, table: Table) -> Iterator[Sequence[Sequence[Any]]]:
    """By key, so that referenced rows of the same table come first."""
    wanted = select(*map(_stored, table.columns)).order_by(*table.primary_key)
    yield from session.execute(
        wanted, execution_options={"yield_per": _ROWS}
    ).partitions()


def _stored(column: ColumnElement[Any]) -> ColumnElement[Any]:
    type_ = _plain_type(column.type)
    return (
        cast(column, Text)
        if isinstance(type_, JSON)
        else type_coerce(column, type_)
    )


def _plain_type(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    if isinstance(type_, TypeDecorator) and isinstance(
        type_.impl_instance, JSON | LargeBinary
    ):
        return type_.impl_instance
    return type_


def _go_on_counting(session: Session, table: Table) -> None:
    column = table.autoincrement_column
    assert column is not None, "asked of tables that have one"
    newest = f'SELECT setval(pg_get_serial_sequence(:table, :column), max("{column.name}")) FROM "{table.name}"'  # noqa: S608
    session.execute(text(newest), {"table": table.name, "column": column.name})
