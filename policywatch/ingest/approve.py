"""Accepting or rejecting a held text, by a person who has seen it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from analysis.model import Page
from analysis.text.normal import fingerprint
from foundation.vocabulary import Cause, Outcome
from policywatch.ingest.alerting import RoutesFor
from policywatch.ingest.checks import accept_check
from policywatch.ingest.decision import (
    NewVersion,
    captures_in_force,
    former_pages,
    load_history,
    new_version,
    read,
)
from policywatch.ingest.extraction import (
    ExtractionConfig,
    Memory,
    join_pages,
)
from policywatch.ingest.recording import record
from policywatch.ingest.reprocess import differs_by_reader, page_before
from storage.captures import capture, captures_from
from storage.changes import Change
from storage.checks import Check, last_set_aside, reject_capture
from storage.clock import utc_now
from storage.database import Database, release_connection
from storage.documents import document
from storage.errors import StorageError
from storage.journal import Action, Actor, enter
from storage.versions import current_version


class NothingHeld(StorageError):
    pass


def reject(
    database: Database,
    document_id: str,
    check_id: int | None = None,
    *,
    actor: Actor,
    now: Callable[[], datetime] = utc_now,
) -> Check:
    """It is neither shown nor announced again; `accept` still takes it.

    Raises `NothingHeld`, and `AnotherTextHeld` if a run replaced the text of `check_id`.
    """
    with database.writing() as session:
        check = held_check(session, document_id)
        if check_id is not None and check.id != check_id:
            raise AnotherTextHeld(
                f"another text of {document_id} was held while you were looking, so none was rejected"
            )
        reject_capture(session, document_id, check.capture_id or 0)
        enter(
            session,
            actor,
            Action.REJECT,
            document_id,
            at=now(),
            before={"check": check.id},
        )
        return check


class AnotherTextHeld(StorageError):
    """The person has seen another text."""


def held_check(session: Session, document_id: str) -> Check:
    """Rejected ones included. Raises `NothingHeld`."""
    document(session, document_id)
    check = last_set_aside(session, document_id)
    if check is None or check.outcome != Outcome.HELD or check.capture_id is None:
        raise NothingHeld(
            f"nothing is held for {document_id}: its last text was accepted, or could not be read at all"
        )
    return check


def held_text(
    session: Session, document_id: str, config: ExtractionConfig
) -> tuple[Check, NewVersion]:
    """What accepting it would write. Raises `NothingHeld`, and `UnreadablePage` where the capture gives no text now."""
    check = held_check(session, document_id)
    assert check.capture_id is not None
    captures = captures_from(session, check.capture_id)
    history = load_history(session, check, captures, config)
    current = history.current
    in_force = captures_in_force(session, current) if current is not None else []
    former = page_before(session, current) if current is not None else None
    release_connection(session)
    page = join_pages(config.extract_parts(captures, memory=Memory.of(current)))
    is_comparable = bool(former_pages(history, config)) and not differs_by_reader(
        page, current, in_force, config, Memory.of_page(former)
    )
    version = new_version(
        page, history, config, cause=Cause.ACCEPTED, is_comparable=is_comparable
    )
    return check, read(version, config)


def accept(
    database: Database,
    document_id: str,
    config: ExtractionConfig,
    routes_for: RoutesFor,
    *,
    seen: Page,
    actor: Actor,
    now: Callable[[], datetime] = utc_now,
) -> Change | None:
    """Write the held text as the next version. Its change alerts like any other, unless only selectors made it, and
    is dated by the acceptance: it would be invisible to readers of recent changes otherwise.

    None without a text to compare it with. Needs `one_at_a_time`. Raises as `held_text` does, and `AnotherTextHeld`
    if a run replaced the text that was `seen`.
    """
    with database.reading() as session:  # others may write meanwhile
        held, decision = held_text(session, document_id, config)
        assert held.capture_id is not None
        held_capture = capture(session, held.capture_id)
    if fingerprint(decision.page.blocks) != fingerprint(seen.blocks):
        raise AnotherTextHeld(
            f"another text of {document_id} was held while you were looking, so nothing was taken: "
            f"`policywatch accept {document_id}` shows it"
        )
    with database.writing() as session:
        check = session.get_one(Check, held.id)
        before = current_version(session, document_id)
        change = record(
            session,
            check,
            decision,
            held_capture,
            config,
            routes_for,
            detected_at=now(),
        )
        accept_check(session, check)
        after = current_version(session, document_id)
        assert after is not None, "it was taken"
        former = {"version": before.number if before else None}
        enter(
            session,
            actor,
            Action.ACCEPT,
            document_id,
            at=now(),
            before=former,
            after={"version": after.number},
        )
        return change
