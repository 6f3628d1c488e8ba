"""Which routes hear of a change, when, and why the others don't: from what the delivery itself goes by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from notifier.presentation import reasons
from notifier.routes import Unmet
from policywatch.config.recipients import route_of
from policywatch.config.schema import RouteEntry
from policywatch.waiting import Waiting, waiting
from storage.alerts import alerts_of
from storage.changes import Change
from storage.deliveries import Delivery, State, deliveries_of
from storage.documents import document
from storage.versions import Cause, version_heads

TOLD, WAITS, GIVEN_UP, NOT_TOLD = "told", "waits", "given up", "not told"


@dataclass(frozen=True, slots=True)
class Hearing:
    """What becomes of a change for one route; `said` are the details, in English for the terminal, at least one."""

    route: str
    state: str
    said: list[str]


def hearings(session: Session, change: Change, routes: Sequence[RouteEntry]) -> list[Hearing]:
    """Of each route of the watchlist in its order, then of those that have left it since."""
    alerts = {alert.route: alert for alert in alerts_of(session, change.id or 0)}
    carried = {name: deliveries_of(session, alert.id or 0) for name, alert in alerts.items()}
    still = [one for one in waiting(session, routes) if one.change.id == change.id]
    found = []
    for entry in routes:
        deliveries = [each for name in (entry.name, *entry.formerly) for each in carried.pop(name, [])]
        unmet = route_of(entry).unmet(document(session, change.document_id), change)
        waits = [one for one in still if entry.name in one.routes or not (one.routes or unmet or not entry.enabled)]
        had_alert = any(name in alerts for name in (entry.name, *entry.formerly))
        not_told = () if deliveries or waits else _why_not(session, change, entry, unmet, had_alert=had_alert)
        found.append(_hearing(entry.name, deliveries, waits, list(not_told)))
    left = "the route is no longer in the watchlist"
    return found + [_hearing(name, deliveries, [], [left]) for name, deliveries in carried.items()]


def _hearing(route: str, deliveries: list[Delivery], waits: list[Waiting], not_told: list[str]) -> Hearing:
    states = {each.state for each in deliveries}
    said = [*map(_delivered, deliveries), *map(_waiting, waits), *not_told]
    if State.SENT in states:
        return Hearing(route, TOLD, said)
    if waits or states & {State.PENDING, State.SENDING}:
        return Hearing(route, WAITS, said)
    return Hearing(route, GIVEN_UP if states else NOT_TOLD, said)


def _delivered(one: Delivery) -> str:
    match State(one.state):
        case State.SENT:
            digest = ", in a digest" if one.kind == "digest" else ""
            return f"{one.address}: sent at {_time(one.sent_at or one.created_at)}{digest}"
        case State.SENDING:
            return f"{one.address}: is being sent"
        case State.PENDING:
            failed = f"; the last try failed: {one.error}" if one.error else ""
            return f"{one.address}: is tried from {_time(one.next_at)} on{failed}"
        case State.PARKED:
            again = f"`policywatch alerts retry {one.id}` sends it again"
            return f"{one.address}: given up: {str(one.error or '').removesuffix('.')}; {again}"


def _waiting(one: Waiting) -> str:
    return f"{_time(one.until)}: {one.why}" if one.until else one.why


def _why_not(
    session: Session, change: Change, entry: RouteEntry, unmet: list[Unmet], *, had_alert: bool
) -> Iterator[str]:
    """All that stands between, not only the first."""
    if not entry.enabled:
        yield "the route is switched off by enabled = false"
    if not change.alert:
        reader = change.cause == Cause.READER
        why = ["the page did not change, the way it is read did"] if reader else map(str, reasons(change.brief))
        yield ": ".join(filter(None, ["this change makes no alert", "; ".join(why)]))
        return
    for key, wanted, found in unmet:
        yield f"{key}: the route wants {' or '.join(wanted)}; the change has {', '.join(found) or 'none'}"
    if unmet or not entry.enabled:
        return
    if had_alert:
        yield "each of its addresses had heard of it by another route, or it was out of the watchlist when it was due"
    elif any(head.source for head in version_heads(session, [change.before_id, change.version_id]).values()):
        yield "its filter lets the change through, but nobody is told of what comes from an archive"
    else:
        yield (
            "its filter lets the change through now, but nothing was owed to it when the change was read: the route or "
            "its filter is newer, or the text went back before anybody was told"
        )


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
