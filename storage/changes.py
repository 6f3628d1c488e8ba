"""Changes: what differs between a version and the one before it, with its passages."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Connection, Index, event, insert, inspect
from sqlmodel import Field, Session, SQLModel, col, delete, func, select, update

from foundation.vocabulary import UNCLASSIFIED
from messages import Message
from storage.clock import AHEAD
from storage.columns import MessageColumn, MessagesColumn, Utc
from storage.documents import Document
from storage.errors import UnknownChange, Withdrawn
from storage.withdrawals import (
    Withdrawal,
    leave_out_withdrawn,
    with_withdrawn,
    withdrawal_of_change,
)


class Event(SQLModel, table=True):
    """Changes of a service that speak of one thing; it begins with its first change."""

    __tablename__ = "events"

    id: int = Field(default=None, primary_key=True)
    began_at: datetime = Field(sa_type=Utc)


class Change(SQLModel, table=True):
    """`event_reason` says why it belongs to its event; None for the change that began it. `waits` counts the further
    checks that must find the same text before the alert.
    """

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
    version_id: int = Field(foreign_key="versions.id", unique=True)
    before_id: int = Field(foreign_key="versions.id", index=True)
    check_id: int | None = Field(default=None, foreign_key="checks.id", index=True)
    detected_at: datetime = Field(sa_type=Utc)
    cause: str
    substantive: bool
    alert: bool
    severity: str
    direction: str
    topics: list[str] = Field(default=[], sa_type=JSON)
    effective_date: date | None = Field(default=None, index=True)
    deadline: date | None = Field(default=None, index=True)
    brief: dict[str, Any] = Field(default={}, sa_type=JSON)
    returns_to: int | None = Field(default=None, foreign_key="versions.id", index=True)
    waits: int = Field(default=0, index=True)
    event_id: int | None = Field(default=None, foreign_key="events.id", index=True)
    event_reason: Message | None = Field(default=None, sa_type=MessageColumn)

    @property
    def is_unclassified(self) -> bool:
        reasons = self.brief.get("severity_reasons", ())
        return UNCLASSIFIED in reasons and "severity" not in self.brief.get("edit", {})

    @property
    def why(self) -> list[Message]:
        return [Message.from_json(stored) for stored in self.brief.get("why", ())]


leave_out_withdrawn(Change, col(Change.id), col(Withdrawal.change_id))


class ChangeTopic(SQLModel, table=True):
    """`Change.topics` as rows, which both databases can index; kept in step by the listeners below."""

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
    position: int  # from 0
    operation: str
    heading: list[str] = Field(default=[], sa_type=JSON)
    before: str | None = None
    after: str | None = None
    topics: list[str] = Field(default=[], sa_type=JSON)
    evidence: list[dict[str, str]] = Field(default=[], sa_type=JSON)
    severity: str = "none"
    direction: str = "none"
    returns: bool = False  # or its text had come only lately
    why: list[Message] = Field(default=[], sa_type=MessagesColumn)
    # [["same" | "removed" | "added", text], ...]; stored, so that mail, page and terminal mark the same words
    marks: list[tuple[str, str]] = Field(default=[], sa_type=JSON)

    @property
    def word_diff(self) -> list[tuple[str, str]]:
        """The marks; without them the whole text of each side."""
        if self.operation == "moved":
            return [("same", self.after or self.before or "")]
        sides = [("removed", self.before or ""), ("added", self.after or "")]
        return [(tag, text) for tag, text in self.marks or sides if text]


def dated_ahead(session: Session, now: datetime) -> list[Change]:
    """Written or read under a wrong clock, the latest first."""
    wanted = select(Change).where(col(Change.detected_at) > now + AHEAD)
    return list(session.exec(wanted.order_by(col(Change.detected_at).desc())))


def change(session: Session, id_: int) -> Change:
    """Raises `UnknownChange`, `Withdrawn`."""
    withdrawal = withdrawal_of_change(session, id_)
    if withdrawal is not None:
        document_id = change_in_any_state(session, id_).document_id
        raise Withdrawn(
            f"change {id_}", document_id, withdrawal.withdrawn_at, withdrawal.reason
        )
    row = session.get(Change, id_)
    if row is None:
        raise UnknownChange(
            f"there is no change {id_}; `policywatch history DOCUMENT` lists a document's changes"
        )
    return row


def change_in_any_state(session: Session, id_: int) -> Change:
    with with_withdrawn(session):
        return session.get_one(Change, id_)


def change_to(session: Session, version_id: int) -> Change | None:
    return session.exec(select(Change).where(Change.version_id == version_id)).first()


def passages(session: Session, change_id: int) -> list[StoredPassage]:
    """In reading order."""
    wanted = select(StoredPassage).where(StoredPassage.change_id == change_id)
    return list(session.exec(wanted.order_by(col(StoredPassage.position))))


def passages_by_change(
    session: Session, change_ids: Collection[int]
) -> dict[int, list[StoredPassage]]:
    wanted = select(StoredPassage).where(col(StoredPassage.change_id).in_(change_ids))
    found: dict[int, list[StoredPassage]] = {}
    for each in session.exec(
        wanted.order_by(col(StoredPassage.change_id), col(StoredPassage.position))
    ):
        found.setdefault(each.change_id, []).append(each)
    return found


def forget_change(session: Session, change: Change) -> None:
    """One that nobody was alerted to, so that its versions are compared again."""
    session.exec(delete(StoredPassage).where(col(StoredPassage.change_id) == change.id))
    session.exec(delete(ChangeTopic).where(col(ChangeTopic.change_id) == change.id))
    session.delete(change)
    session.flush()


def changes_of(session: Session, document_id: str) -> list[Change]:
    """Newest first."""
    return list(
        session.exec(
            select(Change)
            .where(Change.document_id == document_id)
            .order_by(col(Change.id).desc())
        )
    )


def newest_alerting(session: Session) -> Change | None:
    """By detection: an import may be stored later than newer changes."""
    newest = col(Change.detected_at).desc(), col(Change.id).desc()
    return session.exec(
        select(Change).where(col(Change.alert).is_(True)).order_by(*newest)
    ).first()


def waiting_changes(session: Session) -> list[Change]:
    """Oldest first."""
    # sorted here: for ORDER BY, SQLite would scan all changes
    return sorted(
        session.exec(select(Change).where(col(Change.waits) > 0)),
        key=lambda change: change.id,
    )


def neighbours(session: Session, change: Change) -> tuple[Change | None, Change | None]:
    same = select(Change).where(Change.document_id == change.document_id)
    before = session.exec(same.where(Change.version_id == change.before_id)).first()
    return before, session.exec(
        same.where(Change.before_id == change.version_id)
    ).first()


def passage_counts(
    session: Session, change_ids: list[int]
) -> dict[int, dict[str, int]]:
    """By operation, for changes that have any."""
    counted = select(
        StoredPassage.change_id, StoredPassage.operation, func.count()
    ).where(col(StoredPassage.change_id).in_(change_ids))
    found: dict[int, dict[str, int]] = {}
    for change_id, operation, n in session.exec(
        counted.group_by(col(StoredPassage.change_id), col(StoredPassage.operation))
    ):
        found.setdefault(change_id, {})[operation] = n
    return found


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
