"""/add: try a page, and watch it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from secrets import token_urlsafe
from typing import Any, get_args
from urllib.parse import urlsplit

from fastapi import Request, Response
from pydantic import ValidationError
from sqlmodel import Session

from analysis.model import UnreadablePage
from crawler.targets import Fetched
from foundation.vocabulary import DocumentKind
from messages import Message
from policywatch.config.watchlist import Watchlist
from policywatch.entries import put_entry
from policywatch.ingest.captures import ingest
from policywatch.ingest.extraction import extraction_configs
from policywatch.logs import log
from policywatch.sources.new_page import read_new, suggest_entry
from policywatch.web.backend import Backend, Using
from policywatch.web.forms import OperatorForm, done
from policywatch.web.rendering import page_router, render
from storage.captures import add_capture
from storage.checks import Check
from storage.documents import PREVIEW
from storage.errors import Busy
from storage.lock import one_at_a_time

_KEYS = ("url", "service", "title", "kind", "language")
_KINDS = [kind for kind in get_args(DocumentKind) if kind != PREVIEW]
router = page_router()


@router.get("/add")
def add_form(request: Request) -> Response:
    """The address may fill it, as proposals do."""
    given = {name: request.query_params.get(name, "") for name in _KEYS}
    nothing: dict[str, Any] = dict.fromkeys(("entry", "read", "trouble", "tried"))
    return render(request, "add.html", given=given, kinds=_KINDS, **nothing)


@router.post("/add")
def add(request: Request, backend: Using, form: OperatorForm) -> Response:
    """Shows a page; what was shown is then the first version."""
    watchlist, entry, page, trouble = backend.watchlist, None, None, None
    given: dict[str, Any] = {
        name: form[name].strip() for name in _KEYS if form.get(name, "").strip()
    }
    private_hosts = {
        urlsplit(entry.addresses[0]).netloc
        for entry in watchlist.documents
        if entry.allow_private
    }
    url, tried = given.get("url", ""), ""
    try:
        is_private = urlsplit(url).netloc in private_hosts
        given |= {"allow_private": True} if is_private else {}
        with backend.comparisons.turn(request):
            known = backend.tried.get(form.get("tried", ""))
            is_known = known is not None and known.url == url
            page, capture = read_new(watchlist, given, known if is_known else None)
        entry = suggest_entry(watchlist, given, page)
        tried = token_urlsafe(16)
        backend.tried.keep(tried, capture)
    except ValidationError as failure:
        trouble = entry_trouble(failure)
    except (ValueError, UnreadablePage) as failure:
        why = failure.args[0]
        trouble = why if isinstance(why, Message) else Message("entry.wrong_url")
    if entry is None or "keep" not in form:
        shown = entry.model_dump(include={*_KEYS}) if entry else given
        return render(
            request,
            "add.html",
            status=422 if trouble else 200,
            given=shown,
            entry=entry,
            read=page,
            trouble=trouble,
            tried=tried,
            kinds=_KINDS,
        )
    now = backend.now()
    with backend.database.writing() as session:
        put_entry(session, entry, request.state.actor, now)
        _record(session, replace(capture, document=entry.id), now)
    _ingest(backend, watchlist.model_copy(update={"documents": [entry]}))
    return done(request, form, f"/documents/{entry.id}")


def entry_trouble(failure: ValidationError) -> Message:
    """In the page's language, unlike the watchlist's own words."""
    match failure.errors()[0]["loc"][:1]:
        case ("url" | "urls",) | ():
            return Message("entry.wrong_url")
        case ("language",):
            return Message("entry.wrong_language")
        case ("every",):
            return Message("entry.wrong_every")
        case ("repository" | "type",):
            return Message("entry.no_archive")
        case ("select" | "remove",):
            return Message("entry.wrong_selector")
    return Message("entry.missing")


def _record(session: Session, page: Fetched, at: datetime) -> None:
    """As a run that fetched it would."""
    capture = page.capture(at)
    add_capture(session, capture)
    session.add(
        Check(
            document_id=page.document,
            checked_at=at,
            status=page.status,
            final_url=page.final_url,
            capture_id=capture.id,
        )
    )


def _ingest(backend: Backend, watchlist: Watchlist) -> None:
    """Left to the run that is at work, if there is one."""
    mistakes: list[Exception] = []
    names_for = backend.state().recipients.names_for
    with suppress(Busy), one_at_a_time(backend.database) as held:
        ingest(held, extraction_configs(watchlist), names_for, mistakes)
    for mistake in mistakes:
        log.error("%s", mistake, exc_info=mistake)
