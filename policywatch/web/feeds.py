"""Feeds and calendars of filtered changes, on a server and in files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from icalendar import Calendar, Event
from sqlmodel import Session

from messages import LANGUAGES, Catalogue, catalogue
from notifier.change_view import listed_view
from notifier.escape import for_machines
from policywatch.sanitize import sanitize
from policywatch.views.passages import flagged_first
from policywatch.views.query_params import EARLIEST, ChangesQuery
from policywatch.web.backend import Using
from policywatch.web.feed_formats import (
    EPOCH,
    JsonFeed,
    atom,
    calendar,
    json_feed,
    stable_id,
    updated,
)
from policywatch.web.page_context import PageContext, page_context
from policywatch.web.rendering import SITE, html
from policywatch.web.responses import ConditionalRoute, only_known_parameters
from storage.chain import head_line
from storage.change_list import (
    Cursor,
    ListedChange,
    changes_page,
    changes_with_deadline,
    grouped_by_event,
    leading_first,
)
from storage.changes import passages_by_change
from storage.versions import Version, version_heads

_ENTRIES = 30
_DATES = 100
_GROUPS = {
    "topic": "topics",
    "severity": "severity",
    "direction": "direction",
}  # keys of filters in the catalogue
router = APIRouter(
    include_in_schema=False,
    route_class=ConditionalRoute,
    dependencies=[Depends(only_known_parameters)],
)
Filter = Annotated[ChangesQuery, Query()]


@router.get("/feed.atom")
def as_atom(request: Request, backend: Using, query: Filter) -> Response:
    def make(session: Session) -> tuple[bytes, datetime]:
        page = _page(request)
        content = feed(session, page, query)
        key = f"{SITE}{page.within(query).as_query or ''}"
        return atom(content, key), updated(content)

    return _answer(*backend.feeds.get(request, make), "application/atom+xml")


@router.get("/feed.json")
def as_json(request: Request, backend: Using, query: Filter) -> Response:
    def make(session: Session) -> tuple[bytes, datetime]:
        content = feed(session, _page(request), query)
        return json_feed(content), updated(content)

    return _answer(*backend.feeds.get(request, make), "application/feed+json")


@router.get("/calendar.ics")
def as_calendar(request: Request, backend: Using, query: Filter) -> Response:
    def make(session: Session) -> tuple[bytes, datetime]:
        content = effective_dates(session, _page(request), query)
        times = [event.decoded("dtstamp") for event in content.walk("VEVENT")]
        return content.to_ical(), max(times, default=EPOCH)

    return _answer(*backend.feeds.get(request, make), "text/calendar")


def _page(request: Request) -> PageContext:
    """In the language of the address: feed readers state none, and answers are cached for many."""
    page = page_context(request)
    return replace(page, language=dict(page.chosen).get("lang", LANGUAGES[0]))


def _answer(body: bytes, time: datetime, mime: str) -> Response:
    headers = {
        "Cache-Control": "public, max-age=300",
        "Last-Modified": format_datetime(time.astimezone(UTC), usegmt=True),
    }
    text = for_machines(body.decode())  # some feeds are given to models
    return Response(text, headers=headers, media_type=f"{mime}; charset=utf-8")


def feed(session: Session, page: PageContext, asked: ChangesQuery) -> JsonFeed:
    """The newest events and single changes: the flagged part of the leading change, else all, with links to the
    others. A constant number of queries.
    """
    query = page.within(asked)
    words = catalogue(page.language)
    events = changes_page(
        session, query.filter, limit=_ENTRIES, by_event=True
    ).events
    leading = [leading_first(event, page.language) for event in events]
    passages = passages_by_change(session, [row.change.id for row, *_ in leading])
    ordered = [
        sorted(event, key=lambda row: Cursor.of(row.change)) for event in events
    ]
    changes = [each.change for event in events for each in event]
    heads = version_heads(
        session,
        [id_ for each in changes for id_ in (each.before_id, each.version_id)],
    )
    items = []
    for by_time, (row, *others) in zip(ordered, leading, strict=True):
        first, last = by_time[0], by_time[-1]
        flagged, rest = flagged_first(
            passages.get(row.change.id, []), row.document.title
        )
        view = replace(listed_view(row, words), heads=heads)
        items.append(
            {
                "id": stable_id(
                    _key(first, heads[first.change.version_id])
                ),  # stays the same when others join
                "url": page.whole(f"/changes/{row.change.id}"),
                "title": sanitize(
                    view.headline
                    or f"{row.document.service} · {row.document.title}"
                ),
                "content_html": html(
                    page,
                    "feed_entry.html",
                    view=view,
                    others=others,
                    sections=flagged or rest,
                ),
                "date_published": row.change.detected_at.isoformat(),
                "date_modified": max(
                    last.change.detected_at.isoformat(), view.edit.get("at", "")
                ),
                "authors": [{"name": sanitize(row.document.service)}],
                "language": row.document.language,
                "tags": list(row.change.topics),
            }
        )
    narrowed = query.as_query
    head = None if narrowed else head_line(session)
    chain = (
        {"description": f"{words('say.head')}{words.colon}{head}"} if head else {}
    )
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": sanitize(_title(words, narrowed)),
        **chain,
        "home_page_url": page.whole("/changes", **narrowed)
        if page.has("/changes", **narrowed)
        else page.whole("/"),
        "feed_url": page.whole(page.path, **asked.as_query),
        "language": page.language,
        "items": items,
    }


def _key(row: ListedChange, version: Version) -> str:
    return f"{row.document.id}/{version.number}/{version.captured_at.isoformat()}"


def _title(words: Catalogue, narrowed: dict[str, list[str]]) -> str:
    names = [
        _filter_name(words, name, value)
        for name, values in narrowed.items()
        for value in values
        if name != "cosmetic"
    ]
    return f"{SITE}: {', '.join(names)}" if names else SITE


def _filter_name(words: Catalogue, name: str, value: str) -> str:
    if name == "noted":
        return words("filter.noted")
    if name == "language":
        return words.language_name(value)
    return words.label(_GROUPS[name], value) if name in _GROUPS else value


def effective_dates(
    session: Session, page: PageContext, query: ChangesQuery
) -> Calendar:
    """Effective dates and deadlines, as whole days."""
    query = page.within(query)
    words = catalogue(page.language)
    dated = replace(query.filter, effective_from=query.effective_from or EARLIEST)
    starting = changes_page(session, dated, limit=_DATES).rows
    ending = changes_with_deadline(session, query.filter, limit=_DATES)
    days = [
        *grouped_by_event((row.change.effective_date, row) for row in starting),
        *grouped_by_event((row.change.deadline, row) for row in ending),
    ]
    heads = version_heads(
        session, [event[-1].change.version_id for _, event in days]
    )
    events = [
        _event(day, event, heads[event[-1].change.version_id], page, words)
        for day, event in days
        if day is not None
    ]
    return calendar(
        words("calendar.title", title=_title(words, query.as_query)), events
    )


def _event(
    day: date,
    changes: list[ListedChange],
    version: Version,
    page: PageContext,
    words: Catalogue,
) -> Event:
    row, *_ = leading_first(changes, page.language)
    link = page.whole(f"/changes/{row.change.id}")
    kind = "deadline" if day == row.change.deadline else "date"
    where = f"{row.document.service}, {row.document.title}"
    view = listed_view(row, words)
    announced = (
        words("say.announced", date=words.day(row.announced.day))
        if row.announced
        else ""
    )
    event = Event()
    event.add(
        "uid",
        stable_id(f"{kind}/{_key(changes[-1], version)}").removeprefix("urn:uuid:"),
    )
    event.add("dtstamp", row.change.detected_at)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add(
        "summary",
        sanitize(
            words.term(
                "calendar",
                "deadline" if kind == "deadline" else view.date_key,
                title=where,
            )
        ),
    )
    event.add(
        "description",
        sanitize(
            " ".join(
                filter(
                    None, [view.headline and f"{view.headline}.", announced, link]
                )
            )
        ),
    )
    event.add("url", link)
    event.add("transp", "TRANSPARENT")  # does not block time
    if row.change.topics:
        event.add(
            "categories",
            [sanitize(words.label("topics", topic)) for topic in row.change.topics],
        )
    return event
