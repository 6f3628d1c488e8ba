"""What the pages of documents, of their versions and of their health show."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlmodel import Session

from foundation.vocabulary import State
from policywatch.config.schema import RouteEntry
from policywatch.ingest.proposals import open_proposals
from policywatch.views.health import by_cause, troubled
from policywatch.views.routing import waiting
from policywatch.web.change_page import comparison_choice
from policywatch.web.chart import chart
from policywatch.web.layout import stretches
from storage.alternating import alternating_passages
from storage.captures import capture_records
from storage.change_list import changes_to
from storage.changes import change_to
from storage.checks import (
    Check,
    check_count,
    checks_of,
    last_checks,
    last_valid,
    newest_check,
)
from storage.deliveries import counts, newest
from storage.document_stats import DocumentStats, document_stats
from storage.documents import (
    Document,
    document,
    known,
    services_page,
    watched,
    watched_counts,
)
from storage.journal import journal
from storage.paragraphs import blame, course
from storage.versions import numbered_version, numbers_around, versions_of_document
from storage.withdrawals import with_withdrawn, withdrawals

_CHECKS = 12  # checks shown of a document
_STEPS = 40  # versions on one page of a timeline
_MESSAGES = 50  # that failed or wait, on the page of health
_LISTED = 120  # documents that a page of all services lists
_SERVICES = 500  # on one page


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document in the list of them."""

    document: Document
    stats: DocumentStats
    check: Check | None


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service; `rows` are its documents where they are listed."""

    name: str
    documents: int
    rows: list[DocumentRow]


def service_list(
    session: Session, names: Collection[str] = (), *, only: str | None = None
) -> dict[str, Any]:
    """Every service, or those named; its documents too, where it is named or the documents are few enough for one page.
    `only` is one asked for alone."""
    names = [only] if only is not None else names
    counts = services_page(session, limit=_SERVICES) if not names else []
    if sum(count for _, count in counts) > _LISTED:
        return {
            "services": [ServiceRow(name, count, []) for name, count in counts],
            "only": only,
        }
    by_service = groupby(
        _rows(session, known(session, names)), key=lambda row: row.document.service
    )
    listed = ((name, list(run)) for name, run in by_service)
    return {
        "services": [ServiceRow(name, len(run), run) for name, run in listed],
        "only": only,
    }


def _rows(session: Session, documents: Sequence[Document]) -> list[DocumentRow]:
    ids = [row.id for row in documents]
    facts, checks = document_stats(session, ids), last_checks(session, ids)
    return [DocumentRow(row, facts[row.id], checks.get(row.id)) for row in documents]


def document_page(
    session: Session,
    document_id: str,
    before: int | None = None,
    *,
    steps: int = _STEPS,
) -> dict[str, Any]:
    """All of one document but its texts: the newest versions, or those older than number `before`, each with the change
    that made it, or its withdrawal. Raises `UnknownDocument`."""
    row = document(session, document_id)
    with with_withdrawn(session):
        versions = versions_of_document(
            session, document_id, before=before, limit=steps + 1
        )
    withdrawn = withdrawals(session, [version.id for version in versions])
    changes = changes_to(session, [version.id for version in versions])
    checks, points = (
        check_count(session, document_id),
        course(session, document_id) if before is None else [],
    )
    return {
        "document": row,
        "is_imported": row.retired
        and not (row.paused or checks),  # imported, and never watched here
        "steps": [
            (version, changes.get(version.id), withdrawn.get(version.id))
            for version in versions[:steps]
        ],
        "older": versions[steps - 1].number if len(versions) > steps else None,
        "choice": comparison_choice(session, document_id) if before is None else None,
        "alternating": alternating_passages(session, [document_id]),
        "proposals": open_proposals(session, document_id),
        "checks": checks_of(session, document_id, limit=_CHECKS),
        "check_count": checks,
        "last_good": last_valid(session, document_id),
        "chart": chart(points),
        "paged": before is not None,
    }


def version_page(session: Session, document_id: str, number: int) -> dict[str, Any]:
    """One version with its text, and the numbers of those around it. Raises `UnknownDocument` or `UnknownVersion`."""
    row = document(session, document_id)
    version = numbered_version(session, document_id, number)
    older, newer = numbers_around(session, document_id, number)
    text = stretches(version.page, blame(session, version))
    return {
        "document": row,
        "version": version,
        "older": older,
        "newer": newer,
        "change": change_to(session, version.id),
        "captures": capture_records(session, version.capture_id),
        "stretches": text,
        "headings": [
            part for stretch in text for part in stretch.parts if part.kind == "heading"
        ],
    }


def health_page(
    session: Session,
    reviewable: Collection[str],
    routes: Sequence[RouteEntry],
    *,
    problem: str | None = None,
) -> dict[str, Any]:
    """How each document that is still watched fares, and the messages of these routes.

    `reviewable` are the documents whose text that needs review can be read here, `problem` is what is wrong with the
    watchlist as it is now.
    """
    _, documents = watched_counts(session)
    failing = {row.id: (row, check) for row, check in troubled(session)}
    causes = by_cause(check for _, check in failing.values())
    return {
        "rows": _rows(session, watched(session)) if documents <= _LISTED else [],
        "troubled": [*failing],
        "causes": [
            [failing[check.document_id] for check in checks] for checks in causes
        ],
        "check": newest_check(session),
        "deliveries": counts(session),
        "failed": newest(session, state=State.PARKED, limit=_MESSAGES),
        "waiting": waiting(session, routes)[:_MESSAGES],
        "reviewable": reviewable,
        "problem": problem,
        "journal": journal(session, limit=_MESSAGES),
    }
