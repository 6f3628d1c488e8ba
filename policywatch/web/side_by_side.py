"""GET /today: what several services say on one question, as a page, as a table for other sites, and as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field

from foundation.vocabulary import TODAY, TodayQuestion
from policywatch.views.changes_csv import cell, csv_line
from policywatch.views.query_params import Day, Params, Words
from policywatch.views.today import (
    LanguageToday,
    SideBySide,
    StandingQuotation,
    Today,
    UnknownService,
    services_named,
)
from policywatch.web.backend import Backend, Using
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render
from policywatch.web.responses import UNKNOWN
from policywatch.web.security import IN_FRAMES
from policywatch.web.today import answers_on
from storage.documents import services_page

_MOST = 12  # services of a table
_SERVICES = 500  # to choose from
_COLUMNS = (
    *("service", "language", "question", "lead_in", "text", "since", "at_least"),
    *("announced", "refuse", "refuse_url", "document", "title", "version", "url"),
)
router = page_router()


class SideBySideQuery(Params):
    """Whom to ask, and what."""

    services: Words = Field([], description="names; several with commas between them")
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
            raise _wrong(UNKNOWN, "service", failure.service, str(failure)) from failure
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


def _wrong(kind: str, name: str, found: object, problem: str) -> RequestValidationError:
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
