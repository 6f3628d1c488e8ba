"""One run at a time on a database."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from storage.advisory_locks import AdvisoryLock
from storage.database import Database
from storage.errors import Busy

_GROUP_KEY = 0x706F6C69  # "poli": PostgreSQL's locks of two numbers are others than those of one
_WORKERS_END = "30s"  # that one waits for what workers have begun
_AT_WORK = "is at work on this database; nothing was done, try again when it has ended"


@contextmanager
def one_at_a_time(database: Database) -> Iterator[None]:
    """Hold the database's run lock; raises `Busy` at once if another process has it, and if workers do not finish their
    jobs within half a minute. They begin no other meanwhile.

    The lock is the kernel's or the server's: it goes when its process dies, however that dies.
    """
    file = database.sqlite_file
    lock = _file_lock(file.with_name(file.name + ".lock")) if file else _advisory_lock(database)
    with lock:
        yield


@contextmanager
def beside_others(database: Database, group: str) -> Iterator[None]:
    """Hold the lock of one group of documents, on PostgreSQL; raises `Busy` at once if another worker has it, or a
    process has or awaits the whole database."""
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        keys = {"workers": AdvisoryLock.WORKERS, "of_group": _GROUP_KEY, "group": group}
        both = "pg_try_advisory_lock_shared(:workers), pg_try_advisory_lock(:of_group, hashtext(:group))"
        try:
            if not all(connection.execute(text(f"SELECT {both}"), keys).one()):
                raise Busy(f"another worker, or a run, is at work on {group}")
            yield
        finally:
            _unlock_all(connection)


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+") as file:
        if os.fstat(file.fileno()).st_uid == os.geteuid():  # who can open it can hold it for ever
            os.fchmod(file.fileno(), 0o600 | _shared(path.with_name(path.name.removesuffix(".lock"))))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as failure:
            file.seek(0)
            raise Busy(f"another run (process {file.read().strip() or 'unknown'}) {_AT_WORK}") from failure
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


def _shared(store: Path) -> int:
    """Rights of a group that may write the store too."""
    return store.stat().st_mode & 0o060 if store.exists() and store.stat().st_mode & 0o020 else 0


@contextmanager
def _advisory_lock(database: Database) -> Iterator[None]:
    if database.is_sqlite:  # in memory, where no other process sees it
        yield
        return
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": AdvisoryLock.RUN}).scalar()
        if not taken:
            raise Busy(f"another run {_AT_WORK}")
        try:
            _await_workers(connection)
            yield
        finally:
            _unlock_all(connection)


def _await_workers(connection: Connection) -> None:
    connection.execute(text(f"SET lock_timeout = '{_WORKERS_END}'"))
    try:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": AdvisoryLock.WORKERS})
    except OperationalError as failure:
        raise Busy(f"a worker {_AT_WORK}, or stop the workers first") from failure
    finally:
        connection.execute(text("RESET lock_timeout"))


def _unlock_all(connection: Connection) -> None:
    with suppress(OperationalError):  # a connection that the server closed has released them
        connection.execute(text("SELECT pg_advisory_unlock_all()"))
