"""Deliveries: one message to one address, with its attempts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, UniqueConstraint
from sqlalchemy.orm import aliased
from sqlmodel import JSON, Field, Session, SQLModel, col, func, select, update

from messages import code_of
from storage.alerts import Alert
from storage.clock import AHEAD
from storage.columns import Utc

_PLANNING = 5_071_944  # any number that nothing else locks
_AT_A_TIME = 20  # deliveries to choose from: others may claim the first ones meanwhile


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
    tried_since: datetime | None = Field(default=None, sa_type=Utc)  # the first attempt that failed
    error: str | None = None  # of the last attempt, without secrets
    error_code: dict[str, Any] | None = Field(default=None, sa_type=JSON)  # to say it in another language
    taken: list[str] | None = Field(default=None, sa_type=JSON)  # marks of people in the address who have it already


_WAITS = col(Delivery.state) == State.PENDING.value


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


def one_planner(session: Session) -> None:
    """Until the end of the transaction nobody else plans: what is not there yet can't be locked otherwise.

    SQLite's writers are one at a time in any case.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_PLANNING)))


def last_digest(session: Session, routes: Collection[str], address: str, now: datetime) -> datetime | None:
    """When a digest was last owed to an address of a route, under any of its names; none that is dated after `now`."""
    wanted = select(Delivery.created_at).where(
        Delivery.kind == "digest",
        Delivery.address == address,
        col(Delivery.route).in_(routes),
        col(Delivery.created_at) <= now + AHEAD,
    )
    return session.exec(wanted.order_by(col(Delivery.created_at).desc()).limit(1)).first()


def told_since(session: Session, addresses: Collection[str], since: datetime, now: datetime) -> bool:
    """Whether any alert was owed to one of the addresses after `since`, alone or in a digest."""
    carries = select(DeliveryItem.id).where(
        DeliveryItem.delivery_id == Delivery.id, col(DeliveryItem.alert_id).is_not(None)
    )
    at = col(Delivery.created_at)
    wanted = select(Delivery.id).where(
        col(Delivery.address).in_(addresses), at > since, at <= now + AHEAD, carries.exists()
    )
    return session.exec(wanted.limit(1)).first() is not None


def items(session: Session, delivery_id: int) -> list[DeliveryItem]:
    """In the order in which they were added."""
    wanted = select(DeliveryItem).where(DeliveryItem.delivery_id == delivery_id)
    return list(session.exec(wanted.order_by(col(DeliveryItem.id))))


def counts(session: Session) -> dict[str, int]:
    """How many deliveries are in each state; every state is there."""
    found = dict(session.exec(select(Delivery.state, func.count()).group_by(col(Delivery.state))).all())
    return {state.value: found.get(state.value, 0) for state in State}


def next_attempt(session: Session) -> datetime | None:
    """When the next pending delivery may be sent; None where nothing is owed."""
    wanted = select(Delivery.next_at).where(Delivery.state == State.PENDING.value).order_by(col(Delivery.next_at))
    return session.exec(wanted.limit(1)).first()


def owed(session: Session, now: datetime, far: datetime, passed_over: Collection[str]) -> list[int]:
    """Ids of some that may be sent now: of each address the oldest first, for older news comes before newer.

    An address whose oldest was tried least comes first: one that fails again and again holds up no other. One whose
    time lies beyond `far`, later than any wait could be, was written under a wrong clock: it is due.
    """
    is_due = (
        Delivery.state == State.PENDING.value,
        (col(Delivery.next_at) <= now) | (col(Delivery.next_at) > far),
        col(Delivery.address).not_in(passed_over),
    )
    heads = select(Delivery.address, func.min(Delivery.id).label("id")).where(*is_due)
    heads_of = heads.group_by(Delivery.address).subquery()
    head = aliased(Delivery)
    wanted = select(Delivery.id).where(*is_due).join(heads_of, heads_of.c.address == col(Delivery.address))
    wanted = wanted.join(head, col(head.id) == heads_of.c.id)
    ordered = wanted.order_by(col(head.attempts), col(head.next_at), col(head.id), col(Delivery.id))
    return [id_ for id_ in session.exec(ordered.limit(_AT_A_TIME)) if id_ is not None]


def claim(session: Session, delivery_id: int, claimant: str, now: datetime) -> bool:
    """Take it for sending; False where another was faster. The attempt counts from here, so that crashes count."""
    values = {"claimed_by": claimant, "claimed_at": now, "attempts": col(Delivery.attempts) + 1}
    return _changed(session, delivery_id, _WAITS, state=State.SENDING.value, **values)


def settle(session: Session, delivery_id: int, claimant: str, **values: Any) -> bool:
    """Write what came of a claimed delivery; False where the claim was swept and another has it now."""
    mine = (col(Delivery.state) == State.SENDING.value) & (col(Delivery.claimed_by) == claimant)
    return _changed(session, delivery_id, mine | _WAITS, claimed_by=None, claimed_at=None, **values)


def claimed(session: Session) -> list[Delivery]:
    """Those that are being sent, or were when their process died."""
    return list(session.exec(select(Delivery).where(Delivery.state == State.SENDING.value)))


def release(session: Session, delivery: Delivery, next_at: datetime) -> bool:
    """Make a claim that nobody holds any more pending again; False where that happened already."""
    theirs = (col(Delivery.state) == State.SENDING.value) & (col(Delivery.claimed_by) == delivery.claimed_by)
    values = {"claimed_by": None, "claimed_at": None, "next_at": next_at}
    return _changed(session, delivery.id or 0, theirs, state=State.PENDING.value, **values)


def pending(session: Session) -> list[Delivery]:
    """All that wait for an attempt, whenever."""
    return list(session.exec(select(Delivery).where(Delivery.state == State.PENDING.value)))


def failing(session: Session) -> list[Delivery]:
    """Those whose last attempt brought nothing and that will be tried again, the next one first."""
    wanted = select(Delivery).where(_WAITS, col(Delivery.error).is_not(None))
    return list(session.exec(wanted.order_by(col(Delivery.next_at), col(Delivery.id))))


def postpone(session: Session, delivery_id: int, next_at: datetime) -> bool:
    """Let one that waits wait longer; False where it does not wait any more."""
    return _changed(session, delivery_id, _WAITS, next_at=next_at)


def park(session: Session, delivery_id: int, error: str) -> bool:
    """Give up one that waits; False where it does not wait any more."""
    return _changed(session, delivery_id, _WAITS, state=State.PARKED.value, error=error, error_code=code_of(error))


def _changed(session: Session, delivery_id: int, while_: ColumnElement[bool], **values: Any) -> bool:
    """Whether it was still so when these values were written: what several processes do at once, one does."""
    done = session.exec(update(Delivery).where(col(Delivery.id) == delivery_id, while_).values(**values))
    return bool(done.rowcount)


def retry_parked(session: Session, ids: Collection[int] | None, now: datetime) -> list[int]:
    """Owe again what was given up, these or all (None), with the tries counted anew; the ids of what was parked."""
    wanted = select(Delivery).where(Delivery.state == State.PARKED.value).order_by(col(Delivery.id))
    if ids is not None:
        wanted = wanted.where(col(Delivery.id).in_(ids))
    parked = list(session.exec(wanted.with_for_update()))
    for delivery in parked:
        delivery.state, delivery.next_at = State.PENDING.value, now
        delivery.attempts, delivery.tried_since = 0, None
    return [delivery.id for delivery in parked if delivery.id is not None]


def newest(session: Session, *, state: State | None = None, route: str | None = None, limit: int) -> list[Delivery]:
    """Newest first; `route` also finds what was sent for several routes at once."""
    wanted = select(Delivery)
    if state is not None:
        wanted = wanted.where(Delivery.state == state.value)
    if route is not None:
        for_it = select(DeliveryItem.delivery_id).join(Alert, col(Alert.id) == col(DeliveryItem.alert_id))
        also = col(Delivery.id).in_(for_it.where(Alert.route == route))
        wanted = wanted.where((col(Delivery.route) == route) | also)
    return list(session.exec(wanted.order_by(col(Delivery.id).desc()).limit(limit)))


def alerts_in(session: Session, delivery_ids: Collection[int]) -> dict[int, list[Alert]]:
    """The alerts that each delivery carries, in the order in which they were added."""
    wanted = (
        select(DeliveryItem.delivery_id, Alert)
        .join(Alert, col(Alert.id) == col(DeliveryItem.alert_id))
        .where(col(DeliveryItem.delivery_id).in_(delivery_ids))
        .order_by(col(DeliveryItem.id))
    )
    found: dict[int, list[Alert]] = {}
    for delivery_id, alert in session.exec(wanted):
        found.setdefault(delivery_id, []).append(alert)
    return found


def hold(session: Session, delivery_id: int) -> Delivery | None:
    """The delivery, which nobody claims until the end of the transaction; None where it does not wait any more."""
    return session.exec(select(Delivery).where(Delivery.id == delivery_id, _WAITS).with_for_update()).first()


def withdraw(session: Session, delivery_id: int, alerts: Collection[Alert]) -> bool:
    """Take these out of a delivery that waits; it goes with the last of them. Whether it still waits."""
    waits = hold(session, delivery_id)
    if waits is None:
        return False
    gone = {alert.id for alert in alerts}
    for item in (carried := items(session, delivery_id)):
        if item.alert_id in gone:
            session.delete(item)
    session.flush()
    if all(item.alert_id in gone for item in carried):
        session.delete(waits)
        session.flush()
        return False
    return True


def join(session: Session, alert: Alert, addresses: Collection[str]) -> None:
    """Let what waits for one of these addresses, and brings the alert's change there, come for this alert, too."""
    brought = (
        select(DeliveryItem)
        .join(Delivery, col(Delivery.id) == col(DeliveryItem.delivery_id))
        .join(Alert, col(Alert.id) == col(DeliveryItem.alert_id))
        .where(col(DeliveryItem.address).in_(addresses), Alert.change_id == alert.change_id, _WAITS)
    )
    if (item := session.exec(brought.limit(1)).first()) is not None:
        session.add(DeliveryItem(delivery_id=item.delivery_id, address=item.address, alert_id=alert.id))
        session.flush()


def drop(session: Session, delivery: Delivery) -> None:
    """Take out a delivery that waits, and that nobody needs any more."""
    for item in items(session, delivery.id or 0):
        session.delete(item)
    session.flush()
    session.delete(delivery)
    session.flush()


def move(session: Session, delivery: Delivery, address: str) -> None:
    """Let a delivery that waits go to another address, as it is."""
    for item in items(session, delivery.id or 0):
        item.address = address
    delivery.address = address
    session.flush()


def hand_over(
    session: Session, delivery: Delivery, route: str, address: str, alert_ids: Collection[int | None]
) -> None:
    """Let a delivery that waits go to another address, or for another route, with these alerts in place of its own."""
    for item in items(session, delivery.id or 0):
        session.delete(item)
    session.flush()
    delivery.route, delivery.address = route, address
    those = [DeliveryItem(delivery_id=delivery.id or 0, address=address, alert_id=id_) for id_ in alert_ids]
    session.add_all(those)
    session.flush()


def deliveries_of(session: Session, alert_id: int) -> list[Delivery]:
    """Those that carry an alert, one an address."""
    carried = select(DeliveryItem.delivery_id).where(DeliveryItem.alert_id == alert_id)
    return list(session.exec(select(Delivery).where(col(Delivery.id).in_(carried)).order_by(col(Delivery.id))))


def heard_by(session: Session, notice_ids: Collection[int]) -> set[tuple[int, str]]:
    """(notice, address) for which a delivery exists."""
    wanted = select(DeliveryItem.notice_id, DeliveryItem.address).where(col(DeliveryItem.notice_id).in_(notice_ids))
    return {(notice_id, address) for notice_id, address in session.exec(wanted) if notice_id is not None}


def told_of(session: Session, change_ids: Collection[int]) -> set[tuple[int, str]]:
    """(change, address) for which a delivery exists: the address need not hear of that change through another route."""
    wanted = (
        select(Alert.change_id, DeliveryItem.address)
        .join(Alert, col(Alert.id) == col(DeliveryItem.alert_id))
        .where(col(Alert.change_id).in_(change_ids))
    )
    return {(change_id, address) for change_id, address in session.exec(wanted)}
