"""Who works on a database: one run on all of it, or workers on groups of documents."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Float,
    Interval,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from storage.database import AdvisoryLock, Database, take
from storage.errors import Busy, LostLease

LEASE: Final = 30.0  # seconds
_RENEWALS: Final = 6
_CLOCK: Final = getattr(
    time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC
)  # keeps counting in suspend
_CLOCK_OF_SERVER: Final = func.clock_timestamp(type_=DateTime(timezone=True))
_SECOND: Final = literal(timedelta(seconds=1), Interval)
# not in SQLModel's metadata: a copied store must not copy its leases
leases = Table(
    "leases",
    MetaData(),
    Column(
        "number", BigInteger, primary_key=True
    ),  # grows with each holder: the fencing number
    Column("name", String, nullable=False, unique=True),
    Column("owner", String, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column(
        "rest", Float, nullable=False
    ),  # after expiry, for the hosts that were asked
)


class Lease:
    def __init__(
        self, database: Database, number: int, since: float, seconds: float
    ) -> None:
        """`since` is from before the row was written."""
        self.number = number
        self._database = database
        self._seconds = seconds
        self._until = since + seconds
        self._rest = self._written_rest = 0.0
        self._lost = False
        self._ended = Event()
        self._thread = Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()

    def require(self, rest: float = 0) -> None:
        """Before a request to a host that is to rest `rest` seconds afterwards. Raises `LostLease`."""
        if rest > self._written_rest and not self._lost:
            self._rest = max(self._rest, rest)
            self._renew()
        if self._lost or now() >= self._until - max(0, rest - self._written_rest):
            self._lost = True
            raise LostLease

    def fence(self, session: Session) -> None:
        """Nobody takes the lease before the transaction ends. Raises `LostLease`."""
        self.require()
        # FOR KEY SHARE: taking the lease waits for the transaction, renewing it does not
        own = (
            select(leases.c.number)
            .where(leases.c.number == self.number)
            .with_for_update(read=True, key_share=True)
        )
        if session.execute(own).first() is None:
            self._lost = True
            raise LostLease

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        with suppress(DBAPIError):
            self._write(0)

    def _keep(self) -> None:
        while not self._lost and not self._ended.wait(self._seconds / _RENEWALS):
            self._renew()

    def _renew(self) -> None:
        began, rest = now(), self._rest
        try:
            if not self._write(self._seconds):
                self._lost = True
        except DBAPIError:
            return
        self._until, self._written_rest = began + self._seconds, rest

    def _write(self, seconds: float) -> int:
        values = {
            "expires_at": _CLOCK_OF_SERVER + timedelta(seconds=seconds),
            "rest": self._rest,
        }
        with self._database.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:
            return connection.execute(
                update(leases).where(leases.c.number == self.number).values(values)
            ).rowcount


def take_lease(database: Database, name: str, seconds: float) -> Lease | None:
    since = now()
    with database.writing() as session:
        held = held_leases(session)
        if name in held or _WHOLE in held:
            return None
        row = {
            "name": name,
            "owner": this_process(),
            "rest": 0,
            "expires_at": _CLOCK_OF_SERVER + timedelta(seconds=seconds),
        }
        number = session.execute(
            insert(leases).values(row).returning(leases.c.number)
        ).scalar_one()
    return Lease(database, number, since, seconds)


def held_leases(session: Session) -> dict[str, bool]:
    """Whether it is in use; if not, its hosts rest."""
    take(session, AdvisoryLock.LEASES)
    dead = [
        number
        for number, owner in session.execute(
            select(leases.c.number, leases.c.owner)
        )
        if is_dead(owner)
    ]
    is_over = leases.c.expires_at <= _CLOCK_OF_SERVER
    session.execute(
        update(leases)
        .where(leases.c.number.in_(dead), ~is_over)
        .values(expires_at=_CLOCK_OF_SERVER)
    )
    rested = leases.c.expires_at + leases.c.rest * _SECOND <= _CLOCK_OF_SERVER
    # skips one that its owner is writing
    free = select(leases.c.number).where(rested).with_for_update(skip_locked=True)
    session.execute(delete(leases).where(leases.c.number.in_(free)))
    return dict(session.execute(select(leases.c.name, ~is_over)).all())


def now() -> float:
    """Monotonic, and counts while the machine sleeps."""
    return time.clock_gettime(_CLOCK)


_PROC = Path("/proc")


def this_process() -> str:
    """The host includes the pid namespace, for containers can share a name."""
    return f"{_host()}:{os.getpid()}:{_started(os.getpid())}"


def is_dead(claim: str) -> bool:
    host, pid, started = claim.rsplit(":", 2)
    if host != _host():
        return False
    number = int(pid)
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return _started(number) != started


def _host() -> str:
    try:
        space = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    except OSError:
        space = "0"
    return f"{socket.gethostname()}/{space}"


def _started(pid: int) -> str:
    """Boot and ticks since: pids are reused."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text()[:8]
        # the command name, in brackets, may hold anything; the start time is the 20th field after it
        ticks = (
            (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19]
        )
    except (OSError, IndexError):
        return "0"
    return f"{boot}.{ticks}"


_WHOLE = "*"  # the lease of the whole store
_WORKERS_END = 30.0  # for jobs that workers have begun
_LOOK = 0.2  # between two looks
_AT_WORK = (
    "is at work on this database; nothing was done, try again when it has ended"
)


@contextmanager
def one_at_a_time(
    database: Database, *, lease: float = LEASE, patience: float = _WORKERS_END
) -> Iterator[Database]:
    """Write documents through the `Database` it yields. Raises `Busy` at once if another process has it, or if workers
    do not finish in time; they begin no new jobs meanwhile.
    """
    file = database.sqlite_file
    if file is not None:
        with _file_lock(file.with_name(file.name + ".lock")):
            yield database
    elif database.is_sqlite:
        yield database
    else:
        held = _wait_for(database, _WHOLE, f"another run {_AT_WORK}", lease)
        with closing(held):
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
    with closing(held):
        yield database.under(held)


def _wait_for(database: Database, name: str, busy: str, seconds: float) -> Lease:
    while True:
        lease = take_lease(database, name, seconds)
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
    return (
        store.stat().st_mode & 0o060
        if store.exists() and store.stat().st_mode & 0o020
        else 0
    )
