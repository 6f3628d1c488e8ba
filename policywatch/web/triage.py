"""POST /changes/{id}: a person's review of a change, or of its whole event; .../split: it is no part of its event."""

from __future__ import annotations

from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from policywatch.views.query_params import Number, ReviewEntry
from policywatch.web.backend import Using
from policywatch.web.change import change_page
from policywatch.web.forms import OwnForm, done
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render
from storage.changes import change
from storage.events import split_off
from storage.reviews import add_review, last_reviews

router = page_router()


@router.post("/changes/{change_id:int}/split")
def split(
    request: Request, backend: Using, change_id: Number, _form: OwnForm
) -> Response:
    with backend.database.writing() as session:
        row = change(session, change_id)
        split_off(session, row, request.state.actor, backend.now())
    return RedirectResponse(page_context(request).link(f"/changes/{change_id}"), 303)


@router.post("/changes/{change_id:int}")
def review_change(
    request: Request, backend: Using, change_id: Number, form: OwnForm
) -> Response:
    who = request.state.actor
    try:
        signed = {"by": who.name} if who.name else {}  # nobody signs for another
        entry = ReviewEntry.model_validate(form | signed)
    except ValidationError as failure:
        raise HTTPException(400) from failure
    with backend.database.writing() as session:
        last = last_reviews(session, [change_id]).get(change_id)
        add_review(
            session,
            change_id,
            entry.state,
            note=entry.note,
            by=entry.by,
            at=backend.now(),
            actor=who,
            event="event" in form,
        )
    if last is None or form.get("seen", str(last.id)) == str(last.id):
        return done(request, form, f"/changes/{change_id}", "#triage")
    language = page_context(request).language
    with backend.database.reading() as session:
        context = change_page(session, change_id, language) | {
            "trouble": "triage.meanwhile"
        }
        return render(request, "change.html", **context)
