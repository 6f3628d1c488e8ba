"""Volatile content: a place keeps changing, or comes and goes, without alerts; noticed once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from sqlmodel import Session

from analysis.page_json import page_from_json
from analysis.validate.volatile import single_place
from foundation.vocabulary import Cause, NoticeKind, Outcome
from messages import Message
from policywatch.ingest.extraction import ExtractionConfig, Memory
from storage.alternating import AlternatingPassage, alternating_passages
from storage.captures import captures_from
from storage.changes import change_to
from storage.checks import Check
from storage.database import Database
from storage.deliveries import Notice, notices_of
from storage.paragraphs import digest
from storage.versions import Version, versions_of_document

_CHANGES = 3  # consecutive, at one place
_WITHIN = timedelta(days=60)
_VERSIONS = 6  # among which one has the other state of an alternating passage


class VolatilePlace(NamedTuple):
    """Since when, its identity (surrounding words, or the alternating passage), versions before and after a change,
    and the newest change that brought or took it.
    """

    since: datetime
    place: tuple[str, str]
    before: Version
    after: Version
    change: int | None


def volatile_place(
    session: Session, document_id: str, now: datetime
) -> VolatilePlace | None:
    """None if the last changes were not recent or not at one place, and nothing alternates."""
    if rows := alternating_passages(session, [document_id]):
        return _alternating_place(session, rows[0])
    versions = versions_of_document(session, document_id, limit=_CHANGES + 1)
    changes = [change_to(session, row.id) for row in versions[:_CHANGES]]
    idle = [
        change
        for change in changes
        if change and change.cause == Cause.PAGE and not change.alert
    ]
    if len(versions) <= _CHANGES or len(idle) < _CHANGES or versions[-1].imported:
        return None
    if now - idle[-1].detected_at > _WITHIN:
        return None
    place = single_place([page_from_json(row.page) for row in reversed(versions)])
    since = idle[-1].detected_at
    return (
        VolatilePlace(since, place, versions[1], versions[0], idle[0].id)
        if place is not None
        else None
    )


def _alternating_place(
    session: Session, row: AlternatingPassage
) -> VolatilePlace | None:
    newest = versions_of_document(session, row.document_id, limit=_VERSIONS)
    for after, before in pairwise(newest):
        if _has(before, row) != _has(after, row):
            change = change_to(session, after.id)
            return VolatilePlace(
                row.since,
                (row.key, ""),
                before,
                newest[0],
                change.id if change else None,
            )
    return None


def _has(version: Version, row: AlternatingPassage) -> bool:
    return any(
        digest(block.text) == row.key for block in page_from_json(version.page).blocks
    )


def volatility_reason(
    session: Session, place: VolatilePlace, config: ExtractionConfig
) -> Message | None:
    """What changed, with the line that removes it, if any. Slow."""
    before, after = (
        captures_from(session, each.capture_id) for each in (place.before, place.after)
    )
    memory = Memory.of(place.before)
    difference = (
        config.difference(before, after, memory) if len(before) == len(after) else None
    )
    if difference is None:
        return None
    return config.unstable_reason(difference, after, "differing.volatile")


def notify_volatility(
    database: Database, check_id: int, configs: Mapping[str, ExtractionConfig]
) -> None:
    """Once for each place; a stopped run does so with the next differing text."""
    with database.reading() as session:
        check = session.get_one(Check, check_id)
        if check.outcome not in (Outcome.CHANGED, Outcome.COSMETIC, Outcome.UNCHANGED):
            return
        place = volatile_place(session, check.document_id, check.checked_at)
        if place is None:
            return
        known = notices_of(session, NoticeKind.VOLATILE, check.document_id)
        if any(notice.facts["place"] == [*place.place] for notice in known):
            return
        reason = volatility_reason(session, place, configs[check.document_id])
    if reason is None:
        return
    facts = {
        "since": place.since.isoformat(),
        "reason": reason.to_json(),
        "place": [*place.place],
        "change": place.change,
    }
    notice = Notice.of(check, NoticeKind.VOLATILE, **facts)
    with database.writing() as session:
        session.add(notice)
