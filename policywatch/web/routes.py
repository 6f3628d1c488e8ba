"""/routes: whom alerts go to, what they would have got last month, a test message; /routes/edit: one of the store's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, get_args

from fastapi import Depends, HTTPException, Request, Response
from pydantic import ValidationError

from foundation.vocabulary import DocumentKind
from messages import Message
from notifier.channels import stays_inside
from notifier.delivery import RouteTest, try_routes
from policywatch.config.recipients import address_name, route_of, route_problems
from policywatch.config.schema import RouteEntry
from policywatch.config.watchlist import Watchlist
from policywatch.entries import additions, put_route, route_entry
from policywatch.views.query_params import Word
from policywatch.views.serializer import webhook_change
from policywatch.web.backend import Backend, Using
from policywatch.web.forms import (
    EntryForm,
    OperatorForm,
    done,
    lines,
    only_operators,
    written,
)
from policywatch.web.rendering import page_router, render
from storage.change_list import ChangeFilter, changes_page
from storage.journal import Action, enter
from storage.routes import StoredRoute, stored_routes

_MONTH = timedelta(days=30)
_CHANGES = 2_000  # looked at
_FORM = EntryForm(
    texts=(
        "name",
        "severity",
        "when",
        "wait",
        "timezone",
        "quiet",
        "language",
        "about",
    ),
    lists=("services", "documents", "languages"),
    choices=("topics", "directions", "kinds"),
    flags=("enabled", "high_breaks_quiet", "empty"),
)
_VARIABLE = re.compile(r"\$\{\w+\}")
_MARKED = re.compile(r".+#[0-9a-f]{6}")  # the name of a stored address
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
        backend.database,
        chosen,
        base_url=state.watchlist.site,
        change_json=webhook_change,
    )
    with backend.database.writing() as session:
        enter(session, request.state.actor, Action.TEST, name, at=backend.now())
    return _page(request, backend, tests)


@router.get("/routes/edit", dependencies=[Depends(only_operators)])
def edit_form(
    request: Request, backend: Using, name: Word | None = None
) -> Response:
    watchlist = backend.watchlist
    if name is None:
        new = RouteEntry(name="-", to=["-"], language=watchlist.operator.language)
        given = _FORM.filled(new) | {"name": ""}
        return _edit_page(request, watchlist, given)
    entry = _stored(backend, name)
    given = _FORM.filled(entry) | {"to": "\n".join(_names(watchlist, entry))}
    return _edit_page(request, watchlist, given, entry)


@router.post("/routes/edit")
def edit(request: Request, backend: Using, form: OperatorForm) -> Response:
    """`was`: its name until now. An address that is shown by its name stays as it is stored."""
    watchlist = backend.watchlist
    before = _stored(backend, form["was"]) if form.get("was") else None
    if form.get("do") == "remove" and before is not None:
        if "sure" not in form:
            return _edit_page(request, watchlist, form, before, asks=True)
        return _remove(request, backend, form, before)
    entry, trouble = _typed(backend, watchlist, form, before)
    if entry is None:
        return _edit_page(request, watchlist, form, before, trouble)
    with backend.database.writing() as session:
        put_route(
            session,
            entry,
            partial(address_name, mail=watchlist.mail),
            request.state.actor,
            backend.now(),
            former=before.name if before else None,
        )
    return done(request, form, "/routes")


def _stored(backend: Backend, name: str) -> RouteEntry:
    with backend.database.reading() as session:
        row = session.get(StoredRoute, name)
        if row is None:
            raise HTTPException(404)
        return route_entry(row)


def _names(watchlist: Watchlist, entry: RouteEntry) -> dict[str, str]:
    """Its addresses, by what is shown of each."""
    return {address_name(text, watchlist.mail): text for text in entry.to}


def _typed(
    backend: Backend,
    watchlist: Watchlist,
    form: Mapping[str, str],
    before: RouteEntry | None,
) -> tuple[RouteEntry | None, Message | None]:
    """Or why it can't be saved."""
    kept = _names(watchlist, before) if before else {}
    addresses = list(
        dict.fromkeys(kept.get(line, line) for line in lines(form, "to"))
    )
    for number, text in enumerate(addresses, 1):
        if before and text in before.to:
            continue
        if _MARKED.fullmatch(text):
            return None, Message("routes.wrong.mask", n=number)
        if not _VARIABLE.fullmatch(text) and ("${" in text or _stays_inside(text)):
            return None, Message(
                "routes.wrong.inside", n=number, variable="${NAME}"
            )
    former = before.model_dump(exclude_unset=True) if before else {}
    values: dict[str, Any] = former | _FORM.values(form) | {"to": addresses}
    if before and values["name"] != before.name:
        names = (*before.formerly, before.name)
        values["formerly"] = [name for name in names if name != values["name"]]
    try:
        entry = RouteEntry.model_validate(written(RouteEntry, values, before))
    except ValidationError as failure:
        return None, _trouble(str(failure.errors()[0]["loc"][0]))
    others = [
        *(each for each in watchlist.routes if each.name in watchlist.of_file),
        *(each for each in additions(backend.database).routes if each != before),
    ]
    if any(entry.name in (each.name, *each.formerly) for each in others):
        return None, Message("routes.wrong.taken")
    for problem in route_problems(watchlist, entry):
        return None, _trouble(problem.key)
    return entry, None


def _stays_inside(text: str) -> bool:
    try:
        return stays_inside(text)
    except ValueError:  # no address at all, which the checks of the watchlist say
        return False


def _trouble(key: str) -> Message:
    """Of the watchlist's checks, in the page's language."""
    name, _, rest = key.partition("[")
    match name:
        case "to" if rest:
            return Message("routes.wrong.address", n=int(rest.rstrip("]")) + 1)
        case "to":
            return Message("routes.wrong.no_address")
        case "name":
            return Message("routes.wrong.name")
        case "language":
            return Message("routes.wrong.language")
        case "when" | "timezone" | "wait" | "quiet" | "empty":
            return Message("routes.wrong.time")
        case "about":
            return Message("routes.wrong.about")
    return Message("routes.wrong.filter")


def _remove(
    request: Request, backend: Backend, form: Mapping[str, str], entry: RouteEntry
) -> Response:
    with backend.database.writing() as session:
        session.delete(session.get_one(StoredRoute, entry.name))
        who, at = request.state.actor, backend.now()
        enter(session, who, Action.REMOVE, entry.name, at=at)
    return done(request, form, "/routes")


def _edit_page(
    request: Request,
    watchlist: Watchlist,
    given: Mapping[str, str],
    entry: RouteEntry | None = None,
    trouble: Message | None = None,
    *,
    asks: bool = False,
) -> Response:
    return render(
        request,
        "route.html",
        status=422 if trouble else 200,
        given=given,
        entry=entry,
        is_of_file=entry is not None and entry.name in watchlist.of_file,
        trouble=trouble,
        asks=asks,
        own_topics=[*watchlist.topics],
        kinds=get_args(DocumentKind),
    )


def _page(
    request: Request, backend: Backend, tests: Sequence[RouteTest] = ()
) -> Response:
    state, since = backend.state(), backend.now() - _MONTH
    places = {route.name: route.to for route in state.recipients.routes}
    # by the filters of today, whatever they were then
    routes = [(entry, route_of(entry)) for entry in state.watchlist.routes]
    wanted = ChangeFilter(alerting=True, since=since.date())
    with backend.database.reading() as session:
        stored = {row.name for row in stored_routes(session)}
        listed = changes_page(session, wanted, limit=_CHANGES).rows
        rows = [
            (
                entry,
                places.get(entry.name, ()),
                [row for row in listed if route.wants(row.document, row.change)],
            )
            for entry, route in routes
        ]
        return render(
            request,
            "routes.html",
            routes=rows,
            since=since,
            tests=tests,
            stored=stored,
            of_file=state.watchlist.of_file,
        )
