"""What each page shows, gathered from the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from sqlmodel import Session

from policywatch.marking import Section, flagged_first
from storage.captures import Capture, capture_record
from storage.changes import (
    Change,
    change,
    change_to,
    changes_before,
    changes_of,
    last_substantive,
    neighbours,
    passage_counts,
    passages,
)
from storage.checks import Check, Outcome, check_count, checks_of, last_believed, last_checks
from storage.deliveries import counts
from storage.documents import Document, document, known
from storage.versions import Version, numbered_version, version_counts, version_heads, versions

PAGE = 30  # changes on one page
CHECKS = 12  # checks shown of a document


@dataclass(frozen=True, slots=True)
class Entry:
    """A change in a list; `counts` are its passages by operation."""

    change: Change
    document: Document
    counts: dict[str, int]

    @property
    def meaning(self) -> str | None:
        """One sentence of the page's own words, where a brief could be made."""
        said = self.change.brief.get("meaning")
        return str(said) if said else None


@dataclass(frozen=True, slots=True)
class ChangeList:
    """Changes by day, and the id to go on from if there are older ones."""

    days: list[tuple[date, list[Entry]]]
    older: int | None


@dataclass(frozen=True, slots=True)
class ChangeView:
    """All of one change; `counts` are its passages by operation."""

    change: Change
    document: Document
    counts: dict[str, int]
    before: Version
    after: Version
    returned: Version | None
    capture: Capture
    flagged: list[Section]
    others: list[Section]
    older: Change | None
    newer: Change | None

    @property
    def other_passages(self) -> int:
        """How many were not flagged."""
        return sum(len(section.passages) for section in self.others)

    @property
    def meaning(self) -> str | None:
        """As in a list."""
        said = self.change.brief.get("meaning")
        return str(said) if said else None


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
    """One version with its text."""

    document: Document
    version: Version
    older: int | None  # the numbers of the versions around it
    newer: int | None
    change: Change | None


@dataclass(frozen=True, slots=True)
class HealthView:
    """The last check of each document; `troubled` are those that brought no believable text."""

    rows: list[DocumentRow]
    troubled: list[DocumentRow]
    deliveries: dict[str, int]


def change_list(session: Session, *, before_id: int | None, everything: bool) -> ChangeList:
    """A page of the newest changes. Raises `UnknownChange` where `before_id` names none."""
    before = change(session, before_id) if before_id is not None else None
    found = changes_before(session, before, limit=PAGE + 1, everything=everything)
    shown = entries(session, found[:PAGE])
    days = [(day, list(run)) for day, run in groupby(shown, key=lambda entry: entry.change.detected_at.date())]
    return ChangeList(days, found[PAGE - 1].id if len(found) > PAGE else None)


def entries(session: Session, changes: Sequence[Change]) -> list[Entry]:
    """Changes with what a list says of them."""
    counted = passage_counts(session, [each.id for each in changes if each.id is not None])
    documents = {id_: document(session, id_) for id_ in {each.document_id for each in changes}}
    return [Entry(each, documents[each.document_id], counted.get(each.id or 0, {})) for each in changes]


def change_view(session: Session, change_id: int) -> ChangeView:
    """Raises `UnknownChange`."""
    row = change(session, change_id)
    heads = version_heads(session, [row.before_id, row.version_id, row.returns_to or row.version_id])
    of, found = document(session, row.document_id), passages(session, change_id)
    flagged, others = flagged_first(found, of.title)
    older, newer = neighbours(session, row)
    return ChangeView(
        change=row,
        document=of,
        counts=dict(Counter(passage.operation for passage in found)),
        before=heads[row.before_id],
        after=heads[row.version_id],
        returned=heads[row.returns_to] if row.returns_to is not None else None,
        capture=capture_record(session, heads[row.version_id].capture_id),
        flagged=flagged,
        others=others,
        older=older,
        newer=newer,
    )


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
