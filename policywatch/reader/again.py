"""Reads stored changes again: after late answers, or on request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from analysis.model import Comparison
from foundation.vocabulary import Cause
from policywatch.ingest.alerting import RoutesFor, add_alerts
from policywatch.ingest.drafts import ChangeDraft
from policywatch.reader.prompt import Subject
from policywatch.reader.reader import Reader
from policywatch.reader.reading import decide
from storage.changes import Change, passages
from storage.deliveries import alerts_of
from storage.documents import document
from storage.reviews import last_reviews, machine_values, put_edit

_LATE = timedelta(days=1)  # after a late answer


def read_again(
    reader: Reader, change_ids: Iterable[int], routes_for: RoutesFor
) -> Iterator[tuple[int, str]]:
    """Yields each with its result. Sent mails stay; new alerts are sent, obsolete ones leave the next digest; a failed
    answer changes nothing.
    """
    database = reader.database
    for change_id in change_ids:
        with database.reading() as session:
            change = session.get_one(Change, change_id)
            rows = passages(session, change_id)
            subject = subject_of(session, change)
            former = change.brief.get("reader") or {}
        prompt = reader.prompt(subject, rows)
        if prompt is None:
            yield change_id, "nothing to ask"
            continue
        trained = former.get("trained") or {
            "direction": change.direction,
            **machine_values(change),
        }
        comparison = Comparison(substantive=True, severity=trained["severity"])
        known = reader.ask(prompt, subject, ChangeDraft(comparison, rows))
        reading = reader.reading(prompt, known)
        if reading.get("failure") and former.get("verdict"):
            yield change_id, reading["failure"]
            continue
        with database.writing() as session:
            change = session.get_one(Change, change_id)
            rows = passages(session, change_id)
            beside = ("reader", "edit")
            brief = {k: v for k, v in change.brief.items() if k not in beside}
            columns = decide(
                trained | {"substantive": change.substantive, "brief": brief},
                rows,
                reading,
            )
            was_alert = change.alert
            for name, value in columns.items():
                setattr(change, name, value)
            put_edit(change, last_reviews(session, [change_id]).get(change_id))
            _correct_alerts(session, change, was_alert, routes_for)
        yield change_id, reading.get("failure") or "read"


def _correct_alerts(
    session: Session,
    change: Change,
    was_alert: bool,
    routes_for: RoutesFor,
) -> None:
    if was_alert and not change.alert:
        for alert in alerts_of(session, change.id):
            if alert.planned_at is None:
                session.delete(alert)
    is_settled = change.cause == Cause.PAGE and not change.waits
    if change.alert and is_settled and not alerts_of(session, change.id):
        add_alerts(session, change, routes_for)


def late_changes(session: Session, now: datetime) -> list[int]:
    recent = select(Change).where(col(Change.detected_at) > now - _LATE)
    return [
        change.id
        for change in session.exec(recent)
        if (change.brief.get("reader") or {}).get("late")
    ]


def changes_since(session: Session, when: datetime) -> list[int]:
    """Oldest first, those that a run would ask about."""
    found = select(Change).where(col(Change.detected_at) >= when)
    return [
        change.id
        for change in session.exec(found.order_by(col(Change.detected_at)))
        if change.substantive or change.brief.get("reader")
    ]


def subject_of(session: Session, change: Change) -> Subject:
    of = document(session, change.document_id)
    return Subject(of.service, of.title, of.kind, of.language)
