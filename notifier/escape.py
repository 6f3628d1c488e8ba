"""Makes words of a page harmless: they are shown, never obeyed."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

BREAKS = "\t\n\r\u2028\u2029"
# control a terminal or split a header, and lone surrogates
CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff"
# overrides reorder what people see; tags are invisible letters
DECEIVING = "\u202d\u202e\U000e0000-\U000e007f"
# directional marks, which reorder text after an unclosed one, and other invisible characters that belong in no sentence
# (U+200C and U+200D do, in Persian and Hindi)
UNSEEN = "\u061c\u200e\u200f\u202a-\u202c\u2066-\u206f\ufeff\ufff9-\ufffb"

_LEFT_OUT = re.compile(f"[{DECEIVING}{UNSEEN}]")
# invisible, and can carry a text: fillers, mathematical signs, variation selectors; joiners and emoji selectors are
# allowed between letters, two at most
_UNREAD = re.compile(
    f"[{CONTROLS}{DECEIVING}{UNSEEN}\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2060-\u2064\u3164\ufe00-\ufe0d\uffa0"
    "\U000e0100-\U000e01ef]|[\u200c\u200d\ufe0e\ufe0f]{3,}"
)
_SPACED = re.compile(f"[{BREAKS}{CONTROLS}]")
_MARKDOWN = re.compile(r"[\\`*_\[\]]|~(?=~)|(?<=~)~|\|(?=\|)|(?<=\|)\|")
_MARKDOWN_LINE = re.compile(r"^(\s*)([#>+=-]|\d+[.)])", re.MULTILINE)
_ENTITY = re.compile(r"&(?=#?\w+;)")
_MENTION = re.compile(r"@(?=(?:everyone|here|channel|all)\b)", re.IGNORECASE)


def clean(text: str) -> str:
    """On one line."""
    return re.sub(r" {2,}", " ", _SPACED.sub(" ", _LEFT_OUT.sub("", text)))


def for_machines(text: str) -> str:
    """For programs and models, which see what people do not: each invisible, reordering or control character becomes
    U+FFFD, so that offsets hold.
    """
    return _UNREAD.sub(lambda found: "\ufffd" * len(found[0]), text)


def markdown(text: str, *, entities: bool = True) -> str:
    """Without `entities`, `<` and `&` are left to the caller."""
    escaped = _MARKDOWN.sub(lambda found: "\\" + found[0], text)
    escaped = _MARKDOWN_LINE.sub(
        lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", escaped
    )
    # not backslashes: some Markdown does not know \<
    if entities:
        escaped = _ENTITY.sub("&amp;", escaped).replace("<", "&lt;")
    return without_mentions(escaped)


def without_mentions(text: str) -> str:
    return _MENTION.sub("@\u200b", text)


def web_link(url: str | None) -> str | None:
    """None unless it leads to a page or a letter."""
    if url is None:
        return None
    try:
        parts = urlsplit(url.strip())
        is_page = parts.scheme in ("http", "https") and bool(parts.hostname)
        usable = is_page or (parts.scheme == "mailto" and "@" in parts.path)
    except ValueError:
        return None
    return quote(url.strip(), safe=";/?:@&=+$,#%~!-._") if usable else None


def cut(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    kept = text[: max(length - 1, 0)]
    space = kept.rfind(" ")
    return (kept[:space] if space > length // 2 else kept).rstrip() + "…"
