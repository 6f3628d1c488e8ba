"""The web app: pages for people, feeds for readers, JSON for programs. Only the operator can write; no scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from importlib import resources
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware

from policywatch.web import (
    add,
    api,
    api_page,
    change,
    changes,
    compare,
    document,
    edit,
    feeds,
    health,
    home,
    metrics,
    probes,
    record,
    routes,
    search,
    services,
    shipped_lists,
    sign_in,
    sitemap,
    subscribe,
    today,
    triage,
    upcoming,
    version,
    work,
)
from policywatch.web.access import Access
from policywatch.web.backend import Backend, Using, WatchlistState
from policywatch.web.caches import AnswerCache, CaptureBodies
from policywatch.web.failures import FAILURES
from policywatch.web.rendering import SITE
from policywatch.web.responses import UNKNOWN
from policywatch.web.security import AccessControl, Hosts, SecurityHeaders
from storage.change_list import NAMED_FIELDS, unknown_name
from storage.clock import utc_now
from storage.database import Database

_THREADS = 6  # comparisons leave some to quick pages


def create_app(
    database: Database,
    *,
    allowed_hosts: Sequence[str] = ("*",),
    access: Access | None = None,
    state: Callable[[], WatchlistState] = WatchlistState,
    now: Callable[[], datetime] = utc_now,
    with_metrics: bool = False,
) -> FastAPI:
    """`allowed_hosts` are the names it answers to ("*.example.org" allowed). Without `access` nobody can sign in;
    without `state` no held text can be shown.
    """
    # FastAPI's documentation pages load scripts from elsewhere
    app = FastAPI(
        title=SITE,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_few_threads,
        dependencies=[
            Depends(_known_names),
            Depends(work.count_work),
            Depends(subscribe.offer),
        ],
        exception_handlers=FAILURES,
    )
    access = access or Access()
    app.state.backend = Backend(
        database, access, state, now, CaptureBodies(database), AnswerCache(database)
    )
    # the cookie is SameSite=Strict, so no other site can request pages that hold a secret
    app.add_middleware(GZipMiddleware, compresslevel=6)
    app.add_middleware(AccessControl, access=access)
    app.add_middleware(Hosts, allowed_hosts=allowed_hosts, www_redirect=False)
    app.add_middleware(SecurityHeaders)
    if with_metrics:
        app.include_router(metrics.router)
    for module in ACTIONS:
        app.include_router(module.router)
    app.mount(
        "/static",
        _Static(directory=str(resources.files("policywatch.web") / "static")),
        name="static",
    )
    return app


# the document's own page last: its address takes any path
ACTIONS = (
    probes,
    sitemap,
    feeds,
    api,
    api_page,
    home,
    changes,
    upcoming,
    change,
    triage,
    today,
    services,
    search,
    health,
    work,
    record,
    add,
    edit,
    shipped_lists,
    routes,
    sign_in,
    subscribe,
    version,
    compare,
    document,
)


@asynccontextmanager
async def _few_threads(_: FastAPI) -> AsyncIterator[None]:
    """Answers are CPU-bound: forty threads only make each other wait."""
    current_default_thread_limiter().total_tokens = _THREADS
    yield


class _Static(StaticFiles):
    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        answer = super().file_response(*args, **kwargs)
        answer.headers["Cache-Control"] = (
            "public, max-age=3600"  # updates keep the addresses
        )
        return answer


def _known_names(request: Request, backend: Using) -> None:
    """Pages repeat filters in many links, so visitors may not invent any."""
    asked = {
        field: set(filter(None, request.query_params.getlist(field)))
        for field in NAMED_FIELDS
    }
    if asked["topic"]:  # the operator's own topics may have no change yet
        asked["topic"].difference_update(change.all_topics(backend))
    if request.query_params.get("state") and not request.state.signed_in:
        raise HTTPException(403)
    with backend.database.reading() as session:
        for field, names in asked.items():
            if (name := unknown_name(session, field, sorted(names))) is not None:
                error = {"type": UNKNOWN, "loc": ("query", field), "input": name}
                raise RequestValidationError(
                    [error | {"msg": f"no {field} is called {name!r}"}]
                )
