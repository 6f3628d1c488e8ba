"""Makes text from the web safe to show in terminals, HTML and XML; and what a terminal says beside a reason."""

from __future__ import annotations

import re

from messages import Message
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


_HINTS = {  # with keys and commands, which pages and mails do not name
    "robots.forbidden": 'That is robots = "ignore" in its [[documents]] entry.',
    "robots.unreadable": 'That is robots = "ignore" in its [[documents]] entry.',
    "network.private": "That is allow_private = true in its entry, or --allow-private for once.",
    "mistake.damaged": "`policywatch database check` lists all damage.",
}


def terminal_reason(reason: Message) -> str:
    """In English, for who edits the watchlist."""
    inner = [
        value for value in reason.params.values() if isinstance(value, Message)
    ]
    hints = (_HINTS[each.code] for each in (reason, *inner) if each.code in _HINTS)
    return " ".join([str(reason), *hints])
