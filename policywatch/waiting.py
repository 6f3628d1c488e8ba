"""What people will be told of and no delivery carries yet: what waits for a digest, and returns that must stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from notifier.when import AtOnce, parse_when, zone
from policywatch.config.schema import RouteEntry
from policywatch.ingest.alerting import CONFIRMATIONS
from storage.alerts import Alert, waiting_alerts
from storage.changes import Change, change, waiting_changes
from storage.checks import good_checks_since
from storage.clock import is_ahead, utc_now
from storage.documents import Document, document


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change that waits until a digest is due (None: only for the next run), or for more checks of a returned text.

    `stayed` counts those that found it again; None where it isn't a return.
    """

    change: Change
    document: Document
    routes: tuple[str, ...]
    until: datetime | None = None
    stayed: int | None = None

    @property
    def why(self) -> str:
        """In English, for the terminal."""
        if self.stayed is not None:
            return (
                f"back to an earlier text; told once {CONFIRMATIONS} checks in a row found it again, "
                f"{self.stayed} did so far"
            )
        return "for the digest of that time" if self.until else "for the next run, or `policywatch deliver`"


def waiting(session: Session, routes: Iterable[RouteEntry], now: Callable[[], datetime] = utc_now) -> list[Waiting]:
    """The newest change first; nobody is told of routes that are switched off or gone, nor of a change that was read
    again and is none for its route any more."""
    by_name = {name: entry for entry in routes if entry.enabled for name in (entry.name, *entry.formerly)}
    found: dict[tuple[int, datetime | None], list[str]] = {}
    for alert in waiting_alerts(session):
        entry = by_name.get(alert.route)
        if entry and _is_wanted(session, alert, entry):
            found.setdefault((alert.change_id, _until(entry, alert, now())), []).append(entry.name)
    those = [_waiting(session, change(session, id_), names, until) for (id_, until), names in found.items()]
    those += [_returned(session, each) for each in waiting_changes(session) if each.alert]
    return sorted(those, key=lambda one: -(one.change.id or 0))


def _is_wanted(session: Session, alert: Alert, entry: RouteEntry) -> bool:
    from notifier.plan import is_wanted
    from policywatch.config.recipients import route_of  # it brings Apprise along, which the pages do without

    return is_wanted(session, alert, route_of(entry))


def _until(entry: RouteEntry, alert: Alert, now: datetime) -> datetime | None:
    when = parse_when(entry.when)
    if isinstance(when, AtOnce) or is_ahead(alert.created_at, now):
        return None
    return when.next(alert.created_at, zone(entry.timezone))


def _waiting(session: Session, told: Change, names: Iterable[str], until: datetime | None) -> Waiting:
    return Waiting(told, document(session, told.document_id), tuple(sorted(names)), until)


def _returned(session: Session, told: Change) -> Waiting:
    stayed = good_checks_since(session, told.document_id, told.check_id or 0)
    return Waiting(told, document(session, told.document_id), (), stayed=stayed)
