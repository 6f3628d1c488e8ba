"""POST /changes/{id}: a person's review of a change, or of its whole event; .../split: it is no part of its event;
.../message: as it would be sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from pydantic import ValidationError

from messages import LANGUAGES, catalogue
from notifier.change_view import ChangeView, change_view
from notifier.notifications import change_message
from policywatch.ingest.curation import EditedMeanwhile, review
from policywatch.ingest.events import split_off
from policywatch.views.query_params import EditEntry, Number, ReviewEntry
from policywatch.web.backend import Using
from policywatch.web.change import all_topics, change_page, editing
from policywatch.web.forms import OwnForm, done
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render
from storage.changes import change
from storage.reviews import last_reviews

_EDITED = ("headline", "note", "severity", "topics")
router = page_router()


@router.post("/changes/{change_id:int}/split")
def split(
    request: Request, backend: Using, change_id: Number, _form: OwnForm
) -> Response:
    with backend.database.writing() as session:
        row = change(session, change_id)
        split_off(session, row, request.state.actor, backend.now())
    return RedirectResponse(
        page_context(request).link(f"/changes/{change_id}"), 303
    )


@router.get("/changes/{change_id:int}/message")
def message(request: Request, backend: Using, change_id: Number) -> Response:
    if not request.state.signed_in:
        raise HTTPException(403)
    language = page_context(request).language
    with backend.database.reading() as session:
        row = change(session, change_id)
        view = change_view(session, row, language, backend.watchlist.site)
    shown = change_message(view, language, ())
    return PlainTextResponse(f"{shown.subject}\n\n{shown.text}")


@router.post("/changes/{change_id:int}")
def review_change(
    request: Request, backend: Using, change_id: Number, form: OwnForm
) -> Response:
    """A form with a severity edits the words, too."""
    who, language = request.state.actor, page_context(request).language
    trouble = None
    try:
        signed = {"by": who.name} if who.name else {}  # nobody signs for another
        entry = ReviewEntry.model_validate(form | signed)
        with backend.database.writing() as session:
            view = change_view(session, change(session, change_id), language)
            last = last_reviews(session, [change_id]).get(change_id)
            edit = (
                _edit(form, view, all_topics(backend))
                if "severity" in form
                else None
            )
            if edit == {
                name: view.edit[name] for name in _EDITED if name in view.edit
            }:
                edit = None
            seen = form.get("seen", "")
            saw = int(seen) if seen.isascii() and seen.isdigit() else 0
            review(
                session,
                change_id,
                entry.state,
                note=entry.note,
                by=entry.by,
                at=backend.now(),
                actor=who,
                event="event" in form,
                corrects="corrects" in form,
                edit=edit,
                seen=saw,
                routes_for=backend.state().recipients.names_for,
            )
        if last is not None and seen and last.id > saw:
            trouble = "triage.meanwhile"
    except ValidationError as failure:
        raise HTTPException(400) from failure
    except EditedMeanwhile:
        trouble = "triage.first"
    if trouble is None:
        return done(request, form, f"/changes/{change_id}", "#triage")
    with backend.database.reading() as session:
        context = change_page(session, change_id, language) | {"trouble": trouble}
        context |= editing(session, backend, context["view"])
        if trouble == "triage.meanwhile":
            return render(request, "change.html", **context)
        return render(
            request, "change.html", status=409, **context | {"given": form}
        )


def _edit(
    form: Mapping[str, str], view: ChangeView, topics: Sequence[str]
) -> dict[str, Any]:
    """What differs from the machine's; empty if nothing does. Raises `ValidationError`."""
    machine = view.unedited
    headlines = {
        code: text
        for code in LANGUAGES
        if (text := " ".join(form.get(f"headline-{code}", "").split()))
        and text != replace(machine, words=catalogue(code)).headline
    }
    chosen = [
        name
        for name in [*topics, *machine.change.topics]
        if f"topic-{name}" in form
    ]
    entry = EditEntry.model_validate(
        {
            "headline": headlines,
            "note": {
                code: text
                for code in LANGUAGES
                if (text := form.get(f"note-{code}", "").strip())
            },
            "severity": form["severity"],
            "topics": [*dict.fromkeys(chosen)],
        }
    )
    kept = entry.model_dump()
    if entry.severity == machine.change.severity:
        del kept["severity"]
    if set(entry.topics or ()) == {*machine.change.topics}:
        del kept["topics"]
    return {
        name: value for name, value in kept.items() if value or name == "topics"
    }
