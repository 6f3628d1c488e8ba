"""The JSON API: what the pages show, for programs; the same names in addresses as there."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, Field
from sqlmodel import Session

from analysis.text.lexicon import mentions_in
from policywatch.views import json_models as json
from policywatch.views.between import steps_between, sum_of
from policywatch.views.health import troubled
from policywatch.views.query_params import (
    ChangesPaged,
    ChangesQuery,
    Day,
    DocumentId,
    Limit,
    Number,
    Params,
    SearchQuery,
    Word,
    Words,
)
from policywatch.views.serializer import (
    change_json,
    changes_json,
    compared_json,
    documents_json,
    hit_json,
    passage_json,
    version_texts,
    versions_json,
)
from policywatch.views.today import SideBySide, Today, service_named
from policywatch.web.backend import Backend, Using
from policywatch.web.compare import two_versions
from policywatch.web.comparisons import From, To
from policywatch.web.responses import (
    PROBLEMS,
    ConditionalRoute,
    Json,
    next_page,
    only_known_parameters,
)
from policywatch.web.today import SideBySideQuery, answers_of_services, answers_on
from storage.change_list import PassagePlace, passages_page
from storage.checks import newest_check
from storage.columns import MAX_INTEGER
from storage.deliveries import counts
from storage.documents import (
    document,
    documents_page,
    services_page,
    watched_counts,
)
from storage.paragraphs import blame, course
from storage.readings import dropped_since, usage_since
from storage.search import search
from storage.versions import (
    numbered_version,
    stored_versions,
    versions_of_document,
)


def _passage_place(text: str) -> str:
    PassagePlace.parse(text)
    return text


class PassagesPaged(ChangesQuery):
    """A page of passages; `topic` is asked of the passage itself."""

    cursor: Annotated[str, AfterValidator(_passage_place)] | None = Field(
        None, description="as `next` has it"
    )
    limit: Limit = 50


class VersionsPaged(Params):
    """A page of a document's versions."""

    cursor: int | None = Field(
        None,
        ge=1,
        le=MAX_INTEGER,
        description="as `next` has it: versions below this number",
    )
    limit: Limit = 50


class TextsPaged(Params):
    """A page of texts."""

    service: Words = Field(
        [], description="name of a service; several: any of them"
    )
    document: Words = Field([], description="id of a document")
    language: Words = Field([], description="like en")
    cursor: int = Field(
        0,
        ge=0,
        le=MAX_INTEGER,
        description="as `next` has it: what was stored after this one",
    )
    limit: Limit = 20


class DocumentsPaged(Params):
    """A page of documents."""

    service: Words = Field(
        [], description="name of a service; several: any of them"
    )
    language: Words = Field([], description="like en")
    cursor: Word | None = Field(
        None, description="as `next` has it: documents after this id"
    )
    limit: Limit = 50


class ServicesPaged(Params):
    """A page of services."""

    cursor: Word | None = Field(
        None, description="as `next` has it: services after this name"
    )
    limit: Limit = 50


class SearchPaged(SearchQuery):
    """A page of what was found."""

    limit: Limit = 20


router = APIRouter(
    prefix="/api/v1",
    default_response_class=Json,
    responses=PROBLEMS,
    route_class=ConditionalRoute,
    dependencies=[Depends(only_known_parameters)],
)


@router.get("/changes")
def list_changes(
    request: Request,
    response: Response,
    backend: Using,
    query: Annotated[ChangesPaged, Query()],
) -> json.Changes:
    """Changes, newest first, without their passages."""
    with backend.database.reading() as session:
        page = query.page(session)
        changes = changes_json(session, page.rows, reviews=request.state.signed_in)
    return json.Changes(
        changes=changes, next=next_page(request, response, page.older)
    )


@router.get("/changes/{change_id}")
def one_change(
    request: Request, backend: Using, change_id: Number
) -> json.ChangeJson:
    """A change with its passages and its brief."""
    with backend.database.reading() as session:
        return change_json(session, change_id, reviews=request.state.signed_in)


@router.get("/passages")
def list_passages(
    request: Request,
    response: Response,
    backend: Using,
    query: Annotated[PassagesPaged, Query()],
) -> json.Passages:
    """The places of changes, the newest change first; filtered as changes are."""
    before = PassagePlace.parse(query.cursor) if query.cursor else None
    with backend.database.reading() as session:
        page = passages_page(
            session, query.filter, before=before, limit=query.limit
        )
    passages = [passage_json(row) for row in page.rows]
    return json.Passages(
        passages=passages, next=next_page(request, response, page.older)
    )


@router.get("/search")
def find(
    request: Request,
    response: Response,
    backend: Using,
    query: Annotated[SearchPaged, Query()],
) -> json.Hits:
    """Texts of any version with every word, in any form, and every "phrase in quotes"; `cooki*` is a beginning."""
    with backend.database.reading() as session:
        page = search(
            session, query.q, **query.places, before=query.cursor, limit=query.limit
        )
    return json.Hits(
        hits=[hit_json(hit) for hit in page.hits],
        next=next_page(request, response, page.older),
    )


@router.get("/documents")
def list_documents(
    request: Request,
    response: Response,
    backend: Using,
    query: Annotated[DocumentsPaged, Query()],
) -> json.Documents:
    """Documents that are or were watched, by id."""
    with backend.database.reading() as session:
        rows = documents_page(
            session,
            services=query.service,
            languages=query.language,
            after=query.cursor,
            limit=query.limit + 1,
        )
        documents = documents_json(session, rows[: query.limit])
    more = documents[-1].id if len(rows) > query.limit else None
    return json.Documents(
        documents=documents, next=next_page(request, response, more)
    )


@router.get("/versions")
def list_texts(
    request: Request,
    response: Response,
    backend: Using,
    query: Annotated[TextsPaged, Query()],
) -> json.VersionTexts:
    """Texts of all documents, in the order in which they were stored."""
    with backend.database.reading() as session:
        rows = stored_versions(
            session,
            services=query.service,
            documents=query.document,
            languages=query.language,
            after=query.cursor,
            limit=query.limit + 1,
        )
        versions = version_texts(session, rows[: query.limit])
        more = rows[query.limit - 1].id if len(rows) > query.limit else None
    return json.VersionTexts(
        versions=versions, next=next_page(request, response, more)
    )


# before the document's own address, which takes any path
@router.get("/documents/{document_id:path}/compare")
def compare_versions(
    request: Request,
    backend: Using,
    document_id: DocumentId,
    old: From,
    new: To = None,
) -> json.Compared:
    """Two versions, by number or by a day (UTC) on which they were in force."""
    with backend.database.reading() as session:
        sides = two_versions(session, document_id, old, new)
        steps = steps_between(session, sides.before, sides.after)
    whole = sum_of(
        steps,
        backend.comparisons.compared(sides, request).passages,
        sides.before.page,
        sides.after.page,
    )
    with backend.database.reading() as session:
        return compared_json(session, sides.before, sides.after, whole)


@router.get("/documents/{document_id:path}/versions")
def list_versions(
    request: Request,
    response: Response,
    backend: Using,
    document_id: DocumentId,
    query: Annotated[VersionsPaged, Query()],
) -> json.Versions:
    """Versions, newest first, without their texts."""
    with backend.database.reading() as session:
        document(session, document_id)
        rows = versions_of_document(
            session, document_id, before=query.cursor, limit=query.limit + 1
        )
        versions = versions_json(session, rows[: query.limit])
    more = versions[-1].number if len(rows) > query.limit else None
    return json.Versions(versions=versions, next=next_page(request, response, more))


@router.get("/documents/{document_id:path}/versions/{number}")
def one_version(
    backend: Using, document_id: DocumentId, number: Number
) -> json.VersionJson:
    """A version with its text, and since when each block of it stands."""
    with backend.database.reading() as session:
        document(session, document_id)
        row = numbered_version(session, document_id, number)
        since = blame(session, row)
        (head,) = versions_json(session, [row])
    blocks: list[Any] = [
        block | {"since": at}
        for block, at in zip(row.page["blocks"], since, strict=True)
    ]
    title, language = row.page.get("title", ""), row.page.get("language")
    return json.VersionJson(
        **head.model_dump(), title=title, language=language, blocks=blocks
    )


@router.get("/documents/{document_id:path}/course", response_model=json.Course)
def course_of_document(backend: Using, document_id: DocumentId) -> Response:
    """Length and mentions of each topic over all versions, oldest first."""
    with backend.database.reading() as session:
        mentions = mentions_in(document(session, document_id).language)
        points = json.Course(
            document=document_id, points=course(session, document_id, mentions)
        )
    return Response(points.model_dump_json(), media_type="application/json")


@router.get("/documents/{document_id:path}")
def one_document(backend: Using, document_id: DocumentId) -> json.DocumentJson:
    """A document, and how its last check went."""
    with backend.database.reading() as session:
        return documents_json(session, [document(session, document_id)])[0]


@router.get("/services")
def list_services(
    request: Request,
    response: Response,
    backend: Using,
    query: Annotated[ServicesPaged, Query()],
) -> json.Services:
    """Services, by name."""
    with backend.database.reading() as session:
        rows = services_page(session, after=query.cursor, limit=query.limit + 1)
    services = [
        json.Service(name=name, documents=number)
        for name, number in rows[: query.limit]
    ]
    more = services[-1].name if len(rows) > query.limit else None
    return json.Services(services=services, next=next_page(request, response, more))


class TodayQuery(Params):
    """What was in force on a day."""

    day: Day | None = Field(None, description="UTC; today, where it is left out")


@router.get("/services/{service:path}/today")
def service_today(
    request: Request,
    backend: Using,
    service: Word,
    query: Annotated[TodayQuery, Query()],
) -> Today:
    """What the texts of a service answer, each in its own words, and since when these stand."""
    with backend.database.reading() as session:
        name = service_named(session, service)
    (answers,) = answers_on(request, backend, [name], query.day)
    return answers


@router.get("/today")
def services_side_by_side(
    request: Request, backend: Using, query: Annotated[SideBySideQuery, Query()]
) -> SideBySide:
    """What several services answer to one question."""
    return answers_of_services(request, backend, query)


@router.get("/health")
def health(request: Request, backend: Using) -> json.Health:
    """Whether what is watched can be read; the documents that can't, and why, to who may know."""
    is_public = request.state.access["can_sign_in"] and not request.state.signed_in
    with backend.database.reading() as session:
        _, watched = watched_counts(session)
        newest, deliveries = newest_check(session), counts(session)
        use = None if is_public else _model_use(session, backend)
        trouble = [
            json.Trouble(
                document=row.id,
                checked_at=check.checked_at,
                outcome=check.outcome,
                reason=check.reason,
                failing_since=row.failing_since,
            )
            for row, check in troubled(session)
        ]
    return json.Health(
        watched=watched,
        good=watched - len(trouble),
        last_check=newest.checked_at if newest else None,
        troubled=[] if is_public else trouble,
        deliveries={} if is_public else deliveries,
        watchlist="good" if backend.state().problem is None else "wrong",
        model=use,
    )


def _model_use(session: Session, backend: Backend) -> json.ModelUse | None:
    """Of 30 days; None without a question. What was dropped stands in the changes, of which there may be many."""
    month = backend.now() - timedelta(days=30)
    usage = usage_since(session, month)
    if not usage.questions:
        return None
    model = backend.state().recipients.model
    return json.ModelUse(
        **usage._asdict(),
        dropped=dropped_since(session, month),
        cost=model.cost(usage.tokens_in, usage.tokens_out) if model else None,
    )
