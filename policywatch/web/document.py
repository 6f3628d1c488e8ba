"""GET and POST /documents/{id}: one document over time; pause it, request a check, or heed an ignored passage again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from policywatch.ingest.ignoring import unignore
from policywatch.ingest.proposals import open_proposals
from policywatch.views.query_params import DocumentId, Number
from policywatch.web.backend import Using
from policywatch.web.chart import chart
from policywatch.web.compare import comparison_choice
from policywatch.web.edit import owner
from policywatch.web.forms import OperatorForm, done
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render
from storage.alternating import alternating_passages
from storage.change_list import changes_to
from storage.checks import (
    OF_THE_PAGE,
    VALID,
    count_checks,
    newest_check,
    newest_checks,
)
from storage.documents import document
from storage.journal import Action, Actor, enter, merged_into
from storage.paragraphs import course
from storage.versions import versions_of_document
from storage.withdrawals import with_withdrawn, withdrawals

_CHECKS = 12  # shown
_ALL = 100_000  # more than any document has
_STEPS = 40  # versions on one page
router = page_router()


@router.get("/documents/{document_id:path}")
def one_document(
    request: Request,
    backend: Using,
    document_id: DocumentId,
    before: Number | None = None,
) -> Response:
    page = page_context(request)
    steps = _ALL if page.exported else _STEPS
    with backend.database.reading() as session:
        if other := merged_into(session, document_id):
            return RedirectResponse(page.link(f"/documents/{other}"), 301)
        context = document_page(session, document_id, before, steps=steps)
        context["steps"] = [
            step
            for step in context["steps"]
            if page.has(f"/documents/{document_id}/versions/{step[0].number}")
        ]
        watchlist = backend.state().watchlist if page.operates else None
        context["owner"] = owner(watchlist, context["document"]) if watchlist else None
        return render(request, "document.html", **context)


@router.post("/documents/{document_id:path}")
def edit_document(
    request: Request, backend: Using, document_id: DocumentId, form: OperatorForm
) -> Response:
    with backend.database.writing() as session:
        if form.get("do") == "check":
            document(session, document_id).asked_at = backend.now()
        elif form.get("do") == "unignore":
            unignore(
                session,
                document_id,
                form.get("when", ""),
                actor=request.state.actor,
                at=backend.now(),
            )
        else:
            pause(
                session,
                document_id,
                form.get("do") == "pause",
                request.state.actor,
                backend.now(),
            )
    return done(request, form, f"/documents/{document_id}")


def pause(
    session: Session, document_id: str, is_paused: bool, actor: Actor, at: datetime
) -> None:
    row = document(session, document_id)
    if row.paused != is_paused:
        row.paused = row.retired = is_paused
        enter(
            session, actor, Action.PAUSE if is_paused else Action.RESUME, row.id, at=at
        )


def document_page(
    session: Session,
    document_id: str,
    before: int | None = None,
    *,
    steps: int = _STEPS,
) -> dict[str, Any]:
    """All but texts: the newest versions, or those below number `before`, each with its change or withdrawal. Raises
    `UnknownDocument`.
    """
    row = document(session, document_id)
    with with_withdrawn(session):
        versions = versions_of_document(
            session, document_id, before=before, limit=steps + 1
        )
    withdrawn = withdrawals(session, [version.id for version in versions])
    changes = changes_to(session, [version.id for version in versions])
    checks, points = (
        count_checks(session, document_id),
        course(session, document_id) if before is None else [],
    )
    return {
        "document": row,
        "is_imported": row.retired
        and not (row.paused or checks),  # imported, never watched here
        "steps": [
            (version, changes.get(version.id), withdrawn.get(version.id))
            for version in versions[:steps]
        ],
        "older": versions[steps - 1].number if len(versions) > steps else None,
        "choice": comparison_choice(session, document_id) if before is None else None,
        "alternating": alternating_passages(session, [document_id]),
        "proposals": open_proposals(session, document_id),
        "checks": newest_checks(session, document_id, limit=_CHECKS),
        "check_count": checks,
        "last_run": newest_check(session),
        "last_good": newest_check(session, document_id, OF_THE_PAGE, VALID),
        "chart": chart(points),
        "paged": before is not None,
    }
