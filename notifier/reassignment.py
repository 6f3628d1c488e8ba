"""Who gets a message in the place of a route that wants it no more.

A change comes to a place once, in the name of the first route that wants it there; the others rely on that message.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from notifier.plan import OPERATOR, is_wanted, names_of_places, owe, routes_by_name
from notifier.routes import Address, Route
from notifier.when import AtOnce
from storage.alerts import Alert, alerts_of
from storage.deliveries import Delivery, alerts_in, drop, hand_over, heard_by, hold, items, move, told_of, withdraw


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
    passed_on = {each.alert.change_id for each in relying}
    gone = [alert for alert in alerts if alert.change_id in passed_on]
    messages = _messages(relying)
    if len(messages) == 1 and messages[0].kind == delivery.kind and len(gone) == len(items(session, delivery.id or 0)):
        # the same message, so that who of several people has it already does not get it again
        hand_over(session, delivery, *messages[0].to, messages[0].alert_ids)
        return
    withdraw(session, delivery.id or 0, gone)
    for message in messages:
        made = owe(session, message.kind, *message.to, [{"alert_id": id_} for id_ in message.alert_ids], now)
        made.next_at = delivery.next_at  # the server may have asked for a pause


def pass_on_news(session: Session, delivery: Delivery, operator: Sequence[Address], now: datetime) -> None:
    """Owe what waits for an address that the operator has no more to those of today that have not heard of it."""
    if not operator or hold(session, delivery.id or 0) is None:
        return
    news = [item.notice_id for item in items(session, delivery.id or 0) if item.notice_id is not None]
    heard = heard_by(session, news)
    lacking = {place.name: [id_ for id_ in news if (id_, place.name) not in heard] for place in operator}
    heir = next((name for name, lacks in lacking.items() if len(lacks) == len(news)), None)
    if heir is None:
        drop(session, delivery)
    else:
        move(session, delivery, heir)
        delivery.next_at, delivery.attempts, delivery.tried_since = now, 0, None  # another server, maybe
        delivery.error = delivery.error_code = None
    for name, lacks in lacking.items():
        if lacks and name != heir:
            owe(session, delivery.kind, OPERATOR, name, [{"notice_id": id_} for id_ in lacks], now)


def readdress(session: Session, tried_again: Sequence[Delivery], routes: Sequence[Route]) -> None:
    """Give what a person sends again, for an address that left its route, to the one that stands in its place.

    Which one that is shows where only one address of the route has not heard of the changes.
    """
    known, names = routes_by_name(routes), names_of_places(routes)
    for delivery in tried_again:
        route = known.get(delivery.route)
        carried = alerts_in(session, [delivery.id or 0]).get(delivery.id or 0, [])
        if route is None or not carried or any(place.name == delivery.address for place in route.to):
            continue
        told = {address for _, address in told_of(session, {alert.change_id for alert in carried})}
        untold = {place.url: place for place in route.to if told.isdisjoint(names[place.url])}
        if len(untold) == 1:
            (place,) = untold.values()
            move(session, delivery, place.name)


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


class _Message(NamedTuple):
    """A delivery to be owed; `to` is its route and address."""

    kind: str
    to: tuple[str, str]
    alert_ids: list[int | None]


def _messages(relying: Sequence[_Relying]) -> list[_Message]:
    """As they are planned: a change once for each place, alone or in the digest of the first who wants it."""
    once: dict[tuple[str, int], list[_Relying]] = defaultdict(list)
    for each in sorted(relying, key=lambda each: not isinstance(each.route.when, AtOnce)):
        if each.alert.planned_at is not None:  # else its own time comes yet
            once[each.place.url, each.alert.change_id].append(each)
    alerts: list[_Message] = []
    digests: dict[tuple[str, str], _Message] = {}
    for first, *others in once.values():
        to = first.route.name, first.place.name
        ids = [each.alert.id for each in (first, *others)]
        if isinstance(first.route.when, AtOnce):
            alerts.append(_Message("alert", to, ids))
        else:
            digests.setdefault(to, _Message("digest", to, [])).alert_ids.extend(ids)
    return [*alerts, *digests.values()]
