"""GET /services: services, all or by name, with their documents."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from policywatch.views.query_params import ChangesQuery, Word
from policywatch.web.backend import Using
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render
from storage.change_list import DocumentStats, document_stats
from storage.checks import Check, last_checks
from storage.documents import Document, known, services_page

LISTED = 120  # documents on one page
_SERVICES = 500  # on one page
router = page_router()


@router.get("/services")
def services(
    request: Request, backend: Using, service: Word | None = None
) -> Response:
    names = page_context(request).within(ChangesQuery()).service
    with backend.database.reading() as session:
        rows = _service_rows(session, names if service is None else [service])
        return render(request, "services.html", services=rows, only=service)


@router.get("/documents")
def documents(request: Request) -> Response:
    return RedirectResponse(page_context(request).link("/services"), 301)


@dataclass(frozen=True, slots=True)
class DocumentRow:
    document: Document
    stats: DocumentStats
    check: Check | None


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """`rows` are its documents, where listed."""

    name: str
    documents: int
    rows: list[DocumentRow]


def _service_rows(session: Session, names: Collection[str]) -> list[ServiceRow]:
    """All, or those named; with documents if named, or few enough for a page."""
    counts = services_page(session, limit=_SERVICES) if not names else []
    if sum(count for _, count in counts) > LISTED:
        return [ServiceRow(name, count, []) for name, count in counts]
    rows = []
    documents = document_rows(session, known(session, names))
    for name, run in groupby(documents, key=lambda row: row.document.service):
        of_service = list(run)
        rows.append(ServiceRow(name, len(of_service), of_service))
    return rows


def document_rows(
    session: Session, documents: Sequence[Document]
) -> list[DocumentRow]:
    ids = [row.id for row in documents]
    facts, checks = document_stats(session, ids), last_checks(session, ids)
    return [
        DocumentRow(row, facts[row.id], checks.get(row.id)) for row in documents
    ]
