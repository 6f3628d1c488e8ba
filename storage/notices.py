"""Notices: what the operator must hear of (a page unreadable or readable again, a held text), and corrections of
alerts.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel, col, select

from foundation.vocabulary import NoticeKind
from storage.columns import Utc

if TYPE_CHECKING:
    from storage.checks import Check


class Notice(SQLModel, table=True):
    """`planned_at` is set once deliveries exist."""

    __tablename__ = "notices"

    id: int = Field(default=None, primary_key=True)
    kind: str
    document_id: str | None = Field(
        default=None, foreign_key="documents.id", index=True
    )
    check_id: int | None = Field(default=None, foreign_key="checks.id", index=True)
    facts: dict[str, Any] = Field(default={}, sa_type=JSON)
    created_at: datetime = Field(sa_type=Utc)
    planned_at: datetime | None = Field(default=None, sa_type=Utc, index=True)

    @classmethod
    def of(cls, check: Check, kind: NoticeKind, **facts: Any) -> Notice:
        return cls(
            kind=kind,
            document_id=check.document_id,
            check_id=check.id,
            facts=facts,
            created_at=check.checked_at,
        )


def unplanned_notices(session: Session) -> list[Notice]:
    """Oldest first; locked, so that another planning process waits."""
    wanted = (
        select(Notice).where(col(Notice.planned_at).is_(None)).order_by(col(Notice.id))
    )
    return list(session.exec(wanted.with_for_update()))


def notices_of(
    session: Session, kind: NoticeKind, document_id: str | None = None
) -> list[Notice]:
    wanted = select(Notice).where(Notice.kind == kind.value).order_by(col(Notice.id))
    return list(
        session.exec(
            wanted.where(Notice.document_id == document_id) if document_id else wanted
        )
    )
