"""Makes text from the web safe to show in terminals, HTML and XML."""

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
    """On one line; characters that could command or deceive are spelt out ([U+001B]) or dropped."""
    spaced = _BREAKS.sub(" ", _UNSEEN.sub("", text))
    return _DANGEROUS.sub(lambda match: f"[U+{ord(match.group()):04X}]", spaced)


def xml_text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
