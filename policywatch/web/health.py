"""GET /health: the state of documents and messages; POST /health/deliveries: retry failed messages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from fastapi import Request, Response
from sqlmodel import Session

from foundation.vocabulary import State
from policywatch.config.schema import RouteEntry
from policywatch.views.health import by_cause, troubled
from policywatch.views.routing import waiting
from policywatch.web.backend import Using
from policywatch.web.forms import OperatorForm, done
from policywatch.web.rendering import page_router, render
from policywatch.web.services import LISTED, document_rows
from storage.checks import newest_check
from storage.deliveries import Delivery, counts, newest, retry_parked
from storage.documents import watched, watched_counts
from storage.journal import Action, enter, journal

_MESSAGES = 50  # failed or waiting
router = page_router()


@router.get("/health")
def health(request: Request, backend: Using) -> Response:
    state = backend.state()
    with backend.database.reading() as session:
        context = health_page(
            session, state.configs.keys(), state.routes, problem=state.problem
        )
        return render(request, "health.html", **context)


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


def health_page(
    session: Session,
    reviewable: Collection[str],
    routes: Sequence[RouteEntry],
    *,
    problem: str | None = None,
) -> dict[str, Any]:
    """Watched documents, and messages of these routes. `reviewable` are documents whose held text can be shown here;
    `problem` is what is wrong with the watchlist now.
    """
    _, documents = watched_counts(session)
    failing = {row.id: (row, check) for row, check in troubled(session)}
    causes = by_cause(check for _, check in failing.values())
    return {
        "rows": document_rows(session, watched(session)) if documents <= LISTED else [],
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
