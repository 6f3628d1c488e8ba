"""GET /upcoming: changes by the date from which they hold; and an announced text against the one it will replace."""

from __future__ import annotations

from itertools import groupby

from fastapi import Request, Response

from messages import catalogue
from notifier.change_view import ChangeView
from policywatch.ingest.drafts import change_columns
from policywatch.views.query_params import ChangesQuery, DocumentId
from policywatch.web.backend import Using
from policywatch.web.comparisons import Sides
from policywatch.web.page_context import page_context
from policywatch.web.placed import PlacedPassages
from policywatch.web.rendering import page_router, render
from storage.change_list import grouped_by_event, upcoming
from storage.changes import Change
from storage.documents import previews
from storage.errors import Unknown, UnknownDocument
from storage.versions import current_version

_AHEAD = 100  # announced dates
router = page_router()


@router.get("/upcoming")
def announced_dates(request: Request, backend: Using) -> Response:
    wanted = page_context(request).within(ChangesQuery()).filter
    today = backend.now().date()
    with backend.database.reading() as session:
        events = grouped_by_event(upcoming(session, today, wanted, limit=_AHEAD))
        days = groupby(events, key=lambda event: event[0])
        return render(
            request,
            "upcoming.html",
            days=[(day, [event for _, event in run]) for day, run in days],
            announced=[
                pair
                for pair in previews(session, wanted.service)
                if all(current_version(session, each.id) for each in pair)
            ],
            today=today,
        )


@router.get("/upcoming/{document_id:path}")
def announced(
    request: Request, backend: Using, document_id: DocumentId
) -> Response:
    """Against the text that it will replace."""
    with backend.database.reading() as session:
        pairs = {
            announced.id: (announced, then) for announced, then in previews(session)
        }
        if document_id not in pairs:
            raise UnknownDocument(document_id, [*pairs])
        of, replaced = pairs[document_id]
        before, after = (
            current_version(session, each.id) for each in (replaced, of)
        )
    if before is None or after is None:
        raise Unknown(
            f"{document_id} can't be compared before both texts were read"
        )
    sides = Sides(of, replaced, before, after)
    draft = backend.comparisons.compared(sides, request)
    placed = PlacedPassages(
        draft.passages, sides.document.title, sides.before, sides.after
    )
    # as it would be stored when that text was captured
    change = Change(
        cause="page",
        detected_at=sides.after.captured_at,
        **change_columns(draft.comparison),
    )
    words = catalogue(page_context(request).language)
    return render(
        request,
        "announced.html",
        texts=sides,
        placed=placed,
        alert=draft.comparison.alert,
        view=ChangeView(words, change, sides.document, counts=placed.counts),
    )
