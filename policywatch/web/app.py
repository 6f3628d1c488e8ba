"""The web app: pages for people, feeds for readers, JSON for programs. Read-only but for the operator; no scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from importlib import resources
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DatabaseError
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.middleware.gzip import GZipMiddleware

from analysis.model import UnreadablePage
from foundation.vocabulary import TOPICS
from policywatch.ingest.approve import NothingHeld
from policywatch.logs import log
from policywatch.views.health import job_problem
from policywatch.views.json_models import WebhookMessage
from policywatch.web.access import Access
from policywatch.web.admin import WatchlistState, admin_pages
from policywatch.web.api import api
from policywatch.web.comparisons import WAIT, Comparisons, TooManyComparisons
from policywatch.web.feeds import feeds
from policywatch.web.metrics import metrics
from policywatch.web.page_context import FEEDS, page_context
from policywatch.web.pages import pages
from policywatch.web.rendering import SITE, Renderer
from policywatch.web.responses import (
    UNKNOWN,
    problem,
    wrong_parameter_keys,
    wrong_parameters,
)
from policywatch.web.security import ALIVE, READY, AccessControl, Hosts, SecurityHeaders
from policywatch.web.subscribe import subscription_pages
from storage.change_list import NAMED_FIELDS, unknown_name
from storage.clock import utc_now
from storage.database import Database
from storage.errors import (
    DamagedCapture,
    DamagedValue,
    Unknown,
    UnknownDocument,
    Withdrawn,
    with_advice,
)

_THREADS = 6  # of which comparisons, those that wait included, mostly leave some to quick pages


def create_app(
    database: Database,
    *,
    allowed_hosts: Sequence[str] = ("*",),
    access: Access | None = None,
    state: Callable[[], WatchlistState] = WatchlistState,
    now: Callable[[], datetime] = utc_now,
    with_metrics: bool = False,
) -> FastAPI:
    """The app on a database; `allowed_hosts` are the names it answers to ("*.example.org" allowed).

    Without `access` nobody can sign in, without `state` no text that needs review can be shown; it is asked for each
    time, for the watchlist may have been edited.
    """
    # FastAPI's own documentation pages load scripts from elsewhere
    app = FastAPI(
        title=SITE,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_few_threads,
        dependencies=[Depends(_known_names(database, state))],
    )
    access = access or Access()
    # no page that another site can make a browser ask for holds a secret: the cookie is SameSite=Strict
    app.add_middleware(GZipMiddleware, compresslevel=6)
    app.add_middleware(AccessControl, access=access)
    app.add_middleware(Hosts, allowed_hosts=allowed_hosts, www_redirect=False)
    app.add_middleware(SecurityHeaders)
    _webhook_schema(app)
    app.mount(
        "/static",
        _Static(directory=str(resources.files("policywatch.web") / "static")),
        name="static",
    )
    renderer, comparisons = Renderer(), Comparisons()
    _probes(app, database, state, now)
    if with_metrics:
        app.include_router(metrics(database, state, now, access))
    app.include_router(feeds(database, renderer))
    app.include_router(api(database, state, comparisons))
    app.include_router(admin_pages(database, renderer, access, state, now, comparisons))
    app.include_router(subscription_pages(database, renderer, state, now))
    app.include_router(pages(database, renderer, now, state, comparisons))
    _errors(app, renderer)
    _withdrawn(app, renderer)
    return app


@asynccontextmanager
async def _few_threads(_: FastAPI) -> AsyncIterator[None]:
    """Answers are work for the processor: forty threads, the default, would only make each other wait."""
    current_default_thread_limiter().total_tokens = _THREADS
    yield


class _Static(StaticFiles):
    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        answer = super().file_response(*args, **kwargs)
        answer.headers["Cache-Control"] = (
            "public, max-age=3600"  # no longer: an update keeps their addresses
        )
        return answer


def _webhook_schema(app: FastAPI) -> None:
    path = "/static/webhook.schema.json"

    @app.get(path, include_in_schema=False)
    def webhook_schema(request: Request) -> Response:
        """Whole: a receiver that keeps it needs no other file, and `$id` says where it is from."""
        schema = WebhookMessage.model_json_schema(mode="serialization")
        named = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": page_context(request).whole(path),
        }
        return JSONResponse(named | schema, media_type="application/schema+json")


def _known_names(
    database: Database, state: Callable[[], WatchlistState]
) -> Callable[[Request], None]:
    """Filters take names that exist: a page repeats its filter in many links, so a visitor may not invent one."""

    def check(request: Request) -> None:
        asked = {
            field: set(filter(None, request.query_params.getlist(field)))
            for field in NAMED_FIELDS
        }
        if asked["topic"]:  # one of the operator's own may have no change yet
            own = {
                topic.name
                for config in state().configs.values()
                for topic in config.topics
            }
            asked["topic"] -= {*TOPICS} | own
        if request.query_params.get("state") and not request.state.signed_in:
            raise HTTPException(403)
        with database.reading() as session:
            for field, names in asked.items():
                if (name := unknown_name(session, field, sorted(names))) is not None:
                    error = {"type": UNKNOWN, "loc": ("query", field), "input": name}
                    raise RequestValidationError(
                        [error | {"msg": f"no {field} is called {name!r}"}]
                    )

    return check


def _probes(
    app: FastAPI,
    database: Database,
    state: Callable[[], WatchlistState],
    now: Callable[[], datetime],
) -> None:
    """For containers and monitors; they say nothing of what is stored, for anyone may ask."""

    @app.get(ALIVE, include_in_schema=False)
    async def alive() -> (
        Response
    ):  # async, so that it answers also while every thread is busy
        return JSONResponse({"status": "ok"})

    @app.get(READY, include_in_schema=False)
    def ready() -> Response:
        if not database.is_current():
            return problem(
                503, "the database has the schema of another version of policywatch"
            )
        entries = state().documents
        with database.reading() as session:
            trouble = job_problem(session, entries, now()) if entries else None
        return (
            JSONResponse({"status": "ok"}) if trouble is None else problem(503, trouble)
        )


def _errors(app: FastAPI, renderer: Renderer) -> None:
    @app.exception_handler(Unknown)
    @app.exception_handler(NothingHeld)
    @app.exception_handler(UnreadablePage)
    def nothing_there(request: Request, failure: Exception) -> Response:
        # of an unknown document the store would name all that it knows
        problem = (
            f"there is no document {failure.document!r}"
            if isinstance(failure, UnknownDocument)
            else str(failure)
        )
        return _failed(renderer, request, 404, problem)

    @app.exception_handler(TooManyComparisons)
    def busy(request: Request, _: Exception) -> Response:
        answer = _failed(renderer, request, 503)
        answer.headers["Retry-After"] = str(WAIT)
        return answer

    @app.exception_handler(DatabaseError)
    @app.exception_handler(DamagedCapture)
    @app.exception_handler(DamagedValue)
    def lost(request: Request, failure: Exception) -> Response:
        log.error(
            "the database failed: %s",
            with_advice(failure.orig)
            if isinstance(failure, DatabaseError)
            else failure,
        )
        answer = _failed(
            renderer,
            request,
            503,
            "the database can't be read at this moment",
            key="lost_",
        )
        answer.headers["Retry-After"] = "60"
        return answer

    @app.exception_handler(RequestValidationError)
    def not_understood(request: Request, failure: RequestValidationError) -> Response:
        errors = failure.errors()
        if _is_program(request):
            return problem(400, wrong_parameters(errors))
        if any(
            error["loc"][0] == "path" for error in errors
        ):  # a number, say, that no row can have
            return _failed(renderer, request, 404)
        unclear = wrong_parameter_keys(errors)
        return renderer.page(
            request, "missing.html", status=400, key="unclear_", unclear=unclear
        )

    @app.exception_handler(AnyHTTPException)
    def other(request: Request, failure: AnyHTTPException) -> Response:
        if _is_program(request):
            return problem(failure.status_code, headers=failure.headers)
        if failure.status_code in _KEYS:
            return _failed(renderer, request, failure.status_code)
        return Response(
            failure.detail, failure.status_code, failure.headers, "text/plain"
        )


def _withdrawn(app: FastAPI, renderer: Renderer) -> None:
    """Who comes from an old message reads what became of it, where the change or the version stood."""

    @app.exception_handler(Withdrawn)
    def withdrawn(request: Request, failure: Withdrawn) -> Response:
        if _is_program(request):
            return problem(410, str(failure))
        return renderer.page(request, "withdrawn.html", status=410, failure=failure)


def _is_program(request: Request) -> bool:
    return "/api/" in request.url.path or request.url.path.endswith(
        (READY, *FEEDS, "/changes.csv")
    )


def _failed(
    renderer: Renderer,
    request: Request,
    status: int,
    detail: str | None = None,
    *,
    key: str | None = None,
) -> Response:
    """`detail` is for programs; it advises the operator, in English. `key` names the words of a page."""
    if _is_program(request):
        return problem(status, detail)
    return renderer.page(
        request,
        "missing.html",
        status=status,
        key=_KEYS[status] if key is None else key,
        unclear=[],
    )


_KEYS = {404: "", 400: "unclear_", 403: "forbidden_", 503: "busy_"}
