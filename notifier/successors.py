"""Who gets a message in the place of a route that wants it no more.

A change comes to a place once, in the name of the first route that wants it there; the others rely on that message.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from notifier.plan import is_wanted, names_of_places, owe, routes_by_name
from notifier.routes import Address, Route
from notifier.when import AtOnce
from storage.alerts import Alert, alerts_of
from storage.deliveries import Delivery, hold, told_of, withdraw


class _Relying(NamedTuple):
    """Another route's alert of a change, and the place where it was to come with the message of the first."""

    alert: Alert
    route: Route
    place: Address


def pass_on(
    session: Session, delivery: Delivery, alerts: Sequence[Alert], routes: Sequence[Route], now: datetime
) -> None:
    """Owe the changes of these alerts, which a waiting delivery carries, to the other routes that relied on it.

    What somebody else gets is taken out of the delivery; it goes with the last.
    """
    relying = [
        each
        for change_id in {alert.change_id: None for alert in alerts}
        for each in _relying(session, delivery, change_id, alerts, routes)
    ]
    if not relying or hold(session, delivery.id or 0) is None:
        return
    # as they were for the same place: how often it was tried, until when, and which of its people have it
    tries = {
        key: getattr(delivery, key) for key in ("next_at", "attempts", "tried_since", "taken", "error", "error_code")
    }
    passed_on = {each.alert.change_id for each in relying}
    withdraw(session, delivery.id or 0, [alert for alert in alerts if alert.change_id in passed_on])
    for kind, those in _messages(relying):
        first, carried = those[0], [{"alert_id": each.alert.id} for each in those]
        made = owe(session, kind, first.route.name, first.place.name, carried, now)
        for key, value in tries.items():
            setattr(made, key, value)


def _relying(
    session: Session, delivery: Delivery, change_id: int, carried: Collection[Alert], routes: Sequence[Route]
) -> list[_Relying]:
    known, names = routes_by_name(routes), names_of_places(routes)
    told = {address for _, address in told_of(session, {change_id})} - {delivery.address}
    found = []
    for alert in alerts_of(session, change_id):
        route = known.get(alert.route)
        if route is None or delivery.route in route.names or not is_wanted(session, alert, route):
            continue
        untold = [place for place in route.to if told.isdisjoint(names[place.url])]
        same = [place for place in untold if delivery.address in names[place.url]]
        # where the name left with its route, the place is known by what was to come there
        places = same or (untold if alert in carried else [])
        found += [_Relying(alert, route, place) for place in {place.url: place for place in places}.values()]
    return found


def _messages(relying: Sequence[_Relying]) -> list[tuple[str, list[_Relying]]]:
    """By kind, as they are planned: a change once for each place, alone or in the digest of the first who wants it."""
    once: dict[tuple[str, int], list[_Relying]] = defaultdict(list)
    for each in sorted(relying, key=lambda each: not isinstance(each.route.when, AtOnce)):
        if each.alert.planned_at is not None:  # else its own time comes yet
            once[each.place.url, each.alert.change_id].append(each)
    digests: dict[tuple[str, str], list[_Relying]] = defaultdict(list)
    alerts = []
    for (url, _), those in once.items():
        if isinstance(those[0].route.when, AtOnce):
            alerts.append(("alert", those))
        else:
            digests[url, those[0].route.name] += those
    return alerts + [("digest", those) for those in digests.values()]
