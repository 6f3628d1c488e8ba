"""The quotations of a stored brief: in which order they are told, and what is noted behind one; and its default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

QUOTED = ("data", "purposes", "recipients", "refuse", "excluded", "irreversible", "regions", "see")


def answered(brief: Mapping[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The keys of the questions that a brief answers, with the quotations; under "forbidden", without that mark,
    are some of those left out."""
    for name in QUOTED:
        quotes = list(brief.get(name) or ())
        bans = [quote for quote in quotes if name == "excluded" and "forbidden" in _marks(quote)]
        if others := [quote for quote in quotes if quote not in bans]:
            yield name, others
        if bans:
            yield "forbidden", [{**quote, "marks": [m for m in _marks(quote) if m != "forbidden"]} for quote in bans]


def notes(quote: Mapping[str, Any]) -> Iterator[str]:
    """The keys of the words that stand behind a quotation."""
    if "forbidden" in _marks(quote):
        yield "barred"
    yield from (mark for mark in ("denied", "limited") if mark in _marks(quote))
    if "stands" in _marks(quote):
        yield "stands"
    elif quote.get("side") == "before":
        yield "no_longer"


def default_key(brief: Mapping[str, Any]) -> str | None:
    """The key of the words for whether it happens unless people act; where the page says that of something else than
    the meaning tells of, of the words for some of it."""
    default = brief.get("default")
    if default not in ("on", "off"):
        return None
    said = brief.get("default_words") or {"of_meaning": True}  # briefs of earlier versions quote nothing
    return default if said["of_meaning"] else f"{default}_some"


def default_words(brief: Mapping[str, Any]) -> str | None:
    """The page's words that decided the default."""
    said = brief.get("default_words")
    return said["text"] if said else None


def _marks(quote: Mapping[str, Any]) -> Sequence[str]:
    return quote.get("marks") or ()  # briefs of earlier versions have none
