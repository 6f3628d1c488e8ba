"""Counts, in one pass before parsing, what no sensible page has."""

from __future__ import annotations

import re
from collections.abc import Iterable

from analysis.model import UnreadablePage
from messages import Message

_ELEMENTS = 200_000  # tags; a large policy has 5,000
_ATTRIBUTES = 1_000  # of one element: the parser compares each with all before it
_OVERLOADED = re.compile(  # matched behind the "<"
    r"""[a-zA-Z][^\s/>]*+(?:[\s/]++[^\s/>=]++(?:\s*+=\s*+(?:"[^"]*+"?|'[^']*+'?|[^\s>"']*+))?+){1001}"""
)
# closed implicitly or empty: they never nest
_FLAT_TAGS = (
    "p li dt dd tr td th thead tbody tfoot colgroup option optgroup html head body "
    "area base br col embed hr img input link meta param source track wbr"
)
_NEVER_NEST = frozenset(_FLAT_TAGS.split())
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]{0,30})")
_CLIMBS = 100_000_000  # levels: a second's work
_TAGS = 14_000  # "<" in a text; fewer can't cost so much
_OPTION = re.compile("<option", re.IGNORECASE)
_LOOKS = 200_000_000  # at each option the parser searches the enclosing list


def refuse_costly(text: str) -> None:
    """Raises `UnreadablePage`."""
    pieces = text.split("<")
    tags = len(pieces) - 1
    if tags > _ELEMENTS:
        raise UnreadablePage(Message("unreadable.elements", most=_ELEMENTS))
    if _is_overloaded(pieces):
        raise UnreadablePage(Message("unreadable.attributes", most=_ATTRIBUTES))
    if tags > _TAGS and (
        _climbs(text) > _CLIMBS or tags * len(_OPTION.findall(text)) > _LOOKS
    ):
        raise UnreadablePage(Message("unreadable.nested"))


def _is_overloaded(pieces: Iterable[str]) -> bool:
    """Pieces are split at "<"."""
    in_script = False  # "a < b" is no tag there
    for piece in pieces:
        if in_script:
            in_script = piece[:7].lower() != "/script"
        elif piece[:6].lower() == "script":
            in_script = True
        elif len(piece) > 2 * _ATTRIBUTES and _OVERLOADED.match(piece):
            return True
    return False


def _climbs(text: str) -> int:
    """Upper bound of levels climbed: at nearly each tag, all that is open."""
    depth = climbed = 0
    code = ""  # of script and style
    for closes, name in (match.groups() for match in _TAG.finditer(text)):
        name = name.lower()
        if code:
            code = "" if closes and name == code else code
        elif closes:
            depth -= depth > 0 and name not in _NEVER_NEST
        else:
            depth += name not in _NEVER_NEST
            code = name if name in ("script", "style") else ""
        climbed += depth
    return climbed
