"""Makes words of a page harmless, whatever they hold: they are shown, never obeyed."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

# What is obeyed and not read, as the inside of a regular expression's brackets. Breaks of lines, and a tab:
BREAKS = "\t\n\r\u2028\u2029"
# What drives a terminal or cuts a header in two, and halves of characters:
CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff"
# Overrides show words in another order than they are read; tags are letters that only a machine sees:
DECEIVING = "\u202d\u202e\U000e0000-\U000e007f"
# Marks, embeddings and isolates of direction, which reorder what stands after a text that never closes them, and what
# else has no look of its own and belongs in no sentence (U+200C and U+200D do, in Persian and in Hindi):
UNSEEN = "\u061c\u200e\u200f\u202a-\u202c\u2066-\u206f\ufeff\ufff9-\ufffb"

_LEFT_OUT = re.compile(f"[{DECEIVING}{UNSEEN}]")
# What else is unseen, and can carry a text of its own: fillers, signs of mathematics, selectors of variants. Joiners
# and the selectors of emoji belong between letters, two at most:
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
    """The text in one line, without characters that steer a terminal, a mail header or the reading direction."""
    return re.sub(r" {2,}", " ", _SPACED.sub(" ", _LEFT_OUT.sub("", text)))


def for_machines(text: str) -> str:
    """The text for a program, a model's say, that sees what no person does: each character without a look of its own,
    or that reorders or commands, is a U+FFFD, so that offsets still hold. Breaks of lines stay."""
    return _UNREAD.sub(lambda found: "\ufffd" * len(found[0]), text)


def markdown(text: str, *, entities: bool = True) -> str:
    """Cleaned text as Markdown that shows it literally, in CommonMark and in what chat services make of it.

    Without `entities`, `<` and `&` are left to the caller.
    """
    escaped = _MARKDOWN.sub(lambda found: "\\" + found[0], text)
    escaped = _MARKDOWN_LINE.sub(
        lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", escaped
    )
    # Not with backslashes: not all Markdown in use knows \< and would let a tag through.
    if entities:
        escaped = _ENTITY.sub("&amp;", escaped).replace("<", "&lt;")
    return without_mentions(escaped)


def without_mentions(text: str) -> str:
    """A webhook's message would call the whole channel."""
    return _MENTION.sub("@\u200b", text)


def web_link(url: str | None) -> str | None:
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
