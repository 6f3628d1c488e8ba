"""Removes a document from the store, or gives it another id."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ForeignKey, Table, false, update
from sqlmodel import Session, SQLModel, col, delete, func, select

from foundation.vocabulary import State
from storage.captures import Capture, remove_captures
from storage.chain import note
from storage.changes import Change, dissolve_events
from storage.checks import Check
from storage.columns import Condition
from storage.database import AdvisoryLock, all_tables, take
from storage.deliveries import Alert, Delivery, DeliveryItem, Notice, deliveries
from storage.documents import Document, document
from storage.errors import Busy, StorageError
from storage.paragraphs import Mentions, reindex
from storage.readings import forget_readings
from storage.versions import Import, Version, renumber, with_withdrawn


class StillCompared(StorageError):
    """An announced text is compared with what would be removed."""


class Removal(NamedTuple):
    versions: int
    changes: int
    checks: int
    deliveries: int


def planned_removal(
    session: Session, document_id: str, *, imported: bool = False
) -> Removal:
    """Raises `UnknownDocument`."""
    document(session, document_id)
    gone = _gone(document_id, imported=imported)
    checks = false() if imported else col(Check.document_id) == document_id
    with with_withdrawn(session):
        return Removal(
            versions=_count(session, gone.versions),
            changes=_count(session, gone.changes),
            checks=_count(session, checks),
            deliveries=len(_emptied(session, gone.items)),
        )


def rename(
    session: Session, old: str, new: str, mentions: Mentions | None = None
) -> None:
    """Raises `UnknownDocument`, `StorageError` if the new id has versions of its own."""
    row = document(session, old)
    renamed = Document(**{**row.model_dump(), "id": new})
    take(session, AdvisoryLock.PLANNING)
    taken = session.get(Document, new)
    if taken is not None:
        if number := planned_removal(session, new).versions:
            raise StorageError(
                f"{new} has a history of its own, up to version {number}: `policywatch documents remove {new}` "
                f"takes it out, if that of {old} is to be in its place"
            )
        remove(session, new)
    session.add(renamed)
    session.flush()
    for key in _references(Document.__table__):  # type: ignore[attr-defined]
        named = update(key.parent.table).where(key.parent == old)
        session.exec(named.values({key.parent.name: new}))
    session.expire_all()
    note(session, "renamed", f"{old} to {new}")
    reindex(session, old)
    reindex(session, new, mentions)
    session.delete(row)


def remove(session: Session, document_id: str) -> None:
    """Raises `UnknownDocument`, `StillCompared`, `Busy`."""
    row = document(session, document_id)
    take(session, AdvisoryLock.PLANNING)
    _forget_versions(session, document_id, _gone(document_id))
    reindex(session, document_id)
    _delete(session, Notice, col(Notice.document_id) == document_id)
    _delete(session, Check, col(Check.document_id) == document_id)
    remove_captures(session, col(Capture.document_id) == document_id, document_id)
    _delete(session, Document, col(Document.id) == document_id)
    session.expunge(row)


def remove_imported(
    session: Session, document_id: str, mentions: Mentions | None = None
) -> None:
    """Our versions are renumbered from 1, and the next check asks for the whole page. Raises as `remove` does."""
    row = document(session, document_id)
    take(session, AdvisoryLock.PLANNING)
    gone = _gone(document_id, imported=True)
    with with_withdrawn(session):
        theirs = select(Version.capture_id).where(gone.versions)
        captures = session.exec(theirs).all()
    _forget_versions(session, document_id, gone)
    remove_captures(session, col(Capture.id).in_(captures), document_id)
    session.exec(delete(Import).where(col(Import.document_id) == document_id))
    renumber(session, document_id, since=1, by=-len(captures))
    row.forget_validators()
    reindex(session, document_id, mentions)


class _Gone(NamedTuple):
    versions: Condition
    changes: Condition
    items: Condition


def _gone(document_id: str, *, imported: bool = False) -> _Gone:
    versions = col(Version.document_id) == document_id
    if imported:
        versions &= col(Version.imported)
    ids = select(Version.id).where(versions)
    differs = col(Change.version_id).in_(ids) | col(Change.before_id).in_(ids)
    changes = (col(Change.document_id) == document_id) & differs
    alerts = select(Alert.id).join(Change).where(changes)
    items: Condition = col(DeliveryItem.alert_id).in_(alerts)
    if not imported:
        notices = select(Notice.id).where(Notice.document_id == document_id)
        items |= col(DeliveryItem.notice_id).in_(notices)
    return _Gone(versions, changes, items)


def _forget_versions(session: Session, document_id: str, gone: _Gone) -> None:
    others = col(Change.before_id).in_(select(Version.id).where(gone.versions))
    of_others = select(Change.document_id).where(
        others, Change.document_id != document_id
    )
    if other := session.exec(of_others.limit(1)).first():
        raise StillCompared(
            f"{other} is compared with texts of {document_id}, so nothing was removed: "
            f"`policywatch documents remove {other}` first"
        )
    emptied = _emptied(session, gone.items)
    if any(delivery.state == State.SENDING for delivery in emptied):
        raise Busy(
            f"a message about {document_id} is being sent; nothing was removed, try again when it has gone"
        )
    session.exec(delete(DeliveryItem).where(gone.items))
    for delivery in emptied:
        session.delete(delivery)
    with with_withdrawn(session):
        briefs = session.exec(select(Change.brief).where(gone.changes))
        asked = [(brief.get("reader") or {}).get("question") for brief in briefs]
    forget_readings(session, [key for key in asked if key])
    _delete(session, Version, gone.versions)
    dissolve_events(session)


def _delete(session: Session, table: type[SQLModel], rows: Condition) -> None:
    """With those that require them; nullable references are unset."""
    _delete_from(session, table.__table__, rows)  # type: ignore[attr-defined]
    session.expire_all()


def _delete_from(session: Session, table: Table, rows: Condition) -> None:
    for key in _references(table):
        of_them = key.parent.in_(select(key.column).where(rows))
        if key.parent.nullable:
            unset = update(key.parent.table).where(of_them)
            session.exec(unset.values({key.parent.name: None}))
        else:
            _delete_from(session, key.parent.table, of_them)
    session.exec(delete(table).where(rows))


def _references(to: Table) -> list[ForeignKey]:
    return [
        key
        for table in all_tables()
        for key in table.foreign_keys
        if key.column.table is to
    ]


def _emptied(session: Session, items: Condition) -> list[Delivery]:
    carrying = select(DeliveryItem.delivery_id)
    its = select(DeliveryItem.id).where(items)
    others = carrying.where(col(DeliveryItem.id).not_in(its))
    id_ = col(Delivery.id)
    return deliveries(session, id_.in_(carrying.where(items)), id_.not_in(others))


def _count(session: Session, condition: Condition) -> int:
    return session.exec(select(func.count()).where(condition)).one()
