"""Answers of the JSON API: with a tag that spares a second sending, and problems in the form of RFC 9457."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from policywatch.web.api_models import Problem
from policywatch.web.etag import tagged

PROBLEM = "application/problem+json"
UNKNOWN = "unknown_name"  # the type of an error: a filter names what does not exist
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "What was asked for is not there, or was not understood.",
        "content": {PROBLEM: {"schema": Problem.model_json_schema()}},
    },
    304: {"description": "Nothing has changed since the answer with the tag in If-None-Match."},
}


def answer(request: Request, value: dict[str, Any]) -> Response:
    """The value as JSON, or 304 where the asker has it already."""
    body = json.dumps(value, ensure_ascii=False, default=_plain).encode("utf-8", "replace")
    headers = {"Cache-Control": "no-cache"}
    if value.get("next"):
        headers["Link"] = f'<{value["next"]}>; rel="next"'
    return tagged(request, body, "application/json", headers)


def _plain(value: Any) -> str:
    """Times and dates."""
    return str(value.isoformat())


def following(request: Request, cursor: object | None) -> str | None:
    """The address of the page from that place on."""
    return str(request.url.include_query_params(cursor=str(cursor))) if cursor is not None else None


def problem(status: int, detail: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """What went wrong."""
    said = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    body = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
    return Response(body, status, headers, PROBLEM)


def wrong_parts(errors: Sequence[Any]) -> list[tuple[str, str, str]]:
    """The same for a page: each parameter, what it was, and the name of the sentence that says what it may be."""
    return [
        ((*error["loc"], "", "")[1], str(error["input"])[:_LONGEST], _SENTENCES.get(error["type"], "wrong"))
        for error in errors[:5]
    ]


_LONGEST = 60  # characters of what was found
_SENTENCES = {
    "missing": "left_out",
    "too_long": "too_many",
    UNKNOWN: "unknown",
    **dict.fromkeys(("date_from_datetime_parsing", "date_parsing"), "no_day"),
}


def misunderstood(errors: Sequence[Any]) -> str:
    """What of an address could not be understood, a parameter each."""
    return "; ".join(f"{(*error['loc'], '', '')[1]}: {error['msg']}" for error in errors[:5])
