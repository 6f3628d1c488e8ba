"""Records servers' answers while Apprise sends, which itself only reports success or not.

docs/decisions/0005-what-a-server-answered.md says why `requests` is watched rather than Apprise's log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, wraps
from typing import Any

import requests
import urllib3.exceptions as urllib3

_LARGEST_ANSWER = 256 * 1024  # bytes, decompressed


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    retry_after: str | None
    text: str


@dataclass(slots=True)
class Exchange:
    answers: list[HttpAnswer] = field(default_factory=list)
    failures: list[requests.RequestException] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


_exchange: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


@contextmanager
def listening() -> Iterator[Exchange]:
    _listen()
    exchange = Exchange()
    token = _exchange.set(exchange)
    try:
        yield exchange
    finally:
        _exchange.reset(token)


def _overheard(
    plain: Callable[..., requests.Response],
) -> Callable[..., requests.Response]:
    @wraps(plain)
    def send(
        session: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        exchange = _exchange.get()
        if exchange is None:
            return plain(session, request, **options)
        try:
            response = _bounded(
                plain(session, request, **options | {"stream": True})
            )
        except requests.RequestException as failure:
            exchange.failures.append(failure)
            raise
        text = (
            response.content[:1000].decode("utf-8", "replace")
            if response.status_code >= 300
            else ""
        )
        exchange.answers.append(
            HttpAnswer(
                response.status_code, response.headers.get("Retry-After"), text
            )
        )
        return response

    return send


def _bounded(response: requests.Response) -> requests.Response:
    """requests would read and decompress everything."""
    content = bytearray()
    with response:
        try:
            while len(content) < _LARGEST_ANSWER and (
                chunk := response.raw.read1(_LARGEST_ANSWER)
            ):
                content += chunk
        except urllib3.ReadTimeoutError as failure:
            raise requests.exceptions.ReadTimeout(failure) from failure
        except urllib3.DecodeError as failure:
            raise requests.exceptions.ContentDecodingError(failure) from failure
        except urllib3.HTTPError as failure:
            raise requests.exceptions.ChunkedEncodingError(failure) from failure
    response._content, response._content_consumed = (
        bytes(content[:_LARGEST_ANSWER]),
        True,
    )
    return response


class _Ours(logging.Filter):
    """Keeps a send's lines out of the log: they contain addresses and tokens."""

    def filter(self, record: logging.LogRecord) -> bool:
        exchange = _exchange.get()
        if exchange is None:
            return True
        if record.name == "apprise" and record.levelno >= logging.WARNING:
            exchange.lines.append(record.getMessage())
        return False


@cache
def _listen() -> None:
    """For good."""
    requests.Session.send = _overheard(requests.Session.send)  # type: ignore[method-assign]
    for name in (
        "apprise",
        "requests",
        "urllib3.connection",
        "urllib3.connectionpool",
        "urllib3.util.retry",
    ):
        logging.getLogger(name).addFilter(_Ours())
