"""Text from the web, made harmless to look at."""

from __future__ import annotations

import re

from notifier.escape import BREAKS, CONTROLS, DECEIVING, UNSEEN

_DANGEROUS = re.compile(f"[{CONTROLS}{DECEIVING}]")
_UNSEEN = re.compile(f"[{UNSEEN}]")
_BREAKS = re.compile(f"[{BREAKS}]+")


def harmless(text: str) -> str:
    """The same words on one line; a character that could command or deceive is spelled out ([U+001B]) or left out."""
    spaced = _BREAKS.sub(" ", _UNSEEN.sub("", text))
    return _DANGEROUS.sub(lambda found: f"[U+{ord(found.group()):04X}]", spaced)


def safe_link(url: str | None) -> str | None:
    """The address if following it only opens a page or a letter; None for `javascript:` and its like."""
    if url is None or re.match(r"(?i)(?:https?://|mailto:)", url) is None or _DANGEROUS.search(url) is not None:
        return None
    return url
