"""One run at a time on a database."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from storage.database import Database
from storage.errors import Busy

_ADVISORY_KEY = 0x706F6C6963790001  # "policy", 1: among the advisory locks of a PostgreSQL database
_AT_WORK = "is at work on this database; nothing was done, try again when it has ended"


@contextmanager
def one_at_a_time(database: Database) -> Iterator[None]:
    """Hold the database's run lock; raises `Busy` at once if another process has it.

    The lock is the kernel's or the server's: it goes when its process dies, however that dies.
    """
    file = database.sqlite_file
    lock = _file_lock(file.with_name(file.name + ".lock")) if file else _advisory_lock(database)
    with lock:
        yield


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("a+") as file:
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


@contextmanager
def _advisory_lock(database: Database) -> Iterator[None]:
    if database.is_sqlite:  # in memory, where no other process sees it
        yield
        return
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_KEY}).scalar()
        if not taken:
            raise Busy(f"another run {_AT_WORK}")
        try:
            yield
        finally:
            with suppress(OperationalError):  # a connection that the server closed has released it
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_KEY})
