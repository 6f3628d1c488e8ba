"""GET /: the newest changes, and the next dates."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fastapi import Request, Response

from foundation.vocabulary import this_and_above
from policywatch.views.query_params import ChangesQuery
from policywatch.web.backend import Using
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render
from storage.change_list import changes_page, grouped_by_event, upcoming
from storage.checks import newest_check
from storage.documents import watched_counts

_RECENT = 7  # changes
_NEWS = timedelta(days=120)  # older changes, say of an archive, are no news
_SOON = 5  # dates
router = page_router()


@router.get("/")
def home(request: Request, backend: Using) -> Response:
    wanted = page_context(request).within(ChangesQuery()).filter
    flagged = replace(wanted, severity=this_and_above("low"))
    today = backend.now().date()
    with backend.database.reading() as session:
        events = changes_page(session, flagged, limit=_RECENT, by_event=True).events
        news = [
            event
            for event in events
            if today - event[0].change.detected_at.date() <= _NEWS
        ]
        dates = upcoming(session, today, wanted, limit=10 * _SOON)
        services, documents = watched_counts(session, wanted.service)
        return render(
            request,
            "home.html",
            newest=news or events,
            is_recent=bool(news) or not events,
            soon=grouped_by_event(dates)[:_SOON],
            services=services,
            documents=documents,
            check=newest_check(session),
        )
