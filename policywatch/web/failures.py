"""Answers to failures: a page for people, a problem (RFC 9457) for programs."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DatabaseError
from starlette.exceptions import HTTPException

from analysis.model import UnreadablePage
from policywatch.ingest.curation import NothingHeld
from policywatch.logs import log
from policywatch.web.comparisons import WAIT, TooManyComparisons
from policywatch.web.page_context import FEEDS
from policywatch.web.rendering import render
from policywatch.web.responses import (
    problem,
    wrong_parameter_keys,
    wrong_parameters,
)
from policywatch.web.security import READY
from storage.errors import (
    DamagedCapture,
    DamagedValue,
    Unknown,
    UnknownDocument,
    Withdrawn,
    with_advice,
)

_KEYS = {
    404: "page",
    400: "unclear",
    401: "forbidden",
    403: "forbidden",
    405: "method",
    413: "too_large",
    503: "busy",
}  # of the page's words


def _nothing_there(request: Request, failure: Exception) -> Response:
    # the store's own message would list all documents
    detail = (
        f"there is no document {failure.document!r}"
        if isinstance(failure, UnknownDocument)
        else str(failure)
    )
    return _failed(request, 404, detail)


def _busy(request: Request, _: Exception) -> Response:
    answer = _failed(request, 503)
    answer.headers["Retry-After"] = str(WAIT)
    return answer


def _lost(request: Request, failure: Exception) -> Response:
    log.error(
        "the database failed: %s",
        with_advice(failure.orig)
        if isinstance(failure, DatabaseError)
        else failure,
    )
    detail = "the database can't be read at this moment"
    answer = _failed(request, 503, detail, key="lost")
    answer.headers["Retry-After"] = "60"
    return answer


def _not_understood(request: Request, failure: RequestValidationError) -> Response:
    errors = failure.errors()
    if _is_program(request):
        return problem(400, wrong_parameters(errors))
    if any(
        error["loc"][0] == "path" for error in errors
    ):  # for instance a number beyond any row
        return _failed(request, 404)
    unclear = wrong_parameter_keys(errors)
    return render(
        request, "missing.html", status=400, key="unclear", unclear=unclear
    )


def _other(request: Request, failure: HTTPException) -> Response:
    if _is_program(request):
        return problem(failure.status_code, headers=failure.headers)
    status = failure.status_code
    other = "unclear" if status < 500 else "lost"
    answer = _failed(request, status, key=_KEYS.get(status, other))
    answer.headers.update(failure.headers or {})
    return answer


def _withdrawn(request: Request, failure: Withdrawn) -> Response:
    """A link from an old message explains what happened."""
    if _is_program(request):
        return problem(410, str(failure))
    return render(request, "withdrawn.html", status=410, failure=failure)


FAILURES: dict[Any, Any] = {
    Unknown: _nothing_there,
    NothingHeld: _nothing_there,
    UnreadablePage: _nothing_there,
    TooManyComparisons: _busy,
    DatabaseError: _lost,
    DamagedCapture: _lost,
    DamagedValue: _lost,
    RequestValidationError: _not_understood,
    HTTPException: _other,
    Withdrawn: _withdrawn,
}


def _is_program(request: Request) -> bool:
    return "/api/" in request.url.path or request.url.path.endswith(
        (READY, *FEEDS, "/changes.csv")
    )


def _failed(
    request: Request,
    status: int,
    detail: str | None = None,
    *,
    key: str | None = None,
) -> Response:
    """`detail` is in English. `key` names a page's words."""
    if _is_program(request):
        return problem(status, detail)
    key = key or _KEYS[status]
    return render(request, "missing.html", status=status, key=key, unclear=[])
