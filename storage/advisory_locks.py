"""What processes on one PostgreSQL do one after another; SQLite has a single writer anyway."""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import func, select
from sqlmodel import Session


class AdvisoryLock(IntEnum):
    """In the order in which one process takes them; each value is the lock's key."""

    LEASES = 0x706F6C6963790001  # "policy", 1
    MIGRATION = 0x706F6C6963790002
    PLANNING = 0x706F6C6963790005  # deliveries, proposals, sign-ups
    CHAIN = 0x706F6C6963790003
    PARAGRAPHS = 0x706F6C6963790006


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
