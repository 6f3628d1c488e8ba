"""/health/held/{id}: a text that needs review; accept or reject it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from analysis.text.normal import fingerprint
from policywatch.ingest.approve import (
    AnotherTextHeld,
    NothingHeld,
    accept,
    held_text,
    reject,
)
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.views.query_params import DocumentId
from policywatch.web.backend import Backend, Using
from policywatch.web.forms import OwnForm
from policywatch.web.page_context import page_context
from policywatch.web.placed import PlacedPassages
from policywatch.web.rendering import page_router, render
from storage.documents import document
from storage.errors import Busy
from storage.lock import one_at_a_time

router = page_router()


@router.get("/health/held/{document_id:path}")
def review(
    request: Request,
    backend: Using,
    document_id: DocumentId,
) -> Response:
    return _form(request, backend, document_id)


@router.post("/health/held/{document_id:path}")
def decide(
    request: Request, backend: Using, document_id: DocumentId, form: OwnForm
) -> Response:
    state = backend.state()
    config = state.config(document_id)
    with backend.database.reading() as session:
        shown = review_page(session, document_id, config)
    if shown["fingerprint"] != form.get("seen"):
        return _form(request, backend, document_id, "review.anew")
    is_rejected = form.get("do") == "reject"
    if not is_rejected and "sure" not in form:
        minutes = state.recipients.grace // timedelta(minutes=1)
        return render(request, "review_sure.html", minutes=minutes, **shown)
    actor = request.state.actor
    try:
        if is_rejected:
            check = shown["check"].id
            reject(backend.database, document_id, check, actor=actor, now=backend.now)
            path = f"/health/held/{document_id}"
        else:
            with one_at_a_time(backend.database) as held:
                accepted = accept(
                    held,
                    document_id,
                    config,
                    state.recipients.names_for,
                    actor=actor,
                    seen=shown["text"],
                )
            path = (
                f"/changes/{accepted.id}" if accepted else f"/documents/{document_id}"
            )
    except Busy:
        return _form(request, backend, document_id, "review.busy")
    except (AnotherTextHeld, NothingHeld):
        return _form(request, backend, document_id, "review.anew")
    return RedirectResponse(page_context(request).link(path), 303)


def _form(
    request: Request, backend: Backend, document_id: str, trouble: str | None = None
) -> Response:
    config = backend.state().config(document_id)
    with backend.comparisons.turn(request), backend.database.reading() as session:
        context = review_page(session, document_id, config)
        status = 409 if trouble else 200
        return render(request, "review.html", status=status, trouble=trouble, **context)


def review_page(
    session: Session, document_id: str, config: ExtractionConfig
) -> dict[str, Any]:
    """Why it is held, and what it would change; `placed` is None without a text to compare with. The form returns
    `fingerprint`, so that only the text shown is accepted.

    Raises `UnknownDocument`, `NothingHeld`, and `UnreadablePage` where the capture gives no text now.
    """
    row = document(session, document_id)
    check, held = held_text(session, document_id, config)
    placed = None
    if held.draft is not None and held.before is not None:
        placed = PlacedPassages(held.draft.passages, row.title, held.before, None)
    return {
        "document": row,
        "check": check,
        "text": held.page,
        "placed": placed,
        "fingerprint": fingerprint(held.page.blocks),
        "word_count": sum(len(block.text.split()) for block in held.page.blocks),
    }
