"""Answers with a tag, so that who has one already is told just that."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from fastapi import Request
from fastapi.responses import Response


def tagged(
    request: Request, body: bytes, media_type: str, headers: dict[str, str], updated: datetime | None = None
) -> Response:
    """The body, or 304 where the reader says that it has it; `updated` also answers who knows dates only."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": f"W/{tag}", **headers}  # weak, for the body may go out compressed or not
    if updated is not None:
        headers["Last-Modified"] = format_datetime(updated.astimezone(UTC), usegmt=True)
    if _is_known(request, tag, updated):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _is_known(request: Request, tag: str, updated: datetime | None) -> bool:
    """By the tag where one is sent, as it changes too when an old change is judged anew; else by the date."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tag in {each.strip().removeprefix("W/") for each in tags.split(",")}
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return updated is not None and since.tzinfo is not None and updated.replace(microsecond=0) <= since
