"""What the first page, the list of changes and that of announced dates show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from pydantic import Field
from sqlmodel import Session

from foundation.vocabulary import this_and_above
from policywatch.web.query_params import ChangesQuery, Place
from storage.change_list import (
    ChangeFilter,
    Cursor,
    ListedChange,
    changes_page,
    upcoming,
)
from storage.checks import newest_check
from storage.documents import documents_page, filter_choices, previews, watched_counts
from storage.versions import current_version

_PAGE = 30  # changes on one page
_RECENT = 7  # changes on the first page
_NEWS = timedelta(days=120)  # older changes, of an archive for example, are no news
_SOON = 5  # announced dates on the first page
_AHEAD = 100  # on the page of all
_EVERYTHING = ChangeFilter()
_DOCUMENTS = 200  # to choose from; of more, a service is to be chosen first


class ListQuery(ChangesQuery):
    """A filter and a place in the list: `cursor` for what is older, `newer` for the way back."""

    cursor: Place | None = Field(None, description="older than this place")
    newer: Place | None = Field(None, description="newer than this place")

    def without(self, name: str, value: str) -> dict[str, list[str]]:
        """The filter with one of its words taken away."""
        query = self.as_query
        return query | {name: [other for other in query[name] if other != value]}


def list_page(session: Session, query: ListQuery) -> dict[str, Any]:
    """A page of the events and single changes that the filter lets through, and what else could be filtered for."""
    before, after = (
        Cursor.parse(place) if place else None for place in (query.cursor, query.newer)
    )
    page = changes_page(
        session, query.filter, before=before, after=after, limit=_PAGE, by_event=True
    )
    documents = documents_page(session, services=query.service, limit=_DOCUMENTS + 1)
    return {
        "query": query,
        "days": by_day(page.events),
        "older": {"cursor": [str(page.older)], **query.as_query}
        if page.older
        else None,
        "newer": {"newer": [str(page.newer)], **query.as_query} if page.newer else None,
        "documents": [
            (row.id, f"{row.service}, {row.title} ({row.language})")
            for row in documents[:_DOCUMENTS]
        ]
        if len(documents) <= _DOCUMENTS
        else [],
        **filter_choices(session),
    }


def by_day(
    events: Sequence[list[ListedChange]],
) -> list[tuple[date, list[list[ListedChange]]]]:
    """By the day of the change that leads each."""
    return [
        (day, list(run))
        for day, run in groupby(
            events, key=lambda event: event[0].change.detected_at.date()
        )
    ]


def by_event(rows: Sequence[ListedChange]) -> list[list[ListedChange]]:
    """Changes of one event that hold from the same day together."""
    events: dict[object, list[ListedChange]] = {}
    for row in rows:
        alone = (row.change.id, None)
        key = (
            (row.change.event_id, row.change.effective_date)
            if row.change.event_id is not None
            else alone
        )
        events.setdefault(key, []).append(row)
    return list(events.values())


def home_page(
    session: Session, today: date, wanted: ChangeFilter = _EVERYTHING
) -> dict[str, Any]:
    """The newest changes about AI or data, or older ones that nobody would call news; and the next dates."""
    flagged = replace(wanted, severity=this_and_above("low"))
    events = changes_page(session, flagged, limit=_RECENT, by_event=True).events
    news = [
        event for event in events if today - event[0].change.detected_at.date() <= _NEWS
    ]
    services, documents = watched_counts(session, wanted.service)
    return {
        "newest": news or events,
        "is_recent": bool(news) or not events,
        "soon": by_event(upcoming(session, today, wanted, limit=10 * _SOON))[:_SOON],
        "services": services,
        "documents": documents,
        "check": newest_check(session),
    }


def upcoming_page(
    session: Session, today: date, wanted: ChangeFilter = _EVERYTHING
) -> dict[str, Any]:
    """Changes by the date from which they hold, the nearest first, and announced texts with those they will replace."""
    events = by_event(upcoming(session, today, wanted, limit=_AHEAD))
    days = groupby(events, key=lambda event: event[0].change.effective_date or today)
    pairs = previews(session, wanted.service)
    announced = [
        pair
        for pair in pairs
        if all(current_version(session, each.id) for each in pair)
    ]
    return {
        "days": [(day, list(run)) for day, run in days],
        "announced": announced,
        "today": today,
    }
