"""From alerts and notices to deliveries: who is owed what, decided once and in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import Session

from notifier.routes import Address, Route, zone
from notifier.when import AtOnce
from storage.alerts import Alert, unplanned_alerts
from storage.deliveries import Delivery, DeliveryItem, told_of
from storage.notices import unplanned_notices

OPERATOR = "[operator]"  # stands where a route's name does; the watchlist's own name for it, so no route has it


def plan(session: Session, routes: Sequence[Route], operator: Sequence[Address], now: datetime) -> None:
    """Make the deliveries of all alerts and notices that are due, and mark these as planned.

    An address that joins a route later gets nothing of what was planned before; an alert of a route that is gone is
    planned to nobody.
    """
    by_name = {route.name: route for route in routes}
    at_once: list[Alert] = []
    digests: dict[str, list[Alert]] = defaultdict(list)
    for alert in unplanned_alerts(session):
        route = by_name.get(alert.route)
        if route is None:
            alert.planned_at = now
        elif isinstance(route.when, AtOnce):
            at_once.append(alert)
        elif alert.created_at <= route.when.last(now, zone(route.timezone)):
            digests[route.name].append(alert)
    _plan_at_once(session, at_once, by_name, now)
    for name, alerts in digests.items():
        _plan_digest(session, alerts, by_name[name], now)
    _plan_notices(session, operator, now)


def _plan_at_once(session: Session, alerts: list[Alert], routes: dict[str, Route], now: datetime) -> None:
    """One delivery for each change and address, also where the address is in several routes that want it."""
    told = told_of(session, {alert.change_id for alert in alerts})
    together: dict[tuple[int, str], list[Alert]] = defaultdict(list)
    for alert in alerts:
        for address in _names(routes[alert.route].to):
            together[alert.change_id, address].append(alert)
        alert.planned_at = now
    for (change_id, address), same in together.items():
        if (change_id, address) not in told:
            _owe(session, "alert", same[0].route, address, [alert.id for alert in same], [], now)


def _plan_digest(session: Session, alerts: list[Alert], route: Route, now: datetime) -> None:
    told = told_of(session, {alert.change_id for alert in alerts})
    for address in _names(route.to):
        new = [alert.id for alert in alerts if (alert.change_id, address) not in told]
        if new:
            _owe(session, "digest", route.name, address, new, [], now)
    for alert in alerts:
        alert.planned_at = now


def _plan_notices(session: Session, operator: Sequence[Address], now: datetime) -> None:
    notices = unplanned_notices(session)
    if notices:
        for address in _names(operator):
            _owe(session, "notice", OPERATOR, address, [], [notice.id for notice in notices], now)
    for notice in notices:
        notice.planned_at = now


def _owe(
    session: Session,
    kind: str,
    route: str,
    address: str,
    alerts: Iterable[int | None],
    notices: Iterable[int | None],
    now: datetime,
) -> None:
    delivery = Delivery(kind=kind, route=route, address=address, created_at=now, next_at=now)
    session.add(delivery)
    session.flush()
    carried = [{"alert_id": alert} for alert in alerts] + [{"notice_id": notice} for notice in notices]
    session.add_all(DeliveryItem(delivery_id=delivery.id or 0, address=address, **what) for what in carried)
    session.flush()


def _names(addresses: Sequence[Address]) -> list[str]:
    """Each once, in order."""
    return list(dict.fromkeys(address.name for address in addresses))
