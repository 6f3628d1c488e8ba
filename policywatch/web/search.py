"""GET /search: the texts that have these words."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response

from policywatch.views.query_params import SearchQuery
from policywatch.web.backend import Using
from policywatch.web.rendering import page_router, render
from storage.documents import filter_choices
from storage.search import search

_HITS = 20
router = page_router()


@router.get("/search")
def find(
    request: Request, backend: Using, query: Annotated[SearchQuery, Query()]
) -> Response:
    """An empty query finds nothing."""
    with backend.database.reading() as session:
        results = search(
            session, query.q, query.filter, before=query.cursor, limit=_HITS
        )
        choices: dict[str, Any] = dict(filter_choices(session))
        can_ask = request.state.signed_in and backend.state().recipients.model
        return render(
            request,
            "search.html",
            query=query,
            results=results,
            can_ask=can_ask,
            **choices,
        )
