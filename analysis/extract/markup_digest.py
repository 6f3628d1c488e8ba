"""A digest of a page's markup: where it is the same, so is what the reader takes out of the page."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from analysis.extract.html_tree import parse

# whole elements that the reader skips, of those that pages fill anew for each answer
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
)  # attributes, beside those of `_is_read`


def markup_digest(markup: str, selectors: Sequence[str] = ()) -> str:
    """32 hexadecimal digits of all that a reader with these selectors looks at: texts, elements and their attributes.

    A tenth of the reader's work. Raises `UnreadablePage` for a page that is made to keep its reader busy.
    """
    tree = parse(markup)
    tree.strip_tags(_SKIPPED)
    root = tree.root
    if root is None:
        return ""
    html = _COMMENT.sub("", root.html or "")
    if not any(
        "[" in selector for selector in selectors
    ):  # one such may look at any attribute
        html = _without_unread(html)
    # the texts on their own too, whatever the lines above take for an attribute
    whole = f"{root.text(separator=chr(0))}\0{html}"
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _without_unread(html: str) -> str:
    """Serialized HTML without the values of attributes that the reader does not look at: nonces, addresses, tokens."""
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
