"""The addresses of feeds and of the calendar."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from messages import LANGUAGES
from policywatch.web.calendar import icalendar
from policywatch.web.etag import tagged
from policywatch.web.feed import Feed, atom, json_feed
from policywatch.web.feed_items import EPOCH, appointments, feed
from policywatch.web.page_context import Visit, visit
from policywatch.web.query_params import ChangesAsked
from policywatch.web.rendering import Renderer
from storage.database import Database

Asked = Annotated[ChangesAsked, Query()]
_METHODS = ["GET", "HEAD"]
_KEPT = {"Cache-Control": "public, max-age=300"}


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
        return tagged(request, atom(made), "application/atom+xml; charset=utf-8", _KEPT, made.updated)

    @router.api_route("/feed.json", methods=_METHODS)
    def as_json(request: Request, asked: Asked) -> Response:
        made = followed(request, asked)
        return tagged(request, json_feed(made), "application/feed+json; charset=utf-8", _KEPT, made.updated)

    @router.api_route("/calendar.ics", methods=_METHODS)
    def as_calendar(request: Request, asked: Asked) -> Response:
        with database.reading() as session:
            title, dates = appointments(session, _spoken(request), asked)
        newest = max((each.known_since for each in dates), default=EPOCH)
        return tagged(request, icalendar(title, dates), "text/calendar; charset=utf-8", _KEPT, newest)

    return router


def _spoken(request: Request) -> Visit:
    """In the language that the address asks for: a feed is read by a program, and kept for many."""
    seen = visit(request)
    return replace(seen, language=dict(seen.chosen).get("lang", LANGUAGES[0]))
