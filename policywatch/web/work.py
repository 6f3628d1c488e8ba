"""/work: what waits for a person who signed in, with the buttons for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from foundation.vocabulary import Outcome, ReviewState, State
from policywatch.ingest.proposals import dismiss, open_proposals
from policywatch.views.health import by_cause, troubled
from policywatch.views.routing import waiting
from policywatch.web.backend import Using
from policywatch.web.forms import OperatorForm, done
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render
from storage.change_list import ChangeFilter, changes_page, count_events
from storage.checks import Check
from storage.deliveries import Delivery, newest
from storage.documents import Document

_RECENT = timedelta(days=30)  # what is older stands in the lists alone
_EVENTS, _MESSAGES = 20, 200
_Failing = list[tuple[Document, Check]]
router = page_router()


@router.get("/work")
def work(request: Request, backend: Using) -> Response:
    if not request.state.signed_in:
        if not backend.access.can_sign_in:
            raise HTTPException(404)
        page = page_context(request)
        return RedirectResponse(page.link("/sign-in", next=page.asked), 303)
    now, state = backend.now(), backend.state()
    unreviewed = _unreviewed(now)
    with backend.database.reading() as session:
        held, causes = _failing(session)
        listed = changes_page(session, unreviewed, limit=_EVENTS, by_event=True)
        return render(
            request,
            "work.html",
            events=listed.events,
            unreviewed=count_events(session, unreviewed),
            since=unreviewed.since,
            held=held,
            reviewable=state.configs.keys(),  # whose held text can be shown here
            until={
                row.change.id: row.until
                for row in waiting(session, state.watchlist.routes, lambda: now)
                if row.for_review
            },
            causes=causes,
            failed=_undelivered(session, now),
            proposals=open_proposals(session),
        )


@router.post("/work/proposals/{notice_id:int}")
def dismiss_proposal(
    request: Request, backend: Using, notice_id: int, form: OperatorForm
) -> Response:
    with backend.database.writing() as session:
        url = form.get("url", "")
        dismiss(session, notice_id, url, request.state.actor, backend.now())
    return done(request, form, "/work")


def count_work(request: Request, backend: Using) -> None:
    if request.state.access["csrf"]:
        with backend.database.reading() as session:
            request.state.access["open_work"] = open_work(
                session, backend.now(), operates=request.state.access["operates"]
            )


def open_work(session: Session, now: datetime, *, operates: bool) -> int:
    held, causes = _failing(session)
    reviews = count_events(session, _unreviewed(now)) + len(held)
    if not operates:
        return reviews
    return (
        reviews
        + len(causes)
        + len(_undelivered(session, now))
        + len(open_proposals(session))
    )


def _unreviewed(now: datetime) -> ChangeFilter:
    return ChangeFilter(
        state=[ReviewState.NEW], alerting=True, since=(now - _RECENT).date()
    )


def _failing(session: Session) -> tuple[_Failing, list[_Failing]]:
    """Held texts that nobody rejected, and the other failing pages by cause."""
    held: _Failing = []
    others: dict[str, tuple[Document, Check]] = {}
    for row, check in troubled(session):
        if check.outcome != Outcome.HELD:
            others[row.id] = row, check
        elif check.rejected_as is None:
            held.append((row, check))
    causes = by_cause(check for _, check in others.values())
    return held, [[others[each.document_id] for each in group] for group in causes]


def _undelivered(session: Session, now: datetime) -> list[Delivery]:
    parked = newest(session, state=State.PARKED, limit=_MESSAGES)
    return [each for each in parked if each.created_at > now - _RECENT]
