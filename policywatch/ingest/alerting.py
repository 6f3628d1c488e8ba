"""Alerts of changes; a return is news only when it stays, for until then it may be one server of several that lags."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlmodel import Session

from analysis.model import Page
from analysis.page_json import page_from_json
from analysis.text.normal import fingerprint
from policywatch.ingest.extraction import ExtractionConfig
from storage.alerts import Alert
from storage.changes import Change, waiting_changes
from storage.checks import good_checks_since
from storage.clock import utc_now
from storage.documents import Document, document
from storage.versions import Cause, Version, numbered_version

STAYS = 3  # checks that must find what returned once more before anyone is told of it

RoutesFor = Callable[[Document, Change], Iterable[str]]


def undone_by(session: Session, document_id: str, page: Page, manner: ExtractionConfig) -> int | None:
    """The oldest change of those that wait before which the document's text was what it is again; None for no such."""
    for each in waiting_changes(session):
        if each.document_id == document_id and _is_undone(session, each, page, manner):
            return each.id
    return None


def tell(session: Session, change: Change, undone: int | None, routes_for: RoutesFor) -> None:
    """Alert of a change, unless it waits. What waits already is told before it, so that no news comes before its past.

    Where it takes back a change that waits (`undone`), that one and all since came to nothing, and those who read of
    the text before have nothing to be told.
    """
    if change.cause == Cause.READER:
        return
    waiting = [each for each in waiting_changes(session) if each.document_id == change.document_id]
    if undone is not None:
        for each in (*waiting, change):
            if (each.id or 0) >= undone:
                each.waits = 0
        return
    if change.waits or not change.alert:
        return
    for each in waiting:
        each.waits = 0
        add_alerts(session, each, routes_for)
    add_alerts(session, change, routes_for)


def settle(session: Session, routes_for: RoutesFor, now: Callable[[], datetime] = utc_now) -> None:
    """Alert of what waited and has stayed. A small edit in the meantime does not make it another piece of news."""
    for change in waiting_changes(session):
        if change.check_id is not None and good_checks_since(session, change.document_id, change.check_id) >= STAYS:
            change.waits = 0
            add_alerts(session, change, routes_for, now)


def add_alerts(session: Session, change: Change, routes_for: RoutesFor, now: Callable[[], datetime] = utc_now) -> None:
    """Dated by when they are made: a digest gathers what came since its last time, be it found long before."""
    if not change.alert:
        return
    assert change.id is not None
    for route in routes_for(document(session, change.document_id), change):
        session.add(Alert(change_id=change.id, route=route, created_at=now()))


def _is_undone(session: Session, change: Change, page: Page, manner: ExtractionConfig) -> bool:
    """Nothing but cosmetics tells the page from the text before the change."""
    number = session.get_one(Version, change.version_id).number - 1
    before = numbered_version(session, change.document_id, number)  # of an announced text not the one it will replace
    if before.fingerprint == fingerprint(page.blocks):
        return True
    return not manner.compared(page_from_json(before.page), page).substantive
