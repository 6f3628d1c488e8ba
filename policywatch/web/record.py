"""GET /record.pdf: a change, or those of a period, with their reviews, for paper."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib import resources
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import HTTPException, Query, Request, Response
from fastapi.responses import PlainTextResponse
from markupsafe import Markup
from sqlmodel import Session

from crawler.browser import printed
from crawler.failures import DownloadFailed
from messages import ENGLISH, Message, translate
from notifier.change_view import ChangeView
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.ingest.reprocess import require_texts
from policywatch.views.query_params import ChangesQuery, Number
from policywatch.web.backend import Using
from policywatch.web.change import change_page
from policywatch.web.page_context import NO_LIMIT, PageContext, page_context
from policywatch.web.rendering import html, page_router
from storage.captures import capture_records
from storage.change_list import ChangeFilter, changes_page
from storage.versions import Version

_SHEETS = ("base", "change", "print")
router = page_router()


@router.get("/record.pdf")
def on_paper(
    request: Request,
    backend: Using,
    query: Annotated[ChangesQuery, Query()],
    change: Number | None = None,
) -> Response:
    if not request.state.signed_in:  # each takes a browser
        raise HTTPException(403)
    page = page_context(request)
    with backend.comparisons.turn(request), backend.database.reading() as session:
        content = record(
            session,
            change or query.filter,
            backend.state().configs,
            page.whole("/"),
            page.language,
        )
    if isinstance(content, Message):
        return PlainTextResponse(translate(content, page.language), 503)
    return Response(content, media_type="application/pdf")


def record(
    session: Session,
    wanted: int | ChangeFilter,
    configs: Mapping[str, ExtractionConfig],
    site: str | None,
    language: str = ENGLISH,
) -> bytes | Message:
    """A change with passages, or all filtered ones in short, with reviews, as PDF; or why there is no browser. Raises
    as `proved_change` does.
    """
    rows = (
        []
        if isinstance(wanted, int)
        else changes_page(session, wanted, limit=NO_LIMIT).rows
    )
    ids = [wanted] if isinstance(wanted, int) else [row.change.id for row in rows]
    changes = (
        proved_change(session, id_, configs, language) for id_ in ids
    )  # one at a time: each holds two texts
    return pdf(
        printable("record.html", site, language, count=len(ids), changes=changes)
    )


def proved_change(
    session: Session,
    change_id: int,
    configs: Mapping[str, ExtractionConfig],
    language: str = ENGLISH,
) -> dict[str, Any]:
    """Its page's content, after verifying its texts against their captures. Raises `Unknown`, `DamagedText`."""
    context = change_page(session, change_id, language)
    view: ChangeView = context["view"]
    sides = (view.before, view.after)
    texts = [session.get_one(Version, version.id) for version in sides]
    require_texts(session, texts, configs)
    received = [
        (version, capture_records(session, version.capture_id)) for version in sides
    ]
    return {**context, "received": received}


def printable(
    template: str, site: str | None, language: str = ENGLISH, **context: object
) -> str:
    """A page for paper, fully unfolded."""
    static = resources.files("policywatch.web") / "static"
    sheet = Markup(  # noqa: S704
        "".join((static / f"{name}.css").read_text("utf-8") for name in _SHEETS)
    )  # our own

    def address(path: str, _query: object) -> str:
        return f"{site.rstrip('/')}{quote(path)}" if site else "#"

    page = PageContext(
        "/changes", (), language, address, address, edition=ChangesQuery()
    )
    unfolded = html(page, template, sheet=sheet, **context)
    return unfolded.replace("<details", "<details open")


def pdf(page: str) -> bytes | Message:
    """Or why there is no browser."""
    try:
        return asyncio.run(printed(page))
    except DownloadFailed as failure:
        return failure.reason
