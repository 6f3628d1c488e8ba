"""When the operator is told that a document can't be read."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, not_

from foundation.addresses import host_of
from foundation.vocabulary import NoticeKind
from storage.checks import OF_THE_PAGE, VALID, Check, newest_check
from storage.clock import is_ahead
from storage.documents import Document, failing, watched
from storage.notices import Notice

_REMINDER = timedelta(days=7)
_LONG_PAUSE = timedelta(days=1)  # reported at once


def report_unreadable(session: Session) -> None:
    """After as many consecutive failures as the watchlist says, then weekly. Documents being written by another process
    wait.
    """
    for document in failing(session, locked=True):
        check = newest_check(session, document.id, OF_THE_PAGE, not_(VALID))
        if check is not None and _is_due(document, check):
            document.alerted_at = check.checked_at
            session.add(_notice(session, document, check))


def _is_due(document: Document, check: Check) -> bool:
    if document.alerted_at is None:
        return (
            document.failures >= document.alert_after
            or _pause(document, check) >= _LONG_PAUSE
        )
    return check.checked_at - document.alerted_at >= _REMINDER or is_ahead(
        document.alerted_at, check.checked_at
    )


def _pause(document: Document, check: Check) -> timedelta:
    return (
        document.not_before - check.checked_at
        if document.not_before is not None
        else timedelta(0)
    )


def _notice(session: Session, document: Document, check: Check) -> Notice:
    since = document.failing_since or check.checked_at
    facts = {
        "since": since.isoformat(),
        "outcome": check.outcome,
        "rejected": check.rejected_as is not None,
        "reason": check.reason.to_json() if check.reason else None,
        "never_read": newest_check(session, document.id, OF_THE_PAGE, VALID) is None,
    }
    if _pause(document, check) > timedelta(0) and (
        others := _same_host(session, document, check)
    ):
        facts["also"] = ", ".join(others)
    return Notice.of(check, NoticeKind.UNREADABLE, **facts)


def _same_host(session: Session, document: Document, check: Check) -> list[str]:
    """Delayed by the same pause."""
    host = host_of(check.final_url or document.url)
    return [
        other.id
        for other in watched(session)
        if other.id != document.id and host in map(host_of, other.addresses)
    ]
