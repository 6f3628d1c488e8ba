"""The pages for people."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from policywatch.web.asked import LARGEST, storable, storable_text
from policywatch.web.documents import document_rows, document_view, health_view, version_view
from policywatch.web.layout import laid_out, plain
from policywatch.web.lists import change_list
from policywatch.web.one_change import change_view, compare_view
from policywatch.web.rendering import Renderer
from policywatch.web.visit import visit
from storage.captures import capture
from storage.database import Database
from storage.versions import numbered_version

Before = Annotated[int | None, Query(ge=1, le=LARGEST, description="id of the last change seen; older ones follow")]
Everything = Annotated[bool, Query(alias="all", description="also changes of form only")]
Number = Annotated[int, Query(ge=1, le=LARGEST)]
_EXTENSIONS = {"text/html": "html", "application/pdf": "pdf", "text/markdown": "md", "text/plain": "txt"}


def pages(database: Database, renderer: Renderer) -> APIRouter:
    """The addresses of the pages."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

    @router.api_route("/", methods=["GET", "HEAD"])
    @router.api_route("/changes", methods=["GET", "HEAD"])
    def changes(request: Request, before: Before = None, everything: Everything = False) -> Response:
        with database.reading() as session:
            found = change_list(session, before_id=before, everything=everything)
            asked = "true" if everything else None
            return renderer.page(request, "changes.html", found=found, paged=before is not None, everything=asked)

    @router.get("/changes/{change_id:int}")
    def one_change(request: Request, change_id: int) -> Response:
        with database.reading() as session:
            return renderer.page(request, "change.html", view=change_view(session, storable(change_id)))

    @router.get("/services")
    def services(request: Request) -> Response:
        with database.reading() as session:
            return renderer.page(request, "services.html", services=document_rows(session))

    @router.get("/documents", response_class=RedirectResponse)
    def documents(request: Request) -> Response:
        return RedirectResponse(visit(request).link("/services"), 301)

    @router.api_route("/health", methods=["GET", "HEAD"])
    def health(request: Request) -> Response:
        with database.reading() as session:
            return renderer.page(request, "health.html", view=health_view(session))

    _documents(router, database, renderer)
    return router


def _documents(router: APIRouter, database: Database, renderer: Renderer) -> None:
    # the document's own page comes last, for its address takes any path
    @router.get("/documents/{document_id:path}/versions/{number:int}/text", response_class=PlainTextResponse)
    def text_of_version(document_id: str, number: int) -> Response:
        with database.reading() as session:
            version = numbered_version(session, storable_text(document_id), storable(number))
            return PlainTextResponse(plain(version.page))

    @router.get("/documents/{document_id:path}/versions/{number:int}/capture", response_class=Response)
    def capture_of_version(document_id: str, number: int) -> Response:
        with database.reading() as session:
            version = numbered_version(session, storable_text(document_id), storable(number))
            kept = capture(session, version.capture_id)
            name = re.sub(r"[^\w.-]+", "-", f"{version.document_id}-{number}", flags=re.ASCII)
            extension = _EXTENSIONS.get(kept.mime.partition(";")[0].strip().lower(), "bin")
            # to be kept, never to be opened here: the bytes are the watched page's, script and all
            headers = {"Content-Disposition": f'attachment; filename="{name}.{extension}"'}
            return Response(kept.body, headers=headers, media_type="application/octet-stream")

    @router.get("/documents/{document_id:path}/versions/{number:int}")
    def one_version(request: Request, document_id: str, number: int) -> Response:
        with database.reading() as session:
            view = version_view(session, storable_text(document_id), storable(number))
            return renderer.page(request, "version.html", view=view, parts_of_text=laid_out(view.version.page))

    @router.get("/documents/{document_id:path}/compare")
    def two_versions(
        request: Request,
        document_id: str,
        old: Annotated[Number, Query(alias="from")],
        new: Annotated[Number, Query(alias="to")],
    ) -> Response:
        with database.reading() as session:
            view = compare_view(session, storable_text(document_id), old, new)
            return renderer.page(request, "compare.html", view=view)

    @router.get("/documents/{document_id:path}")
    def one_document(request: Request, document_id: str) -> Response:
        with database.reading() as session:
            return renderer.page(request, "document.html", view=document_view(session, storable_text(document_id)))
