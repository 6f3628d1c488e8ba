"""Checks: every attempt to fetch a document, with its outcome; kept also when nothing changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import (
    JSON,
    Index,
    ScalarSelect,
    and_,
    exists,
    or_,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, func, select

from foundation.addresses import host_of
from foundation.vocabulary import GOOD, Outcome
from messages import Message
from storage.captures import Capture, remove_captures
from storage.clock import LONGEST_PAUSE, is_ahead
from storage.columns import Condition, MessageColumn
from storage.documents import Document
from storage.versions import Version, with_withdrawn

# outcomes whose capture is kept but not valid
ASIDE = (Outcome.HELD.value, Outcome.UNREADABLE.value)
ATTEMPTS = 3  # to read a capture


class Check(SQLModel, table=True):
    """`outcome` is None until its capture has been read."""

    __tablename__ = "checks"
    __table_args__ = (Index("ix_checks_of_document", "document_id", "id"),)

    id: int = Field(default=None, primary_key=True)
    document_id: str = Field(foreign_key="documents.id")
    checked_at: datetime
    outcome: str | None = Field(default=None, index=True)
    # to read its capture, counted before each one; only those that ran out of limits or ended the program stay
    attempts: int = 0
    accepted: bool = False
    # the capture with an equal text that a person rejected
    rejected_as: int | None = None
    # the archive; None: the service itself
    source: str | None = None
    stands_in: bool = False  # read in an archive because the page does not answer
    reason: Message | None = Field(default=None, sa_type=MessageColumn)
    status: int | None = None
    final_url: str | None = None
    # by permanent redirects or by its own words
    moved_to: str | None = None
    seconds: float | None = None
    # copied to the document when its text is accepted
    etag: str | None = None
    last_modified: str | None = None
    markup: str | None = None
    # the same for each of several addresses: url, final_url, text (fingerprint), etag, ...
    parts: list[dict[str, str | None]] | None = Field(default=None, sa_type=JSON)
    capture_id: int | None = Field(
        default=None, foreign_key="captures.id", index=True
    )
    version_id: int | None = Field(
        default=None, foreign_key="versions.id", index=True
    )


OF_THE_PAGE = col(Check.stands_in).is_(False)
VALID = col(Check.outcome).in_(GOOD)
HELD = col(Check.outcome) == Outcome.HELD
SET_ASIDE = and_(col(Check.outcome).in_(ASIDE), col(Check.capture_id).is_not(None))
_NOT_REJECTED = col(Check.rejected_as).is_distinct_from(Check.capture_id)
_COSTLY = and_(col(Check.outcome) == Outcome.UNREADABLE, col(Check.attempts) > 0)
_IN_TROUBLE = or_(col(Check.outcome) == Outcome.FAILED, _COSTLY)


def later_than(check_id: int) -> Condition:
    return col(Check.id) > check_id


def from_source(archive: str | None) -> Condition:
    return col(Check.source).is_not_distinct_from(archive)


def newest_checks(
    session: Session,
    document_id: str | None,
    *conditions: Condition | bool,
    limit: int,
) -> list[Check]:
    wanted = select(Check).where(*conditions).order_by(col(Check.id).desc())
    if document_id is not None:
        wanted = wanted.where(Check.document_id == document_id)
    return list(session.exec(wanted.limit(limit)))


def newest_check(
    session: Session,
    document_id: str | None = None,
    *conditions: Condition | bool,
) -> Check | None:
    return next(
        iter(newest_checks(session, document_id, *conditions, limit=1)), None
    )


def last_kept(session: Session, document_id: str, version_id: int) -> int | None:
    of_it = Check.version_id == version_id, col(Check.capture_id).is_not(None)
    kept = newest_check(session, document_id, VALID, *of_it)
    return kept.capture_id if kept else None


def last_set_aside(session: Session, document_id: str) -> Check | None:
    """Unless a valid one followed."""
    decided = or_(SET_ASIDE, col(Check.accepted), VALID)
    last = newest_check(session, document_id, decided)
    return last if last and not last.accepted and last.outcome in ASIDE else None


def last_trouble(session: Session, check: Check) -> Check | None:
    """The last one that failed over the same capture, or took too much."""
    same = Check.capture_id == check.capture_id, Check.id < check.id
    return newest_check(session, check.document_id, *same, _IN_TROUBLE)


def set_aside_in_a_row(session: Session, document_id: str) -> list[Check]:
    """Since the last good check, without rejected ones, oldest first."""
    good = newest_check(session, document_id, or_(col(Check.accepted), VALID))
    wanted = select(Check).where(
        Check.document_id == document_id,
        Check.id > (good.id if good else 0),
        SET_ASIDE,
        _NOT_REJECTED,
    )
    return list(session.exec(wanted.order_by(col(Check.id))))


def drop_set_aside(session: Session, document_id: str, until: datetime) -> int:
    """Except what still waits for a person, and rejected ones, by which the same text is recognised. Returns how many."""
    valid = newest_check(session, document_id, OF_THE_PAGE, VALID)
    wanted = select(Check).where(
        Check.document_id == document_id,
        Check.id < (valid.id if valid else 0),
        Check.checked_at < until,
        SET_ASIDE,
        col(Check.accepted).is_(False),
        _NOT_REJECTED,
    )
    return drop_captures(session, session.exec(wanted).all(), "set aside")


def drop_captures(session: Session, checks: Sequence[Check], why: str) -> int:
    """Of one document, unless something else names them. Returns how many."""
    captures = {check.capture_id for check in checks}
    for check in checks:
        check.capture_id = None
    session.flush()
    with with_withdrawn(session):
        for name in (Check.capture_id, Version.capture_id):
            named = select(name).where(col(name).in_(captures))
            captures.difference_update(session.exec(named).all())
    if captures:
        unnamed = or_(
            col(Capture.id).in_(captures), col(Capture.head_id).in_(captures)
        )
        remove_captures(session, unnamed, f"{checks[0].document_id}, {why}")
    return len(captures)


def pauses(
    session: Session, now: datetime, ids: Collection[str] | None = None
) -> dict[str, datetime]:
    """By document id; times in the past included. One that ends later than any pause can was written under a wrong
    clock.
    """
    paused: dict[str, datetime] = {}
    by_host: dict[str, datetime] = {}
    waiting = select(Document).where(col(Document.not_before).is_not(None))
    for row in session.exec(waiting).all():
        if row.not_before is None or is_ahead(row.not_before, now + LONGEST_PAUSE):
            continue
        paused[row.id] = row.not_before
        last = newest_check(session, row.id, col(Check.final_url).is_not(None))
        host = host_of((last and last.final_url) or row.url)
        by_host[host] = max(row.not_before, by_host.get(host, row.not_before))
    others = select(Document)
    if ids is not None:
        others = others.where(col(Document.id).in_(ids))
    for row in session.exec(others) if paused else ():
        hosts = {*map(host_of, row.addresses)} & by_host.keys()
        if until := [by_host[host] for host in hosts]:
            paused[row.id] = max(*until, paused.get(row.id, until[0]))
    return paused


def take_rejection_back(session: Session, check: Check) -> None:
    same = col(Check.rejected_as).in_({check.capture_id, check.rejected_as})
    session.exec(update(Check).where(same).values(rejected_as=None))
    check.rejected_as = None


def check_that_brought(session: Session, capture_id: int) -> Check | None:
    brought = select(Check).where(Check.capture_id == capture_id)
    return session.exec(brought.order_by(col(Check.id)).limit(1)).first()


def rejected_captures(session: Session, document_id: str) -> list[int]:
    rejected = select(Check.rejected_as).where(Check.document_id == document_id)
    known = select(Capture.id).where(col(Capture.id).in_(rejected))
    return list(session.exec(known.order_by(col(Capture.id))))


def reject_capture(session: Session, document_id: str, capture_id: int) -> None:
    """Even if it was accepted before."""
    brought = (
        col(Check.document_id) == document_id,
        col(Check.capture_id) == capture_id,
    )
    session.exec(
        update(Check).where(*brought).values(rejected_as=capture_id, accepted=False)
    )


def unread_checks(
    session: Session, document_id: str | None = None, *, again: bool = False
) -> list[Check]:
    """Oldest first. With `again`, also those that failed or took too much, unless the document was read later."""
    waits: Condition = col(Check.outcome).is_(None)
    if again:
        later = aliased(Check)
        is_read_later = exists().where(
            col(later.document_id) == Check.document_id,
            col(later.id) > Check.id,
            or_(col(later.capture_id).is_not(None), col(later.outcome).in_(GOOD)),
        )
        waits = or_(waits, and_(_IN_TROUBLE, ~is_read_later))
    wanted = select(Check).where(waits, col(Check.capture_id).is_not(None))
    if document_id is not None:
        wanted = wanted.where(Check.document_id == document_id)
    return list(session.exec(wanted.order_by(col(Check.id))))


def forget_attempts(session: Session, ids: Collection[int]) -> None:
    session.exec(update(Check).where(col(Check.id).in_(ids)).values(attempts=0))


def checks_by_id(session: Session, ids: Collection[int]) -> list[Check]:
    found = session.exec(select(Check).where(col(Check.id).in_(ids)))
    rows = {check.id: check for check in found}
    return [rows[id_] for id_ in ids]


def last_checks(
    session: Session, ids: Collection[str] | None = None
) -> dict[str, Check]:
    joined = select(Check).join(Document, col(Check.id) == _of_document(back=1))
    if ids is not None:
        joined = joined.where(col(Document.id).in_(ids))
    return {check.document_id: check for check in session.exec(joined)}


def earlier_checks(session: Session, back: int) -> dict[str, datetime]:
    """1: the newest."""
    times = select(Check.document_id, Check.checked_at)
    found = times.join(Document, col(Check.id) == _of_document(back=back))
    return dict(session.exec(found).all())


def _of_document(*, back: int) -> ScalarSelect[int]:
    """An index lookup for each; GROUP BY would read all checks."""
    mine = select(Check.id).where(Check.document_id == Document.id, OF_THE_PAGE)
    newest = mine.correlate(Document).order_by(col(Check.id).desc())
    return newest.offset(back - 1).limit(1).scalar_subquery()


def count_checks(session: Session, document_id: str, *conditions: Condition) -> int:
    counted = select(func.count()).where(
        Check.document_id == document_id, *conditions
    )
    return session.exec(counted).one()


def checks_after(
    session: Session, document_id: str, after: int, *, limit: int
) -> list[Check]:
    later = select(Check).where(Check.document_id == document_id, Check.id > after)
    return list(session.exec(later.order_by(col(Check.id)).limit(limit)))
