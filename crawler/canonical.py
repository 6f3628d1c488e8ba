"""The address that a page gives as its own."""

from __future__ import annotations

from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

_LONGEST = 2_000  # characters


def canonical_address(body: bytes, mime: str, url: str) -> str | None:
    """By its `link rel=canonical`, whole; `url` is where it was received from."""
    link = (
        LexborHTMLParser(body).css_first('link[rel="canonical"]')
        if "html" in mime
        else None
    )
    try:
        address = urljoin(url, (link and link.attributes.get("href")) or "")
    except ValueError:  # no address at all
        return None
    return (
        address
        if link is not None and address.startswith("http") and len(address) <= _LONGEST
        else None
    )
