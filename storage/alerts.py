"""Alerts: changes that passed a route's filter, written in the transaction that writes the change."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select

from storage.columns import Utc


class Alert(SQLModel, table=True):
    """`planned_at` is set once deliveries exist for it (or its route is gone, and there is nobody to tell)."""

    __tablename__ = "alerts"
    __table_args__ = (UniqueConstraint("change_id", "route"),)

    id: int | None = Field(default=None, primary_key=True)
    change_id: int = Field(foreign_key="changes.id", index=True)
    route: str
    created_at: datetime = Field(sa_type=Utc)
    planned_at: datetime | None = Field(default=None, sa_type=Utc, index=True)


def unplanned_alerts(session: Session) -> list[Alert]:
    """Oldest first; locked, so that another process that plans waits, and then finds them planned."""
    wanted = select(Alert).where(col(Alert.planned_at).is_(None)).order_by(col(Alert.id))
    return list(session.exec(wanted.with_for_update()))
