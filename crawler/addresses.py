"""Which URLs are asked. What a host's name resolves to is checked on connecting (foundation/addresses.py)."""

from __future__ import annotations

from yarl import URL

from messages import Message

WEB_PORTS = frozenset({80, 443})


def port_of(url: str) -> int | None:
    return URL(url, encoded=True).port


def objection(url: str, ports: frozenset[int] | None = None) -> Message | None:
    """As the end of a sentence ("... which is not a web address"); None if it may be asked. Without `ports`, any port
    will do.
    """
    try:
        parsed = URL(url, encoded=True)
        host, port = parsed.host, parsed.port
        (parsed.raw_host or "").encode("idna")  # as the resolver will
    except ValueError:  # also UnicodeError
        return Message("objection.unclear")
    if parsed.scheme not in {"http", "https"}:
        return Message("objection.scheme")
    if not host:
        return Message("objection.host")
    if parsed.user is not None or parsed.password is not None:
        return Message("objection.password")
    if ports is not None and port not in ports:
        return Message("objection.port", port=port or 0)
    return None
