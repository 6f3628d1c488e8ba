"""Who works on a database: one run on all of it, or workers on groups of documents."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.database import Database
from storage.errors import Busy
from storage.leases import LEASE, Lease, held_leases, take_lease

_WHOLE = "*"  # the lease of the whole store
_WORKERS_END = 30.0  # for jobs that workers have begun
_LOOK = 0.2  # between two looks
_AT_WORK = "is at work on this database; nothing was done, try again when it has ended"


@contextmanager
def one_at_a_time(
    database: Database, *, lease: float = LEASE, patience: float = _WORKERS_END
) -> Iterator[Database]:
    """Write documents through the `Database` it yields. Raises `Busy` at once if another process has it, or if workers
    do not finish within `patience` seconds; they begin no new jobs meanwhile.

    On PostgreSQL it is a lease: once lost, every writing session raises `LostLease`.
    """
    file = database.sqlite_file
    if file is not None:
        with _file_lock(file.with_name(file.name + ".lock")):
            yield database
    elif database.is_sqlite:  # invisible to other processes
        yield database
    else:
        held = _wait_for(database, _WHOLE, f"another run {_AT_WORK}", lease)
        with _ending(held):
            _await_workers(database, patience)
            yield database.under(held)


@contextmanager
def beside_others(
    database: Database, group: str, *, lease: float = LEASE
) -> Iterator[Database]:
    """One group of documents on PostgreSQL, once its hosts have rested. Raises `Busy` at once if another worker has it,
    or a process has or awaits the whole store.
    """
    held = _wait_for(
        database, group, f"another worker, or a run, is at work on {group}", lease
    )
    with _ending(held):
        yield database.under(held)


def _wait_for(database: Database, name: str, busy: str, seconds: float) -> Lease:
    """Waits while the last owner's hosts rest. Raises `Busy`."""
    while True:
        lease = take_lease(database, name, above=_WHOLE, seconds=seconds)
        if lease is not None:
            return lease
        with database.writing() as session:
            held = held_leases(session)
        if held.get(name) or held.get(_WHOLE):
            raise Busy(busy)
        time.sleep(_LOOK)


def _await_workers(database: Database, patience: float) -> None:
    until = time.monotonic() + patience
    while True:
        with database.writing() as session:
            held = held_leases(session)
        if held.keys() <= {_WHOLE}:
            return
        if time.monotonic() >= until:
            raise Busy(f"a worker {_AT_WORK}, or stop the workers first")
        time.sleep(_LOOK)


@contextmanager
def _ending(lease: Lease) -> Iterator[None]:
    try:
        yield
    finally:
        lease.end()


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with os.fdopen(
        os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+"
    ) as file:
        if os.fstat(file.fileno()).st_uid == os.geteuid():
            os.fchmod(
                file.fileno(),
                0o600 | _shared(path.with_name(path.name.removesuffix(".lock"))),
            )
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as failure:
            file.seek(0)
            raise Busy(
                f"another run (process {file.read().strip() or 'unknown'}) {_AT_WORK}"
            ) from failure
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


def _shared(store: Path) -> int:
    """The group's permissions, if it may write the store."""
    return (
        store.stat().st_mode & 0o060
        if store.exists() and store.stat().st_mode & 0o020
        else 0
    )
