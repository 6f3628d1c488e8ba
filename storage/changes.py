"""Changes: what differs between a version and the one before it, with its passages."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Connection, Index, event, insert, inspect
from sqlmodel import (
    Field,
    Relationship,
    Session,
    SQLModel,
    col,
    delete,
    func,
    select,
    update,
)

from foundation.vocabulary import UNCLASSIFIED
from messages import Message
from storage.clock import AHEAD
from storage.columns import MessageColumn
from storage.documents import Document
from storage.errors import Unknown, Withdrawn
from storage.versions import (
    Withdrawal,
    leave_out_withdrawn,
    with_withdrawn,
    withdrawal_of_change,
)


class Event(SQLModel, table=True):
    __tablename__ = "events"

    id: int = Field(default=None, primary_key=True)
    began_at: datetime


class Change(SQLModel, table=True):
    """`waits` counts the further checks that must find the same text before the alert."""

    __tablename__ = "changes"
    __table_args__ = (
        # Covering indexes: lists are filtered without reading rows, whose briefs are large.
        Index(
            "ix_changes_listed",
            "detected_at",
            "id",
            "substantive",
            "cause",
            "severity",
            "direction",
            "document_id",
            "effective_date",
        ),
        Index(
            "ix_changes_of_document",
            "document_id",
            "detected_at",
            "id",
            "substantive",
            "cause",
        ),
    )

    id: int = Field(default=None, primary_key=True)
    document_id: str = Field(foreign_key="documents.id")
    document: Document = Relationship()
    version_id: int = Field(foreign_key="versions.id", unique=True)
    before_id: int = Field(foreign_key="versions.id", index=True)
    check_id: int | None = Field(default=None, foreign_key="checks.id", index=True)
    detected_at: datetime
    cause: str
    substantive: bool
    alert: bool
    severity: str
    direction: str
    topics: list[str] = Field(default=[], sa_type=JSON)
    effective_date: date | None = Field(default=None, index=True)
    deadline: date | None = Field(default=None, index=True)
    brief: dict[str, Any] = Field(default={}, sa_type=JSON)
    returns_to: int | None = Field(
        default=None, foreign_key="versions.id", index=True
    )
    waits: int = Field(default=0, index=True)
    event_id: int | None = Field(default=None, foreign_key="events.id", index=True)
    event_reason: Message | None = Field(default=None, sa_type=MessageColumn)

    @property
    def is_unclassified(self) -> bool:
        reasons = self.brief.get("severity_reasons", ())
        return UNCLASSIFIED in reasons and "severity" not in self.brief.get(
            "edit", {}
        )

    @property
    def why(self) -> list[Message]:
        return [Message.from_json(stored) for stored in self.brief.get("why", ())]


leave_out_withdrawn(Change, Change.id, Withdrawal.change_id)


class ChangeTopic(SQLModel, table=True):
    """`Change.topics` as rows, which both databases can index."""

    __tablename__ = "change_topics"

    topic: str = Field(primary_key=True)
    change_id: int = Field(primary_key=True, foreign_key="changes.id", index=True)


@event.listens_for(Change, "after_insert")
@event.listens_for(Change, "after_update")
def _keep_topics(_mapper: Any, connection: Connection, change: Change) -> None:
    if not inspect(change).attrs.topics.history.has_changes():
        return
    connection.execute(
        delete(ChangeTopic).where(col(ChangeTopic.change_id) == change.id)
    )
    rows = [
        {"topic": topic, "change_id": change.id}
        for topic in dict.fromkeys(change.topics)
    ]
    if rows:
        connection.execute(insert(ChangeTopic), rows)


class StoredPassage(SQLModel, table=True):
    """The columns are those of `compare --json`."""

    __tablename__ = "passages"

    id: int = Field(default=None, primary_key=True)
    change_id: int = Field(foreign_key="changes.id", index=True)
    position: int
    operation: str
    heading: list[str] = Field(default=[], sa_type=JSON)
    before: str | None = None
    after: str | None = None
    topics: list[str] = Field(default=[], sa_type=JSON)
    evidence: list[dict[str, str]] = Field(default=[], sa_type=JSON)
    severity: str = "none"
    direction: str = "none"
    returns: bool = False
    why: list[Message] = Field(default=[], sa_type=MessageColumn)
    # [["same" | "removed" | "added", text], ...]; stored, so that mail, page and terminal mark the same words
    marks: list[tuple[str, str]] = Field(default=[], sa_type=JSON)

    @property
    def word_diff(self) -> list[tuple[str, str]]:
        if self.operation == "moved":
            return [("same", self.after or self.before or "")]
        sides = [("removed", self.before or ""), ("added", self.after or "")]
        return [(tag, text) for tag, text in self.marks or sides if text]


def dated_ahead(session: Session, now: datetime) -> list[Change]:
    at = col(Change.detected_at)
    ahead = select(Change).where(at > now + AHEAD).order_by(at.desc())
    return list(session.exec(ahead))


def change(session: Session, id_: int) -> Change:
    """Raises `Unknown`, `Withdrawn`."""
    withdrawal = withdrawal_of_change(session, id_)
    if withdrawal is not None:
        document_id = change_in_any_state(session, id_).document_id
        raise Withdrawn(
            f"change {id_}", document_id, withdrawal.withdrawn_at, withdrawal.reason
        )
    row = session.get(Change, id_)
    if row is None:
        raise Unknown(
            f"there is no change {id_}; `policywatch history DOCUMENT` lists a document's changes"
        )
    return row


def change_in_any_state(session: Session, id_: int) -> Change:
    with with_withdrawn(session):
        return session.get_one(Change, id_)


def change_to(session: Session, version_id: int) -> Change | None:
    return session.exec(
        select(Change).where(Change.version_id == version_id)
    ).first()


def passages(session: Session, change_id: int) -> list[StoredPassage]:
    """In reading order."""
    return passages_by_change(session, [change_id]).get(change_id, [])


def passages_by_change(
    session: Session, change_ids: Collection[int]
) -> dict[int, list[StoredPassage]]:
    of_change = col(StoredPassage.change_id)
    wanted = select(StoredPassage).where(of_change.in_(change_ids))
    found: dict[int, list[StoredPassage]] = {}
    for each in session.exec(
        wanted.order_by(of_change, col(StoredPassage.position))
    ):
        found.setdefault(each.change_id, []).append(each)
    return found


def forget_change(session: Session, change: Change) -> None:
    """So that its versions are compared again."""
    for of_it in (StoredPassage, ChangeTopic):
        session.exec(delete(of_it).where(col(of_it.change_id) == change.id))
    session.delete(change)
    session.flush()


def changes_of(session: Session, document_id: str) -> list[Change]:
    """Newest first."""
    of_it = select(Change).where(Change.document_id == document_id)
    return list(session.exec(of_it.order_by(col(Change.id).desc())))


def newest_alerting(session: Session) -> Change | None:
    """By detection: an import may be stored later."""
    newest = col(Change.detected_at).desc(), col(Change.id).desc()
    return session.exec(
        select(Change).where(col(Change.alert).is_(True)).order_by(*newest)
    ).first()


def waiting_changes(session: Session) -> list[Change]:
    """Oldest first."""
    # sorted here: for ORDER BY, SQLite would scan all changes
    waiting = session.exec(select(Change).where(Change.waits > 0))
    return sorted(waiting, key=lambda change: change.id)


def neighbours(
    session: Session, change: Change
) -> tuple[Change | None, Change | None]:
    same = select(Change).where(Change.document_id == change.document_id)
    return (
        session.exec(same.where(Change.version_id == change.before_id)).first(),
        session.exec(same.where(Change.before_id == change.version_id)).first(),
    )


def passage_counts(
    session: Session, change_ids: Collection[int]
) -> dict[int, dict[str, int]]:
    of_change, operation = (
        col(StoredPassage.change_id),
        StoredPassage.operation,
    )
    counted = select(of_change, operation, func.count()).group_by(
        of_change, operation
    )
    found: dict[int, dict[str, int]] = {}
    for change_id, name, n in session.exec(
        counted.where(of_change.in_(change_ids))
    ):
        found.setdefault(change_id, {})[name] = n
    return found


def changes_between(
    session: Session, service: str, since: datetime, until: datetime
) -> list[tuple[Change, Document, datetime]]:
    """With the time at which each change's event began."""
    at = col(Change.detected_at)
    began_at = func.coalesce(Event.began_at, at)
    wanted = select(Change, Document, began_at).join(Document)
    wanted = wanted.outerjoin(Event, col(Event.id) == Change.event_id).where(
        Document.service == service, at.between(since, until)
    )
    return list(session.exec(wanted.order_by(at, col(Change.id))))


def added_texts(
    session: Session, change_ids: Collection[int]
) -> list[tuple[int, str]]:
    change_id, after = col(StoredPassage.change_id), StoredPassage.after
    wanted = select(change_id, after).where(
        change_id.in_(change_ids), StoredPassage.operation != "moved"
    )
    return [(id_, text) for id_, text in session.exec(wanted) if text]


def join_event(
    session: Session, change: Change, other: Change, reason: Message
) -> None:
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


def dissolve_events(session: Session) -> None:
    """With fewer than two changes left."""
    of_event = col(Change.event_id)
    counted = select(of_event).where(of_event.is_not(None)).group_by(of_event)
    is_lonely = of_event.in_(counted.having(func.count() < 2))
    alone = {"event_id": None, "event_reason": None}
    session.exec(update(Change).where(is_lonely).values(alone))
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
