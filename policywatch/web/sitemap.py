"""GET /robots.txt and /sitemap.xml: what search engines may read, and where it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from sqlmodel import Session

from foundation.vocabulary import this_and_above
from policywatch.web.backend import Using
from policywatch.web.page_context import PageContext, page_context
from storage.change_list import ChangeFilter, days_of_changes
from storage.documents import known

_CHANGES = 10_000  # the newest; a sitemap may have 50,000 addresses
# what has an answer for anything that is asked, or takes long
_NOT_FOR_ROBOTS = ("/api/", "/search", "/today", "/documents/*/compare", "/sign-in")
router = APIRouter(include_in_schema=False)


@router.get("/robots.txt")
def robots(request: Request, backend: Using) -> Response:
    page = page_context(request)
    if backend.access.private:
        return PlainTextResponse("User-agent: *\nDisallow: /\n")
    lines = [f"Disallow: {page.bare(path)}" for path in _NOT_FOR_ROBOTS]
    lines = [
        "User-agent: *",
        *lines,
        "",
        f"Sitemap: {page.whole('/sitemap.xml')}",
        "",
    ]
    return PlainTextResponse("\n".join(lines))


@router.get("/sitemap.xml")
def sitemap(request: Request, backend: Using) -> Response:
    def make(session: Session) -> tuple[bytes, datetime]:
        urls = _urls(session, page_context(request))
        return "\n".join(urls).encode(), backend.now()

    body, _ = backend.feeds.get(request, make)
    return Response(body, media_type="application/xml")


def _urls(session: Session, page: PageContext) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    documents = known(session)
    services = dict.fromkeys(each.service for each in documents)
    for path in (
        *("/", "/services", "/upcoming"),
        *(f"/services/{name}/today" for name in services),
        *(f"/documents/{each.id}" for each in documents),
    ):
        yield f"<url><loc>{escape(page.whole(path))}</loc></url>"
    flagged = ChangeFilter(severity=this_and_above("low"))
    for id_, day in days_of_changes(session, flagged, limit=_CHANGES):
        address = escape(page.whole(f"/changes/{id_}"))
        yield f"<url><loc>{address}</loc><lastmod>{day}</lastmod></url>"
    yield "</urlset>"
