"""Deliveries: one message to one address, with its attempts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, func, select

from storage.columns import Utc


class State(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    SENDING = "sending"  # claimed; a claim whose process died is swept back to pending
    SENT = "sent"
    PARKED = "parked"  # given up, until a person retries it


class Delivery(SQLModel, table=True):
    """`address` is the watchlist's own word for it ("${TEAM_MAIL}") or a URL without its secrets, never a secret."""

    __tablename__ = "deliveries"

    id: int | None = Field(default=None, primary_key=True)
    kind: str  # "alert", "digest" or "notice"
    route: str
    address: str
    state: str = Field(default=State.PENDING.value, index=True)
    created_at: datetime = Field(sa_type=Utc)
    attempts: int = 0
    next_at: datetime = Field(sa_type=Utc)  # not before
    claimed_at: datetime | None = Field(default=None, sa_type=Utc)
    claimed_by: str | None = None
    sent_at: datetime | None = Field(default=None, sa_type=Utc)
    error: str | None = None  # of the last attempt, without secrets


class DeliveryItem(SQLModel, table=True):
    """What a delivery carries; the constraints keep an alert from being owed twice to one address."""

    __tablename__ = "delivery_items"
    __table_args__ = (
        UniqueConstraint("alert_id", "address"),
        UniqueConstraint("notice_id", "address"),
        CheckConstraint("(alert_id IS NULL) <> (notice_id IS NULL)", name="one_thing"),
    )

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="deliveries.id", index=True)
    address: str
    alert_id: int | None = Field(default=None, foreign_key="alerts.id")
    notice_id: int | None = Field(default=None, foreign_key="notices.id")


def items(session: Session, delivery_id: int) -> list[DeliveryItem]:
    """In the order in which they were added."""
    wanted = select(DeliveryItem).where(DeliveryItem.delivery_id == delivery_id)
    return list(session.exec(wanted.order_by(col(DeliveryItem.id))))


def counts(session: Session) -> dict[str, int]:
    """How many deliveries are in each state; every state is there."""
    found = dict(session.exec(select(Delivery.state, func.count()).group_by(col(Delivery.state))).all())
    return {state.value: found.get(state.value, 0) for state in State}
