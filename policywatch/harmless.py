"""Text from the web, made harmless to look at."""

from __future__ import annotations

import re

# C0 and C1 controls drive terminals; the overrides (U+202D, U+202E) show words in another order than they are read.
_DANGEROUS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e\U000e0000-\U000e007f\ud800-\udfff]")
# Embeddings and isolates that a page opens and never closes would reorder what stands after its text.
_INVISIBLE = re.compile("[\u202a-\u202c\u2066-\u2069\ufeff]")
_BREAKS = re.compile("[\t\n\r\u2028\u2029]+")


def harmless(text: str) -> str:
    """The same words on one line; a character that could command or deceive is spelled out ([U+001B]) or left out."""
    spaced = _BREAKS.sub(" ", _INVISIBLE.sub("", text))
    return _DANGEROUS.sub(lambda found: f"[U+{ord(found.group()):04X}]", spaced)


def safe_link(url: str | None) -> str | None:
    """The address if following it only opens a page or a letter; None for `javascript:` and its like."""
    if url is None or re.match(r"(?i)(?:https?://|mailto:)", url) is None or _DANGEROUS.search(url) is not None:
        return None
    return url
