"""The addresses of feeds and of the calendar."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from policywatch.asked import ChangesAsked
from policywatch.web.calendar import icalendar
from policywatch.web.feed import Feed, atom, json_feed
from policywatch.web.followed import appointments, feed
from policywatch.web.rendering import Renderer
from policywatch.web.visit import Visit, visit
from policywatch.wording import LANGUAGES
from storage.database import Database

Asked = Annotated[ChangesAsked, Query()]
_METHODS = ["GET", "HEAD"]


def feeds(database: Database, renderer: Renderer) -> APIRouter:
    """One of each kind for every filter that the list of changes knows."""
    router = APIRouter(default_response_class=Response, include_in_schema=False)

    def followed(request: Request, asked: ChangesAsked) -> Feed:
        seen = _spoken(request)
        with database.reading() as session:
            return feed(session, renderer, seen, asked, seen.whole(seen.path, **asked.said))

    @router.api_route("/feed.atom", methods=_METHODS)
    def as_atom(request: Request, asked: Asked) -> Response:
        made = followed(request, asked)
        return _unless_known(request, atom(made), "application/atom+xml; charset=utf-8", made.updated)

    @router.api_route("/feed.json", methods=_METHODS)
    def as_json(request: Request, asked: Asked) -> Response:
        made = followed(request, asked)
        return _unless_known(request, json_feed(made), "application/feed+json; charset=utf-8", made.updated)

    @router.api_route("/calendar.ics", methods=_METHODS)
    def as_calendar(request: Request, asked: Asked) -> Response:
        with database.reading() as session:
            title, dates = appointments(session, _spoken(request), asked)
        newest = max((each.known_since for each in dates), default=datetime(2025, 1, 1, tzinfo=UTC))
        return _unless_known(request, icalendar(title, dates), "text/calendar; charset=utf-8", newest)

    return router


def _spoken(request: Request) -> Visit:
    """In the language that the address asks for: a feed is read by a program, and kept for many."""
    seen = visit(request)
    return replace(seen, language=dict(seen.chosen).get("lang", LANGUAGES[0]))


def _unless_known(request: Request, body: bytes, media_type: str, updated: datetime) -> Response:
    """The body, or 304 where the reader says that it has it."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Last-Modified": format_datetime(updated.astimezone(UTC), usegmt=True),
        "Cache-Control": "public, max-age=300",
    }
    if _is_known(request, etag, updated):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _is_known(request: Request, etag: str, updated: datetime) -> bool:
    """By the tag where one is sent, as it changes too when an old change is judged anew; else by the date."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return etag in {each.strip().removeprefix("W/") for each in tags.split(",")}
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and updated.replace(microsecond=0) <= since
