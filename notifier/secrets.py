"""Keeps secrets of addresses out of what is stored, logged or shown."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote, unquote, unquote_plus

from messages import Message, Value
from notifier.escape import clean

_LONGEST = 300  # of a server's answer
_SEPARATORS = re.compile(r"[/:@?&=,;+#\s]+")
# parts of a URL that are no secrets
_SHORTEST = 3


def scrub(text: str, url: str) -> str:
    """On one line, cut, without the parts of the URL but its scheme and plain host names."""
    line = " ".join(clean(text).split())
    for part in sorted(_parts(url), key=len, reverse=True):
        line = re.sub(
            rf"(?<![A-Za-z0-9]){re.escape(part)}(?![A-Za-z0-9])",
            "***",
            line,
            flags=re.IGNORECASE,
        )
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1].rstrip() + "…"


def scrubbed(message: Message, url: str) -> Message:
    return Message(
        message.code,
        **{name: _scrubbed(value, url) for name, value in message.params.items()},
    )


def _scrubbed(value: Value, url: str) -> Value:
    if isinstance(value, Message):
        return scrubbed(value, url)
    return scrub(value, url) if isinstance(value, str) else value


def _parts(url: str) -> set[str]:
    scheme, _, rest = url.partition("://")
    whole = {url, rest, unquote(rest)}
    pieces = {
        piece
        for text in (rest, unquote(rest), unquote_plus(rest))
        for piece in _SEPARATORS.split(text)
    }
    pieces |= {quote(piece, safe="") for piece in pieces}
    credentials, at, _ = rest.partition("@")
    if at:
        user, _, password = unquote(credentials).partition(":")
        pieces |= {
            user,
            password,
            credentials,
            _base64(f"{user}:{password}"),
            _base64(password),
        }
        pieces.add(_base64(f"\0{user}\0{password}"))
    return {
        part
        for part in whole | pieces
        if len(part) >= _SHORTEST and part not in _PLAIN and part != scheme
    }


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# of Apprise URLs, which a server's sentence may contain
_PLAIN = frozenset(
    (
        *(
            "to",
            "from",
            "name",
            "mode",
            "smtp",
            "user",
            "pass",
            "format",
            "text",
            "html",
            "markdown",
            "verify",
            "yes",
        ),
        *(
            "cto",
            "rto",
            "starttls",
            "ssl",
            "insecure",
            "localhost",
            "overflow",
            "split",
            "truncate",
            "redirect",
        ),
    )
)
