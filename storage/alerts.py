"""Alerts: changes that passed a route's filter, written in the change's transaction."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, func, select

from storage.changes import Change
from storage.columns import Utc


class Alert(SQLModel, table=True):
    """`planned_at` is set once its deliveries exist, or its route is gone."""

    __tablename__ = "alerts"
    __table_args__ = (UniqueConstraint("change_id", "route"),)

    id: int = Field(default=None, primary_key=True)
    change_id: int = Field(foreign_key="changes.id", index=True)
    route: str
    created_at: datetime = Field(sa_type=Utc)
    planned_at: datetime | None = Field(default=None, sa_type=Utc, index=True)


def alerted_before_of_day(session: Session, change: Change) -> int:
    """How many earlier alerted changes of the document have its effective date."""
    wanted = select(func.count()).where(
        Change.document_id == change.document_id,
        Change.effective_date == change.effective_date,
        col(Change.alert).is_(True),
        col(Change.id) < change.id,
    )
    return session.exec(wanted).one()


def approaching_deadlines(
    session: Session, routes: Collection[str], first: date, last: date
) -> list[Change]:
    """Changes that these routes were alerted to, with a deadline between these days, the nearest first."""
    wanted = (
        select(Change)
        .where(
            col(Change.deadline).between(first, last),
            col(Change.alert).is_(True),
            col(Change.id).in_(
                select(Alert.change_id).where(
                    col(Alert.route).in_(routes), col(Alert.planned_at).is_not(None)
                )
            ),
        )
        .order_by(col(Change.deadline), col(Change.id))
    )
    return list(session.exec(wanted))


def alerts_of(session: Session, change_id: int) -> list[Alert]:
    return list(
        session.exec(
            select(Alert).where(Alert.change_id == change_id).order_by(col(Alert.id))
        )
    )


def unplanned_alerts(session: Session, *, locked: bool = False) -> list[Alert]:
    """Oldest first; `locked`, so that another planning process waits and then finds them planned."""
    wanted = (
        select(Alert).where(col(Alert.planned_at).is_(None)).order_by(col(Alert.id))
    )
    return list(session.exec(wanted.with_for_update() if locked else wanted))
