"""The pages for people."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from policywatch.web.admin import Desk
from policywatch.web.comparing import Comparing
from policywatch.web.documents import document_view, health_view, services_view, version_view
from policywatch.web.layout import plain
from policywatch.web.lists import PageAsked, home_view, list_view, upcoming_view
from policywatch.web.one_change import announced_text, change_view, compare_view, two_versions
from policywatch.web.page_context import visit
from policywatch.web.query_params import Word
from policywatch.web.rendering import Renderer
from policywatch.web.search_page import SearchAsked, search_view
from policywatch.web.storable import storable, storable_text
from storage.captures import captures_from
from storage.columns import MAX_INTEGER
from storage.database import Database
from storage.versions import numbered_version

Number = Annotated[int, Query(ge=1, le=MAX_INTEGER)]
_EXTENSIONS = {"text/html": "html", "application/pdf": "pdf", "text/markdown": "md", "text/plain": "txt"}


def pages(
    database: Database,
    renderer: Renderer,
    now: Callable[[], datetime],
    desk: Callable[[], Desk],
    comparing: Comparing,
) -> APIRouter:
    """The addresses of the pages."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
    get = partial(router.api_route, methods=["GET", "HEAD"])

    @get("/")
    def home(request: Request) -> Response:
        with database.reading() as session:
            return renderer.page(request, "home.html", view=home_view(session, now().date()))

    @get("/changes")
    def changes(request: Request, asked: Annotated[PageAsked, Query()]) -> Response:
        with database.reading() as session:
            return renderer.page(request, "changes.html", view=list_view(session, asked))

    @get("/upcoming")
    def upcoming(request: Request) -> Response:
        with database.reading() as session:
            return renderer.page(request, "upcoming.html", view=upcoming_view(session, now().date()))

    @get("/upcoming/{document_id:path}")
    def announced(request: Request, document_id: str) -> Response:
        with database.reading() as session:
            sides = announced_text(session, storable_text(document_id))
        return renderer.page(request, "compare.html", view=compare_view(sides, comparing.draft(sides)))

    @get("/changes/{change_id:int}")
    def one_change(request: Request, change_id: int) -> Response:
        with database.reading() as session:
            return renderer.page(request, "change.html", view=change_view(session, storable(change_id)))

    @get("/services")
    def services(request: Request, service: Word | None = None) -> Response:
        with database.reading() as session:
            return renderer.page(request, "services.html", view=services_view(session, service))

    @get("/documents", response_class=RedirectResponse)
    def documents(request: Request) -> Response:
        return RedirectResponse(visit(request).link("/services"), 301)

    @get("/search")
    def find(request: Request, asked: Annotated[SearchAsked, Query()]) -> Response:
        with database.reading() as session:
            return renderer.page(request, "search.html", view=search_view(session, asked))

    @get("/health")
    def health(request: Request) -> Response:
        known = desk()
        with database.reading() as session:
            view = health_view(session, known.configs.keys(), known.routes, wrong=known.wrong)
            return renderer.page(request, "health.html", view=view)

    _documents(router, database, renderer, comparing)
    return router


def _documents(router: APIRouter, database: Database, renderer: Renderer, comparing: Comparing) -> None:
    get = partial(router.api_route, methods=["GET", "HEAD"])

    # the document's own page comes last, for its address takes any path
    @get("/documents/{document_id:path}/versions/{number:int}/text", response_class=PlainTextResponse)
    def text_of_version(document_id: str, number: int) -> Response:
        with database.reading() as session:
            version = numbered_version(session, storable_text(document_id), storable(number))
            return PlainTextResponse(plain(version.page))

    @get("/documents/{document_id:path}/versions/{number:int}/capture", response_class=Response)
    def capture_of_version(document_id: str, number: int, part: Number = 1) -> Response:
        with database.reading() as session:
            version = numbered_version(session, storable_text(document_id), storable(number))
            kept = dict(enumerate(captures_from(session, version.capture_id), start=1)).get(part)
            if kept is None:
                raise HTTPException(404)
            of_it = f"-{part}" if part > 1 else ""
            name = re.sub(r"[^\w.-]+", "-", f"{version.document_id}-{number}{of_it}", flags=re.ASCII)
            extension = _EXTENSIONS.get(kept.mime.partition(";")[0].strip().lower(), "bin")
            # to be kept, never to be opened here: the bytes are the watched page's, script and all
            headers = {"Content-Disposition": f'attachment; filename="{name}.{extension}"'}
            return Response(kept.body, headers=headers, media_type="application/octet-stream")

    @get("/documents/{document_id:path}/versions/{number:int}")
    def one_version(request: Request, document_id: str, number: int) -> Response:
        with database.reading() as session:
            view = version_view(session, storable_text(document_id), storable(number))
            return renderer.page(request, "version.html", view=view)

    @get("/documents/{document_id:path}/compare")
    def any_two_versions(
        request: Request,
        document_id: str,
        old: Annotated[Number, Query(alias="from")],
        new: Annotated[Number, Query(alias="to")],
    ) -> Response:
        with database.reading() as session:
            sides = two_versions(session, storable_text(document_id), old, new)
        return renderer.page(request, "compare.html", view=compare_view(sides, comparing.draft(sides)))

    @get("/documents/{document_id:path}")
    def one_document(request: Request, document_id: str, before: Number | None = None) -> Response:
        with database.reading() as session:
            view = document_view(session, storable_text(document_id), before)
            return renderer.page(request, "document.html", view=view, paged=before is not None)
