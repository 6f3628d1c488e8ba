"""The journal: what people did by web pages and commands. Entries are only added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel, col, func, select

from foundation.vocabulary import NoticeKind
from storage.deliveries import Notice


class Action(StrEnum):
    ADD = "add"
    PAUSE = "pause"
    RESUME = "resume"
    REMOVE = "remove"
    RENAME = "rename"
    ACCEPT = "accept"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    SPLIT = "split"
    REVIEW = "review"
    DISMISS = "dismiss"
    EDIT = "edit"
    UNSUBSCRIBE = "unsubscribe"
    IGNORE = "ignore"
    UNIGNORE = "unignore"
    RETRY = "retry"
    TEST = "test"


NARROWING = {Action.PAUSE, Action.REJECT, Action.WITHDRAW, Action.IGNORE}


@dataclass(frozen=True, slots=True)
class Actor:
    name: str
    via: Literal["pages", "token", "command"]


class JournalEntry(SQLModel, table=True):
    __tablename__ = "journal"

    id: int = Field(default=None, primary_key=True)
    at: datetime
    by: str
    via: str
    action: str
    document_id: str = Field(index=True)
    before: dict[str, Any] = Field(default={}, sa_type=JSON)
    after: dict[str, Any] = Field(default={}, sa_type=JSON)


def enter(
    session: Session,
    actor: Actor,
    action: Action,
    document_id: str,
    *,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """A narrowing action notifies the operator, unless done on the operator's own machine."""
    entry = JournalEntry(
        at=at,
        by=actor.name,
        via=actor.via,
        action=action.value,
        document_id=document_id,
        before=dict(before or {}),
        after=dict(after or {}),
    )
    session.add(entry)
    if action in NARROWING and actor.via != "command":
        facts = {
            "action": action.value,
            "by": actor.name,
            "via": actor.via,
            "document": document_id,
        }
        if "version" in entry.before:
            facts["version"] = entry.before["version"]
        # without the document's id: it would be removed with the document
        session.add(Notice(kind=NoticeKind.NARROWED, facts=facts, created_at=at))


def journal(session: Session, limit: int | None = None) -> list[JournalEntry]:
    newest = select(JournalEntry).order_by(col(JournalEntry.id).desc())
    return list(session.exec(newest.limit(limit)))


def merged_into(session: Session, document_id: str) -> str | None:
    """The document of which a removed one was a duplicate."""
    entry = session.exec(
        select(JournalEntry)
        .where(JournalEntry.document_id == document_id)
        .order_by(col(JournalEntry.id).desc())
        .limit(1)
    ).first()
    into: str | None = entry.after.get("into") if entry else None
    return into


def last_pauses(session: Session) -> dict[str, JournalEntry]:
    paused = JournalEntry.action == Action.PAUSE
    newest = select(func.max(JournalEntry.id)).where(paused)
    of_each = col(JournalEntry.id).in_(newest.group_by(JournalEntry.document_id))
    rows = session.exec(select(JournalEntry).where(of_each))
    return {row.document_id: row for row in rows}
