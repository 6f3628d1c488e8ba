"""From alerts and notices to deliveries: who is owed what, decided once and in one transaction.

An address that stands in several routes, be it under several names, is one place: a change comes there once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from notifier.routes import Address, Route
from notifier.when import AtOnce, zone
from storage.alerts import Alert, unplanned_alerts, waiting_alerts
from storage.changes import change
from storage.clock import is_ahead
from storage.deliveries import Delivery, DeliveryItem, join, last_digest, one_planner, told_of, told_since
from storage.documents import document
from storage.notices import unplanned_notices

OPERATOR = "[operator]"  # stands where a route's name does; the watchlist's own name for it, so no route has it

_Owed = tuple[Route, str, list[Alert]]  # for whom first, to which address, and what


def plan(session: Session, routes: Sequence[Route], operator: Sequence[Address], now: datetime) -> None:
    """Make the deliveries of all alerts and notices that are due, and mark these as planned.

    An address that joins a route later gets nothing of what was planned before; an alert of a route that is gone, or
    of a change that is none for it any more, is planned to nobody.
    """
    one_planner(session)
    by_name = routes_by_name(routes)
    at_once: list[Alert] = []
    gathered: list[Alert] = []
    for alert in unplanned_alerts(session):
        route = by_name.get(alert.route)
        if route is None or not is_wanted(session, alert, route):
            alert.planned_at = now
        elif isinstance(route.when, AtOnce):
            at_once.append(alert)
        elif _is_due(alert, route, now):
            gathered.append(alert)
    for route, address, alerts in _once(session, at_once, by_name):
        owe(session, "alert", route.name, address, [{"alert_id": alert.id} for alert in alerts], now)
    _plan_digests(session, gathered, by_name, now)
    for route, address in _empty_digests(session, routes, now):
        owe(session, "digest", route.name, address, [], now)
    for alert in at_once + gathered:
        alert.planned_at = now
    _plan_notices(session, operator, now)


def has_to_plan(session: Session, routes: Sequence[Route], now: datetime) -> bool:
    """Whether alerts wait whose time has come: until they are planned, no delivery says so."""
    by_name = routes_by_name(routes)
    waiting = [(alert, by_name[alert.route]) for alert in waiting_alerts(session) if alert.route in by_name]
    return any(_is_due(alert, route, now) for alert, route in waiting) or any(_empty_digests(session, routes, now))


def is_wanted(session: Session, alert: Alert, route: Route) -> bool:
    """Not where the change was read again since, and is of form only, say, or one that the filter keeps away."""
    told = change(session, alert.change_id)
    return route.wants(document(session, told.document_id), told)


def unwanted(session: Session, alerts: Iterable[Alert], routes: Sequence[Route]) -> list[Alert]:
    """Those whose route does not want the change as it is now. A route not among these may be one of a newer
    watchlist, which another process has read."""
    by_name = routes_by_name(routes)
    found = ((alert, by_name.get(alert.route)) for alert in alerts)
    return [alert for alert, route in found if route is not None and not is_wanted(session, alert, route)]


def routes_by_name(routes: Sequence[Route]) -> dict[str, Route]:
    """Under each of the names that a route has or had."""
    return {name: route for route in routes for name in route.names}


def _is_due(alert: Alert, route: Route, now: datetime) -> bool:
    """Also what a wrong clock dated into the future, which no digest would reach."""
    if isinstance(route.when, AtOnce) or is_ahead(alert.created_at, now):
        return True
    return alert.created_at <= route.when.last(now, zone(route.timezone))


def _plan_digests(session: Session, alerts: list[Alert], routes: dict[str, Route], now: datetime) -> None:
    """One digest a route and address; a change that two of them hold at this time is in the first, for both."""
    digests: dict[tuple[str, str], list[Alert]] = defaultdict(list)
    for route, address, same in _once(session, alerts, routes):
        digests[route.name, address] += same
    for (name, address), carried in digests.items():
        owe(session, "digest", name, address, [{"alert_id": alert.id} for alert in carried], now)


def _empty_digests(session: Session, routes: Sequence[Route], now: datetime) -> Iterator[tuple[Route, str]]:
    """The addresses that asked for it, got no digest since its last time, and heard of nothing since the one before:
    "nothing has changed" would be a lie to those who were told at once.
    """
    names = names_of_places(routes)
    for route in routes:
        if route.empty and not isinstance(route.when, AtOnce):
            due = route.when.last(now, zone(route.timezone))
            before = route.when.last(due - timedelta(microseconds=1), zone(route.timezone))
            for address in _distinct(route.to):
                last = last_digest(session, route.names, address.name, now) or before
                if last < due and not told_since(session, names[address.url], max(last, before), now):
                    yield route, address.name


def _once(session: Session, alerts: list[Alert], routes: dict[str, Route]) -> Iterator[_Owed]:
    """The alerts of each change for each place that did not hear of that change yet; others join what waits there."""
    told = told_of(session, {alert.change_id for alert in alerts})
    names = names_of_places(routes.values())
    together: dict[tuple[int, str], _Owed] = {}
    for alert in alerts:
        route = routes[alert.route]
        for address in _distinct(route.to):
            if any((alert.change_id, name) in told for name in names[address.url]):
                join(session, alert, names[address.url])
            else:
                together.setdefault((alert.change_id, address.url), (route, address.name, []))[2].append(alert)
    yield from together.values()


def names_of_places(routes: Iterable[Route]) -> dict[str, set[str]]:
    """By URL, what each place is called by the routes."""
    names: dict[str, set[str]] = defaultdict(set)
    for route in routes:
        for address in route.to:
            names[address.url].add(address.name)
    return names


def _plan_notices(session: Session, operator: Sequence[Address], now: datetime) -> None:
    notices = unplanned_notices(session)
    if notices:
        for address in _distinct(operator):
            owe(session, "notice", OPERATOR, address.name, [{"notice_id": notice.id} for notice in notices], now)
    for notice in notices:
        notice.planned_at = now


def owe(
    session: Session,
    kind: str,
    route: str,
    address: str,
    carried: Iterable[dict[str, int | None]],
    now: datetime,
) -> Delivery:
    """Make the delivery of what is carried, each by its column and id."""
    delivery = Delivery(kind=kind, route=route, address=address, created_at=now, next_at=now)
    session.add(delivery)
    session.flush()
    session.add_all(DeliveryItem(delivery_id=delivery.id or 0, address=address, **what) for what in carried)
    session.flush()
    return delivery


def _distinct(addresses: Sequence[Address]) -> list[Address]:
    """Each place once, in order."""
    return list({address.url: address for address in reversed(addresses)}.values())[::-1]
