"""What a check's outcome means for its document: health, validators, notices."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from sqlmodel import Session

from foundation.vocabulary import GOOD, NoticeKind, Outcome
from messages import Message
from storage.chain import note
from storage.checks import (
    ASIDE,
    OF_THE_PAGE,
    Check,
    drop_captures,
    newest_checks,
    pauses,
    set_aside_in_a_row,
    take_rejection_back,
)
from storage.clock import utc_now
from storage.deliveries import Notice, notices_of
from storage.documents import Document, document

_DAY = timedelta(days=1)  # later, the chain may have closed its day


def finish(
    session: Session,
    check: Check,
    outcome: Outcome,
    reason: Message | None = None,
    not_before: datetime | None = None,
) -> None:
    """And the document's health. `not_before` is the end of the server's pause."""
    if check.id is not None and utc_now() - check.checked_at > _DAY:
        note(session, "read", f"{check.document_id}, check {check.id}")
    # before the check is edited: the query would write it, and its last edit would be another statement
    row = document(session, check.document_id)
    check.outcome, check.reason = outcome.value, reason
    if outcome in GOOD:
        _recovered(session, row, check)
    else:
        session.add(check)
        session.flush()
        _failed(session, row, check, not_before)
        if outcome in ASIDE:
            _drop_captures_between(session, check)
    _propose_address(session, row, check)


def accept_check(session: Session, check: Check) -> None:
    """A text that a person accepts counts as good."""
    take_rejection_back(session, check)
    check.accepted = True
    _recovered(session, document(session, check.document_id), check)


def release_capture(session: Session, check: Check) -> None:
    """It brought neither the text in force nor news: the next check asks for the whole page."""
    document(session, check.document_id).forget_validators()
    drop_captures(session, [check], "alternating")


def _recovered(session: Session, row: Document, check: Check) -> None:
    if check.stands_in:  # a 304 would mean the page's own last text
        row.etag = row.last_modified = row.parts = None
    elif check.outcome != Outcome.NOT_MODIFIED:
        for name in ("etag", "last_modified", "markup", "parts"):
            setattr(row, name, getattr(check, name))
            setattr(check, name, None)
    session.add(check)
    if check.stands_in:
        return
    if row.alerted_at is not None and row.failing_since is not None:
        session.flush()
        since = row.failing_since.isoformat()
        session.add(Notice.of(check, NoticeKind.RECOVERED, since=since))
    row.failures, row.failing_since, row.alerted_at = 0, None, None


def _failed(
    session: Session, row: Document, check: Check, not_before: datetime | None
) -> None:
    if check.stands_in:
        return
    pause = pauses(session, check.checked_at, [row.id]).get(row.id)
    if pause is not None and check.checked_at < pause:
        return  # counted when it began
    row.not_before = not_before or row.not_before
    row.failures += 1
    row.failing_since = row.failing_since or check.checked_at


def _drop_captures_between(session: Session, check: Check) -> None:
    """Of consecutive set-aside texts keep the first, this one, those notified, and rejected ones: a page that differs
    each time would fill the disk.
    """
    streak = set_aside_in_a_row(session, check.document_id)
    noticed = {
        notice.check_id
        for notice in notices_of(session, NoticeKind.HELD, check.document_id)
    }
    kept = {each.capture_id for each in (*streak[:1], check)}
    between = [
        each
        for each in streak
        if each.capture_id not in kept and each.id not in noticed
    ]
    drop_captures(session, between, "set aside")


def _propose_address(session: Session, row: Document, check: Check) -> None:
    """Once, when as many checks as the watchlist says met the same new address."""
    if check.moved_to is None:
        return
    last = newest_checks(session, row.id, OF_THE_PAGE, limit=row.alert_after)
    if [each.moved_to for each in last] != [check.moved_to] * row.alert_after:
        return
    entry = f"url = {json.dumps(check.moved_to, ensure_ascii=False)}"
    proposals = [[check.moved_to, entry]]
    known = notices_of(session, NoticeKind.MOVED, row.id)
    if all(notice.facts["proposals"] != proposals for notice in known):
        session.add(Notice.of(check, NoticeKind.MOVED, proposals=proposals))
