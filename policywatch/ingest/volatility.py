"""Documents that keep changing at one place and in nothing worth telling, and the word on it to the operator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from analysis.page_json import page_from_json
from analysis.validate.volatile import single_place
from messages import Message
from policywatch.ingest.extraction import ExtractionConfig, naming
from storage.captures import captures_from
from storage.changes import change_to
from storage.checks import Check, Outcome
from storage.database import Database
from storage.notices import Notice, NoticeKind, notices_of
from storage.versions import Cause, versions_of_document

_RESTLESS = 3  # changes in a row at one place
_WITHIN = timedelta(days=60)


class Restless(NamedTuple):
    """A document that changes at one place only, and never in what is told: since when, what stands around the place,
    and what was exchanged last, with the line that leaves it out."""

    since: datetime
    place: tuple[str, str]
    reason: Message


def restless(session: Session, document_id: str, manner: ExtractionConfig, now: datetime) -> Restless | None:
    """None where the last changes were not so, or not of late."""
    rows = versions_of_document(session, document_id, limit=_RESTLESS + 1)
    changes = [change_to(session, row.id) for row in rows[:_RESTLESS] if row.id is not None]
    idle = [change for change in changes if change and change.cause == Cause.PAGE and not change.alert]
    if (
        len(rows) <= _RESTLESS
        or rows[-1].source is not None
        or len(idle) < _RESTLESS
        or now - idle[-1].detected_at > _WITHIN
    ):
        return None
    place = single_place([page_from_json(row.page) for row in reversed(rows)])
    last, before = (captures_from(session, row.capture_id) for row in rows[:2])
    if place is None or len(last) != len(before):
        return None
    found = manner.difference(before, last)
    if found is None:
        return None
    said = found.message("differing.volatile")
    reason = manner.advised(found, said) if found.remove else Message("differing.look", reason=said)
    return Restless(idle[-1].detected_at, place, naming(last, found.part, reason))


def tell_restless(database: Database, check_id: int, manners: Mapping[str, ExtractionConfig]) -> None:
    """The operator is told once of each place. Who is stopped before it tells with the next change at that place."""
    with database.reading() as session:
        check = session.get_one(Check, check_id)
        if check.outcome not in (Outcome.CHANGED, Outcome.COSMETIC):
            return
        found = restless(session, check.document_id, manners[check.document_id], check.checked_at)
        known = notices_of(session, check.document_id, NoticeKind.RESTLESS)
    if found is None or any(notice.facts["place"] == [*found.place] for notice in known):
        return
    facts = {"since": found.since.isoformat(), "reason": found.reason.to_json()}
    with database.writing() as session:
        session.add(
            Notice(
                kind=NoticeKind.RESTLESS,
                document_id=check.document_id,
                check_id=check.id,
                facts={**facts, "place": [*found.place]},
                created_at=check.checked_at,
            )
        )
