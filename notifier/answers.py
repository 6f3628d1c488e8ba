"""Hears what servers answered while Apprise sends, for Apprise itself only says yes or no.

See docs/decisions/0005-what-a-server-answered.md for why `requests` is watched, and not Apprise's log lines read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, wraps
from typing import Any

import requests


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; `text` is kept of refusals only."""

    status: int
    retry_after: str | None
    text: str


@dataclass(slots=True)
class Heard:
    """Everything that came back during one send, in order; `lines` is what Apprise logged about it."""

    answers: list[Answer] = field(default_factory=list)
    failures: list[requests.RequestException] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


_heard: ContextVar[Heard | None] = ContextVar("heard", default=None)


@contextmanager
def listening() -> Iterator[Heard]:
    """Collect what is answered in this context; other threads don't mix in."""
    _watch_requests()
    _keep_logs()
    heard = Heard()
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


@cache
def _watch_requests() -> None:
    plain = requests.Session.send

    @wraps(plain)
    def send(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        heard = _heard.get()
        if heard is None:
            return plain(session, request, **options)
        try:
            response = plain(session, request, **options)
        except requests.RequestException as failure:
            heard.failures.append(failure)
            raise
        text = response.text[:1000] if response.status_code >= 300 else ""
        heard.answers.append(Answer(response.status_code, response.headers.get("Retry-After"), text))
        return response

    requests.Session.send = send  # type: ignore[assignment,method-assign]


class _Ours(logging.Filter):
    """Takes what is logged during a send out of the log: it holds addresses, tokens in their paths included."""

    def filter(self, record: logging.LogRecord) -> bool:
        heard = _heard.get()
        if heard is None:
            return True
        if record.name == "apprise" and record.levelno >= logging.WARNING:
            heard.lines.append(record.getMessage())
        return False


@cache
def _keep_logs() -> None:
    # A filter, and not a level or `propagate`: it holds whatever handlers and levels our caller has set, or will set.
    for name in ("apprise", "requests", "urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry"):
        logging.getLogger(name).addFilter(_Ours())
