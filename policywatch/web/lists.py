"""What the first page, the list of changes and that of announced dates show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from pydantic import Field
from sqlmodel import Session

from policywatch.web.query_params import ChangesAsked, Place
from storage.change_list import (
    ChangeFilter,
    Cursor,
    ListedChange,
    changes_page,
    upcoming,
)
from storage.changes import this_and_above
from storage.checks import Check, newest_check
from storage.documents import Document, previews, services_and_languages, watched_counts
from storage.versions import current_version

PAGE = 30  # changes on one page
_LATELY = 7  # changes on the first page
_NEWS = timedelta(days=120)  # older changes, of an archive for example, are no news
_SOON = 5  # announced dates on the first page
_AHEAD = 100  # on the page of all

Query = dict[str, list[str]]
Days = list[tuple[date, list[ListedChange]]]


class PageAsked(ChangesAsked):
    """A filter and a place in the list: `cursor` for what is older, `newer` for the way back."""

    cursor: Place | None = Field(None, description="older than this place")
    newer: Place | None = Field(None, description="newer than this place")


@dataclass(frozen=True, slots=True)
class ListView:
    """Changes by day, what could be filtered for, and the queries of the pages with older and newer ones."""

    asked: PageAsked
    days: Days
    older: Query | None
    newer: Query | None
    services: list[str]
    languages: list[str]

    def without(self, name: str, value: str) -> Query:
        """The filter with one of its words taken away."""
        return {
            key: [each for each in values if (key, each) != (name, value)] for key, values in self.asked.said.items()
        }


@dataclass(frozen=True, slots=True)
class HomeView:
    """What matters, for someone who knows nothing; `counts` are services and documents that are watched.

    `newest` are changes; they are so old that nobody would call them news where not `is_lately`.
    """

    newest: list[ListedChange]
    is_lately: bool
    soon: list[ListedChange]
    counts: tuple[int, int]
    check: Check | None


@dataclass(frozen=True, slots=True)
class UpcomingView:
    """Changes by the date from which they hold, and announced texts with what they are announced against."""

    days: Days
    announced: list[tuple[Document, Document]]
    today: date


def list_view(session: Session, asked: PageAsked) -> ListView:
    """A page of the changes that the filter lets through."""
    before, after = (Cursor.parse(place) if place else None for place in (asked.cursor, asked.newer))
    page = changes_page(session, asked.filter, before=before, after=after, limit=PAGE)
    services, languages = services_and_languages(session)
    older = {"cursor": [str(page.older)], **asked.said} if page.older else None
    newer = {"newer": [str(page.newer)], **asked.said} if page.newer else None
    return ListView(asked, by_day(page.rows), older, newer, services, languages)


def by_day(rows: Sequence[ListedChange]) -> Days:
    return [(day, list(run)) for day, run in groupby(rows, key=lambda row: row.change.detected_at.date())]


def home_view(session: Session, today: date) -> HomeView:
    """The newest changes about AI or data, the next dates."""
    wanted = ChangeFilter(severities=this_and_above("low"))
    found = changes_page(session, wanted, limit=_LATELY).rows
    news = [row for row in found if today - row.change.detected_at.date() <= _NEWS]
    return HomeView(
        newest=news or found,
        is_lately=bool(news) or not found,
        soon=upcoming(session, today, limit=_SOON),
        counts=watched_counts(session),
        check=newest_check(session),
    )


def upcoming_view(session: Session, today: date) -> UpcomingView:
    """Everything that is announced, the nearest first."""
    rows = upcoming(session, today, limit=_AHEAD)
    days = [(day, list(run)) for day, run in groupby(rows, key=lambda row: row.change.effective_date or today)]
    read = [pair for pair in previews(session) if all(current_version(session, each.id) for each in pair)]
    return UpcomingView(days, read, today)
