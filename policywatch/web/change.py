"""GET /changes/{id}: a change, its passages in place, and neighbouring changes."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response
from sqlmodel import Session

from foundation.vocabulary import TODAY
from notifier.change_view import change_view
from policywatch.ingest.ignoring import ignored_by
from policywatch.views.query_params import Number
from policywatch.web.backend import Using
from policywatch.web.page_context import page_context
from policywatch.web.placed import PlacedPassages
from policywatch.web.rendering import page_router, render
from storage.captures import addresses, capture_records
from storage.change_list import event_of
from storage.changes import change, neighbours
from storage.reviews import reviews_of

router = page_router()


@router.get("/changes/{change_id:int}")
def one_change(request: Request, backend: Using, change_id: Number) -> Response:
    language = page_context(request).language
    with backend.database.reading() as session:
        return render(
            request, "change.html", **change_page(session, change_id, language)
        )


def change_page(session: Session, change_id: int, language: str) -> dict[str, Any]:
    """Raises `UnknownChange`."""
    view = change_view(session, change(session, change_id), language)
    captures = capture_records(session, view.after.capture_id)
    placed = PlacedPassages(view.passages, view.document.title, view.before, view.after)
    placed.ignored = {
        passage.position: click
        for passage in view.passages
        if (click := ignored_by(view.document, passage))
    }
    older, newer = neighbours(session, view.change)
    trail, event = reviews_of(session, change_id), event_of(session, view.change)
    return {
        "view": view,
        "captures": captures,  # of the later text, one of each address
        "addresses": addresses(captures, view.document.url),
        "placed": placed,
        "older": older,
        "newer": newer,
        "event": event,
        "questions": [
            question
            for question, topics in TODAY.items()
            if not {*topics}.isdisjoint(view.change.topics)
        ],
        "reviews": trail,
        "trouble": None,
    }
