"""GET /changes and /changes.csv: the filtered list of changes."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from sqlmodel import Session

from policywatch.views.query_params import LATEST, ChangesQuery, Place
from policywatch.views.serializer import changes_csv
from policywatch.web.backend import Using
from policywatch.web.page_context import NO_LIMIT, PageContext, page_context
from policywatch.web.rendering import page_router, render
from policywatch.web.responses import only_known_parameters
from storage.change_list import (
    ChangeFilter,
    ChangesPage,
    Cursor,
    ListedChange,
    changes_page,
)
from storage.clock import midnight
from storage.documents import documents_page, filter_choices

_PAGE = 30  # on one page
_DOCUMENTS = 200  # with more, choose a service first
router = page_router()


class ListQuery(ChangesQuery):
    """`cursor` is for older changes, `newer` for the way back."""

    cursor: Place | None = Field(None, description="older than this place")
    newer: Place | None = Field(None, description="newer than this place")

    def without(self, name: str, value: str) -> dict[str, list[str]]:
        query = self.as_query
        return query | {name: [other for other in query[name] if other != value]}


@router.get("/changes")
def changes(
    request: Request, backend: Using, query: Annotated[ListQuery, Query()]
) -> Response:
    page = page_context(request)
    with backend.database.reading() as session:
        context = (
            exported_list(session, page, query)
            if page.exported
            else list_page(session, query)
        )
        return render(request, "changes.html", **context)


@router.get("/changes.csv", dependencies=[Depends(only_known_parameters)])
def changes_as_csv(
    request: Request, backend: Using, query: Annotated[ChangesQuery, Query()]
) -> Response:
    lines = changes_csv(
        backend.database, query.filter, reviews=request.state.signed_in
    )
    headers = {"Content-Disposition": 'attachment; filename="changes.csv"'}
    return StreamingResponse(
        lines, headers=headers, media_type="text/csv; charset=utf-8"
    )


def list_page(session: Session, query: ListQuery) -> dict[str, Any]:
    """Events and single changes, and other filters to choose."""
    before, after = (
        Cursor.parse(place) if place else None
        for place in (query.cursor, query.newer)
    )
    page = changes_page(
        session,
        query.filter,
        before=before,
        after=after,
        limit=_PAGE,
        by_event=True,
    )
    documents = documents_page(
        session, services=query.service, limit=_DOCUMENTS + 1
    )
    return {
        "query": query,
        "days": by_day(page.events),
        "older": {"cursor": [str(page.older)], **query.as_query}
        if page.older
        else None,
        "newer": {"newer": [str(page.newer)], **query.as_query}
        if page.newer
        else None,
        "documents": [
            (row.id, f"{row.service}, {row.title} ({row.language})")
            for row in documents[:_DOCUMENTS]
        ]
        if len(documents) <= _DOCUMENTS
        else [],
        **filter_choices(session),
    }


def exported_list(
    session: Session, page: PageContext, query: ListQuery
) -> dict[str, Any]:
    """The newest changes, or all of a service or month. Months link each other: their files stay the same when changes
    are added.
    """
    limit = NO_LIMIT if query.as_query else _PAGE
    listed = changes_page(
        session, page.within(query).filter, limit=limit, by_event=True
    )
    wanted = page.within(ListQuery()).filter
    older = newer = None
    if query.since and query.until:
        older = month_before(session, wanted, query.since)
        newer = month_from(session, wanted, query.until + timedelta(days=1))
    elif listed.older:
        older = month_before(session, wanted, LATEST)
    return {
        "query": query,
        "days": by_day(listed.events),
        "older": older,
        "newer": newer,
    }


def month_before(
    session: Session, wanted: ChangeFilter, day: date
) -> dict[str, str] | None:
    """As a query."""
    place = Cursor(midnight(day), 0)
    return _month(changes_page(session, wanted, before=place, limit=1))


def month_from(
    session: Session, wanted: ChangeFilter, day: date
) -> dict[str, str] | None:
    """As a query."""
    place = Cursor(midnight(day), 0)
    return _month(changes_page(session, wanted, after=place, limit=1))


def _month(listed: ChangesPage) -> dict[str, str] | None:
    if not listed.rows:
        return None
    day = listed.rows[0].change.detected_at.date()
    last = monthrange(day.year, day.month)[1]
    return {"since": f"{day:%Y-%m}-01", "until": f"{day:%Y-%m}-{last}"}


def by_day(
    events: Sequence[list[ListedChange]],
) -> list[tuple[date, list[list[ListedChange]]]]:
    """Of the leading change."""
    return [
        (day, list(run))
        for day, run in groupby(
            events, key=lambda event: event[0].change.detected_at.date()
        )
    ]
