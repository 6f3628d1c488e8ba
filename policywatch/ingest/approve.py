"""Taking a text that was held as the document's, on the word of a person who has seen it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from analysis.model import Page
from analysis.text.normal import fingerprint
from policywatch.ingest.alerting import RoutesFor
from policywatch.ingest.captures import Judged, former_pages, judged, take
from policywatch.ingest.extraction import ExtractionConfig, joined
from policywatch.ingest.reprocess import differs_as_read
from storage.captures import capture, captures_from
from storage.changes import Change
from storage.checks import Check, Outcome, accept_check, last_set_aside
from storage.clock import utc_now
from storage.database import Database, release_connection
from storage.documents import document
from storage.errors import StorageError
from storage.versions import Cause, current_version


class NothingHeld(StorageError):
    """There is no held text that could be accepted."""


class HeldAnew(StorageError):
    """The text that is held is another than the one that a person has seen."""


def held_text(session: Session, document_id: str, manner: ExtractionConfig) -> tuple[Check, Judged]:
    """What waits to be accepted, and what it would change.

    Raises `NothingHeld`, and `UnreadablePage` where even the held capture gives no text.
    """
    document(session, document_id)
    check = last_set_aside(session, document_id)
    if check is None or check.outcome != Outcome.HELD or check.capture_id is None:
        raise NothingHeld(f"nothing is held for {document_id}: its last text was believed, or could not be read at all")
    kept = captures_from(session, check.capture_id)
    release_connection(session)
    page = joined(manner.read(kept))
    current = current_version(session, document_id)
    former = former_pages(session, current, kept, manner) if current is not None else []
    is_comparable = current is not None and bool(former) and not differs_as_read(session, current, page, manner)
    return check, judged(session, check, page, manner, current, is_comparable=is_comparable)


def accept(
    database: Database,
    document_id: str,
    manner: ExtractionConfig,
    routes_for: RoutesFor,
    *,
    seen: Page,
    now: Callable[[], datetime] = utc_now,
) -> Change | None:
    """Take the held text as the next version, on the word of a person who has seen it; the change is alerted like any
    other, unless only the watchlist's selectors made it. It is dated by the acceptance, for who asks what is new since
    a day would never see one of weeks ago; when the text was found, its version says.

    None where there was nothing to compare it with. Wants `one_at_a_time` held. Raises as `held_text` does, and
    `HeldAnew` where a run has put another text in the place of the one that was `seen`.
    """
    with database.reading() as session:  # comparing may take long: others can write meanwhile
        held, found = held_text(session, document_id, manner)
        assert held.capture_id is not None
        kept = capture(session, held.capture_id)
    if fingerprint(found.page.blocks) != fingerprint(seen.blocks):
        raise HeldAnew(
            f"another text of {document_id} was held while you were looking, so nothing was taken: "
            f"`policywatch accept {document_id}` shows it"
        )
    with database.writing() as session:
        check = session.get_one(Check, held.id)
        change = take(
            session,
            check,
            kept=kept,
            manner=manner,
            found=found,
            cause=Cause.ACCEPTED,
            routes_for=routes_for,
            detected_at=now(),
        )
        accept_check(session, check)
        return change
