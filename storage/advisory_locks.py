"""What processes on one PostgreSQL do one after another; SQLite has one writer at a time in any case."""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import func, select
from sqlmodel import Session


class AdvisoryLock(IntEnum):
    """In the order in which one process takes several; each value is the lock's key in the database."""

    LEASES = 0x706F6C6963790001  # "policy", 1: who works on which documents
    MIGRATION = 0x706F6C6963790002
    PLANNING = 0x706F6C6963790005  # what is owed to an address: deliveries, proposals, sign-ups
    CHAIN = 0x706F6C6963790003  # the number of the next entry
    PARAGRAPHS = 0x706F6C6963790006  # the ids of new ones


_ORDER = [*AdvisoryLock]


def take(session: Session, lock: AdvisoryLock) -> None:
    """Until the end of the session's transaction no other process has the lock.

    A lock that comes before one that the session has taken is refused, on SQLite too: another process that takes the
    two in their order would wait for this one, and this one for it.
    """
    taken = session.info.setdefault(AdvisoryLock, set())
    if lock in taken:
        return
    for each in taken:
        assert _ORDER.index(lock) > _ORDER.index(each), (
            f"{lock.name} is taken after {each.name}"
        )
    taken.add(lock)
    # past the session, which would write first what it holds
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(lock.value)))
