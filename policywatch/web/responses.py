"""Answers for programs: conditional, and problems by RFC 9457."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from policywatch.views.json_models import ProblemJson
from policywatch.web.page_context import CHOICES

PROBLEM = "application/problem+json"
UNKNOWN = "unknown_name"  # type of an error: a filter names what does not exist
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "What was asked for is not there, or was not understood.",
        "content": {PROBLEM: {"schema": ProblemJson.model_json_schema()}},
    },
    304: {
        "description": "Nothing has changed since the answer with the tag in If-None-Match."
    },
}


def only_known_parameters(request: Request) -> None:
    """A dependency for programs: a misspelt filter would silently narrow nothing. Language and view are allowed
    everywhere.
    """
    known = known_parameters(request)
    there = f"; there are {', '.join(known)}" if known else ": it takes none"
    unknown = [
        name
        for name in request.query_params
        if name not in known and name not in CHOICES
    ]
    if unknown:
        errors = [
            {
                "type": "extra",
                "loc": ("query", name),
                "input": "",
                "msg": f"is no parameter{there}",
            }
            for name in unknown
        ]
        raise RequestValidationError(errors)


def known_parameters(request: Request) -> list[str]:
    """Of the route that answers."""
    known: list[str] = []
    for parameter in request.scope["route"].dependant.query_params:
        model = parameter.field_info.annotation
        is_model = isinstance(model, type) and issubclass(model, BaseModel)
        known += model.model_fields if is_model else [parameter.alias]
    return known


_FILES = StaticFiles(check_dir=False)


class ConditionalRoute(APIRoute):
    """Sets ETags, and answers 304 as static files are answered."""

    def get_route_handler(
        self,
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def conditional(request: Request) -> Response:
            response = await handler(request)
            tag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
            response.headers["ETag"] = tag
            response.headers.setdefault("Cache-Control", "no-cache")
            is_known = _FILES.is_not_modified(response.headers, request.headers)
            # weak: the body may be compressed
            response.headers["ETag"] = f"W/{tag}"
            return NotModifiedResponse(response.headers) if is_known else response

        return conditional


class Json(JSONResponse):
    """Also for lone surrogates."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


def next_page(
    request: Request, response: Response, cursor: object | None
) -> str | None:
    """The next page's address, also set as a header."""
    if cursor is None:
        return None
    address = str(request.url.include_query_params(cursor=str(cursor)))
    response.headers["Link"] = f'<{address}>; rel="next"'
    return address


def problem(
    status: int, detail: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return Json(content, status, headers, PROBLEM)


def wrong_parameters(errors: Sequence[Any]) -> str:
    return "; ".join(
        f"{(*error['loc'], '', '')[1]}: {error['msg']}" for error in errors[:5]
    )


def wrong_parameter_keys(errors: Sequence[Any]) -> list[tuple[str, str, str]]:
    """Each parameter, its value, and the key of the sentence about valid ones."""
    return [
        (
            (*error["loc"], "", "")[1],
            str(error["input"])[:_LONGEST],
            _SENTENCES.get(error["type"], "wrong"),
        )
        for error in errors[:5]
    ]


_LONGEST = 60  # characters of a value
_SENTENCES = {
    "missing": "left_out",
    "too_long": "too_many",
    UNKNOWN: "unknown",
    **dict.fromkeys(("date_from_datetime_parsing", "date_parsing"), "no_day"),
}
