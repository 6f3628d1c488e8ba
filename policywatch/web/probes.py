"""/healthz and /readyz for containers and monitors. Public, so they say nothing of what is stored."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from policywatch.views.health import job_problem
from policywatch.web.backend import Using
from policywatch.web.responses import problem
from policywatch.web.security import ALIVE, READY

router = APIRouter(include_in_schema=False)


@router.get(ALIVE)
async def alive() -> Response:  # async: answers even while every thread is busy
    return JSONResponse({"status": "ok"})


@router.get(READY)
def ready(backend: Using) -> Response:
    if not backend.database.is_current():
        return problem(
            503, "the database has the schema of another version of policywatch"
        )
    entries = backend.watchlist.documents
    if entries:
        with backend.database.reading() as session:
            trouble = job_problem(session, entries, backend.now())
        if trouble is not None:
            return problem(503, trouble)
    return JSONResponse({"status": "ok"})
