from __future__ import annotations

from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from crawler.addresses import objection

_LONGEST = 2_000  # characters


def canonical_address(body: bytes, mime: str, url: str) -> str | None:
    """Its `link rel=canonical`, resolved against `url`, where it was received from."""
    link = (
        LexborHTMLParser(body).css_first('link[rel="canonical"]')
        if "html" in mime
        else None
    )
    try:
        address = urljoin(url, (link and link.attributes.get("href")) or "")
    except ValueError:
        return None
    return (
        address
        if link is not None and len(address) <= _LONGEST and not objection(address)
        else None
    )
