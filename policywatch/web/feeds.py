"""Feeds of changes, for feed readers."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from policywatch.web.feed import FeedEntry, atom
from policywatch.web.one_change import ChangeView, change_view
from policywatch.web.rendering import Renderer
from policywatch.web.visit import Visit, visit
from policywatch.wording import LANGUAGES
from storage.changes import changes_before
from storage.database import Database

_FEED = 30  # entries
_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)


def feeds(database: Database, renderer: Renderer) -> APIRouter:
    """The addresses of the feeds."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)

    @router.get("/feed.atom")
    def feed(request: Request) -> Response:
        seen = replace(visit(request), language=LANGUAGES[0])
        with database.reading() as session:
            found = changes_before(session, limit=_FEED, everything=False)
            views = [change_view(session, row.id) for row in found if row.id is not None]
        entries = [_entry(seen, view, renderer) for view in views]
        body = atom(renderer.title, seen.home, f"{seen.home}feed.atom", entries, empty_since=_EPOCH)
        return _unless_known(request, body, "application/atom+xml; charset=utf-8")

    return router


def _entry(seen: Visit, view: ChangeView, renderer: Renderer) -> FeedEntry:
    where = f"{view.document.service}, {view.document.title}"
    return FeedEntry(
        key=f"{view.document.id}/{view.after.number}/{view.after.captured_at.isoformat()}",
        title=f"{where}: {view.meaning}" if view.meaning else where,
        link=seen.whole(f"/changes/{view.change.id}"),
        updated=view.change.detected_at,
        author=view.document.service,
        content=renderer.html(seen, "feed_entry.html", view=view),
        categories=view.change.topics,
    )


def _unless_known(request: Request, body: bytes, media_type: str) -> Response:
    """The body, or 304 where the reader says that it has it."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if etag in known:
        return Response(status_code=304, headers={"ETag": etag})
    return Response(body, media_type=media_type, headers={"ETag": etag})
