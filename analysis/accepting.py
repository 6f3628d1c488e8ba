"""Taking a text that was held as the document's, on the word of a person who has seen it."""

from __future__ import annotations

from sqlmodel import Session

from analysis.as_json import page_from_json
from analysis.blocks import Page
from analysis.change import Comparison
from analysis.manner import Manner, joined
from analysis.normal import fingerprint
from analysis.reading import advance, make_version
from analysis.telling import RoutesFor, tell
from storage.captures import capture, captures_from
from storage.changes import Change
from storage.checks import Check, Outcome, accept_check, last_set_aside
from storage.database import Database
from storage.documents import document
from storage.errors import StorageError
from storage.versions import Cause, current_version


class NothingHeld(StorageError):
    """There is no held text that could be accepted."""


class HeldAnew(StorageError):
    """The text that is held is another than the one that a person has seen."""


def held_comparison(session: Session, document_id: str, manner: Manner) -> tuple[Check, Page, Comparison | None]:
    """What waits to be accepted, and what it would change (None: it would be the first version).

    Raises `NothingHeld`, and `UnreadablePage` where even the held capture gives no text.
    """
    document(session, document_id)
    check = last_set_aside(session, document_id)
    if check is None or check.outcome != Outcome.HELD or check.capture_id is None:
        raise NothingHeld(f"nothing is held for {document_id}: its last text was believed, or could not be read at all")
    page = joined(manner.read(captures_from(session, check.capture_id)))
    current = current_version(session, document_id)
    if current is None:
        return check, page, None
    return check, page, manner.compared(page_from_json(current.page), page)


def accept(database: Database, document_id: str, manner: Manner, routes_for: RoutesFor, *, seen: Page) -> Change | None:
    """Take the held text as the next version, on the word of a person who has seen it; the change is alerted like any
    other.

    None where it became the first version. Raises as `held_comparison` does, and `HeldAnew` where a run has put another
    text in the place of the one that was `seen`.
    """
    with database.writing() as session:
        check, page, found = held_comparison(session, document_id, manner)
        if fingerprint(page.blocks) != fingerprint(seen.blocks):
            raise HeldAnew(
                f"another text of {document_id} was held while you were looking, so nothing was taken: "
                f"`policywatch accept {document_id}` shows it"
            )
        assert check.capture_id is not None
        kept = capture(session, check.capture_id)
        current = current_version(session, document_id)
        change = None
        if current is None or found is None:
            check.version_id = make_version(session, kept, manner, page, None, Cause.ACCEPTED).id
        else:
            change = advance(session, check, kept, manner, page, current, found, Cause.ACCEPTED)
            tell(session, change, page, manner, routes_for)
        accept_check(session, check)
        return change
