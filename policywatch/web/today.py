"""GET /services/{service}/today: what the texts of a service say now, or said on a day."""

from __future__ import annotations

from contextlib import nullcontext

from fastapi import Request, Response

from policywatch.views.query_params import Day, Word
from policywatch.views.today import service_named, today
from policywatch.web.backend import Using
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render

router = page_router()


@router.get("/services/{service:path}/today")
def service_today(
    request: Request, backend: Using, service: Word, day: Day | None = None
) -> Response:
    language = page_context(request).language
    # of another day nothing is stored, and it takes a second a document
    turn = backend.comparisons.turn(request) if day else nullcontext()
    with turn, backend.database.reading() as session:
        current = backend.now().date()
        answers = today(session, service, day or current)
        answers.languages.sort(key=lambda each: each.language != language)
        return render(
            request,
            "today.html",
            today=answers,
            service=service_named(session, service),
            current=current,
        )
