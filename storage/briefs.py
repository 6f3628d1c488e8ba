"""The quotations of a stored brief: in which order they are told, and what is noted behind one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

QUOTED = ("data", "purposes", "recipients", "refuse", "excluded", "irreversible", "regions", "see")


def answered(brief: Mapping[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The keys of the questions that a brief answers, with the quotations; "forbidden" are some of those left out."""
    for name in QUOTED:
        for key, marked in ((name, False), ("forbidden", True)):
            those = [quote for quote in brief.get(name) or () if ("forbidden" in _marks(quote)) == marked]
            if those:
                yield key, those


def notes(quote: Mapping[str, Any]) -> Iterator[str]:
    """The keys of the words that stand behind a quotation."""
    yield from (mark for mark in ("denied", "limited") if mark in _marks(quote))
    if "stands" in _marks(quote):
        yield "stands"
    elif quote.get("side") == "before":
        yield "no_longer"


def _marks(quote: Mapping[str, Any]) -> Sequence[str]:
    return quote.get("marks") or ()  # briefs of earlier versions have none
