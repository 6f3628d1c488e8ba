"""What the pages of documents and of their versions show, and the page of their health."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlmodel import Session

from policywatch.web.lists import Entry, entries
from storage.changes import Change, change_to, changes_of, last_substantive
from storage.checks import Check, Outcome, check_count, checks_of, last_believed, last_checks
from storage.deliveries import counts
from storage.documents import Document, document, known
from storage.versions import Version, numbered_version, version_counts, versions

CHECKS = 12  # checks shown of a document


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document in the list of them."""

    document: Document
    versions: int
    changed_at: datetime | None
    check: Check | None


@dataclass(frozen=True, slots=True)
class Step:
    """A version in a document's timeline, with what changed to come to it."""

    version: Version
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class DocumentView:
    """All of one document but its texts."""

    document: Document
    steps: list[Step]
    checks: list[Check]
    check_count: int
    believed: Check | None


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version with its text; `older` and `newer` are the numbers of the versions around it."""

    document: Document
    version: Version
    older: int | None
    newer: int | None
    change: Change | None


@dataclass(frozen=True, slots=True)
class HealthView:
    """The last check of each document; `troubled` are those that brought no believable text."""

    rows: list[DocumentRow]
    troubled: list[DocumentRow]
    deliveries: dict[str, int]


def document_rows(session: Session) -> list[tuple[str, list[DocumentRow]]]:
    """Every document, by service."""
    rows = _rows(session)
    return [(service, list(run)) for service, run in groupby(rows, key=lambda row: row.document.service)]


def _rows(session: Session) -> list[DocumentRow]:
    numbers, changed, checked = version_counts(session), last_substantive(session), last_checks(session)
    return [
        DocumentRow(row, numbers.get(row.id, 0), changed.get(row.id), checked.get(row.id)) for row in known(session)
    ]


def document_view(session: Session, document_id: str) -> DocumentView:
    """Raises `UnknownDocument`."""
    row = document(session, document_id)
    by_version = {entry.change.version_id: entry for entry in entries(session, changes_of(session, document_id))}
    made = versions(session, document_id)
    return DocumentView(
        document=row,
        steps=[Step(each, by_version.get(each.id or 0)) for each in reversed(made)],
        checks=checks_of(session, document_id, limit=CHECKS),
        check_count=check_count(session, document_id),
        believed=last_believed(session, document_id),
    )


def version_view(session: Session, document_id: str, number: int) -> VersionView:
    """Raises `UnknownDocument` or `UnknownVersion`."""
    row = document(session, document_id)
    version = numbered_version(session, document_id, number)
    assert version.id is not None
    numbers = [each.number for each in versions(session, document_id)]
    at = numbers.index(number)
    older = numbers[at - 1] if at > 0 else None
    newer = numbers[at + 1] if at + 1 < len(numbers) else None
    return VersionView(row, version, older, newer, change_to(session, version.id))


def health_view(session: Session) -> HealthView:
    """How each document that is still watched fares."""
    rows = [row for row in _rows(session) if not row.document.retired]
    return HealthView(rows, [row for row in rows if _is_troubled(row.check)], counts(session))


def _is_troubled(check: Check | None) -> bool:
    return check is not None and check.outcome is not None and not Outcome(check.outcome).is_good
