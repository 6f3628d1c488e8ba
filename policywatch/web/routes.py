"""/routes: whom alerts go to, what they would have got last month, and a test message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from fastapi import Depends, HTTPException, Request, Response
from sqlmodel import Session

from notifier.delivery import RouteTest, try_routes
from policywatch.config.recipients import route_of
from policywatch.config.schema import RouteEntry
from policywatch.views.serializer import webhook_change
from policywatch.web.backend import Backend, Using
from policywatch.web.forms import OperatorForm, only_operators
from policywatch.web.rendering import page_router, render
from storage.change_list import ChangeFilter, ListedChange, changes_page
from storage.journal import Action, enter

_MONTH = timedelta(days=30)
_CHANGES = 2_000  # looked at
router = page_router()


@router.get("/routes", dependencies=[Depends(only_operators)])
def routes(request: Request, backend: Using) -> Response:
    return _page(request, backend)


@router.post("/routes")
def send_sample(request: Request, backend: Using, form: OperatorForm) -> Response:
    state, name = backend.state(), form.get("name", "")
    chosen = [route for route in state.recipients.routes if route.name == name]
    if not chosen:
        raise HTTPException(404)
    tests = try_routes(
        backend.database, chosen, base_url=state.site, change_json=webhook_change
    )
    with backend.database.writing() as session:
        enter(session, request.state.actor, Action.TEST, name, at=backend.now())
    return _page(request, backend, tests)


def _page(
    request: Request, backend: Backend, tests: Sequence[RouteTest] = ()
) -> Response:
    state, since = backend.state(), backend.now() - _MONTH
    places = {route.name: route.to for route in state.recipients.routes}
    with backend.database.reading() as session:
        rows = [
            (entry, places.get(entry.name, ()), would_get)
            for entry, would_get in _last_month(session, state.routes, since)
        ]
        return render(request, "routes.html", routes=rows, since=since, tests=tests)


def _last_month(
    session: Session, entries: Sequence[RouteEntry], since: datetime
) -> list[tuple[RouteEntry, list[ListedChange]]]:
    """By its filter of today, whatever it was then."""
    wanted = ChangeFilter(alerting=True, since=since.date())
    listed = changes_page(session, wanted, limit=_CHANGES).rows
    routes = [(entry, route_of(entry)) for entry in entries]
    return [
        (entry, [row for row in listed if route.wants(row.document, row.change)])
        for entry, route in routes
    ]
