"""Taking a document out of the store, or giving it another id, on the word of a person who knows what goes with it."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, update
from sqlmodel import Session, SQLModel, col, delete, func, select

from foundation.vocabulary import State
from storage.advisory_locks import AdvisoryLock, take
from storage.alerts import Alert
from storage.alternating import AlternatingPassage
from storage.captures import Capture, remove_captures
from storage.chain import add_entry, entry_text
from storage.changes import Change, ChangeTopic, StoredPassage
from storage.checks import Check
from storage.clock import utc_now
from storage.deliveries import Delivery, DeliveryItem
from storage.documents import Document, document
from storage.errors import Busy, StorageError
from storage.events import dissolve_events
from storage.notices import Notice
from storage.paragraphs import Mentions, reindex
from storage.reviews import Review
from storage.second_readings import forget_second_readings
from storage.versions import Import, Version
from storage.withdrawals import Withdrawal, with_withdrawn

OF_A_DOCUMENT: tuple[type[SQLModel], ...] = (
    Capture,
    Check,
    Version,
    Change,
    Notice,
    Import,
    AlternatingPassage,
)


class StillCompared(StorageError):
    """An announced text is compared with what would be removed."""


class HasHistory(StorageError):
    """The new id has texts of its own."""


class Extent(NamedTuple):
    """How much goes: of a document, or of what was imported as its history."""

    versions: int
    changes: int
    checks: int
    deliveries: int


def extent(session: Session, document_id: str, *, imported: bool = False) -> Extent:
    """Raises `UnknownDocument`."""
    document(session, document_id)
    with with_withdrawn(session):
        return Extent(
            versions=_count(session, _versions(document_id, imported=imported)),
            changes=_count(session, _changes(document_id, imported=imported)),
            checks=0
            if imported
            else _count(session, col(Check.document_id) == document_id),
            deliveries=len(_emptied(session, _items(document_id, imported=imported))),
        )


def rename(
    session: Session, old: str, new: str, mentions: Mentions | None = None
) -> None:
    """Let all that is known of `old` be known of `new`. Raises `UnknownDocument`, and `HasHistory` where that one has a
    text; what else is known of it goes."""
    row = document(session, old)
    take(session, AdvisoryLock.PLANNING)
    taken = session.get(Document, new)
    if taken is not None:
        if number := extent(session, new).versions:
            raise HasHistory(
                f"{new} has a history of its own, up to version {number}: `policywatch documents remove {new}` "
                f"takes it out, if that of {old} is to be in its place"
            )
        remove(session, new)
    session.add(Document(**{**row.model_dump(), "id": new}))
    session.flush()
    for table in OF_A_DOCUMENT:
        of_it = table.document_id == old  # type: ignore[attr-defined]
        session.exec(update(table).where(of_it).values(document_id=new))
    comment = f"renamed {utc_now():%Y-%m-%dT%H:%M:%SZ}, of {old} to {new}"
    add_entry(session, partial(entry_text, comment=comment, hashes={}))
    reindex(session, old)
    reindex(session, new, mentions)
    session.delete(row)


def remove(session: Session, document_id: str) -> None:
    """The document, with all that was seen and told of it. Raises `UnknownDocument`, `StillCompared` and `Busy`."""
    row = document(session, document_id)
    take(session, AdvisoryLock.PLANNING)
    _forget_versions(session, document_id, imported=False)
    reindex(session, document_id)
    for table in (Notice, AlternatingPassage):
        session.exec(delete(table).where(col(table.document_id) == document_id))
    session.exec(delete(Check).where(col(Check.document_id) == document_id))
    remove_captures(session, col(Capture.document_id) == document_id, document_id)
    session.exec(delete(Import).where(col(Import.document_id) == document_id))
    session.delete(row)
    session.flush()


def remove_imported(
    session: Session, document_id: str, mentions: Mentions | None = None
) -> None:
    """What an archive gave as the document's history; our own versions are numbered from 1 again, and the next check
    asks for the whole page. Raises as `remove` does."""
    row = document(session, document_id)
    take(session, AdvisoryLock.PLANNING)
    theirs = _versions(document_id, imported=True)
    with with_withdrawn(session):
        captures = session.exec(select(Version.capture_id).where(theirs)).all()
        gone = _count(session, theirs)
    _forget_versions(session, document_id, imported=True)
    remove_captures(session, col(Capture.id).in_(captures), document_id)
    session.exec(delete(Import).where(col(Import.document_id) == document_id))
    ours = col(Version.document_id) == document_id
    # by way of negative numbers: each row alone must be a key at every moment
    session.exec(update(Version).where(ours).values(number=-col(Version.number)))
    session.exec(update(Version).where(ours).values(number=-col(Version.number) - gone))
    row.etag = row.last_modified = row.markup = row.parts = None
    reindex(session, document_id, mentions)


def _forget_versions(session: Session, document_id: str, *, imported: bool) -> None:
    """With their changes, and what was told of these."""
    with with_withdrawn(session):
        _forget_versions_and_changes(session, document_id, imported=imported)


def _forget_versions_and_changes(
    session: Session, document_id: str, *, imported: bool
) -> None:
    versions = select(Version.id).where(_versions(document_id, imported=imported))
    changes = select(Change.id).where(_changes(document_id, imported=imported))
    others = col(Change.before_id).in_(versions) & (
        col(Change.document_id) != document_id
    )
    if other := session.exec(select(Change.document_id).where(others).limit(1)).first():
        raise StillCompared(
            f"{other} is compared with texts of {document_id}, so nothing was removed: "
            f"`policywatch documents remove {other}` first"
        )
    items = _items(document_id, imported=imported)
    emptied = [session.get_one(Delivery, id_) for id_ in _emptied(session, items)]
    if any(delivery.state == State.SENDING for delivery in emptied):
        raise Busy(
            f"a message about {document_id} is being sent; nothing was removed, try again when it has gone"
        )
    session.exec(delete(DeliveryItem).where(items))
    for delivery in emptied:
        session.delete(delivery)
    for change_id in session.exec(changes):
        forget_second_readings(session, change_id or 0)
    for table in (Alert, StoredPassage, ChangeTopic, Review):
        session.exec(delete(table).where(col(table.change_id).in_(changes)))
    session.exec(delete(Withdrawal).where(col(Withdrawal.version_id).in_(versions)))
    session.exec(
        update(Withdrawal)
        .where(col(Withdrawal.change_id).in_(changes))
        .values(change_id=None)
    )
    session.exec(delete(Change).where(col(Change.id).in_(changes)))
    dissolve_events(session)
    session.exec(
        update(Change)
        .where(col(Change.returns_to).in_(versions))
        .values(returns_to=None)
    )
    session.exec(
        update(Check).where(col(Check.version_id).in_(versions)).values(version_id=None)
    )
    session.exec(delete(Version).where(_versions(document_id, imported=imported)))


def _versions(document_id: str, *, imported: bool) -> ColumnElement[bool]:
    of_it = col(Version.document_id) == document_id
    return of_it & col(Version.imported) if imported else of_it


def _changes(document_id: str, *, imported: bool) -> ColumnElement[bool]:
    of_it = col(Change.document_id) == document_id
    if not imported:
        return of_it
    theirs = select(Version.id).where(_versions(document_id, imported=True))
    return of_it & or_(
        col(Change.version_id).in_(theirs), col(Change.before_id).in_(theirs)
    )


def _items(document_id: str, *, imported: bool) -> ColumnElement[bool]:
    """Of deliveries: what is about these changes, and what the operator was told of a document that goes as a whole."""
    changes = select(Change.id).where(_changes(document_id, imported=imported))
    alerted = col(DeliveryItem.alert_id).in_(
        select(Alert.id).where(col(Alert.change_id).in_(changes))
    )
    if imported:
        return alerted
    return or_(
        alerted,
        col(DeliveryItem.notice_id).in_(
            select(Notice.id).where(col(Notice.document_id) == document_id)
        ),
    )


def _emptied(session: Session, items: ColumnElement[bool]) -> set[int]:
    """The deliveries that carry nothing but these."""
    carrying = set(session.exec(select(DeliveryItem.delivery_id).where(items)))
    others = col(DeliveryItem.id).not_in(select(DeliveryItem.id).where(items))
    also = select(DeliveryItem.delivery_id).where(
        col(DeliveryItem.delivery_id).in_(carrying), others
    )
    left = set(session.exec(also))
    return carrying - left


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    counted = select(func.count()).where(condition)
    return session.exec(counted).one()
