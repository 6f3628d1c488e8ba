"""Text from the web, made safe to show: in a terminal, in HTML and in XML."""

from __future__ import annotations

import re

from notifier.escape import BREAKS, CONTROLS, DECEIVING, UNSEEN

_DANGEROUS = re.compile(f"[{CONTROLS}{DECEIVING}]")
_UNSEEN = re.compile(f"[{UNSEEN}]")
_BREAKS = re.compile(f"[{BREAKS}]+")
_NOT_XML = re.compile(
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # not even escaped


def sanitize(text: str) -> str:
    """The same words on one line; a character that could command or deceive is spelled out ([U+001B]) or left out."""
    spaced = _BREAKS.sub(" ", _UNSEEN.sub("", text))
    return _DANGEROUS.sub(lambda match: f"[U+{ord(match.group()):04X}]", spaced)


def xml_text(text: str) -> str:
    """The text without the characters that no XML document may hold."""
    return _NOT_XML.sub("\ufffd", text)


def safe_link(url: str | None) -> str | None:
    """The address if following it only opens a page or a letter; None for `javascript:` and its like."""
    if (
        url is None
        or re.match(r"(?i)(?:https?://|mailto:)", url) is None
        or _DANGEROUS.search(url) is not None
    ):
        return None
    return url
