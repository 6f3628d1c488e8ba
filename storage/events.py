"""Events: changes of one service about the same thing, each with the reason why."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, delete, func, select, update

from messages import Message
from storage.changes import Change, Event, StoredPassage
from storage.documents import Document
from storage.journal import Action, Actor, enter


def changes_between(
    session: Session, service: str, since: datetime, until: datetime
) -> list[tuple[Change, Document]]:
    wanted = select(Change, Document).join(
        Document, col(Document.id) == col(Change.document_id)
    )
    wanted = wanted.where(
        Document.service == service, col(Change.detected_at).between(since, until)
    )
    return list(session.exec(wanted.order_by(col(Change.detected_at), col(Change.id))))


def added_texts(session: Session, change_ids: Collection[int]) -> list[tuple[int, str]]:
    wanted = select(StoredPassage.change_id, StoredPassage.after).where(
        col(StoredPassage.change_id).in_(change_ids)
    )
    rows = session.exec(
        wanted.where(
            col(StoredPassage.after).is_not(None), StoredPassage.operation != "moved"
        )
    )
    return [(change_id, text) for change_id, text in rows if text]


def join_event(
    session: Session, change: Change, other: Change, reason: Message
) -> None:
    """The event is created if there is none."""
    if other.event_id is None:
        event = Event(began_at=other.detected_at)
        session.add(event)
        session.flush()
        other.event_id = event.id
    change.event_id, change.event_reason = other.event_id, reason


def leave_event(session: Session, change: Change) -> None:
    change.event_id = change.event_reason = None
    session.flush()
    dissolve_events(session)


def split_off(session: Session, change: Change, actor: Actor, at: datetime) -> bool:
    """False if it stood alone already."""
    if change.event_id is None:
        return False
    before = {"change": change.id, "event": change.event_id}
    leave_event(session, change)
    enter(session, actor, Action.SPLIT, change.document_id, at=at, before=before)
    return True


def dissolve_events(session: Session) -> None:
    """With fewer than two changes left."""
    counted = (
        select(Change.event_id)
        .where(col(Change.event_id).is_not(None))
        .group_by(col(Change.event_id))
    )
    lonely = counted.having(func.count() < 2)
    session.exec(
        update(Change)
        .where(col(Change.event_id).in_(lonely))
        .values(event_id=None, event_reason=None)
    )
    session.exec(delete(Event).where(col(Event.id).not_in(counted)))


def event_changes(
    session: Session, event_ids: Collection[int | None]
) -> dict[int, list[int]]:
    wanted = select(Change.event_id, Change.id).where(
        col(Change.event_id).in_(event_ids)
    )
    changes: dict[int, list[int]] = {}
    for event_id, id_ in session.exec(
        wanted.order_by(col(Change.detected_at), col(Change.id))
    ):
        changes.setdefault(event_id or 0, []).append(id_)
    return changes
