"""How much a PDF may have in it before it is too costly to read. A policy has some 40 pages."""

from __future__ import annotations

PAGES = 500
CHARACTERS = 2_000_000


class TooLarge(Exception):
    """The PDF has more in it than any policy."""
