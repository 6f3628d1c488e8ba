"""A person's review of a change: its state, words in place of the machine's, and alerts to routes that want it only so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from foundation.vocabulary import NoticeKind, ReviewState, State
from policywatch.ingest.alerting import RoutesFor, add_alerts, routes_wanting
from storage.advisory_locks import AdvisoryLock, take
from storage.changes import Change, change
from storage.deliveries import Alert, Delivery, carriers, send_correction
from storage.errors import StorageError
from storage.journal import Actor
from storage.reviews import add_review, last_reviews, reviewed_together
from storage.versions import version_heads


class EditedMeanwhile(StorageError):
    """Somebody reviewed the change after the words were shown that an edit takes the place of."""


def review(
    session: Session,
    change_id: int,
    state: ReviewState,
    *,
    note: str,
    by: str,
    at: datetime,
    actor: Actor,
    event: bool,
    edit: Mapping[str, Any] | None,
    seen: int,
    routes_for: RoutesFor,
    corrects: bool = False,
) -> list[int]:
    """Of the change, or of all of its event; the ids of those. `seen` is the id of the last review that the person
    saw, or 0; it matters for an `edit` alone, as entries of several people stand beside each other. `corrects`: who
    got the alert gets the edited words. Raises `UnknownChange`, `Withdrawn`, `EditedMeanwhile`.
    """
    take(session, AdvisoryLock.PLANNING)
    ids = reviewed_together(session, change_id, event=event)
    newest = max((each.id for each in last_reviews(session, ids).values()), default=0)
    if edit is not None and newest > seen:
        raise EditedMeanwhile
    rows = [change(session, id_) for id_ in ids]
    wanted = {row.id: routes_wanting(session, row, routes_for) for row in rows}
    add_review(
        session,
        change_id,
        state,
        note=note,
        by=by,
        at=at,
        actor=actor,
        event=event,
        edit=edit,
    )
    for row in rows:
        if not row.waits and not _is_imported(session, row):
            add_alerts(session, row, routes_for, lambda: at, but=wanted[row.id])
    first = change(session, change_id)
    if corrects and first.brief.get("edit"):
        sent = [each for row in rows for each in reached(session, row.id)]
        send_correction(session, first, sent, "", at, NoticeKind.EDITED)
    return ids


def reached(session: Session, change_id: int) -> list[Delivery]:
    """The deliveries by which people got the change."""
    of_it = carriers(session, Alert.change_id == change_id)
    return [each for each in of_it if each.state == State.SENT]


def _is_imported(session: Session, row: Change) -> bool:
    heads = version_heads(session, [row.before_id, row.version_id])
    return any(head.imported for head in heads.values())
