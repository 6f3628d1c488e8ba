"""The quotations of a stored brief: in which order they are told, and what is noted behind one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

QUOTED = ("data", "purposes", "recipients", "refuse", "excluded", "irreversible", "regions", "see")


def notes(quote: Mapping[str, Any]) -> Iterator[str]:
    """The keys of the words that stand behind a quotation."""
    marks = quote.get("marks") or ()  # briefs of earlier versions have none
    if "stands" in marks:
        yield "stands"
    elif quote.get("side") == "before":
        yield "no_longer"
