"""The heartbeat: an address pinged after every run, so that another service notices our silence.

As with healthchecks: the address itself means success, /start a start, /fail a failure; the body says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from foundation.http_client import HttpFailure, fetch
from messages import Message
from notifier.secrets import scrubbed
from notifier.unreachable import why_unreachable

_TRIES = 2

Beat = Literal["start", "good", "fail"]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    url: str = field(repr=False)
    start: bool = False

    def beat(self, beat: Beat, text: str = "") -> str | None:
        """Why it failed, without the address."""
        parts = urlsplit(self.url)
        suffix = "" if beat == "good" else f"/{beat}"
        url = parts._replace(path=parts.path.rstrip("/") + suffix).geturl()
        for _ in range(_TRIES):
            try:
                answer = fetch(
                    url, method="POST", body=text.encode(), allow_private=True
                )
            except HttpFailure as failure:
                problem = scrubbed(why_unreachable(failure), self.url)
                continue
            if answer.status < 300:
                return None
            problem = Message("delivery.status", status=answer.status)
            if answer.status < 500:
                break
        return str(problem)


def heartbeat_problem(url: str) -> str | None:
    """Without the address."""
    try:
        parts = urlsplit(url)
        usable = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and not parts.fragment
        )
    except ValueError:
        usable = False
    return (
        None
        if usable
        else "write a whole address that begins with https:// or http://"
    )
