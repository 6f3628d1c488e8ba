"""Withdraws a version: its alerts are cancelled or corrected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from analysis.page_json import page_from_json
from analysis.text.lexicon import mentions_in
from policywatch.ingest.alternating import passage_keys
from storage.advisory_locks import AdvisoryLock, take
from storage.alternating import take_turns_back
from storage.changes import Change, change_to, leave_event
from storage.checks import check_that_brought, reject_capture
from storage.clock import utc_now
from storage.database import Database
from storage.deliveries import cancel, send_correction
from storage.documents import document
from storage.errors import StorageError
from storage.journal import Action, Actor, enter
from storage.paragraphs import reindex
from storage.versions import Version, current_version, numbered_version
from storage.withdrawals import Withdrawal


class NotTheNewest(StorageError):
    """Another version follows it."""


@dataclass(frozen=True, slots=True)
class WithdrawalReport:
    """`corrected` counts addresses, `cancelled` alerts."""

    document: str
    version: int
    change: int | None
    corrected: int
    cancelled: int


def newest_version(session: Session, document_id: str, number: int) -> Version:
    """Raises `Unknown`, and `NotTheNewest`: later versions were compared with it."""
    document(session, document_id)
    version, current = (
        numbered_version(session, document_id, number),
        current_version(session, document_id),
    )
    assert current is not None, "a version stands"
    if current.id != version.id:
        raise NotTheNewest(
            f"version {current.number} of {document_id} was compared with what came before it: "
            f"`policywatch withdraw {document_id} {current.number}` withdraws that one first"
        )
    return version


def withdraw(
    database: Database,
    document_id: str,
    number: int,
    *,
    actor: Actor,
    reason: str = "",
    now: Callable[[], datetime] = utc_now,
) -> WithdrawalReport:
    """Withdraw the newest version in one transaction; the one before is in force again.

    Unsent alerts are cancelled, sent ones corrected. The capture stays, and the same text is set aside when it comes
    again. Needs `one_at_a_time`. Raises as `newest_version` does.
    """
    with database.writing() as session:
        take(session, AdvisoryLock.PLANNING)
        version = newest_version(session, document_id, number)
        change = change_to(session, version.id)
        corrected = cancelled = 0
        if change is not None:
            reached, cancelled = cancel(session, change.id, now())
            corrected = len(send_correction(session, change, reached, reason, now()))
            leave_event(session, change)
        _withdraw_text(session, version, change, reason, now())
        standing = current_version(session, document_id)
        values = {"version": standing.number if standing else None, "reason": reason}
        enter(
            session,
            actor,
            Action.WITHDRAW,
            document_id,
            at=now(),
            before={"version": number},
            after=values,
        )
    return WithdrawalReport(
        document_id, number, change.id if change else None, corrected, cancelled
    )


def _withdraw_text(
    session: Session,
    version: Version,
    change: Change | None,
    reason: str,
    now: datetime,
) -> None:
    change_id = change.id if change is not None else None
    session.add(
        Withdrawal(
            version_id=version.id, change_id=change_id, reason=reason, withdrawn_at=now
        )
    )
    session.flush()
    row = document(session, version.document_id)
    row.forget_validators()  # a 304 would mean the withdrawn text
    reject_capture(session, row.id, version.capture_id)
    check = check_that_brought(session, version.capture_id)
    standing = current_version(session, row.id)
    if check is not None and standing is not None:
        keys = passage_keys(page_from_json(standing.page))
        take_turns_back(session, row.id, check.id, check.checked_at, keys)
    reindex(session, row.id, mentions_in(row.language))
