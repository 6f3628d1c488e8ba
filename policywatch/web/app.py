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
from starlette.middleware.trustedhost import TrustedHostMiddleware

from policywatch.changes_json import change_head_json, change_json
from policywatch.web.documents import UnknownService
from policywatch.web.feeds import feeds
from policywatch.web.pages import pages
from policywatch.web.rendering import Renderer
from policywatch.web.security import SecurityHeaders
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
    now: Callable[[], datetime] = utc_now,
) -> FastAPI:
    """The app on a database; `allowed_hosts` are the names it answers to ("*.example.org" allowed)."""
    # FastAPI's own documentation pages load scripts from elsewhere
    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts))
    app.add_middleware(SecurityHeaders)
    static = resources.files("policywatch.web") / "static"
    app.mount("/static", StaticFiles(directory=str(static)), name="static")
    renderer = Renderer(title)
    app.include_router(feeds(database, renderer))
    _programs(app, database)
    app.include_router(pages(database, renderer, now))
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
    def nothing_there(request: Request, _failure: Exception) -> Response:
        return _failed(renderer, request, 404)

    @app.exception_handler(RequestValidationError)
    def not_understood(request: Request, _failure: Exception) -> Response:
        return _failed(renderer, request, 400)

    @app.exception_handler(AnyHTTPException)
    def other(request: Request, failure: Exception) -> Response:
        assert isinstance(failure, AnyHTTPException)
        if failure.status_code == 404:
            return _failed(renderer, request, 404)
        return Response(failure.detail, failure.status_code, failure.headers, "text/plain")


def _failed(renderer: Renderer, request: Request, status: int) -> Response:
    if "/api/" in request.url.path:
        problem = {"type": "about:blank", "title": "Not Found" if status == 404 else "Bad Request", "status": status}
        return JSONResponse(problem, status, media_type="application/problem+json")
    return renderer.page(request, "missing.html", status=status, key="" if status == 404 else "unclear_")
