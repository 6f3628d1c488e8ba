"""The web app: pages for people, a feed for readers, JSON for programs. Read-only; no cookies, no scripts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from policywatch.changes_json import change_head_json, change_json
from policywatch.web.feed import FeedEntry, atom
from policywatch.web.layout import laid_out
from policywatch.web.rendering import Renderer
from policywatch.web.security import SecurityHeaders
from policywatch.web.views import (
    ChangeView,
    change_list,
    change_view,
    document_rows,
    document_view,
    health_view,
    version_view,
)
from storage.changes import UnknownChange, change, changes_before
from storage.database import Database
from storage.documents import document
from storage.errors import UnknownDocument
from storage.versions import UnknownVersion, version_heads

_LARGEST = 2**31 - 1  # of a PostgreSQL integer; a larger number names nothing
_FEED = 30  # entries
_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)

Before = Annotated[int | None, Query(ge=1, le=_LARGEST, description="id of the last change seen; older ones follow")]
Everything = Annotated[bool, Query(alias="all", description="also changes of form only")]


def create_app(database: Database, *, title: str = "policywatch", allowed_hosts: Sequence[str] = ("*",)) -> FastAPI:
    """The app on a database; `allowed_hosts` are the names it answers to ("*.example.org" allowed)."""
    # FastAPI's own documentation pages load scripts from elsewhere
    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts))
    app.add_middleware(SecurityHeaders)
    static = resources.files("policywatch.web") / "static"
    app.mount("/static", StaticFiles(directory=str(static)), name="static")
    renderer = Renderer(title)
    _pages(app, database, renderer)
    _programs(app, database, renderer, title)
    _errors(app, renderer)
    return app


def _pages(app: FastAPI, database: Database, renderer: Renderer) -> None:
    @app.api_route("/", methods=["GET", "HEAD"], response_class=HTMLResponse, include_in_schema=False)
    def changes(request: Request, before: Before = None, everything: Everything = False) -> Response:
        with database.reading() as session:
            found = change_list(session, before_id=before, everything=everything)
            asked = "true" if everything else None
            return renderer.page(request, "changes.html", found=found, paged=before is not None, everything=asked)

    @app.get("/changes/{change_id:int}", response_class=HTMLResponse, include_in_schema=False)
    def one_change(request: Request, change_id: int) -> Response:
        with database.reading() as session:
            view = change_view(session, _storable(change_id))
            return renderer.page(request, "change.html", view=view)

    @app.get("/documents", response_class=HTMLResponse, include_in_schema=False)
    def documents(request: Request) -> Response:
        with database.reading() as session:
            return renderer.page(request, "documents.html", services=document_rows(session))

    # before the document's own page, whose address takes any path
    @app.get(
        "/documents/{document_id:path}/versions/{number:int}", response_class=HTMLResponse, include_in_schema=False
    )
    def one_version(request: Request, document_id: str, number: int) -> Response:
        with database.reading() as session:
            view = version_view(session, _storable_text(document_id), _storable(number))
            return renderer.page(request, "version.html", view=view, parts_of_text=laid_out(view.version.page))

    @app.get("/documents/{document_id:path}", response_class=HTMLResponse, include_in_schema=False)
    def one_document(request: Request, document_id: str) -> Response:
        with database.reading() as session:
            return renderer.page(request, "document.html", view=document_view(session, _storable_text(document_id)))

    @app.api_route("/health", methods=["GET", "HEAD"], response_class=HTMLResponse, include_in_schema=False)
    def health(request: Request) -> Response:
        with database.reading() as session:
            return renderer.page(request, "health.html", view=health_view(session))


def _programs(app: FastAPI, database: Database, renderer: Renderer, title: str) -> None:
    @app.get("/feed.atom", response_class=Response, include_in_schema=False)
    def feed(request: Request) -> Response:
        home = str(request.base_url)
        with database.reading() as session:
            found = [row for row in changes_before(session, limit=_FEED, everything=False) if row.id is not None]
            views = [change_view(session, row.id) for row in found if row.id is not None]
            content = [renderer.fragment(request, "feed_entry.html", view=view) for view in views]
        feed_entries = [_feed_entry(view, home, html) for view, html in zip(views, content, strict=True)]
        body = atom(title, home, f"{home}feed.atom", feed_entries, empty_since=_EPOCH)
        return _unless_known(request, body, "application/atom+xml; charset=utf-8")

    @app.get("/api/v1/changes", response_class=JSONResponse)
    def changes_as_json(
        request: Request,
        before: Before = None,
        everything: Everything = False,
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
            return change_json(session, change(session, _storable(change_id)))


def _errors(app: FastAPI, renderer: Renderer) -> None:
    @app.exception_handler(UnknownChange)
    @app.exception_handler(UnknownDocument)
    @app.exception_handler(UnknownVersion)
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


def _feed_entry(view: ChangeView, home: str, content: str) -> FeedEntry:
    where = f"{view.document.service}, {view.document.title}"
    return FeedEntry(
        key=f"{view.document.id}/{view.after.number}/{view.after.captured_at.isoformat()}",
        title=f"{where}: {view.meaning}" if view.meaning else where,
        link=f"{home}changes/{view.change.id}",
        updated=view.change.detected_at,
        author=view.document.service,
        content=content,
        categories=view.change.topics,
    )


def _unless_known(request: Request, body: bytes, media_type: str) -> Response:
    """The body, or 304 where the reader says that it has it."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if etag in known:
        return Response(status_code=304, headers={"ETag": etag})
    return Response(body, media_type=media_type, headers={"ETag": etag})


def _storable(number: int) -> int:
    if number > _LARGEST:
        raise HTTPException(404)
    return number


def _storable_text(text: str) -> str:
    if "\x00" in text:  # PostgreSQL knows no text with it
        raise HTTPException(404)
    return text
