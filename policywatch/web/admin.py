"""What the operator can do from the pages: sign in, take a text that was held, send again what was given up."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from analysis.text.normal import fingerprint
from policywatch.config.schema import DocumentEntry, RouteEntry
from policywatch.ingest.alerting import RoutesFor
from policywatch.ingest.approve import AnotherTextHeld, NothingHeld, accept
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.web.access import LASTS, Access, TooManyTries
from policywatch.web.comparing import Comparing
from policywatch.web.held import held_view
from policywatch.web.page_context import visit
from policywatch.web.rendering import Renderer
from policywatch.web.security import COOKIE
from policywatch.web.storable import storable_text
from storage.database import Database
from storage.deliveries import retry_parked
from storage.errors import Busy
from storage.lock import one_at_a_time

_LARGEST_FORM = 10_000  # bytes


@dataclass(frozen=True, slots=True)
class Desk:
    """How documents are read and who is told, as the watchlist has it.

    `routes` say until when what they will be told waits, `documents` when each is to be checked. `wrong` is what keeps
    the watchlist from being read as it is now; then all this is what it said before.
    """

    configs: Mapping[str, ExtractionConfig] = field(default_factory=dict)
    routes_for: RoutesFor = lambda _document, _change: []
    routes: Sequence[RouteEntry] = ()
    documents: Sequence[DocumentEntry] = ()
    wrong: str | None = None


def desk_pages(
    database: Database,
    renderer: Renderer,
    access: Access,
    desk: Callable[[], Desk],
    now: Callable[[], datetime],
    comparing: Comparing,
) -> APIRouter:
    """The addresses; only those that show something answer to who has not signed in."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
    get = partial(router.api_route, methods=["GET", "HEAD"])

    @get("/health/held/{document_id:path}")
    def held(request: Request, document_id: str) -> Response:
        return _held(request, document_id)

    def _held(request: Request, document_id: str, *, status: int = 200, trouble: str | None = None) -> Response:
        config = desk().configs.get(document_id)
        if config is None:
            raise HTTPException(404)
        with comparing.turn(), database.reading() as session:
            view = held_view(session, storable_text(document_id), config)
            return renderer.page(request, "held.html", status=status, view=view, trouble=trouble)

    @router.post("/health/held/{document_id:path}")
    async def take(request: Request, document_id: str) -> Response:
        form = await _form(request)
        return await run_in_threadpool(_take, request, document_id, form.get("seen", ""))

    def _take(request: Request, document_id: str, seen: str) -> Response:
        known = desk()
        config = known.configs.get(document_id)
        if config is None:
            raise HTTPException(404)
        with database.reading() as session:
            page = held_view(session, document_id, config).page
        if fingerprint(page.blocks) != seen:
            return _held(request, document_id, status=409, trouble="review.anew")
        try:
            with one_at_a_time(database):
                change = accept(database, document_id, config, known.routes_for, seen=page)
        except Busy:
            return _held(request, document_id, status=409, trouble="review.busy")
        except (AnotherTextHeld, NothingHeld):
            return _held(request, document_id, status=409, trouble="review.anew")
        path = f"/changes/{change.id}" if change is not None else f"/documents/{document_id}"
        return RedirectResponse(visit(request).link(path), 303)

    _deliveries(router, database, now)
    _signing(router, renderer, access)
    return router


def _deliveries(router: APIRouter, database: Database, now: Callable[[], datetime]) -> None:
    @router.post("/health/deliveries")
    async def again(request: Request) -> Response:
        form = await _form(request)
        number = form.get("id", "")
        ids = [int(number)] if number.isascii() and number.isdigit() and len(number) < 10 else None
        return await run_in_threadpool(_again, request, ids)

    def _again(request: Request, ids: list[int] | None) -> Response:
        with database.writing() as session:
            retry_parked(session, ids, now())
        return RedirectResponse(f"{visit(request).link('/health')}#deliveries", 303)


def _signing(router: APIRouter, renderer: Renderer, access: Access) -> None:
    @router.api_route("/sign-in", methods=["GET", "HEAD"])
    def form(request: Request) -> Response:
        if not access.can_sign_in:
            raise HTTPException(404)
        return renderer.page(request, "sign_in.html", trouble=None, onward=request.query_params.get("next", "/"))

    @router.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        said = await _fields(request)
        if not access.can_sign_in or not _is_same_origin(request):
            raise HTTPException(403)
        return await run_in_threadpool(_sign_in, request, said)

    def _sign_in(request: Request, said: Mapping[str, str]) -> Response:
        onward = said.get("next", "/")
        try:
            secret = access.sign_in(said.get("password", ""), request.client.host if request.client else "")
        except TooManyTries as failure:
            answer = renderer.page(request, "sign_in.html", status=429, trouble="sign_in.too_many", onward=onward)
            answer.headers["Retry-After"] = str(failure.wait)
            return answer
        if secret is None:
            return renderer.page(request, "sign_in.html", status=403, trouble="sign_in.wrong", onward=onward)
        done = RedirectResponse(visit(request).onward(onward), 303, {"Cache-Control": "no-store"})
        secure, path = request.url.scheme == "https", request.scope.get("root_path") or "/"
        done.set_cookie(COOKIE, secret, max_age=LASTS, path=path, secure=secure, httponly=True, samesite="strict")
        return done

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        await _form(request)
        access.sign_out(request.cookies.get(COOKIE, ""))
        done = RedirectResponse(visit(request).link("/"), 303)
        done.delete_cookie(COOKIE, path=request.scope.get("root_path") or "/")
        return done


async def _form(request: Request) -> dict[str, str]:
    """What a form of ours sent; nothing is done for others, nor for who has not signed in."""
    said = await _fields(request)
    if not getattr(request.state, "signed_in", False):
        raise HTTPException(403)
    if not request.state.has_token:  # a token is never sent by a browser on another page's behalf
        csrf = request.state.access["csrf"] or ""
        if not _is_same_origin(request) or not hmac.compare_digest(said.get("csrf", "").encode(), csrf.encode()):
            raise HTTPException(403)
    return said


async def _fields(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_FORM:
            raise HTTPException(413)
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _is_same_origin(request: Request) -> bool:
    """By what browsers say of where a form stood; those that say nothing are left to the token."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or origin.partition("://")[2] == request.headers.get("host")
