"""GET /services/{service}/today: what the texts of a service say now, or said on a day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import date
from functools import partial

from fastapi import Request, Response

from foundation.vocabulary import TODAY, TodayQuestion
from policywatch.answers import store_answers
from policywatch.views.query_params import Day, Word
from policywatch.views.today import Today, service_named, services_today
from policywatch.web.backend import Backend, Using
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render
from storage.documents import services_page
from storage.errors import STORE_LOST

router = page_router()


@router.get("/services/{service:path}/today")
def service_today(
    request: Request, backend: Using, service: Word, day: Day | None = None
) -> Response:
    language = page_context(request).language
    with backend.database.reading() as session:
        name = service_named(session, service)
        has_others = len(services_page(session, limit=2)) > 1
    (answers,) = answers_on(request, backend, [name], day)
    answers.languages.sort(key=lambda each: each.language != language)
    return render(
        request,
        "today.html",
        today=answers,
        service=name,  # for links: JSON has it escaped
        has_others=has_others,
        topics_of={question: [*topics] for question, topics in TODAY.items()},
        current=backend.now().date(),
    )


def answers_on(
    request: Request,
    backend: Backend,
    services: Sequence[str],
    day: date | None,
    questions: Collection[TodayQuestion] = tuple(TODAY),
) -> list[Today]:
    """Of services by their names. Of today without a day, whose answers are stored then. Raises `TooManyComparisons`."""
    comparisons = backend.comparisons
    if day is None:
        day = backend.now().date()
        if not page_context(request).exported:  # which reads a snapshot
            turn = partial(comparisons.turn, request)
            with suppress(*STORE_LOST):  # as of a store that can't be written
                while store_answers(backend.database, day, services, turn=turn):
                    pass
        with backend.database.reading() as session:
            return services_today(session, services, day, questions)
    # of another day nothing is stored, and it takes a second a document
    with comparisons.turn(request), backend.database.reading() as session:
        return services_today(session, services, day, questions)
