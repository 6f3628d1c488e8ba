"""Deliveries: what is to be sent (alerts for routes, notices for the operator), and each message to an address, with its
attempts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import JSON, CheckConstraint, ColumnElement, UniqueConstraint
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, delete, func, select, update

from foundation.vocabulary import NoticeKind, State
from messages import Message
from storage.changes import Change
from storage.clock import AHEAD
from storage.columns import MessageColumn, Utc


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


_CANDIDATES = 20  # to choose from: other processes may claim the first ones


@dataclass(frozen=True, slots=True)
class Deliveries:
    """`failed` counts attempts, `pending` what is still to be sent."""

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
    created_at: datetime = Field(sa_type=Utc)
    attempts: int = 0
    next_at: datetime = Field(sa_type=Utc)  # not before
    claimed_at: datetime | None = Field(default=None, sa_type=Utc)
    claimed_by: str | None = None
    sent_at: datetime | None = Field(default=None, sa_type=Utc)
    # that failed
    tried_since: datetime | None = Field(default=None, sa_type=Utc)
    # of the last attempt, without secrets
    error: Message | None = Field(default=None, sa_type=MessageColumn)
    gone: bool = False  # it answered so
    # people in the address who already got it
    taken: list[str] | None = Field(default=None, sa_type=JSON)


_Row = TypeVar("_Row", bound=SQLModel)
_PENDING = col(Delivery.state) == State.PENDING.value


class DeliveryItem(SQLModel, table=True):
    """The constraints prevent planning an alert twice for one address."""

    __tablename__ = "delivery_items"
    __table_args__ = (
        UniqueConstraint("alert_id", "address"),
        UniqueConstraint("notice_id", "address"),
        CheckConstraint("(alert_id IS NULL) <> (notice_id IS NULL)", name="one_thing"),
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
    *,
    alerts: Iterable[Alert] = (),
    notice_ids: Iterable[int] = (),
) -> Delivery:
    delivery = Delivery(
        kind=kind, route=route, address=address, created_at=now, next_at=now
    )
    session.add(delivery)
    session.flush()
    load(session, delivery, alerts)
    session.add_all(
        DeliveryItem(delivery_id=delivery.id, address=address, notice_id=id_)
        for id_ in notice_ids
    )
    session.flush()
    return delivery


def load(
    session: Session, delivery: Delivery, alerts: Iterable[Alert], *, more: bool = False
) -> None:
    """Carry these alerts in place of (with `more`: beside) the present ones."""
    if not more:
        session.exec(
            delete(DeliveryItem).where(col(DeliveryItem.delivery_id) == delivery.id)
        )
    session.add_all(
        DeliveryItem(
            delivery_id=delivery.id, address=delivery.address, alert_id=alert.id
        )
        for alert in alerts
    )
    session.flush()


def drop_unsent(session: Session, route: str) -> None:
    """What is pending or parked for a route."""
    states = (State.PENDING.value, State.PARKED.value)
    unsent = select(Delivery.id).where(
        Delivery.route == route, col(Delivery.state).in_(states)
    )
    session.exec(delete(DeliveryItem).where(col(DeliveryItem.delivery_id).in_(unsent)))
    session.exec(delete(Delivery).where(col(Delivery.id).in_(unsent)))


def cancel(
    session: Session, change_id: int, now: datetime
) -> tuple[list[Delivery], int]:
    """Remove a change from all unsent deliveries. Returns those by which it was, or may have been, sent, and how many
    alerts and deliveries it was removed from.
    """
    alerts = select(Alert.id).where(Alert.change_id == change_id)
    its = col(DeliveryItem.alert_id).in_(alerts)
    reached, cancelled = [], 0
    for delivery in carriers(session, change_id, locked=True):
        of_it = col(DeliveryItem.delivery_id) == delivery.id
        carries_more = select(DeliveryItem.id).where(of_it, ~its).limit(1)
        is_all = session.exec(carries_more).first() is None
        is_open = _may_be_sent(delivery)
        if delivery.state == State.SENT or is_open:
            reached.append(delivery)
        else:
            cancelled += 1
        if is_open and is_all:  # not retried, whatever comes of this attempt
            delivery.state, delivery.sent_at = State.SENT.value, now
            delivery.claimed_by = delivery.claimed_at = None
        elif delivery.state != State.SENT:
            session.exec(delete(DeliveryItem).where(of_it, its))
            if is_all:
                session.delete(delivery)
    session.flush()
    unplanned = col(Alert.change_id) == change_id, col(Alert.planned_at).is_(None)
    cancelled += session.exec(
        select(func.count()).select_from(Alert).where(*unplanned)
    ).one()
    carried = select(DeliveryItem.alert_id).where(its)
    session.exec(
        delete(Alert).where(
            col(Alert.change_id) == change_id, col(Alert.id).not_in(carried)
        )
    )
    return reached, cancelled


def _may_be_sent(delivery: Delivery) -> bool:
    """An attempt is under way, reached some people, or ended without a result."""
    if delivery.state == State.SENT:
        return False
    broke_off = delivery.attempts > 0 and delivery.error is None
    return delivery.state == State.SENDING or bool(delivery.taken) or broke_off


def items(session: Session, delivery_id: int) -> list[DeliveryItem]:
    wanted = select(DeliveryItem).where(DeliveryItem.delivery_id == delivery_id)
    return list(session.exec(wanted.order_by(col(DeliveryItem.id))))


def alerts_in(
    session: Session, delivery_ids: Collection[int]
) -> dict[int, list[Alert]]:
    wanted = (
        select(DeliveryItem.delivery_id, Alert)
        .join(Alert, col(Alert.id) == col(DeliveryItem.alert_id))
        .where(col(DeliveryItem.delivery_id).in_(delivery_ids))
        .order_by(col(DeliveryItem.id))
    )
    carried: dict[int, list[Alert]] = {}
    for delivery_id, alert in session.exec(wanted):
        carried.setdefault(delivery_id, []).append(alert)
    return carried


def deliveries_of(session: Session, alert_id: int) -> list[Delivery]:
    carried = select(DeliveryItem.delivery_id).where(DeliveryItem.alert_id == alert_id)
    return list(
        session.exec(
            select(Delivery)
            .where(col(Delivery.id).in_(carried))
            .order_by(col(Delivery.id))
        )
    )


def carriers(
    session: Session, change_id: int, *, locked: bool = False
) -> list[Delivery]:
    carrying = (
        select(DeliveryItem.delivery_id)
        .join(Alert, col(Alert.id) == col(DeliveryItem.alert_id))
        .where(Alert.change_id == change_id)
    )
    wanted = select(Delivery).where(col(Delivery.id).in_(carrying))
    wanted = wanted.order_by(col(Delivery.id))
    return list(session.exec(wanted.with_for_update() if locked else wanted))


def alerted_changes(
    session: Session, event_id: int, addresses: Collection[str]
) -> dict[int, Change]:
    """Planned for or sent to one of these addresses; parked deliveries do not count."""
    wanted = (
        select(Change)
        .join(Alert, col(Alert.change_id) == col(Change.id))
        .join(DeliveryItem, col(DeliveryItem.alert_id) == col(Alert.id))
        .join(Delivery, col(Delivery.id) == col(DeliveryItem.delivery_id))
        .where(
            Change.event_id == event_id,
            col(Delivery.address).in_(addresses),
            Delivery.state != State.PARKED.value,
        )
    )
    return {each.id: each for each in session.exec(wanted)}


def addresses_of_notice(session: Session, notice_id: int) -> set[str]:
    return set(
        session.exec(
            select(DeliveryItem.address).where(DeliveryItem.notice_id == notice_id)
        )
    )


def last_digest(
    session: Session, routes: Collection[str], address: str, now: datetime
) -> datetime | None:
    """When one was planned for an address of a route, under any of its names; times ahead of `now` are ignored."""
    wanted = select(func.max(Delivery.created_at)).where(
        Delivery.kind == "digest",
        Delivery.address == address,
        col(Delivery.route).in_(routes),
        col(Delivery.created_at) <= now + AHEAD,
    )
    return session.exec(wanted).one()


def alerted_since(
    session: Session, addresses: Collection[str], since: datetime, now: datetime
) -> bool:
    """Alone or in a digest."""
    carries = select(DeliveryItem.id).where(
        DeliveryItem.delivery_id == Delivery.id, col(DeliveryItem.alert_id).is_not(None)
    )
    at = col(Delivery.created_at)
    wanted = select(Delivery.id).where(
        col(Delivery.address).in_(addresses),
        at > since,
        at <= now + AHEAD,
        carries.exists(),
    )
    return session.exec(wanted.limit(1)).first() is not None


def counts(session: Session) -> dict[str, int]:
    counted = dict(
        session.exec(
            select(Delivery.state, func.count()).group_by(col(Delivery.state))
        ).all()
    )
    return {state.value: counted.get(state.value, 0) for state in State}


def next_attempt(session: Session) -> datetime | None:
    return session.exec(select(func.min(Delivery.next_at)).where(_PENDING)).one()


def oldest_pending(session: Session) -> datetime | None:
    return session.exec(select(func.min(Delivery.created_at)).where(_PENDING)).one()


def due(
    session: Session, now: datetime, far: datetime, excluded: Collection[str]
) -> list[Delivery]:
    """A batch, each address's oldest first.

    Addresses whose oldest was tried least come first, so that a failing one holds up no other. A time beyond `far` was
    written under a wrong clock: it is due.
    """
    is_due = (
        _PENDING,
        (col(Delivery.next_at) <= now) | (col(Delivery.next_at) > far),
        col(Delivery.address).not_in(excluded),
    )
    heads = select(Delivery.address, func.min(Delivery.id).label("id")).where(*is_due)
    heads_of = heads.group_by(Delivery.address).subquery()
    head = aliased(Delivery)
    wanted = (
        select(Delivery)
        .where(*is_due)
        .join(heads_of, heads_of.c.address == col(Delivery.address))
    )
    wanted = wanted.join(head, col(head.id) == heads_of.c.id)
    ordered = wanted.order_by(
        col(head.attempts), col(head.next_at), col(head.id), col(Delivery.id)
    )
    return list(session.exec(ordered.limit(_CANDIDATES)))


def claim(session: Session, delivery: Delivery, claimant: str, now: datetime) -> bool:
    """False if another process was faster. The attempt counts from here, so that crashes count."""
    unchanged = (
        _PENDING
        & (col(Delivery.route) == delivery.route)
        & (col(Delivery.address) == delivery.address)
    )
    values = {
        "claimed_by": claimant,
        "claimed_at": now,
        "attempts": col(Delivery.attempts) + 1,
    }
    return _update(session, delivery, unchanged, state=State.SENDING.value, **values)


def settle(session: Session, delivery: Delivery, claimant: str, **values: Any) -> bool:
    """False if the claim was released and another process has it."""
    mine = (col(Delivery.state) == State.SENDING.value) & (
        col(Delivery.claimed_by) == claimant
    )
    return _update(
        session, delivery, mine | _PENDING, claimed_by=None, claimed_at=None, **values
    )


def claimed(session: Session) -> list[Delivery]:
    return list(
        session.exec(select(Delivery).where(Delivery.state == State.SENDING.value))
    )


def has_undelivered(session: Session) -> bool:
    return bool(
        unplanned_alerts(session)
        or unplanned_notices(session)
        or next_attempt(session)
        or claimed(session)
    )


def release(session: Session, delivery: Delivery, next_at: datetime) -> None:
    """Makes a dead process's claim pending again, unless that already happened."""
    theirs = (col(Delivery.state) == State.SENDING.value) & (
        col(Delivery.claimed_by) == delivery.claimed_by
    )
    values = {"claimed_by": None, "claimed_at": None, "next_at": next_at}
    _update(session, delivery, theirs, state=State.PENDING.value, **values)


def _update(
    session: Session, delivery: Delivery, condition: ColumnElement[bool], **values: Any
) -> bool:
    """Whether the condition still held: of concurrent processes one succeeds."""
    result = session.exec(
        update(Delivery)
        .where(col(Delivery.id) == delivery.id, condition)
        .values(**values)
    )
    return bool(result.rowcount)


def pending(session: Session) -> list[Delivery]:
    """Locked, so that none is claimed meanwhile."""
    return list(
        session.exec(
            select(Delivery)
            .where(_PENDING)
            .order_by(col(Delivery.id))
            .with_for_update()
        )
    )


def failing(session: Session) -> list[Delivery]:
    """That will be retried, the next one first."""
    wanted = select(Delivery).where(_PENDING, col(Delivery.error).is_not(None))
    return list(session.exec(wanted.order_by(col(Delivery.next_at), col(Delivery.id))))


def park(delivery: Delivery, error: Message) -> None:
    delivery.state, delivery.error = State.PARKED.value, error


def switch_off(session: Session) -> None:
    """Park what is pending for an address that is gone, until one of its messages is retried."""
    gone = select(Delivery.address).where(
        Delivery.state == State.PARKED.value, col(Delivery.gone)
    )
    values = {
        "state": State.PARKED.value,
        "gone": True,
        "error": Message("delivery.gone"),
    }
    session.exec(
        update(Delivery)
        .where(_PENDING, col(Delivery.address).in_(gone))
        .values(**values)
    )


def retry_parked(
    session: Session, ids: Collection[int] | None, now: datetime
) -> list[int]:
    """None: all; with attempts counted from zero."""
    wanted = (
        select(Delivery)
        .where(Delivery.state == State.PARKED.value)
        .order_by(col(Delivery.id))
    )
    if ids is not None:
        wanted = wanted.where(col(Delivery.id).in_(ids))
    parked = list(session.exec(wanted.with_for_update()))
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
    """`route` also finds deliveries for several routes at once."""
    wanted = select(Delivery)
    if state is not None:
        wanted = wanted.where(Delivery.state == state.value)
    if route is not None:
        for_it = select(DeliveryItem.delivery_id).join(
            Alert, col(Alert.id) == col(DeliveryItem.alert_id)
        )
        also = col(Delivery.id).in_(for_it.where(Alert.route == route))
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
    """To each address of these deliveries, in the name of its route."""
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
        kind=kind, document_id=document_id, facts=facts, created_at=now, planned_at=now
    )
    session.add(notice)
    session.flush()
    return [
        create_delivery(session, "notice", route, address, now, notice_ids=[notice.id])
        for address, route in routes.items()
    ]
