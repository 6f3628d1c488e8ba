"""Deliveries: what is to be sent (alerts for routes, notices for the operator), and each message to an address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, UniqueConstraint
from sqlalchemy.orm import aliased, selectinload
from sqlmodel import (
    Field,
    Relationship,
    Session,
    SQLModel,
    col,
    delete,
    exists,
    func,
    select,
    update,
)

from foundation.vocabulary import NoticeKind, State
from messages import Message
from storage.changes import Change
from storage.checks import Check
from storage.clock import AHEAD
from storage.columns import Condition, MessageColumn

OPERATOR = "[operator]"  # the route of notices; no other can be called so


class Alert(SQLModel, table=True):
    __tablename__ = "alerts"
    __table_args__ = (UniqueConstraint("change_id", "route"),)

    id: int = Field(default=None, primary_key=True)
    change_id: int = Field(foreign_key="changes.id", index=True)
    change: Change = Relationship()
    route: str
    created_at: datetime
    planned_at: datetime | None = Field(default=None, index=True)

    @property
    def subject(self) -> int:
        """What an address gets once: a change, or a notice (below 0)."""
        return self.change_id


def alerted_before_of_day(session: Session, change: Change) -> int:
    earlier = (
        Change.document_id == change.document_id,
        Change.effective_date == change.effective_date,
        Change.id < change.id,
        Change.alert,
    )
    return session.exec(select(func.count()).where(*earlier)).one()


def approaching_deadlines(
    session: Session, routes: Collection[str], first: date, last: date
) -> list[Change]:
    """The nearest first."""
    alerted = select(Alert.change_id).where(
        col(Alert.route).in_(routes), col(Alert.planned_at).is_not(None)
    )
    wanted = select(Change).where(
        col(Change.deadline).between(first, last),
        Change.alert,
        col(Change.id).in_(alerted),
    )
    return list(session.exec(wanted.order_by(col(Change.deadline), col(Change.id))))


def alerts_of(session: Session, change_id: int) -> list[Alert]:
    of_it = select(Alert).where(Alert.change_id == change_id)
    return list(session.exec(of_it.order_by(col(Alert.id))))


def unplanned_alerts(session: Session, *, locked: bool = False) -> list[Alert]:
    """Oldest first; `locked`, so that another process waits and then finds them planned."""
    with_change = selectinload(Alert.change).selectinload(Change.document)  # type: ignore[arg-type]
    wanted = select(Alert).where(col(Alert.planned_at).is_(None))
    wanted = wanted.order_by(col(Alert.id)).options(with_change)
    return list(session.exec(wanted.with_for_update() if locked else wanted))


class Notice(SQLModel, table=True):
    __tablename__ = "notices"

    id: int = Field(default=None, primary_key=True)
    kind: str
    document_id: str | None = Field(
        default=None, foreign_key="documents.id", index=True
    )
    check_id: int | None = Field(default=None, foreign_key="checks.id", index=True)
    facts: dict[str, Any] = Field(default={}, sa_type=JSON)
    created_at: datetime
    planned_at: datetime | None = Field(default=None, index=True)

    @property
    def subject(self) -> int:
        return -self.id

    @property
    def route(self) -> str:
        return OPERATOR

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
    """Oldest first, locked."""
    wanted = select(Notice).where(col(Notice.planned_at).is_(None))
    return list(session.exec(wanted.order_by(col(Notice.id)).with_for_update()))


def notices_of(
    session: Session, kind: NoticeKind, document_id: str | None = None
) -> list[Notice]:
    wanted = (
        select(Notice).where(Notice.kind == kind.value).order_by(col(Notice.id))
    )
    if document_id:
        wanted = wanted.where(Notice.document_id == document_id)
    return list(session.exec(wanted))


_CANDIDATES = 20  # to choose from: other processes may claim the first ones


@dataclass(frozen=True, slots=True)
class Deliveries:
    sent: int
    failed: int
    pending: int


class Delivery(SQLModel, table=True):
    """`address` is its name in the watchlist ("${TEAM_MAIL}") or a URL without its secrets."""

    __tablename__ = "deliveries"

    id: int = Field(default=None, primary_key=True)
    kind: str  # "alert", "digest", "notice" or "confirmation" (of a subscription)
    route: str
    address: str
    state: str = Field(default=State.PENDING.value, index=True)
    created_at: datetime
    attempts: int = 0
    next_at: datetime
    claimed_at: datetime | None = None
    claimed_by: str | None = None
    sent_at: datetime | None = None
    tried_since: datetime | None = None
    # of the last attempt, without secrets
    error: Message | None = Field(default=None, sa_type=MessageColumn)
    gone: bool = False
    # people in the address who already got it
    taken: list[str] | None = Field(default=None, sa_type=JSON)


PENDING = col(Delivery.state) == State.PENDING.value
CLAIMED = col(Delivery.state) == State.SENDING.value
FAILING = PENDING & col(Delivery.error).is_not(None)


class DeliveryItem(SQLModel, table=True):
    __tablename__ = "delivery_items"
    __table_args__ = (
        UniqueConstraint("alert_id", "address"),
        UniqueConstraint("notice_id", "address"),
        CheckConstraint(
            "(alert_id IS NULL) <> (notice_id IS NULL)", name="one_thing"
        ),
    )

    id: int = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="deliveries.id", index=True)
    address: str
    alert_id: int | None = Field(default=None, foreign_key="alerts.id")
    notice_id: int | None = Field(default=None, foreign_key="notices.id")


def create_delivery(
    session: Session,
    kind: str,
    route: str,
    address: str,
    now: datetime,
    items: Iterable[Alert | Notice] = (),
) -> Delivery:
    delivery = Delivery(
        kind=kind, route=route, address=address, created_at=now, next_at=now
    )
    session.add(delivery)
    session.flush()
    load(session, delivery, items)
    return delivery


def load(
    session: Session, delivery: Delivery, items: Iterable[Alert | Notice]
) -> None:
    for each in items:
        is_alert = isinstance(each, Alert)
        item = DeliveryItem(
            delivery_id=delivery.id,
            address=delivery.address,
            alert_id=each.id if is_alert else None,
            notice_id=None if is_alert else each.id,
        )
        session.add(item)


def unload(session: Session, delivery: Delivery, *conditions: Condition) -> None:
    of_it = col(DeliveryItem.delivery_id) == delivery.id
    session.exec(delete(DeliveryItem).where(of_it, *conditions))


def drop_unsent(session: Session, route: str) -> None:
    states = (State.PENDING.value, State.PARKED.value)
    is_open = col(Delivery.state).in_(states)
    for delivery in deliveries(session, Delivery.route == route, is_open):
        unload(session, delivery)
        session.delete(delivery)


def cancel(
    session: Session, change_id: int, now: datetime
) -> tuple[list[Delivery], int]:
    """Of all unsent deliveries. Returns those by which it was, or may have been, sent, and from how many alerts and
    deliveries it was removed.
    """
    of_change = col(Alert.change_id) == change_id
    its = col(DeliveryItem.alert_id).in_(select(Alert.id).where(of_change))
    reached, cancelled = [], 0
    for delivery in carriers(session, of_change, locked=True):
        of_it = DeliveryItem.delivery_id == delivery.id
        others = select(DeliveryItem.id).where(of_it, ~its).limit(1)
        is_all = session.exec(others).first() is None
        is_sent = delivery.state == State.SENT
        # an attempt is under way, reached some people, or ended without a result
        may_arrive = not is_sent and (
            delivery.state == State.SENDING
            or bool(delivery.taken)
            or (delivery.attempts > 0 and delivery.error is None)
        )
        if is_sent or may_arrive:
            reached.append(delivery)
        else:
            cancelled += 1
        if may_arrive and is_all:  # not retried, whatever comes of this attempt
            delivery.state, delivery.sent_at = State.SENT.value, now
            delivery.claimed_by = delivery.claimed_at = None
        elif not is_sent:
            unload(session, delivery, its)
            if is_all:
                session.delete(delivery)
    session.flush()
    unplanned = select(func.count()).where(
        of_change, col(Alert.planned_at).is_(None)
    )
    cancelled += session.exec(unplanned).one()
    carried = col(Alert.id).in_(select(DeliveryItem.alert_id).where(its))
    session.exec(delete(Alert).where(of_change, ~carried))
    return reached, cancelled


def items(
    session: Session, deliveries: Condition
) -> dict[int, list[Alert | Notice]]:
    """By delivery."""
    wanted = (
        select(DeliveryItem.delivery_id, Alert, Notice)
        .join_from(DeliveryItem, Delivery)
        .join(Alert, isouter=True)
        .join(Notice, isouter=True)
        .where(deliveries)
        .order_by(col(DeliveryItem.id))
    )
    carried: dict[int, list[Alert | Notice]] = defaultdict(list)
    for id_, alert, notice in session.exec(wanted):
        carried[id_].append(alert or notice)
    return carried


def deliveries(
    session: Session, *conditions: Condition | bool, locked: bool = False
) -> list[Delivery]:
    """Oldest first."""
    wanted = select(Delivery).where(*conditions).order_by(col(Delivery.id))
    return list(session.exec(wanted.with_for_update() if locked else wanted))


def carriers(
    session: Session, item: Condition | bool, *, locked: bool = False
) -> list[Delivery]:
    """By a condition on alert or item."""
    carrying = (
        select(DeliveryItem.delivery_id).join(Alert, isouter=True).where(item)
    )
    return deliveries(session, col(Delivery.id).in_(carrying), locked=locked)


def alerted_changes(
    session: Session, event_id: int, addresses: Collection[str]
) -> dict[int, Change]:
    """Planned or sent; parked deliveries do not count."""
    wanted = (
        select(Change)
        .join(Alert)
        .join(DeliveryItem)
        .join(Delivery)
        .where(
            Change.event_id == event_id,
            col(Delivery.address).in_(addresses),
            Delivery.state != State.PARKED.value,
        )
    )
    return {each.id: each for each in session.exec(wanted)}


def last_digest(
    session: Session, routes: Collection[str], address: str, now: datetime
) -> datetime | None:
    """Under any of its names; times ahead of `now` are ignored."""
    wanted = select(func.max(Delivery.created_at)).where(
        Delivery.kind == "digest",
        Delivery.address == address,
        Delivery.created_at <= now + AHEAD,
        col(Delivery.route).in_(routes),
    )
    return session.exec(wanted).one()


def alerted_since(
    session: Session, addresses: Collection[str], since: datetime, now: datetime
) -> bool:
    wanted = select(Delivery.id).join(DeliveryItem)
    its = wanted.where(
        col(DeliveryItem.alert_id).is_not(None),
        col(Delivery.address).in_(addresses),
        Delivery.created_at > since,
        Delivery.created_at <= now + AHEAD,
    )
    return session.exec(its.limit(1)).first() is not None


def counts(session: Session) -> dict[str, int]:
    counted = dict(
        session.exec(
            select(Delivery.state, func.count()).group_by(Delivery.state)
        ).all()
    )
    return {state.value: counted.get(state.value, 0) for state in State}


def next_attempt(session: Session) -> datetime | None:
    return session.exec(select(func.min(Delivery.next_at)).where(PENDING)).one()


def oldest_pending(session: Session) -> datetime | None:
    return session.exec(select(func.min(Delivery.created_at)).where(PENDING)).one()


def due(
    session: Session, now: datetime, far: datetime, excluded: Collection[str]
) -> list[Delivery]:
    """A batch, each address's oldest first; addresses whose oldest was tried least first, so that a failing one holds
    up no other. A time beyond `far` was written under a wrong clock.
    """
    address, next_at = col(Delivery.address), Delivery.next_at
    is_now = (next_at <= now) | (next_at > far)
    is_due = PENDING, is_now, address.not_in(excluded)
    oldest = select(address, func.min(Delivery.id).label("id")).where(*is_due)
    oldest_of = oldest.group_by(address).subquery()
    head = aliased(Delivery)
    wanted = (
        select(Delivery)
        .where(*is_due)
        .join(oldest_of, oldest_of.c.address == address)
        .join(head, col(head.id) == oldest_of.c.id)
        .order_by(
            col(head.attempts), col(head.next_at), col(head.id), col(Delivery.id)
        )
    )
    return list(session.exec(wanted.limit(_CANDIDATES)))


def claim(
    session: Session, delivery: Delivery, claimant: str, now: datetime
) -> bool:
    """False if another process was faster. The attempt counts from here, so that crashes count."""
    unchanged = (
        PENDING
        & (Delivery.route == delivery.route)
        & (Delivery.address == delivery.address)
    )
    values = {
        "claimed_by": claimant,
        "claimed_at": now,
        "attempts": Delivery.attempts + 1,
    }
    return _update(
        session, delivery, unchanged, state=State.SENDING.value, **values
    )


def settle(
    session: Session, delivery: Delivery, claimant: str, **values: Any
) -> bool:
    """False if another process has it."""
    mine = CLAIMED & (Delivery.claimed_by == claimant)
    return _update(
        session,
        delivery,
        mine | PENDING,
        claimed_by=None,
        claimed_at=None,
        **values,
    )


def has_undelivered(session: Session) -> bool:
    return session.exec(
        select(
            exists().where(col(Alert.planned_at).is_(None))
            | exists().where(col(Notice.planned_at).is_(None))
            | exists().where(PENDING | CLAIMED)
        )
    ).one()


def _update(
    session: Session,
    delivery: Delivery,
    condition: Condition,
    **values: Any,
) -> bool:
    result = session.exec(
        update(Delivery)
        .where(col(Delivery.id) == delivery.id, condition)
        .values(**values)
    )
    return bool(result.rowcount)


def park(delivery: Delivery, error: Message) -> None:
    delivery.state, delivery.error = State.PARKED.value, error


def switch_off(session: Session) -> None:
    """Until one of its messages is retried."""
    gone = select(Delivery.address).where(
        Delivery.state == State.PARKED.value, Delivery.gone
    )
    for delivery in deliveries(session, PENDING, col(Delivery.address).in_(gone)):
        park(delivery, Message("delivery.gone"))
        delivery.gone = True


def retry_parked(
    session: Session, ids: Collection[int] | None, now: datetime
) -> list[int]:
    """None: all."""
    named = [col(Delivery.id).in_(ids)] if ids is not None else []
    is_parked = Delivery.state == State.PARKED.value
    parked = deliveries(session, is_parked, *named, locked=True)
    for delivery in parked:
        delivery.state, delivery.next_at = State.PENDING.value, now
        delivery.attempts, delivery.tried_since = 0, None
    back = {delivery.address for delivery in parked}
    session.exec(
        update(Delivery).where(col(Delivery.address).in_(back)).values(gone=False)
    )
    return [delivery.id for delivery in parked]


def newest(
    session: Session,
    *,
    state: State | None = None,
    route: str | None = None,
    limit: int,
) -> list[Delivery]:
    wanted = select(Delivery)
    if state is not None:
        wanted = wanted.where(Delivery.state == state.value)
    if route is not None:
        carrying = select(DeliveryItem.delivery_id).join(Alert)
        also = col(Delivery.id).in_(carrying.where(Alert.route == route))
        wanted = wanted.where((col(Delivery.route) == route) | also)
    return list(session.exec(wanted.order_by(col(Delivery.id).desc()).limit(limit)))


def send_correction(
    session: Session,
    change: Change,
    reached: Iterable[Delivery],
    reason: str,
    now: datetime,
    kind: NoticeKind = NoticeKind.WITHDRAWN,
) -> list[Delivery]:
    routes = {delivery.address: delivery.route for delivery in reached}
    if not routes:
        return []
    facts = {
        "change": change.id,
        "day": change.detected_at.date().isoformat(),
        "why": reason,
    }
    document_id = change.document_id
    notice = Notice(
        kind=kind,
        document_id=document_id,
        facts=facts,
        created_at=now,
        planned_at=now,
    )
    session.add(notice)
    session.flush()
    return [
        create_delivery(session, "notice", route, address, now, [notice])
        for address, route in routes.items()
    ]
