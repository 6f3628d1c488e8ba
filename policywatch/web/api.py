"""The JSON API: what the pages show, for programs; the same names in addresses as there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AfterValidator, Field
from sqlmodel import Session

from policywatch.changes_json import change_json, changes_json, passage_json
from policywatch.web import api_models as shapes
from policywatch.web.admin import Desk
from policywatch.web.api_answers import PROBLEMS, answer, following
from policywatch.web.query_params import Asked, ChangesAsked, ChangesPaged, Limit, Word, Words
from policywatch.web.search_page import SearchAsked
from storage.change_list import changes_to
from storage.changes import change
from storage.checks import Check, last_checks, newest_check
from storage.columns import MAX_INTEGER
from storage.database import Database
from storage.deliveries import counts
from storage.document_stats import document_stats
from storage.documents import Document, document, documents_page, failing, services_page, watched_counts
from storage.paragraphs import blame, course
from storage.passages import PassagePlace, passages_page
from storage.search import Hit, search
from storage.versions import Version, numbered_version, versions_of_document


def _passage_place(text: str) -> str:
    PassagePlace.parse(text)
    return text


class PassagesPaged(ChangesAsked):
    """A page of passages; `topic` is asked of the passage itself."""

    cursor: Annotated[str, AfterValidator(_passage_place)] | None = Field(None, description="as `next` has it")
    limit: Limit = 50


class VersionsPaged(Asked):
    """A page of a document's versions."""

    cursor: int | None = Field(None, ge=1, le=MAX_INTEGER, description="as `next` has it: versions below this number")
    limit: Limit = 50


class DocumentsPaged(Asked):
    """A page of documents."""

    service: Words = Field([], description="name of a service; several: any of them")
    language: Words = Field([], description="like en")
    cursor: Word | None = Field(None, description="as `next` has it: documents after this id")
    limit: Limit = 50


class ServicesPaged(Asked):
    """A page of services."""

    cursor: Word | None = Field(None, description="as `next` has it: services after this name")
    limit: Limit = 50


class SearchPaged(SearchAsked):
    """A page of what was found."""

    limit: Limit = 20


DocumentId = Annotated[str, Path(pattern=r"^[^\x00]+$", max_length=200, examples=["parley/privacy-policy"])]
Number = Annotated[int, Path(ge=1, le=MAX_INTEGER)]


def api(database: Database, desk: Callable[[], Desk]) -> APIRouter:
    """The addresses under /api/v1."""
    router = APIRouter(prefix="/api/v1", default_response_class=JSONResponse, responses=PROBLEMS)
    _changes(router, database)
    _documents(router, database)
    _lists(router, database, desk)
    return router


def _get(router: APIRouter, path: str, model: type[shapes.Shape]) -> Callable[[Any], Any]:
    def register(function: Any) -> Any:
        router.add_api_route(path, function, methods=["GET"], response_model=model)
        router.add_api_route(path, function, methods=["HEAD"], include_in_schema=False)
        return function

    return register


def _changes(router: APIRouter, database: Database) -> None:
    get = partial(_get, router)

    @get("/changes", shapes.Changes)
    def list_changes(request: Request, asked: Annotated[ChangesPaged, Query()]) -> Response:
        """Changes, newest first, without their passages."""
        with database.reading() as session:
            page = asked.page(session)
            found = changes_json(session, page)
        return answer(request, {"changes": found, "next": following(request, page.older)})

    @get("/changes/{change_id}", shapes.Change)
    def one_change(request: Request, change_id: Number) -> Response:
        """A change with its passages and its brief."""
        with database.reading() as session:
            return answer(request, change_json(session, change(session, change_id)))

    @get("/passages", shapes.Passages)
    def list_passages(request: Request, asked: Annotated[PassagesPaged, Query()]) -> Response:
        """The places of changes, the newest change first; filtered as changes are."""
        before = PassagePlace.parse(asked.cursor) if asked.cursor else None
        with database.reading() as session:
            page = passages_page(session, asked.filter, before=before, limit=asked.limit)
        found = [
            passage_json(row.passage)
            | {
                "change": row.passage.change_id,
                "position": row.passage.position,
                "document": row.document.id,
                "service": row.document.service,
                "detected_at": row.detected_at,
            }
            for row in page.rows
        ]
        return answer(request, {"passages": found, "next": following(request, page.older)})

    @get("/search", shapes.Hits)
    def find(request: Request, asked: Annotated[SearchPaged, Query()]) -> Response:
        """Texts that stand or stood and hold every word, and every "phrase in quotes"; `cooki*` begins a word."""
        with database.reading() as session:
            page = search(session, asked.q, asked.filter, before=asked.cursor, limit=asked.limit)
        found = [_hit(hit) for hit in page.hits]
        return answer(request, {"hits": found, "next": following(request, page.older)})


def _documents(router: APIRouter, database: Database) -> None:
    get = partial(_get, router)

    @get("/documents", shapes.Documents)
    def list_documents(request: Request, asked: Annotated[DocumentsPaged, Query()]) -> Response:
        """Documents that are or were watched, by id."""
        with database.reading() as session:
            rows = documents_page(
                session, services=asked.service, languages=asked.language, after=asked.cursor, limit=asked.limit + 1
            )
            found = _documents_json(session, rows[: asked.limit])
        more = rows[asked.limit - 1].id if len(rows) > asked.limit else None
        return answer(request, {"documents": found, "next": following(request, more)})

    # before the document's own address, which takes any path
    @get("/documents/{document_id:path}/versions", shapes.Versions)
    def list_versions(request: Request, document_id: DocumentId, asked: Annotated[VersionsPaged, Query()]) -> Response:
        """Versions, newest first, without their texts."""
        with database.reading() as session:
            document(session, document_id)
            rows = versions_of_document(session, document_id, before=asked.cursor, limit=asked.limit + 1)
            found = _versions_json(session, rows[: asked.limit])
        more = rows[asked.limit - 1].number if len(rows) > asked.limit else None
        return answer(request, {"versions": found, "next": following(request, more)})

    @get("/documents/{document_id:path}/versions/{number}", shapes.Version)
    def one_version(request: Request, document_id: DocumentId, number: Number) -> Response:
        """A version with its text, and since when each block of it stands."""
        with database.reading() as session:
            document(session, document_id)
            row = numbered_version(session, document_id, number)
            since = [each._asdict() if each else None for each in blame(session, row)]
            (head,) = _versions_json(session, [row])
        blocks = [block | {"since": each} for block, each in zip(row.page["blocks"], since, strict=True)]
        text = {"title": row.page.get("title", ""), "language": row.page.get("language"), "blocks": blocks}
        return answer(request, head | text)

    @get("/documents/{document_id:path}/course", shapes.Course)
    def course_of_document(request: Request, document_id: DocumentId) -> Response:
        """Length and mentions of each topic over all versions, oldest first."""
        with database.reading() as session:
            document(session, document_id)
            points = course(session, document_id)
        return answer(request, {"document": document_id, "points": [asdict(point) for point in points]})

    @get("/documents/{document_id:path}", shapes.Document)
    def one_document(request: Request, document_id: DocumentId) -> Response:
        """A document, and how its last check went."""
        with database.reading() as session:
            (found,) = _documents_json(session, [document(session, document_id)])
        return answer(request, found)


def _lists(router: APIRouter, database: Database, desk: Callable[[], Desk]) -> None:
    get = partial(_get, router)

    @get("/services", shapes.Services)
    def list_services(request: Request, asked: Annotated[ServicesPaged, Query()]) -> Response:
        """Services, by name."""
        with database.reading() as session:
            rows = services_page(session, after=asked.cursor, limit=asked.limit + 1)
        found = [{"name": name, "documents": number} for name, number in rows[: asked.limit]]
        more = rows[asked.limit - 1][0] if len(rows) > asked.limit else None
        return answer(request, {"services": found, "next": following(request, more)})

    @get("/health", shapes.Health)
    def health(request: Request) -> Response:
        """Whether what is watched can be read; the documents that can't, and why."""
        with database.reading() as session:
            _, documents = watched_counts(session)
            rows, newest, owed = failing(session), newest_check(session), counts(session)
            checks = last_checks(session, [row.id for row in rows])
        troubled = [
            {
                "document": row.id,
                "checked_at": checks[row.id].checked_at,
                "outcome": checks[row.id].outcome,
                "reason": _reason(checks[row.id]),
                "failing_since": row.failing_since,
            }
            for row in rows
            if row.id in checks
        ]
        told = {
            "watched": documents,
            "good": documents - len(troubled),
            "last_check": newest.checked_at if newest else None,
            "troubled": troubled,
            "deliveries": owed,
            "watchlist": "good" if desk().wrong is None else "wrong",
        }
        return answer(request, told)


def _versions_json(session: Session, rows: Sequence[Version]) -> list[dict[str, Any]]:
    made = changes_to(session, [row.id for row in rows if row.id is not None])
    return [
        {
            "document": row.document_id,
            "number": row.number,
            "captured_at": row.captured_at,
            "cause": row.cause,
            "source": row.source,
            "fingerprint": row.fingerprint,
            "change": made[row.id].change.id if row.id in made else None,
        }
        for row in rows
    ]


def _reason(check: Check) -> str | None:
    return str(check.reason) if check.reason else None


def _documents_json(session: Session, rows: Sequence[Document]) -> list[dict[str, Any]]:
    ids = [row.id for row in rows]
    facts, checks = document_stats(session, ids), last_checks(session, ids)
    found = []
    for row in rows:
        check = checks.get(row.id)
        last = {"checked_at": check.checked_at, "outcome": check.outcome, "reason": _reason(check)} if check else None
        found.append(
            {
                "id": row.id,
                "service": row.service,
                "title": row.title,
                "kind": row.kind,
                "language": row.language,
                "url": row.url,
                "urls": row.addresses,
                "watched": not row.retired,
                "versions": facts[row.id].versions,
                "changed_at": facts[row.id].changed_at,
                "last_check": last,
            }
        )
    return found


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "document": hit.document.id,
        "service": hit.document.service,
        "title": hit.document.title,
        "text": hit.text,
        "marked": hit.marked,
        "stands": hit.stands,
        "spans": [asdict(span) for span in hit.spans],
    }
