"""Which URLs are asked: http and https, and after a redirect only the web's ports. What a host's name leads to is
checked where the connection is made (foundation/addresses.py)."""

from __future__ import annotations

from yarl import URL

from messages import Message

WEB_PORTS = frozenset({80, 443})


def host_of(url: str) -> str:
    """The host of an http(s) URL, lower case, without the brackets of IPv6."""
    return URL(url, encoded=True).host or ""


def port_of(url: str) -> int | None:
    """The port that a URL leads to."""
    return URL(url, encoded=True).port


def objection(url: str, ports: frozenset[int] | None = None) -> Message | None:
    """Why this URL is not asked, as the end of a sentence ("... which is not a web address"); None if it may be.

    Without `ports`, any port will do.
    """
    try:
        parsed = URL(url, encoded=True)
        host, port = parsed.host, parsed.port
        (parsed.raw_host or "").encode(
            "idna"
        )  # as the resolver will: "a..com" and labels of 64 letters have no name
    except ValueError:  # UnicodeError is one
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
