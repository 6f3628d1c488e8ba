"""Volatile content: a document keeps changing at one place and never in what alerts; a notice says so once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from analysis.page_json import page_from_json
from analysis.validate.volatile import single_place
from messages import Message
from policywatch.ingest.extraction import ExtractionConfig, of_part
from storage.captures import captures_from
from storage.changes import change_to
from storage.checks import Check, Outcome
from storage.database import Database
from storage.notices import Notice, NoticeKind, notices_of
from storage.versions import Cause, versions_of_document

_CHANGES = 3  # in a row at one place
_WITHIN = timedelta(days=60)


class VolatileContent(NamedTuple):
    """Since when, what stands around the place, and what was exchanged last, with the line that leaves it out."""

    since: datetime
    place: tuple[str, str]
    reason: Message


def volatile_content(
    session: Session, document_id: str, config: ExtractionConfig, now: datetime
) -> VolatileContent | None:
    """None where the last changes were not so, or not of late."""
    rows = versions_of_document(session, document_id, limit=_CHANGES + 1)
    changes = [change_to(session, row.id) for row in rows[:_CHANGES] if row.id is not None]
    idle = [change for change in changes if change and change.cause == Cause.PAGE and not change.alert]
    if len(rows) <= _CHANGES or len(idle) < _CHANGES or rows[-1].source is not None:
        return None
    if now - idle[-1].detected_at > _WITHIN:
        return None
    place = single_place([page_from_json(row.page) for row in reversed(rows)])
    last, before = (captures_from(session, row.capture_id) for row in rows[:2])
    if place is None or len(last) != len(before):
        return None
    difference = config.difference(before, last)
    if difference is None:
        return None
    reason = difference.message("differing.volatile")
    reason = (
        config.with_remove_line(difference, reason) if difference.remove else Message("differing.look", reason=reason)
    )
    return VolatileContent(idle[-1].detected_at, place, of_part(last, difference.part, reason))


def notify_volatility(database: Database, check_id: int, configs: Mapping[str, ExtractionConfig]) -> None:
    """Write a notice once of each place; a run that is stopped before it does so with the next change there."""
    with database.reading() as session:
        check = session.get_one(Check, check_id)
        if check.outcome not in (Outcome.CHANGED, Outcome.COSMETIC):
            return
        content = volatile_content(session, check.document_id, configs[check.document_id], check.checked_at)
        known = notices_of(session, check.document_id, NoticeKind.VOLATILE)
    if content is None or any(notice.facts["place"] == [*content.place] for notice in known):
        return
    notice = Notice(
        kind=NoticeKind.VOLATILE,
        document_id=check.document_id,
        check_id=check.id,
        facts={
            "since": content.since.isoformat(),
            "reason": content.reason.to_json(),
            "place": [*content.place],
        },
        created_at=check.checked_at,
    )
    with database.writing() as session:
        session.add(notice)
