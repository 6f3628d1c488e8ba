"""The right to work on some documents of a PostgreSQL: a row that expires unless renewed.

An advisory lock lives as long as its connection, which a frozen machine keeps open. Times are the server's.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

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

from storage.advisory_locks import AdvisoryLock, take
from storage.errors import LostLease
from storage.processes import is_dead, this_process

if TYPE_CHECKING:
    from storage.database import Database

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
    """Until `end`, or until a renewal came too late."""

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
        """Call before a request to a host that is to rest `rest` seconds afterwards. Raises `LostLease`."""
        if rest > self._written_rest and not self._lost:  # not known to others yet
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

    def end(self) -> None:
        self._ended.set()
        self._thread.join()
        with suppress(DBAPIError):  # it expires
            self._write(0)

    def _keep(self) -> None:
        while not self._lost and not self._ended.wait(self._seconds / _RENEWALS):
            self._renew()

    def _renew(self) -> None:
        began, rest = now(), self._rest
        try:
            if not self._write(self._seconds):
                self._lost = True
        except DBAPIError:  # retried until it expires
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


def take_lease(
    database: Database, name: str, *, above: str | None = None, seconds: float = LEASE
) -> Lease | None:
    """None if somebody has it, or the lease `above` it."""
    since = now()
    with database.writing() as session:
        held = held_leases(session)
        if name in held or above in held:
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
    """By name, whether it is in use; if not, its hosts rest."""
    take(session, AdvisoryLock.LEASES)
    dead = [
        number
        for number, owner in session.execute(select(leases.c.number, leases.c.owner))
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
