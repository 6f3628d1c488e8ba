"""The web app: pages for people, feeds for readers, JSON for programs. Read-only; no cookies, no scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import resources
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DatabaseError
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.middleware.gzip import GZipMiddleware

from analysis.model import TooCostly, UnreadablePage
from policywatch.ingest.approve import NothingHeld
from policywatch.logs import log
from policywatch.web.access import Access
from policywatch.web.admin import Desk, desk_pages
from policywatch.web.api import api
from policywatch.web.api_answers import misunderstood, problem, wrong_parts
from policywatch.web.comparing import WAIT, Comparing, TooManyComparisons
from policywatch.web.feeds import feeds
from policywatch.web.known_names import known_names
from policywatch.web.pages import pages
from policywatch.web.probes import probes
from policywatch.web.rendering import SITE, Renderer
from policywatch.web.security import READY, Door, Hosts, SecurityHeaders
from storage.clock import utc_now
from storage.database import Database
from storage.errors import DamagedCapture, DamagedValue, Unknown, UnknownDocument, with_advice


def create_app(
    database: Database,
    *,
    allowed_hosts: Sequence[str] = ("*",),
    access: Access | None = None,
    desk: Callable[[], Desk] = Desk,
    now: Callable[[], datetime] = utc_now,
) -> FastAPI:
    """The app on a database; `allowed_hosts` are the names it answers to ("*.example.org" allowed).

    Without `access` nobody can sign in, without `desk` no held text can be shown; it is asked for each time, for the
    watchlist may have been edited.
    """
    # FastAPI's own documentation pages load scripts from elsewhere
    app = FastAPI(
        title=SITE,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        dependencies=[Depends(known_names(database, desk))],
    )
    access = access or Access()
    # no page that another site can make a browser ask for holds a secret: the cookie is SameSite=Strict
    app.add_middleware(GZipMiddleware, compresslevel=6)
    app.add_middleware(Door, access=access)
    app.add_middleware(Hosts, allowed_hosts=allowed_hosts, www_redirect=False)
    app.add_middleware(SecurityHeaders)
    static = resources.files("policywatch.web") / "static"
    app.mount("/static", _Static(directory=str(static)), name="static")
    renderer = Renderer()
    app.include_router(probes(database, desk, now))
    app.include_router(feeds(database, renderer))
    app.include_router(api(database, desk))
    comparing = Comparing()
    app.include_router(desk_pages(database, renderer, access, desk, now, comparing))
    app.include_router(pages(database, renderer, now, desk, comparing))
    _errors(app, renderer)
    return app


class _Static(StaticFiles):
    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        answer = super().file_response(*args, **kwargs)
        answer.headers["Cache-Control"] = "public, max-age=3600"  # no longer: an update keeps their addresses
        return answer


def _errors(app: FastAPI, renderer: Renderer) -> None:
    @app.exception_handler(Unknown)
    @app.exception_handler(NothingHeld)
    @app.exception_handler(UnreadablePage)
    def nothing_there(request: Request, failure: Exception) -> Response:
        # of an unknown document the store would name all that it knows
        said = f"there is no document {failure.document!r}" if isinstance(failure, UnknownDocument) else str(failure)
        return _failed(renderer, request, 404, said)

    @app.exception_handler(TooCostly)
    def costly(request: Request, failure: Exception) -> Response:
        return _failed(renderer, request, 422, str(failure), key="costly_")

    @app.exception_handler(TooManyComparisons)
    def busy(request: Request, _: Exception) -> Response:
        answer = _failed(renderer, request, 503)
        answer.headers["Retry-After"] = str(WAIT)
        return answer

    @app.exception_handler(DatabaseError)
    @app.exception_handler(DamagedCapture)
    @app.exception_handler(DamagedValue)
    def lost(request: Request, failure: Exception) -> Response:
        said = with_advice(failure.orig) if isinstance(failure, DatabaseError) else failure
        log.error("the database failed: %s", said)
        answer = _failed(renderer, request, 503, "the database can't be read at this moment", key="lost_")
        answer.headers["Retry-After"] = "60"
        return answer

    @app.exception_handler(RequestValidationError)
    def not_understood(request: Request, failure: Exception) -> Response:
        assert isinstance(failure, RequestValidationError)
        if _is_program(request):
            return problem(400, misunderstood(failure.errors()))
        return renderer.page(request, "missing.html", status=400, key="unclear_", unclear=wrong_parts(failure.errors()))

    @app.exception_handler(AnyHTTPException)
    def other(request: Request, failure: Exception) -> Response:
        assert isinstance(failure, AnyHTTPException)
        if _is_program(request):
            return problem(failure.status_code, headers=failure.headers)
        if failure.status_code in _SAID:
            return _failed(renderer, request, failure.status_code)
        return Response(failure.detail, failure.status_code, failure.headers, "text/plain")


def _is_program(request: Request) -> bool:
    return "/api/" in request.url.path or request.url.path.endswith(READY)


def _failed(
    renderer: Renderer, request: Request, status: int, detail: str | None = None, *, key: str | None = None
) -> Response:
    """`detail` is for programs; it advises the operator, in English. `key` names the words of a page."""
    if _is_program(request):
        return problem(status, detail)
    said = _SAID[status] if key is None else key
    return renderer.page(request, "missing.html", status=status, key=said, unclear=[])


_SAID = {404: "", 400: "unclear_", 403: "forbidden_", 503: "busy_"}
