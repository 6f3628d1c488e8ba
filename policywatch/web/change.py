"""/changes/{id}: a change, its passages in place, and neighbouring changes; and leaving passages out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from foundation.vocabulary import SEVERITIES, TODAY, TOPICS
from messages import LANGUAGES, catalogue
from notifier.change_view import ChangeView, change_view
from policywatch.ingest.curation import ignore, ignored_by, reached
from policywatch.views.query_params import Number
from policywatch.views.routing import waiting
from policywatch.web.backend import Backend, Using
from policywatch.web.forms import OperatorForm
from policywatch.web.page_context import page_context
from policywatch.web.placed import PlacedPassages
from policywatch.web.rendering import page_router, render
from storage.captures import capture_addresses, capture_records
from storage.change_list import event_of
from storage.changes import change, neighbours
from storage.reviews import last_reviews, reviews_of

router = page_router()


@router.get("/changes/{change_id:int}")
def one_change(request: Request, backend: Using, change_id: Number) -> Response:
    page = page_context(request)
    with backend.database.reading() as session:
        context = change_page(session, change_id, page.language)
        if page.csrf:
            context |= editing(session, backend, context["view"])
        return render(request, "change.html", **context)


def change_page(session: Session, change_id: int, language: str) -> dict[str, Any]:
    """Raises `Unknown`."""
    view = change_view(session, change(session, change_id), language)
    captures = capture_records(session, view.after.capture_id)
    placed = PlacedPassages(
        view.passages, view.document.title, view.before, view.after
    )
    placed.ignored = {
        passage.position: click
        for passage in view.passages
        if (click := ignored_by(view.document, passage))
    }
    older, newer = neighbours(session, view.change)
    trail, event = reviews_of(session, change_id), event_of(session, view.change)
    members = {change_id, *(row.change.id for row in event)}
    newest = [review.id for review in last_reviews(session, members).values()]
    return {
        "view": view,
        "captures": captures,  # of the later text, one of each address
        "addresses": capture_addresses(captures, view.document.url),
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
        "seen": max(newest, default=0),  # of its event
        "trouble": None,
    }


def editing(session: Session, backend: Backend, view: ChangeView) -> dict[str, Any]:
    """What the form shows besides the change: headlines by the languages of the routes and of the page, and until
    when it waits for a review.
    """
    routes = backend.watchlist.routes
    wanted = {view.words.language, *(route.language for route in routes)}
    languages = [code for code in LANGUAGES if code in wanted]
    return {
        "headlines": {
            code: replace(view, words=catalogue(code)).headline
            for code in languages
        },
        "severities": SEVERITIES,
        "topics": all_topics(backend, view.change.topics),
        "given": None,
        "sent": len({each.address for each in reached(session, view.change.id)}),
        "held_until": next(
            (
                row.until
                for row in waiting(session, routes, backend.now)
                if row.for_review and row.change.id == view.change.id
            ),
            None,
        ),
    }


def all_topics(backend: Backend, more: Sequence[str] = ()) -> list[str]:
    """The operator's own included."""
    configs = backend.state().configs.values()
    own = [topic.name for config in configs for topic in config.topics]
    return [*dict.fromkeys([*TOPICS, *own, *more])]


_POSITIONS = re.compile(r"\d{1,9}(,\d{1,9})*", re.ASCII)


@router.post("/changes/{change_id:int}/ignore")
def ignore_passages(
    request: Request, backend: Using, change_id: Number, form: OperatorForm
) -> Response:
    """`passages` are positions: of one text in all its places."""
    given = form.get("passages", "")
    if not _POSITIONS.fullmatch(given):
        raise HTTPException(400)
    positions = [int(each) for each in given.split(",")]
    with backend.database.writing() as session:
        ignore(
            session,
            change_id,
            positions,
            actor=request.state.actor,
            at=backend.now(),
        )
    address = page_context(request).link(f"/changes/{change_id}")
    return RedirectResponse(f"{address}#p{positions[0]}", 303)
