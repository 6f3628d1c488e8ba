"""Which routes get a change, when, and why others do not, by the delivery's own rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col

from foundation.vocabulary import Cause, State
from notifier.plan import dismissal, due_at, is_wanted, waits_for_review
from notifier.routes import UnmetCondition
from policywatch.config.recipients import route_of
from policywatch.config.schema import RouteEntry
from policywatch.ingest.alerting import CONFIRMATIONS
from storage.changes import Change, change, waiting_changes
from storage.checks import VALID, count_checks, later_than
from storage.clock import utc_now
from storage.deliveries import (
    Alert,
    Delivery,
    DeliveryItem,
    alerts_of,
    carriers,
    unplanned_alerts,
)
from storage.documents import Document, document
from storage.subscribers import is_subscriber
from storage.versions import version_heads


@dataclass(frozen=True, slots=True)
class WaitingChange:
    """For a digest (None: for the next run), or for more checks of a return, which `confirmations` counts."""

    change: Change
    document: Document
    routes: tuple[str, ...] = ()
    until: datetime | None = None
    for_review: bool = False
    confirmations: int | None = None

    @property
    def why(self) -> str:
        """In English, for the terminal."""
        if self.confirmations is not None:
            return (
                f"back to an earlier text; told once {CONFIRMATIONS} checks in a row found it again, "
                f"{self.confirmations} did so far"
            )
        if self.for_review:
            return "for a person's review, and sent without one at that time"
        if self.until:
            return "for the digest of that time"
        is_accepted = self.change.cause == Cause.ACCEPTED
        after = (
            " after `[alerts] grace`, for a person accepted the text"
            if is_accepted
            else ""
        )
        return f"for the next run, or `policywatch deliver`{after}"


def waiting(
    session: Session,
    routes: Iterable[RouteEntry],
    now: Callable[[], datetime] = utc_now,
) -> list[WaitingChange]:
    """Newest first. Switched-off or removed routes do not wait, nor does a reclassified change outside the filter."""
    by_name = {
        name: entry
        for entry in routes
        if entry.enabled
        for name in (entry.name, *entry.formerly)
    }
    names: dict[tuple[int, datetime | None, bool], list[str]] = {}
    for alert in unplanned_alerts(session):
        entry = by_name.get(alert.route)
        route = route_of(entry) if entry else None
        if route is None or not is_wanted(session, alert, route):
            continue
        for_review = waits_for_review(session, alert, route)
        due = due_at(session, alert, route, now())
        until = due if due > alert.created_at else None
        names.setdefault((alert.change_id, until, for_review), []).append(
            route.name
        )
    rows = []
    for (change_id, until, for_review), routes_of_it in names.items():
        row = change(session, change_id)
        rows.append(
            WaitingChange(
                row,
                document(session, row.document_id),
                tuple(sorted(routes_of_it)),
                until,
                for_review,
            )
        )
    for row in waiting_changes(session):
        if row.alert:
            later = later_than(row.check_id or 0)
            confirmations = count_checks(session, row.document_id, VALID, later)
            rows.append(
                WaitingChange(
                    row,
                    document(session, row.document_id),
                    confirmations=confirmations,
                )
            )
    return sorted(rows, key=lambda row: -row.change.id)


@dataclass(frozen=True, slots=True)
class RouteResult:
    """In English."""

    route: str
    state: str  # sent, waits, given up or not sent
    details: list[str]


def explain_routing(
    session: Session, row: Change, routes: Sequence[RouteEntry]
) -> list[RouteResult]:
    """In order, then removed ones."""
    alerts = {alert.route: alert for alert in alerts_of(session, row.id)}
    its_waits = [
        each for each in waiting(session, routes) if each.change.id == row.id
    ]
    results = []
    for entry in routes:
        names = (entry.name, *entry.formerly)
        own = [alerts.pop(name) for name in names if name in alerts]
        unmet = route_of(entry).unmet(document(session, row.document_id), row)
        # a return waits for every route it would match
        waits = [
            w
            for w in its_waits
            if entry.name in w.routes
            or not (w.routes or unmet or not entry.enabled)
        ]
        result = _delivered(session, entry.name, own, waits)
        if not result.details:
            result.details.extend(_why_not(session, row, entry, unmet, own))
        results.append(result)
    for name, alert in alerts.items():
        if not is_subscriber(name):
            result = _delivered(session, name, [alert], [])
            result.details.append("the route is no longer in the watchlist")
            results.append(result)
    return results


def _delivered(
    session: Session, route: str, alerts: list[Alert], waits: list[WaitingChange]
) -> RouteResult:
    its = col(DeliveryItem.alert_id).in_([alert.id for alert in alerts])
    deliveries = carriers(session, its) if alerts else []
    states = {delivery.state for delivery in deliveries}
    details = [_delivery_line(delivery) for delivery in deliveries]
    details += [
        f"{_time(each.until)}: {each.why}" if each.until else each.why
        for each in waits
    ]
    if State.SENT in states:
        return RouteResult(route, "sent", details)
    if waits or states & {State.PENDING, State.SENDING}:
        return RouteResult(route, "waits", details)
    return RouteResult(route, "given up" if states else "not sent", details)


def _delivery_line(delivery: Delivery) -> str:
    match State(delivery.state):
        case State.SENT:
            digest = ", in a digest" if delivery.kind == "digest" else ""
            return f"{delivery.address}: sent at {_time(delivery.sent_at or delivery.created_at)}{digest}"
        case State.SENDING:
            return f"{delivery.address}: is being sent"
        case State.PENDING:
            failed = (
                f"; the last try failed: {delivery.error}" if delivery.error else ""
            )
            return f"{delivery.address}: is tried from {_time(delivery.next_at)} on{failed}"
        case State.PARKED:
            again = f"`policywatch alerts retry {delivery.id}` sends it again"
            return f"{delivery.address}: given up: {str(delivery.error or '').removesuffix('.')}; {again}"


def _why_not(
    session: Session,
    row: Change,
    entry: RouteEntry,
    unmet: list[UnmetCondition],
    alerts: list[Alert],
) -> Iterator[str]:
    """All reasons."""
    if not entry.enabled:
        yield "the route is switched off by enabled = false"
    if not row.alert:
        is_reader = row.cause == Cause.EXTRACTION
        why = (
            ["the page did not change, the way it is read did"]
            if is_reader
            else map(str, row.why)
        )
        yield ": ".join(
            filter(None, ["this change makes no alert", "; ".join(why)])
        )
        return
    for key, wanted, actual in unmet:
        yield f"{key}: the route wants {' or '.join(wanted)}; the change has {', '.join(actual) or 'none'}"
    if unmet or not entry.enabled:
        return
    for alert in alerts:
        if review := dismissal(session, alert, route_of(entry)):
            note = f": {review.note}" if review.note else ""
            yield f"{review.by} reviewed it as not for us{note}"
            return
    if alerts and row.event_id is not None:
        yield "its event was sent to each of its addresses, and this change says no more of it"
    elif alerts:
        yield "each of its addresses had heard of it by another route, or it was out of the watchlist when it was due"
    elif any(
        head.imported
        for head in version_heads(session, [row.before_id, row.version_id]).values()
    ):
        yield "its filter lets the change through, but nobody is alerted of what comes from an archive"
    else:
        yield (
            "its filter lets the change through now, but no alert was due to it when the change was read: the route or "
            "its filter is newer, or the text went back before anybody was told"
        )


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
