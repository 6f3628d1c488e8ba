"""What texts say now, or said on a day: of a service, and of several on one question."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Annotated, Literal

from fastapi import Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field

from foundation.vocabulary import TODAY, TodayQuestion
from policywatch.views.query_params import Day, Params, Word, Words
from policywatch.views.serializer import cell, csv_line
from policywatch.views.today import (
    LanguageToday,
    SideBySide,
    StandingQuotation,
    Today,
    UnknownService,
    service_named,
    services_named,
    services_today,
    store_answers,
)
from policywatch.web.backend import Backend, Using
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render
from policywatch.web.responses import UNKNOWN
from policywatch.web.security import IN_FRAMES
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


_MOST = 12  # services of a table
_SERVICES = 500  # to choose from
_COLUMNS = (
    *("service", "language", "question", "lead_in", "text", "regions", "since"),
    *(
        "at_least",
        "announced",
        "refuse",
        "refuse_url",
        "document",
        "title",
        "version",
    ),
    "url",
)


class SideBySideQuery(Params):
    """Whom to ask, and what."""

    services: Words = Field(
        [], description="names; several with commas between them"
    )
    question: TodayQuestion = Field("ai_training", description="one of ten")
    day: Day | None = Field(None, description="UTC; today, where it is left out")


class SideBySidePage(SideBySideQuery):
    format: Literal["csv", "table"] | None = None


@router.get("/today")
def services_side_by_side(
    request: Request, backend: Using, query: Annotated[SideBySidePage, Query()]
) -> Response:
    table = answers_of_services(request, backend, query)
    if query.format == "csv":
        lines = [csv_line(_COLUMNS), *map(csv_line, _rows(request, table))]
        headers = {
            "Content-Disposition": f'attachment; filename="{query.question}.csv"'
        }
        return Response("".join(lines), 200, headers, "text/csv; charset=utf-8")
    language = page_context(request).language
    with backend.database.reading() as session:
        known = [name for name, _ in services_page(session, limit=_SERVICES)]
    response = render(
        request,
        "side_by_side.html",
        table=table,
        rows=[(each, *_in_language(each, language)) for each in table.services],
        known=known,
        questions=TODAY,
        table_query=query.model_copy(update={"format": None}).as_query,
        current=backend.now().date(),
        is_alone=query.format == "table",
    )
    if query.format == "table":
        response.headers["Content-Security-Policy"] = IN_FRAMES
    return response


def answers_of_services(
    request: Request, backend: Backend, query: SideBySideQuery
) -> SideBySide:
    """Raises `RequestValidationError` for a service that is not known, or too many."""
    with backend.database.reading() as session:
        try:
            services = services_named(session, query.services)
        except UnknownService as failure:
            raise _wrong(
                UNKNOWN, "service", failure.service, str(failure)
            ) from failure
    if len(services) > _MOST:
        problem = f"there may be {_MOST} at most"
        raise _wrong("too_long", "services", query.services, problem)
    day = query.day or backend.now().date()
    answers = (
        answers_on(request, backend, services, query.day, [query.question])
        if services
        else []
    )
    return SideBySide(question=query.question, day=day, services=answers)


def _wrong(
    kind: str, name: str, found: object, problem: str
) -> RequestValidationError:
    error = {"type": kind, "loc": ("query", name), "input": found, "msg": problem}
    return RequestValidationError([error])


def _in_language(
    service: Today, language: str
) -> tuple[LanguageToday, list[LanguageToday]]:
    """The answers in the visitor's language, or in that of most documents; and the others."""
    chosen = next(
        (
            group
            for group in service.languages
            if group.language == language
            and any(each.version for each in group.documents)
        ),
        service.languages[0],
    )
    return chosen, [group for group in service.languages if group is not chosen]


def _rows(request: Request, table: SideBySide) -> Iterator[list[str]]:
    """One a quotation; without words where a service says nothing."""
    for service in table.services:
        for group in service.languages:
            (answer,) = group.answers
            of_group = {
                "service": service.service,
                "language": group.language,
                "question": table.question,
            }
            for each in [*answer.quotations, *answer.announced]:
                values = of_group | _values(request, each)
                yield [cell(values[name]) for name in _COLUMNS]
            if not (answer.quotations or answer.announced):
                yield [cell(of_group.get(name)) for name in _COLUMNS]


def _values(request: Request, quotation: StandingQuotation) -> dict[str, object]:
    stands, way = quotation.history[0], quotation.refuse
    at = f"/documents/{quotation.document}/versions/{quotation.version}"
    return {
        "lead_in": " › ".join(quotation.lead_in),
        "text": quotation.text,
        "regions": ", ".join(quotation.regions),
        "since": None if quotation.announced else stands.since.date(),
        "at_least": str(stands.first).lower(),
        "announced": quotation.announced,
        "refuse": way and way.text,
        "refuse_url": way and way.url,
        "document": quotation.document,
        "title": quotation.title,
        "version": quotation.version,
        "url": f"{page_context(request).whole(at)}#{quotation.anchor}",
    }
