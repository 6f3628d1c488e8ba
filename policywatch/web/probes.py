"""For containers and monitors: whether the process answers, and whether the watch works."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from policywatch.plan import is_late
from policywatch.web.admin import Desk
from policywatch.web.api_answers import problem
from policywatch.web.security import ALIVE, READY
from storage.checks import last_checks, pauses
from storage.database import Database


def probes(database: Database, desk: Callable[[], Desk], now: Callable[[], datetime]) -> APIRouter:
    """Their addresses. They say nothing of what is stored, for anyone may ask."""
    router = APIRouter(default_response_class=JSONResponse, include_in_schema=False)
    methods = ["GET", "HEAD"]

    @router.api_route(ALIVE, methods=methods)
    async def alive() -> Response:  # async, so that it answers also while every thread is busy
        return JSONResponse({"status": "ok"})

    @router.api_route(READY, methods=methods)
    def ready() -> Response:
        reason = _unready(database, desk(), now())
        return JSONResponse({"status": "ok"}) if reason is None else problem(503, reason)

    return router


def _unready(database: Database, desk: Desk, now: datetime) -> str | None:
    if not database.is_current():
        return "the database has the schema of another version of policywatch"
    if not desk.documents:
        return None
    with database.reading() as session:
        checks, waits = last_checks(session, [entry.id for entry in desk.documents]), pauses(session, now)
    made = [(entry, checks[entry.id]) for entry in desk.documents if entry.id in checks]
    if not made:
        return "no document was checked yet"
    if all(is_late(entry, check, waits.get(entry.id), now=now) for entry, check in made):
        newest = max(check.checked_at for _, check in made)
        return f"all documents are overdue; the last check was at {newest:%Y-%m-%d %H:%M} UTC"
    return None
