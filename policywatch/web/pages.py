"""The pages for people."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import (
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

from policywatch.views.between import steps_between
from policywatch.views.changes_csv import changes_csv
from policywatch.web.admin import WatchlistState
from policywatch.web.capture_bodies import CaptureBodies
from policywatch.web.change_page import (
    announced_page,
    announced_text,
    change_page,
    comparison_choice,
    too_early_page,
    two_versions,
    versions_page,
)
from policywatch.web.comparisons import Comparisons, From, To
from policywatch.web.document_pages import (
    document_page,
    health_page,
    service_list,
    version_page,
)
from policywatch.web.layout import plain_text
from policywatch.web.list_pages import ListQuery, home_page, list_page, upcoming_page
from policywatch.web.page_context import page_context
from policywatch.web.query_params import ChangesQuery, DocumentId, Number, Word
from policywatch.web.rendering import Renderer
from policywatch.web.responses import only_known_parameters
from policywatch.web.search_page import SearchQuery, search_page
from storage.captures import capture_records
from storage.database import Database
from storage.versions import BeforeFirstText, numbered_version

_EXTENSIONS = {
    "text/html": "html",
    "application/pdf": "pdf",
    "text/markdown": "md",
    "text/plain": "txt",
}


def pages(
    database: Database,
    renderer: Renderer,
    now: Callable[[], datetime],
    state: Callable[[], WatchlistState],
    comparisons: Comparisons,
) -> APIRouter:
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

    @router.get("/")
    def home(request: Request) -> Response:
        with database.reading() as session:
            context = home_page(session, now().date())
            return renderer.page(
                request,
                "home.html",
                can_subscribe=state().recipients.route_to is not None,
                **context,
            )

    @router.get("/changes")
    def changes(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
        with database.reading() as session:
            return renderer.page(request, "changes.html", **list_page(session, query))

    @router.get("/changes.csv", dependencies=[Depends(only_known_parameters)])
    def all_changes(
        request: Request, query: Annotated[ChangesQuery, Query()]
    ) -> Response:
        lines = changes_csv(database, query.filter, reviews=request.state.signed_in)
        headers = {"Content-Disposition": 'attachment; filename="changes.csv"'}
        return StreamingResponse(
            lines, headers=headers, media_type="text/csv; charset=utf-8"
        )

    @router.get("/upcoming")
    def upcoming(request: Request) -> Response:
        with database.reading() as session:
            return renderer.page(
                request, "upcoming.html", **upcoming_page(session, now().date())
            )

    @router.get("/upcoming/{document_id:path}")
    def announced(request: Request, document_id: DocumentId) -> Response:
        with database.reading() as session:
            sides = announced_text(session, document_id)
        return renderer.page(
            request,
            "announced.html",
            **announced_page(sides, comparisons.compared(sides, request)),
        )

    @router.get("/changes/{change_id:int}")
    def one_change(request: Request, change_id: Number) -> Response:
        with database.reading() as session:
            return renderer.page(
                request, "change.html", **change_page(session, change_id)
            )

    @router.get("/services")
    def services(request: Request, service: Word | None = None) -> Response:
        with database.reading() as session:
            return renderer.page(
                request, "services.html", **service_list(session, only=service)
            )

    @router.get("/documents", response_class=RedirectResponse)
    def documents(request: Request) -> Response:
        return RedirectResponse(page_context(request).link("/services"), 301)

    @router.get("/search")
    def find(request: Request, query: Annotated[SearchQuery, Query()]) -> Response:
        with database.reading() as session:
            return renderer.page(request, "search.html", **search_page(session, query))

    @router.get("/api")
    def api(request: Request) -> Response:
        return renderer.page(request, "api.html", api=request.app.openapi())

    @router.get("/health")
    def health(request: Request) -> Response:
        known = state()
        with database.reading() as session:
            context = health_page(
                session, known.configs.keys(), known.routes, problem=known.problem
            )
            return renderer.page(request, "health.html", **context)

    _documents(router, database, renderer, comparisons)
    return router


def _documents(
    router: APIRouter, database: Database, renderer: Renderer, comparisons: Comparisons
) -> None:
    bodies = CaptureBodies(database)

    # the document's own page comes last, for its address takes any path
    @router.get(
        "/documents/{document_id:path}/versions/{number:int}/text",
        response_class=PlainTextResponse,
    )
    def text_of_version(document_id: DocumentId, number: Number) -> Response:
        with database.reading() as session:
            return PlainTextResponse(
                plain_text(numbered_version(session, document_id, number).page)
            )

    @router.get(
        "/documents/{document_id:path}/versions/{number:int}/capture",
        response_class=Response,
    )
    def capture_of_version(
        document_id: DocumentId, number: Number, part: Annotated[Number, Query()] = 1
    ) -> Response:
        with database.reading() as session:
            version = numbered_version(session, document_id, number)
            capture = dict(
                enumerate(capture_records(session, version.capture_id), start=1)
            ).get(part)
            if capture is None:
                raise HTTPException(404)
            suffix = f"-{part}" if part > 1 else ""
            name = re.sub(
                r"[^\w.-]+",
                "-",
                f"{version.document_id}-{number}{suffix}",
                flags=re.ASCII,
            )
            extension = _EXTENSIONS.get(
                capture.mime.partition(";")[0].strip().lower(), "bin"
            )
            # to be kept, never to be opened here: the bytes are the watched page's, script and all
            headers = {
                "Content-Disposition": f'attachment; filename="{name}.{extension}"'
            }
        size, pieces = bodies.opened(capture.id)
        headers["Content-Length"] = str(size)
        return StreamingResponse(
            pieces, headers=headers, media_type="application/octet-stream"
        )

    @router.get("/documents/{document_id:path}/versions/{number:int}")
    def one_version(
        request: Request, document_id: DocumentId, number: Number
    ) -> Response:
        with database.reading() as session:
            return renderer.page(
                request, "version.html", **version_page(session, document_id, number)
            )

    @router.get("/documents/{document_id:path}/compare")
    def any_two_versions(
        request: Request, document_id: DocumentId, old: From, new: To
    ) -> Response:
        with database.reading() as session:
            try:
                sides = two_versions(session, document_id, old, new)
            except BeforeFirstText as problem:
                context = too_early_page(session, document_id, problem)
                return renderer.page(request, "too_early.html", status=404, **context)
            steps = steps_between(session, sides.before, sides.after)
            choice = comparison_choice(session, document_id, sides)
        context = versions_page(
            sides, choice, steps, comparisons.compared(sides, request)
        )
        return renderer.page(request, "versions.html", **context)

    @router.get("/documents/{document_id:path}")
    def one_document(
        request: Request, document_id: DocumentId, before: Number | None = None
    ) -> Response:
        with database.reading() as session:
            return renderer.page(
                request, "document.html", **document_page(session, document_id, before)
            )
