"""/health: the state of documents and messages; texts that need review, and messages to be sent again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from analysis.text.normal import fingerprint
from foundation.vocabulary import State
from policywatch.ingest.curation import (
    AnotherTextHeld,
    NothingHeld,
    accept,
    held_text,
    reject,
)
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.views.health import by_cause, troubled
from policywatch.views.query_params import DocumentId
from policywatch.views.routing import waiting
from policywatch.web.backend import Backend, Using
from policywatch.web.forms import OperatorForm, OwnForm, done
from policywatch.web.page_context import page_context
from policywatch.web.placed import PlacedPassages
from policywatch.web.rendering import page_router, render
from policywatch.web.services import LISTED, document_rows
from storage.checks import newest_check
from storage.deliveries import Delivery, counts, newest, retry_parked
from storage.documents import document, watched, watched_counts
from storage.errors import Busy
from storage.journal import Action, enter, journal
from storage.lock import one_at_a_time

_MESSAGES = 50  # failed or waiting
router = page_router()


@router.get("/health")
def health(request: Request, backend: Using) -> Response:
    """Watched documents, and messages of the routes."""
    state = backend.state()
    with backend.database.reading() as session:
        _, documents = watched_counts(session)
        failing = {row.id: (row, check) for row, check in troubled(session)}
        causes = by_cause(check for _, check in failing.values())
        return render(
            request,
            "health.html",
            rows=document_rows(session, watched(session))
            if documents <= LISTED
            else [],
            troubled=[*failing],
            causes=[
                [failing[check.document_id] for check in checks]
                for checks in causes
            ],
            check=newest_check(session),
            deliveries=counts(session),
            failed=newest(session, state=State.PARKED, limit=_MESSAGES),
            waiting=waiting(session, state.watchlist.routes)[:_MESSAGES],
            reviewable=state.configs.keys(),  # whose held text can be shown here
            problem=state.problem,
            journal=journal(session, limit=_MESSAGES),
        )


@router.post("/health/deliveries")
def retry(request: Request, backend: Using, form: OperatorForm) -> Response:
    number = form.get("id", "")
    ids = (
        [int(number)]
        if number.isascii() and number.isdigit() and len(number) < 10
        else None
    )
    with backend.database.writing() as session:
        again = retry_parked(session, ids, backend.now())
        rows = [session.get(Delivery, id_) for id_ in again]
        to = ", ".join(sorted({row.address for row in rows if row}))
        enter(session, request.state.actor, Action.RETRY, to, at=backend.now())
    return done(request, form, "/health", "#deliveries")


@router.get("/health/held/{document_id:path}")
def review(
    request: Request,
    backend: Using,
    document_id: DocumentId,
) -> Response:
    return _review(request, backend, document_id)


@router.post("/health/held/{document_id:path}")
def decide(
    request: Request, backend: Using, document_id: DocumentId, form: OwnForm
) -> Response:
    state = backend.state()
    config = state.config(document_id)
    with backend.database.reading() as session:
        shown = review_page(session, document_id, config)
    if shown["fingerprint"] != form.get("seen"):
        return _review(request, backend, document_id, "review.anew")
    is_rejected = form.get("do") == "reject"
    if not is_rejected and "sure" not in form:
        minutes = state.recipients.grace // timedelta(minutes=1)
        return render(request, "review_sure.html", minutes=minutes, **shown)
    actor = request.state.actor
    try:
        if is_rejected:
            check = shown["check"].id
            reject(
                backend.database, document_id, check, actor=actor, now=backend.now
            )
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
                f"/changes/{accepted.id}"
                if accepted
                else f"/documents/{document_id}"
            )
    except Busy:
        return _review(request, backend, document_id, "review.busy")
    except (AnotherTextHeld, NothingHeld):
        return _review(request, backend, document_id, "review.anew")
    return RedirectResponse(page_context(request).link(path), 303)


def _review(
    request: Request, backend: Backend, document_id: str, trouble: str | None = None
) -> Response:
    config = backend.state().config(document_id)
    with backend.comparisons.turn(request), backend.database.reading() as session:
        context = review_page(session, document_id, config)
        status = 409 if trouble else 200
        return render(
            request, "review.html", status=status, trouble=trouble, **context
        )


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
