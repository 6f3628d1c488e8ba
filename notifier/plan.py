"""From alerts and notices to deliveries: who gets what, decided once and in one transaction.

An address that stands in several routes, be it under several names, is one place: a change comes there once, and so
do the changes of one event, unless a later one says more than the place has heard.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from foundation.vocabulary import Cause, gravity
from notifier.document_health import report_unreadable
from notifier.repeats import says_more
from notifier.routes import Address, Route
from notifier.when import AtOnce, zone
from storage.advisory_locks import AdvisoryLock, take
from storage.alerts import Alert, unplanned_alerts, waiting_alerts
from storage.changes import change
from storage.clock import is_ahead
from storage.deliveries import (
    addresses_of_change,
    alerted_changes,
    alerted_since,
    alerts_in,
    carry,
    claimed,
    create_delivery,
    last_digest,
    next_attempt,
    pending,
    pending_delivery,
    untried_delivery,
)
from storage.documents import document, failing
from storage.notices import unplanned_notices
from storage.subscribers import subscribers

OPERATOR = "[operator]"  # stands where a route's name does; the watchlist's own name for it, so no route has it

_Planned = tuple[Route, str, list[Alert]]  # in whose name, to which address, and what


def plan(
    session: Session,
    routes: Sequence[Route],
    operator: Sequence[Address],
    now: datetime,
    *,
    alerts_only: bool = False,
    grace: timedelta = timedelta(0),
) -> None:
    """Create the deliveries of all alerts and notices that are due, and mark these as planned.

    An address that joins a route later gets nothing of what was planned before; an alert of a route that is gone, or
    of a change that its route no longer wants, gets no delivery.
    """
    take(session, AdvisoryLock.PLANNING)
    by_name = routes_by_name(routes)
    at_once: list[Alert] = []
    gathered: list[Alert] = []
    for alert in unplanned_alerts(session):
        route = by_name.get(alert.route)
        if route is None or not is_wanted(session, alert, route):
            alert.planned_at = now
        elif can_be_taken_back(session, alert, grace, now):
            continue
        elif isinstance(route.when, AtOnce):
            at_once.append(alert)
        elif _is_due(alert, route, now):
            gathered.append(alert)
    for route, address, alerts in _by_event_and_place(
        session, "alert", at_once, by_name, now
    ):
        create_delivery(session, "alert", route.name, address, now, alerts=alerts)
    digests: dict[tuple[str, str], list[Alert]] = defaultdict(list)
    for route, address, alerts in _by_event_and_place(
        session, "digest", gathered, by_name, now
    ):
        digests[route.name, address] += alerts
    for (name, address), alerts in digests.items():
        create_delivery(session, "digest", name, address, now, alerts=alerts)
    for route, address in _empty_digests(session, routes, now):
        create_delivery(session, "digest", route.name, address, now)
    for alert in at_once + gathered:
        alert.planned_at = now
    if not alerts_only:
        _plan_notices(session, operator, now)
    _respect_quiet_hours(session, routes, now)


def has_to_plan(
    session: Session,
    routes: Sequence[Route],
    now: datetime,
    *,
    grace: timedelta = timedelta(0),
) -> bool:
    """Whether alerts wait whose time has come: until they are planned, no delivery says so."""
    by_name = routes_by_name(routes)
    alerts = [
        alert
        for alert in waiting_alerts(session)
        if not can_be_taken_back(session, alert, grace, now)
    ]
    waiting = [
        (alert, by_name[alert.route]) for alert in alerts if alert.route in by_name
    ]
    return any(_is_due(alert, route, now) for alert, route in waiting) or any(
        _empty_digests(session, routes, now)
    )


def may_deliver(session: Session, routes: Sequence[Route]) -> bool:
    """Whether there may be anything to plan or to send."""
    waits = (
        waiting_alerts(session)
        or unplanned_notices(session)
        or next_attempt(session)
        or claimed(session)
    )
    return bool(
        waits
        or failing(session)
        or subscribers(session)
        or any(route.empty for route in routes)
    )


def is_wanted(session: Session, alert: Alert, route: Route) -> bool:
    """Not where the change was reprocessed since, and is cosmetic, say, or the route's filter was edited."""
    current = change(session, alert.change_id)
    return route.wants(document(session, current.document_id), current)


def can_be_taken_back(
    session: Session, alert: Alert, grace: timedelta, now: datetime
) -> bool:
    """A person accepted the text so lately that it may still be withdrawn without anybody having been told."""
    is_over = alert.created_at + grace <= now or is_ahead(alert.created_at, now)
    return not is_over and change(session, alert.change_id).cause == Cause.ACCEPTED


def routes_by_name(routes: Sequence[Route]) -> dict[str, Route]:
    """By each of the names that a route has or had."""
    return {name: route for route in routes for name in route.names}


def _is_due(alert: Alert, route: Route, now: datetime) -> bool:
    """Also what a wrong clock dated into the future, which no digest would reach."""
    if isinstance(route.when, AtOnce) or is_ahead(alert.created_at, now):
        return True
    return alert.created_at <= route.when.last(now, zone(route.timezone))


def _empty_digests(
    session: Session, routes: Sequence[Route], now: datetime
) -> Iterator[tuple[Route, str]]:
    """The addresses that asked for it, with no digest since its last time and no alert since the one before: to say
    "no policy changes" after an alert would be wrong."""
    names = names_of_places(routes)
    for route in routes:
        if route.empty and not isinstance(route.when, AtOnce):
            due = route.when.last(now, zone(route.timezone))
            before = route.when.last(
                due - timedelta(microseconds=1), zone(route.timezone)
            )
            for address in _distinct(route.to):
                last = last_digest(session, route.names, address.name, now) or before
                if last < due and not alerted_since(
                    session, names[address.url], max(last, before), now
                ):
                    yield route, address.name


def _by_event_and_place(
    session: Session,
    kind: str,
    alerts: list[Alert],
    routes: dict[str, Route],
    now: datetime,
) -> Iterator[_Planned]:
    """The alerts of each event (or of a change that stands alone) for each place that has something to hear of it. They
    join a message of this kind about it that was not sent yet."""
    names = names_of_places(routes.values())
    planned: dict[tuple[Hashable, str], _Planned] = {}
    for (change_id, url), (route, address, its_alerts) in _by_change_and_place(
        session, alerts, routes, names
    ).items():
        event_id = change(session, change_id).event_id
        key = ("event", event_id) if event_id is not None else ("change", change_id)
        planned.setdefault((key, url), (route, address, []))[2].extend(its_alerts)
    for (_, url), (route, address, its_alerts) in planned.items():
        changes = [change(session, alert.change_id) for alert in its_alerts]
        event_id = changes[0].event_id
        if event_id is None:
            yield route, address, its_alerts
        elif (
            delivery := untried_delivery(session, event_id, kind, names[url])
        ) is not None:
            carry(session, delivery, alerts=its_alerts)
            delivery.next_at = now
        elif says_more(
            session, changes, alerted_changes(session, event_id, names[url]).values()
        ):
            yield route, address, its_alerts


def _by_change_and_place(
    session: Session,
    alerts: list[Alert],
    routes: dict[str, Route],
    names: dict[str, set[str]],
) -> dict[tuple[int, str], _Planned]:
    """The alerts of each change for each place that it did not come to yet; others join what is pending there."""
    reached = {
        change_id: addresses_of_change(session, change_id)
        for change_id in {each.change_id for each in alerts}
    }
    planned: dict[tuple[int, str], _Planned] = {}
    for alert in alerts:
        route = routes[alert.route]
        for address in _distinct(route.to):
            if reached[alert.change_id].isdisjoint(names[address.url]):
                planned.setdefault(
                    (alert.change_id, address.url), (route, address.name, [])
                )[2].append(alert)
            elif (
                delivery := pending_delivery(
                    session, alert.change_id, names[address.url]
                )
            ) is not None:
                carry(session, delivery, alerts=[alert])
    return planned


def names_of_places(routes: Iterable[Route]) -> dict[str, set[str]]:
    """By URL, what each place is called by the routes."""
    names: dict[str, set[str]] = defaultdict(set)
    for route in routes:
        for address in route.to:
            names[address.url].add(address.name)
    return names


def _plan_notices(session: Session, operator: Sequence[Address], now: datetime) -> None:
    report_unreadable(session)
    session.flush()
    notices = unplanned_notices(session)
    if notices:
        for address in _distinct(operator):
            notice_ids = [notice.id for notice in notices]
            create_delivery(
                session, "notice", OPERATOR, address.name, now, notice_ids=notice_ids
            )
    for notice in notices:
        notice.planned_at = now


def _respect_quiet_hours(
    session: Session, routes: Sequence[Route], now: datetime
) -> None:
    """Postpone alerts until the quiet hours end; of several routes, those of the first one that ends."""
    if not any(route.quiet for route in routes):
        return
    for delivery in pending(session):
        if delivery.kind == "alert" and delivery.next_at <= now:
            alerts = alerts_in(session, [delivery.id])[delivery.id]
            severity = min(
                (change(session, alert.change_id).severity for alert in alerts),
                key=gravity,
            )
            names = {alert.route for alert in alerts}
            opening = (
                route.opens(severity, now) for route in routes if names & {*route.names}
            )
            delivery.next_at = max(delivery.next_at, min(opening, default=now))


def _distinct(addresses: Sequence[Address]) -> list[Address]:
    """Each place once, in order."""
    return list({address.url: address for address in reversed(addresses)}.values())[
        ::-1
    ]
