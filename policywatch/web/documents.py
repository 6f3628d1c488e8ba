"""What the pages of documents and of their versions show, and the page of their health."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlmodel import Session

from policywatch.config.schema import RouteEntry
from policywatch.waiting import Waiting, waiting
from policywatch.web.chart import Chart, chart
from policywatch.web.layout import Part, Stretch, stretches
from storage.captures import Capture, capture_records
from storage.change_list import ListedChange, changes_to
from storage.changes import Change, change_to
from storage.checks import Check, Outcome, check_count, checks_of, last_believed, last_checks, newest_check
from storage.deliveries import Delivery, State, counts, newest
from storage.document_stats import document_stats
from storage.documents import Document, document, failing, known, services_page, watched, watched_counts
from storage.paragraphs import blame, course
from storage.versions import Version, numbered_version, numbers_around, versions_of_document

CHECKS = 12  # checks shown of a document
STEPS = 40  # versions on one page of a timeline
_PARKED = 50  # messages that were given up, shown to the operator
_LISTED = 120  # documents that a page of all services lists
_SERVICES = 500  # on one page


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document in the list of them."""

    document: Document
    versions: int
    changed_at: datetime | None
    check: Check | None


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service; `rows` are its documents where they are listed."""

    name: str
    documents: int
    rows: list[DocumentRow]


@dataclass(frozen=True, slots=True)
class ServicesView:
    """Services by name, or `only` one."""

    services: list[ServiceRow]
    only: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """A version in a document's timeline, with what changed to come to it."""

    version: Version
    entry: ListedChange | None


@dataclass(frozen=True, slots=True)
class DocumentView:
    """All of one document but its texts.

    `older` is the number from which older versions can be asked for, `newest` that of the last version, 0 before it.
    """

    document: Document
    steps: list[Step]
    older: int | None
    newest: int
    checks: list[Check]
    check_count: int
    believed: Check | None
    chart: Chart | None

    @property
    def is_imported(self) -> bool:
        """Its history was taken over from others, and it was never watched here."""
        return self.document.retired and not self.check_count


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version with its text; `older` and `newer` are the numbers of the versions around it."""

    document: Document
    version: Version
    older: int | None
    newer: int | None
    change: Change | None
    captures: list[Capture]
    stretches: list[Stretch]

    @property
    def headings(self) -> list[Part]:
        """For the table of contents."""
        return [part for stretch in self.stretches for part in stretch.parts if part.kind == "heading"]


@dataclass(frozen=True, slots=True)
class HealthView:
    """The last check of each document, where they are few enough for one page, and the last of all.

    `troubled` are those that brought no believable text, `can_show` the documents whose held text can be read here.
    """

    rows: list[DocumentRow]
    troubled: list[DocumentRow]
    check: Check | None
    deliveries: dict[str, int]
    parked: list[Delivery]
    can_show: Collection[str]
    waiting: list[Waiting]
    wrong: str | None  # what is wrong with the watchlist as it is now


def services_view(session: Session, only: str | None = None) -> ServicesView:
    """Every service; its documents too, where it is asked for alone or the documents are few enough for one page."""
    counts = services_page(session, limit=_SERVICES) if only is None else [(only, 0)]
    if only is None and sum(count for _, count in counts) > _LISTED:
        return ServicesView([ServiceRow(name, count, []) for name, count in counts], only)
    rows = _rows(session, known(session, only))
    by_service = groupby(rows, key=lambda row: row.document.service)
    listed = ((name, list(run)) for name, run in by_service)
    return ServicesView([ServiceRow(name, len(run), run) for name, run in listed], only)


def _rows(session: Session, documents: Sequence[Document]) -> list[DocumentRow]:
    ids = [each.id for each in documents]
    facts, checked = document_stats(session, ids), last_checks(session, ids)
    return [
        DocumentRow(each, facts[each.id].versions, facts[each.id].changed_at, checked.get(each.id))
        for each in documents
    ]


def document_view(session: Session, document_id: str, before: int | None = None, *, steps: int = STEPS) -> DocumentView:
    """The newest versions, or those older than number `before`. Raises `UnknownDocument`."""
    row = document(session, document_id)
    made = versions_of_document(session, document_id, before=before, limit=steps + 1)
    brought = changes_to(session, [each.id for each in made if each.id is not None])
    numbers = versions_of_document(session, document_id, limit=1)
    return DocumentView(
        document=row,
        steps=[Step(each, brought.get(each.id or 0)) for each in made[:steps]],
        older=made[steps - 1].number if len(made) > steps else None,
        newest=numbers[0].number if numbers else 0,
        checks=checks_of(session, document_id, limit=CHECKS),
        check_count=check_count(session, document_id),
        believed=last_believed(session, document_id),
        chart=chart(course(session, document_id)) if before is None else None,
    )


def version_view(session: Session, document_id: str, number: int) -> VersionView:
    """Raises `UnknownDocument` or `UnknownVersion`."""
    row = document(session, document_id)
    version = numbered_version(session, document_id, number)
    assert version.id is not None
    older, newer = numbers_around(session, document_id, number)
    aged = stretches(version.page, blame(session, version))
    change, captures = change_to(session, version.id), capture_records(session, version.capture_id)
    return VersionView(row, version, older, newer, change, captures, aged)


def health_view(
    session: Session, can_show: Collection[str], routes: Sequence[RouteEntry], *, wrong: str | None = None
) -> HealthView:
    """How each document that is still watched fares, and the messages of these routes."""
    _, documents = watched_counts(session)
    rows = _rows(session, watched(session)) if documents <= _LISTED else []
    troubled = [row for row in _rows(session, failing(session)) if _is_troubled(row.check)]
    parked = newest(session, state=State.PARKED, limit=_PARKED)
    still = waiting(session, routes)[:_PARKED]
    return HealthView(rows, troubled, newest_check(session), counts(session), parked, can_show, still, wrong)


def _is_troubled(check: Check | None) -> bool:
    return check is not None and check.outcome is not None and not Outcome(check.outcome).is_good
