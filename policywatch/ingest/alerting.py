"""Alerts of changes. A return waits until it has stayed: one of several servers may lag behind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from sqlmodel import Session

from foundation.vocabulary import Cause
from notifier.routes import subscriber_routes
from policywatch.logs import log_decision
from storage.changes import Change, waiting_changes
from storage.checks import VALID, count_checks, later_than
from storage.clock import utc_now
from storage.deliveries import Alert, alerts_of
from storage.documents import Document, document

CONFIRMATIONS = 3  # further checks that must find a returned text

RoutesFor = Callable[[Document, Change], Iterable[str]]


def alert(
    session: Session, change: Change, undoes: int | None, routes_for: RoutesFor
) -> None:
    """Unless the change waits; waiting changes go first, so that news come in order.

    If it undoes a waiting change (`undoes`), that one and later ones are dropped: readers of the earlier text missed
    nothing.
    """
    if change.cause == Cause.EXTRACTION:
        return
    waiting = [
        each
        for each in waiting_changes(session)
        if each.document_id == change.document_id
    ]
    if undoes is not None:
        for each in (*waiting, change):
            if each.id >= undoes:
                each.waits = 0
        log_decision(
            change.document_id, "change %d undoes change %d", change.id, undoes
        )
        return
    if change.waits or not change.alert:
        log_decision(
            change.document_id,
            "change %d alerts nobody: alert %s, waits for %d checks",
            change.id,
            change.alert,
            change.waits,
        )
        return
    for each in waiting:
        each.waits = 0
        add_alerts(session, each, routes_for)
    add_alerts(session, change, routes_for)


def confirm(
    session: Session, routes_for: RoutesFor, now: Callable[[], datetime] = utc_now
) -> None:
    """Changes that have stayed; small edits meanwhile do not restart the wait."""
    for change in waiting_changes(session):
        if change.check_id is None:
            continue
        later = later_than(change.check_id)
        if count_checks(session, change.document_id, VALID, later) >= CONFIRMATIONS:
            change.waits = 0
            add_alerts(session, change, routes_for, now)


def add_alerts(
    session: Session,
    change: Change,
    routes_for: RoutesFor,
    now: Callable[[], datetime] = utc_now,
    *,
    but: Collection[str] = (),
) -> None:
    """Not to routes in `but`, nor twice. Dated now: a digest gathers what came since its last time."""
    but = {*but, *(alert.route for alert in alerts_of(session, change.id))}
    routes = {*routes_wanting(session, change, routes_for)} - but
    log_decision(
        change.document_id,
        "change %d alerts %s",
        change.id,
        ", ".join(sorted(routes)) or "no route",
    )
    for route in sorted(routes):
        session.add(Alert(change_id=change.id, route=route, created_at=now()))


def routes_wanting(
    session: Session, change: Change, routes_for: RoutesFor
) -> list[str]:
    """Readers' included."""
    if not change.alert:
        return []
    source = document(session, change.document_id)
    readers = (
        route.name
        for route in subscriber_routes(session)
        if route.wants(source, change)
    )
    return [*routes_for(source, change), *readers]
