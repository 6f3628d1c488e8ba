"""Opens the database, upgrades its schema, and hands out sessions."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import copy as shallow_copy
from enum import IntEnum
from functools import cache
from importlib import import_module
from itertools import count
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlmodel import Session, SQLModel

import storage
from storage.errors import (
    DatabaseUnavailable,
    NewerDatabase,
    OlderDatabase,
    UnknownSchema,
    WrongAddress,
    cannot_write,
    with_advice,
)

if TYPE_CHECKING:
    import psycopg

    from storage.lock import Lease

_TRIAL_SIZE = 4 * 2**20  # bytes; SQLite keeps half of it in memory
_LOCK_WAIT = 30  # seconds
# libpq waits minutes to connect, and hours for a silent connection
_TIMEOUTS = {
    "connect_timeout": 15,  # seconds
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # milliseconds
}
# the server keeps the locks of a machine that vanished
SERVER_TIMEOUTS = {
    "tcp_keepalives_idle": "10",  # seconds
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25000",  # milliseconds
    "client_connection_check_interval": "5000",
}
_SET_TIMEOUTS = """
SELECT set_config(name, wanted, false) FROM unnest(%s::text[], %s::text[]) AS timeout (name, wanted)
JOIN pg_settings USING (name)
"""  # JOIN: without those that an older server lacks
_IDLE_WRITER = 20  # seconds; it blocks others


class AdvisoryLock(IntEnum):
    """Of what processes on one PostgreSQL do one after another, in the order in which a process takes them; each value is
    the lock's key.
    """

    LEASES = 0x706F6C6963790001  # "policy", 1
    MIGRATION = 0x706F6C6963790002
    PLANNING = 0x706F6C6963790005  # deliveries, proposals, sign-ups
    CHAIN = 0x706F6C6963790003
    PARAGRAPHS = 0x706F6C6963790006


class Database:
    """SQLite (WAL, foreign keys) or PostgreSQL."""

    def __init__(
        self,
        url: str,
        *,
        even_read_only: bool = False,
        upgrade: bool = False,
        must_exist: bool = False,
    ) -> None:
        """An empty one gets its tables, unless it `must_exist`. Raises `WrongAddress`, `DatabaseUnavailable`,
        `NewerDatabase`, `UnknownSchema` or, without `upgrade`, `OlderDatabase`.

        `even_read_only`: also a file in a folder without write permission.
        """
        self.url = parse_address(url)
        self.copy: Path | None = None  # of the file, made before the upgrade
        self._must_exist = must_exist
        if (
            must_exist
            and self.sqlite_file is not None
            and not self.sqlite_file.is_file()
        ):  # SQLite would create it
            raise DatabaseUnavailable(f"there is no file {self.sqlite_file}")
        self._engine = _engine(self.url)
        try:
            try:
                self._make_ready(upgrade=upgrade)
            except DBAPIError as failure:
                if not (
                    even_read_only
                    and cannot_write(failure.orig)
                    and self._is_at_rest()
                ):
                    raise
                self._engine.dispose()
                self._engine = _read_only_engine(self.url)
                self._make_ready(upgrade=False)
        except DBAPIError as failure:
            raise DatabaseUnavailable(
                f"can't open {self}: {with_advice(failure.orig)}"
            ) from failure
        self._writing = self._engine.execution_options(policywatch_writes=True)
        # SQLite's only isolation level
        snapshot = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reading = self._engine.execution_options(**snapshot)
        self._lease: Lease | None = None

    def __str__(self) -> str:
        return self.url.set(query={}).render_as_string(hide_password=True)

    @property
    def sqlite_file(self) -> Path | None:
        return sqlite_file(self.url)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def _make_ready(self, *, upgrade: bool) -> None:
        with self._engine.connect() as connection:
            schema = _schema(connection)
        if schema == _newest_schema():
            return
        from storage import (
            schema_upgrade,
        )  # loads slowly

        if schema is None and self._must_exist:
            raise DatabaseUnavailable(f"{self} is not a database of policywatch")
        if schema is not None:
            with self._engine.connect() as connection:
                missing = schema_upgrade.missing_parts(connection, schema)
            if missing is None and schema > _newest_schema():
                raise NewerDatabase(schema)
            if missing is None or missing:
                raise UnknownSchema(schema, missing or ())
            if not upgrade:
                raise OlderDatabase(
                    schema, _newest_schema(), can_write=self._can_be_written()
                )
        writing = self._engine.execution_options(policywatch_writes=True)
        with (
            writing.connect() as connection,
            _foreign_keys_off(connection),
            connection.begin(),
        ):
            if not self.is_sqlite:
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"),
                    {"key": AdvisoryLock.MIGRATION},
                )
            schema = _schema(connection)
            if (
                schema not in (None, _newest_schema())
                and self.sqlite_file is not None
            ):
                self.copy = self._copy_before_upgrade(self.sqlite_file, schema)
            schema_upgrade.upgrade(connection)

    def _copy_before_upgrade(self, file: Path, schema: str) -> Path:
        names = (
            f"{file.name}.before-upgrade-{schema}{'' if n == 1 else f'.{n}'}"
            for n in count(1)
        )
        copy = next(
            path for path in map(file.with_name, names) if not path.exists()
        )
        try:
            self.copy_file(copy)
        except DatabaseUnavailable as failure:
            raise DatabaseUnavailable(
                f"{failure}; it was not upgraded"
            ) from failure
        return copy

    def copy_file(self, copy: Path) -> None:
        """While others may write. Raises `DatabaseUnavailable`."""
        assert self.sqlite_file is not None, "asked of a file"
        part = copy.with_name(f"{copy.name}.part")
        try:
            with (
                closing(self._engine.raw_connection()) as source,
                closing(sqlite3.connect(part)) as target,
            ):
                driver = source.driver_connection
                assert driver is not None
                driver.backup(target)
            shutil.copymode(self.sqlite_file, part)
            part.replace(copy)
        except (sqlite3.Error, OSError) as failure:
            part.unlink(missing_ok=True)
            raise DatabaseUnavailable(
                f"can't copy the database to {copy}: {with_advice(failure)}"
            ) from failure

    def _can_be_written(self) -> bool:
        file = self.sqlite_file
        return file is None or (
            os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)
        )

    def _is_at_rest(self) -> bool:
        file = self.sqlite_file
        if file is None or not file.is_file():
            return False
        unmerged = file.with_name(f"{file.name}-wal")
        return not unmerged.exists() or not unmerged.stat().st_size

    def is_current(self) -> bool:
        with self._engine.connect() as connection:
            return _schema(connection) == _newest_schema()

    def require_whole_schema(self) -> None:
        """Raises `UnknownSchema`."""
        from storage import schema_upgrade

        with self._engine.connect() as connection:
            if missing := schema_upgrade.missing_parts(connection):
                raise UnknownSchema(_newest_schema(), missing)

    def size(self) -> int:
        query = "SELECT pg_database_size(current_database())"
        if self.is_sqlite:
            query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        with self._engine.connect() as connection:
            return int(connection.execute(text(query)).scalar_one())

    def optimize(self) -> None:
        """Milliseconds on SQLite, up to seconds on PostgreSQL."""
        statement = "PRAGMA optimize=0x10012" if self.is_sqlite else "ANALYZE"
        with self._writing.connect() as connection, connection.begin():
            connection.exec_driver_sql(statement)

    def try_writing(self) -> None:
        """Raises `DatabaseUnavailable`."""
        try:
            with (
                self._writing.connect() as connection,
                connection.begin() as transaction,
            ):
                connection.execute(
                    text("UPDATE alembic_version SET version_num = version_num")
                )
                if self.is_sqlite:
                    connection.execute(
                        text("CREATE TABLE trial AS SELECT randomblob(:size)"),
                        {"size": _TRIAL_SIZE},
                    )
                transaction.rollback()
        except DBAPIError as failure:
            raise DatabaseUnavailable(
                f"can't write to {self}: {with_advice(failure.orig)}"
            ) from failure

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """On one snapshot; what it changes is dropped."""
        with Session(self._reading, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction, rolled back on any exception. Raises `LostLease`."""
        with (
            Session(self._writing, expire_on_commit=False) as session,
            session.begin(),
        ):
            if self._lease is not None:
                self._lease.fence(session)
            yield session

    def under(self, lease: Lease) -> Database:
        database = shallow_copy(self)
        database._lease = lease
        return database

    def before_request(self, rest: float) -> None:
        if self._lease is not None:
            self._lease.require(rest)

    def connect(self) -> Connection:
        return self._engine.connect()

    def close(self) -> None:
        self._engine.dispose()


_ORDER = [*AdvisoryLock]


def take(session: Session, lock: AdvisoryLock) -> None:
    """Until the session's transaction ends; in one order, so that no two processes wait for each other."""
    taken = session.info.setdefault(AdvisoryLock, set())
    if lock in taken:
        return
    for each in taken:
        assert _ORDER.index(lock) > _ORDER.index(each), (
            f"{lock.name} is taken after {each.name}"
        )
    taken.add(lock)
    # not through the session, which would flush first
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(lock.value)))


def sqlite_file(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(url.database or "")


def parse_address(url: str) -> URL:
    """Raises `WrongAddress`."""
    if not url.startswith("sqlite") and url.count("@") > 1:
        # the rest of a password would be shown as the host
        raise WrongAddress(
            "the database address has more than one @; in a user name, a password or an option write %40 for @, "
            "%3A for :, %2F for /, %3F for ? and %25 for %"
        )
    if url.startswith("postgres://"):
        url = url.replace("postgres", "postgresql", 1)
    try:
        parsed = make_url(url)
    except (
        ArgumentError,
        ValueError,
    ) as failure:  # ValueError: a port that is not a number
        raise WrongAddress(
            "the database address can't be understood; write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
        ) from failure
    if parsed.get_backend_name() == "sqlite" and parsed.host:
        raise WrongAddress(
            "the file of a SQLite database comes after three slashes; write sqlite:///FILE"
        )
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite":
        raise WrongAddress(
            f"a database of {parsed.get_backend_name()} is not supported; "
            "write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
        )
    return parsed


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return _server_engine(url)
    engine = create_engine(url, connect_args={"timeout": _LOCK_WAIT})

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "PRAGMA synchronous = FULL"
        )  # an alert recorded as sent survives a power cut
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # a transaction that reads before it writes fails if another wrote in between
        writes = connection.get_execution_options().get("policywatch_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _server_engine(url: URL) -> Engine:
    timeouts = {
        name: value for name, value in _TIMEOUTS.items() if name not in url.query
    }
    engine = create_engine(url, pool_pre_ping=True, connect_args=timeouts)

    @event.listens_for(engine, "connect")
    def configure(connection: psycopg.Connection, _record: Any) -> None:
        names, values = [*SERVER_TIMEOUTS], [*SERVER_TIMEOUTS.values()]
        connection.execute(_SET_TIMEOUTS, [names, values])
        connection.commit()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # a connection pooler may not keep it
        options = connection.get_execution_options()
        if options.get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}s'")
        if options.get("policywatch_writes"):
            connection.exec_driver_sql(
                f"SET LOCAL idle_in_transaction_session_timeout = '{_IDLE_WRITER}s'"
            )

    return engine


def _read_only_engine(url: URL) -> Engine:
    """SQLite writes beside a file even to read it, unless it is opened as immutable."""
    name = quote(str(Path(url.database or "").absolute()))
    return create_engine(
        url,
        creator=lambda: sqlite3.connect(
            f"file:{name}?mode=ro&immutable=1", uri=True, check_same_thread=False
        ),
    )


@cache
def _newest_schema() -> str:
    files = (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*_*.py")
    return max(file.name for file in files).partition("_")[0]


def _schema(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar()


def all_tables() -> list[Table]:
    for module in iter_modules(storage.__path__):
        if not module.ispkg:
            import_module(f"storage.{module.name}")
    return SQLModel.metadata.sorted_tables


@contextmanager
def _foreign_keys_off(connection: Connection) -> Iterator[None]:
    """SQLite alters a table by copying it; references to it dangle meanwhile."""
    is_sqlite, driver = connection.dialect.name == "sqlite", connection.connection
    if is_sqlite:
        driver.execute("PRAGMA foreign_keys = OFF")  # no effect in a transaction
    try:
        yield
    finally:
        if is_sqlite:
            driver.execute("PRAGMA foreign_keys = ON")
