"""A digest of markup: equal ones mean equal extraction."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from analysis.extract.html_tree import parse

# that pages often fill anew
_SKIPPED = [
    "script",
    "style",
    "template",
    "noscript",
    "iframe",
    "object",
    "embed",
    "link",
    "meta",
]
_COMMENT = re.compile("<!--.*?-->", re.DOTALL)
_READ = frozenset(
    ("class", "id", "role", "name", "lang", "alt", "title")
)  # besides those of `_is_read`


def markup_digest(markup: str, selectors: Sequence[str] = ()) -> str:
    """32 hex digits of all that the extraction looks at.

    A tenth of its work. Raises `UnreadablePage` for a hostile page.
    """
    tree = parse(markup)
    tree.strip_tags(_SKIPPED)
    root = tree.root
    if root is None:
        return ""
    html = _COMMENT.sub("", root.html or "")
    if not any(
        "[" in selector for selector in selectors
    ):  # such a selector may use any attribute
        html = _without_unread(html)
    # in case the lines above mistake texts for attributes
    whole = f"{root.text(separator=chr(0))}\0{html}"
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _without_unread(html: str) -> str:
    """Nonces, addresses and tokens in attributes."""
    pieces: list[str] = []
    name = ""
    for piece in html.split('="'):
        value, _, rest = piece.partition('"')
        if name == "href" and not value.startswith("javascript:"):
            start, mark, fragment = value.partition("#")
            value = f"{bool(start)}{mark}{fragment}"
        elif not _is_read(name) and "<" not in value:
            value = ""
        pieces += value, rest
        name = (rest or value).rpartition(" ")[2]
    return '"'.join(pieces)


def _is_read(name: str) -> bool:
    return name in _READ or name.startswith("aria-") or name.endswith("email")
