"""Keeps pending deliveries in step with the watchlist: changed filters, corrected addresses, removed routes.

A change comes to a place once, for all routes that want it there; the delivery carries the alert of each of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from messages import Message
from notifier.plan import OPERATOR, is_wanted, names_of_places
from notifier.routes import Address, Route
from notifier.when import AtOnce
from storage.alerts import Alert
from storage.changes import change
from storage.deliveries import (
    Delivery,
    addresses_of_change,
    addresses_of_notice,
    alerts_in,
    carry,
    create_delivery,
    items,
    park,
    pending,
    unload,
)


class _Group(NamedTuple):
    """Alerts that go to one place, in the name of the first one's route."""

    route: Route
    place: Address
    alerts: list[Alert]

    def kind(self, session: Session) -> str:
        changes = [change(session, alert.change_id) for alert in self.alerts]
        is_one_event = len({each.event_id or -each.id for each in changes}) == 1
        return (
            "alert"
            if is_one_event and isinstance(self.route.when, AtOnce)
            else "digest"
        )


def reassign(
    session: Session,
    routes: Mapping[str, Route],
    operator: Sequence[Address],
    now: datetime,
) -> list[Delivery]:
    """Update what each pending delivery carries and where it goes; the deliveries that failed permanently by that.

    An address that left its route counts as corrected: what is pending for it goes to the first address of the route
    that lacks it. `routes` are by each of their names.
    """
    failed = []
    for delivery in pending(session):
        if delivery.route == OPERATOR:
            _reassign_notices(session, delivery, operator, now)
        else:
            failed += _reassign_alerts(session, delivery, routes, now)
    return failed


def _reassign_notices(
    session: Session, delivery: Delivery, operator: Sequence[Address], now: datetime
) -> None:
    if any(place.name == delivery.address for place in operator):
        return
    notices = [item.notice_id or 0 for item in items(session, delivery.id)]
    addresses = {id_: addresses_of_notice(session, id_) for id_ in notices}
    for place in operator:
        if lacking := [id_ for id_ in notices if place.name not in addresses[id_]]:
            unload(session, delivery)
            _move(delivery, place, now)
            carry(session, delivery, notice_ids=lacking)
            return
    if operator:  # each of its addresses has them
        unload(session, delivery)
        session.delete(delivery)
    else:
        park(delivery, Message("delivery.left"))


def _reassign_alerts(
    session: Session, delivery: Delivery, routes: Mapping[str, Route], now: datetime
) -> list[Delivery]:
    alerts = alerts_in(session, [delivery.id]).get(delivery.id, [])
    groups, lost = _grouped(session, delivery, alerts, routes)
    if not alerts and _place_of(delivery, routes):  # "no policy changes"
        return []
    if (
        len(groups) == 1
        and groups[0].alerts == alerts
        and groups[0].place.name == delivery.address
    ):
        return []
    unload(session, delivery)
    if groups:
        first, *others = groups
        delivery.kind, delivery.route = first.kind(session), first.route.name
        _move(delivery, first.place, now)
        carry(session, delivery, alerts=first.alerts)
        for group in others:
            kind = group.kind(session)
            create_delivery(
                session,
                kind,
                group.route.name,
                group.place.name,
                now,
                alerts=group.alerts,
            )
        if not lost:
            return []
        delivery = create_delivery(
            session, delivery.kind, lost[0].route, delivery.address, now, alerts=lost
        )
    elif lost:
        carry(session, delivery, alerts=lost)
    else:
        session.delete(delivery)
        return []
    park(delivery, Message("delivery.left"))
    return [delivery]


def _grouped(
    session: Session,
    delivery: Delivery,
    alerts: Sequence[Alert],
    routes: Mapping[str, Route],
) -> tuple[list[_Group], list[Alert]]:
    """The alerts that are wanted, by place; and those without any, unless another alert brings their change."""
    groups: dict[str, _Group] = {}
    lost = []
    for alert in alerts:
        route = routes.get(alert.route)
        if route is not None and not is_wanted(session, alert, route):
            continue
        place = (
            _new_place(session, delivery, alert, route, routes)
            if route is not None
            else None
        )
        if route is None or place is None:
            lost.append(alert)
        else:
            groups.setdefault(place.url, _Group(route, place, [])).alerts.append(alert)
    brought = {alert.change_id for group in groups.values() for alert in group.alerts}
    return [*groups.values()], [
        alert for alert in lost if alert.change_id not in brought
    ]


def _new_place(
    session: Session,
    delivery: Delivery,
    alert: Alert,
    route: Route,
    routes: Mapping[str, Route],
) -> Address | None:
    """Where an alert goes now: to the same place, or to the first one of its route that lacks the change."""
    current = _place_of(delivery, routes)
    for place in route.to:
        if place.url == current.url if current else place.name == delivery.address:
            return place
    names = names_of_places(routes.values())
    reached = addresses_of_change(session, alert.change_id, without=delivery)
    return next(
        (place for place in route.to if reached.isdisjoint(names[place.url])), None
    )


def _place_of(delivery: Delivery, routes: Mapping[str, Route]) -> Address | None:
    route = routes.get(delivery.route)
    return (
        next((place for place in route.to if place.name == delivery.address), None)
        if route
        else None
    )


def _move(delivery: Delivery, place: Address, now: datetime) -> None:
    if delivery.address != place.name:  # another server, maybe
        delivery.address, delivery.next_at, delivery.attempts, delivery.tried_since = (
            place.name,
            now,
            0,
            None,
        )
        delivery.error = None
