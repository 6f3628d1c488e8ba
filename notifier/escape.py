"""Makes words of a page harmless, whatever they hold: they are shown, never obeyed."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlsplit

# Directional overrides, embeddings and isolates can make a text read as something that it is not.
_BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MARKDOWN = re.compile(r"[\\`*_\[\]]|~(?=~)|(?<=~)~|\|(?=\|)|(?<=\|)\|")
_MARKDOWN_LINE = re.compile(r"^(\s*)([#>+=-]|\d+[.)])", re.MULTILINE)
_ENTITY = re.compile(r"&(?=#?\w+;)")
_MENTION = re.compile(r"@(?=(?:everyone|here|channel|all)\b)", re.IGNORECASE)


def clean(text: str) -> str:
    """The text in one line, without characters that steer a terminal, a mail header or the reading direction."""
    kept = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") else c for c in text if c not in _BIDI)
    return re.sub(r"[ \t]{2,}", " ", "".join(kept))


def markdown(text: str, *, entities: bool = True) -> str:
    """Cleaned text as Markdown that shows it literally, in CommonMark and in what chat services make of it.

    Without `entities`, `<` and `&` are left to the caller.
    """
    escaped = _MARKDOWN.sub(lambda found: "\\" + found[0], text)
    escaped = _MARKDOWN_LINE.sub(lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", escaped)
    # Not with backslashes: not all Markdown in use knows \< and would let a tag through.
    if entities:
        escaped = _ENTITY.sub("&amp;", escaped).replace("<", "&lt;")
    return without_mentions(escaped)


def without_mentions(text: str) -> str:
    """A webhook's message would call the whole channel."""
    return _MENTION.sub("@\u200b", text)


def web_address(url: str | None) -> str | None:
    """The URL in plain ASCII if it leads to the web and nowhere else; else None."""
    if url is None:
        return None
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    return quote(url.strip(), safe=";/?:@&=+$,#%~!-._") if usable else None


def cut(text: str, length: int) -> str:
    """The text, or as much of it as fits with an ellipsis, preferably up to a space."""
    if len(text) <= length:
        return text
    kept = text[: max(length - 1, 0)]
    space = kept.rfind(" ")
    return (kept[:space] if space > length // 2 else kept).rstrip() + "…"
