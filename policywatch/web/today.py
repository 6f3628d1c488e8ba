"""GET /services/{service}/today: what the texts of a service say now, or said on a day."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date

from fastapi import Request, Response
from sqlmodel import Session

from policywatch.views.query_params import Day, Word
from policywatch.views.today import Today, service_named, today
from policywatch.web.backend import Backend, Using
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render

router = page_router()


@router.get("/services/{service:path}/today")
def service_today(
    request: Request, backend: Using, service: Word, day: Day | None = None
) -> Response:
    language = page_context(request).language
    with backend.database.reading() as session:
        answers = answers_on(request, backend, session, service, day)
        answers.languages.sort(key=lambda each: each.language != language)
        return render(
            request,
            "today.html",
            today=answers,
            service=service_named(session, service),  # for links: JSON has it escaped
            current=backend.now().date(),
        )


def answers_on(
    request: Request, backend: Backend, session: Session, service: str, day: date | None
) -> Today:
    """Of today without a day. Raises `UnknownService`."""
    # of another day nothing is stored, and it takes a second a document
    turn = backend.comparisons.turn(request) if day else nullcontext()
    with turn:
        return today(session, service, day or backend.now().date())
