"""The web app: pages for people, feeds for readers, JSON for programs. Read-only; no cookies, no scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import resources
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as AnyHTTPException

from analysis.blocks import UnreadablePage
from analysis.reading import NothingHeld
from policywatch.changes_json import change_head_json, change_json
from policywatch.web.access import Access
from policywatch.web.desk import Desk, desk_pages
from policywatch.web.documents import UnknownService
from policywatch.web.feeds import feeds
from policywatch.web.pages import pages
from policywatch.web.rendering import Renderer
from policywatch.web.security import Door, HostCheck, SecurityHeaders
from policywatch.web.storable import LARGEST, storable
from storage.changes import UnknownChange, change, changes_before
from storage.clock import utc_now
from storage.database import Database
from storage.documents import document
from storage.errors import UnknownDocument
from storage.versions import UnknownVersion, version_heads


def create_app(
    database: Database,
    *,
    title: str = "policywatch",
    allowed_hosts: Sequence[str] = ("*",),
    access: Access | None = None,
    desk: Desk | None = None,
    now: Callable[[], datetime] = utc_now,
) -> FastAPI:
    """The app on a database; `allowed_hosts` are the names it answers to ("*.example.org" allowed).

    Without `access` nobody can sign in, without `desk` no held text can be shown.
    """
    # FastAPI's own documentation pages load scripts from elsewhere
    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    access, desk = access or Access(), desk or Desk()
    app.add_middleware(Door, access=access)
    app.add_middleware(HostCheck, allowed=allowed_hosts)
    app.add_middleware(SecurityHeaders)
    static = resources.files("policywatch.web") / "static"
    app.mount("/static", StaticFiles(directory=str(static)), name="static")
    renderer = Renderer(title)
    app.include_router(feeds(database, renderer))
    _programs(app, database)
    app.include_router(desk_pages(database, renderer, access, desk, now))
    app.include_router(pages(database, renderer, now, desk.manners))
    _errors(app, renderer)
    return app


def _programs(app: FastAPI, database: Database) -> None:
    @app.get("/api/v1/changes", response_class=JSONResponse)
    def changes_as_json(
        request: Request,
        before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None,
        everything: Annotated[bool, Query(alias="all")] = False,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        """Changes, newest first, without their passages. `next` is the address of the older ones, or null."""
        with database.reading() as session:
            last = change(session, before) if before is not None else None
            found = changes_before(session, last, limit=limit + 1, everything=everything)
            shown = found[:limit]
            heads = version_heads(
                session, {id_ for row in shown for id_ in (row.before_id, row.version_id, row.returns_to) if id_}
            )
            listed = [change_head_json(row, document(session, row.document_id), heads) for row in shown]
        more = len(found) > limit
        older = request.url.include_query_params(before=shown[-1].id) if more else None
        return {"changes": listed, "next": str(older) if older is not None else None}

    @app.get("/api/v1/changes/{change_id:int}", response_class=JSONResponse)
    def change_as_json(change_id: int) -> dict[str, Any]:
        """A change with its passages and its brief."""
        with database.reading() as session:
            return change_json(session, change(session, storable(change_id)))


def _errors(app: FastAPI, renderer: Renderer) -> None:
    @app.exception_handler(UnknownChange)
    @app.exception_handler(UnknownDocument)
    @app.exception_handler(UnknownVersion)
    @app.exception_handler(UnknownService)
    @app.exception_handler(NothingHeld)
    @app.exception_handler(UnreadablePage)
    def nothing_there(request: Request, _failure: Exception) -> Response:
        return _failed(renderer, request, 404)

    @app.exception_handler(RequestValidationError)
    def not_understood(request: Request, _failure: Exception) -> Response:
        return _failed(renderer, request, 400)

    @app.exception_handler(AnyHTTPException)
    def other(request: Request, failure: Exception) -> Response:
        assert isinstance(failure, AnyHTTPException)
        if failure.status_code in _SAID:
            return _failed(renderer, request, failure.status_code)
        return Response(failure.detail, failure.status_code, failure.headers, "text/plain")


def _failed(renderer: Renderer, request: Request, status: int) -> Response:
    key, said = _SAID[status]
    if "/api/" in request.url.path:
        problem = {"type": "about:blank", "title": said, "status": status}
        return JSONResponse(problem, status, media_type="application/problem+json")
    return renderer.page(request, "missing.html", status=status, key=key)


_SAID = {404: ("", "Not Found"), 400: ("unclear_", "Bad Request"), 403: ("forbidden_", "Forbidden")}
