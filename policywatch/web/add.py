"""/add: try a page, and watch it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from analysis.model import UnreadablePage
from messages import Message, verbatim
from policywatch.sources.new_page import read_new, suggest_entry
from policywatch.web.backend import Using
from policywatch.web.forms import OwnForm
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render
from storage.documents import Document
from storage.journal import Action, enter

_KEYS = ("url", "service", "title", "kind", "language")
router = page_router()


@router.get("/add")
def add_form(request: Request) -> Response:
    """The address may fill it, as proposals do."""
    given = {name: request.query_params.get(name, "") for name in _KEYS}
    return render(request, "add.html", given=given, entry=None, read=None, trouble=None)


@router.post("/add")
def add(request: Request, backend: Using, form: OwnForm) -> Response:
    watchlist, entry, page, trouble = backend.state().watchlist, None, None, None
    if watchlist is None:
        raise HTTPException(404)
    given: dict[str, Any] = {
        name: form[name].strip() for name in _KEYS if form.get(name, "").strip()
    }
    private_hosts = {
        urlsplit(entry.addresses[0]).netloc
        for entry in watchlist.documents
        if entry.allow_private
    }
    try:
        given |= (
            {"allow_private": True}
            if urlsplit(given.get("url", "")).netloc in private_hosts
            else {}
        )
        with backend.comparisons.turn(
            request
        ):  # again on saving: only what was just tried is kept
            page = read_new(watchlist, given)
        entry = suggest_entry(watchlist, given, page)
    except ValidationError as failure:
        trouble = verbatim(failure.errors()[0]["msg"].removeprefix("Value error, "))
    except (
        ValueError,
        UnreadablePage,
    ) as failure:  # urlsplit's has only a text
        trouble = (
            failure.args[0]
            if isinstance(failure.args[0], Message)
            else verbatim(str(failure))
        )
    if entry is None or "keep" not in form:
        context = {"given": given, "entry": entry, "read": page, "trouble": trouble}
        return render(request, "add.html", status=422 if trouble else 200, **context)
    facts = entry.model_dump(
        include={"id", "service", "title", "kind", "url", "language"}
    )
    with backend.database.writing() as session:
        session.merge(
            Document(
                **facts,
                added_at=backend.now(),
                entry=entry.model_dump(exclude_unset=True),
            )
        )
        enter(
            session,
            request.state.actor,
            Action.ADD,
            entry.id,
            at=backend.now(),
            after={"url": entry.url},
        )
    return RedirectResponse(page_context(request).link(f"/documents/{entry.id}"), 303)
