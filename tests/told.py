"""What a change between two texts that a test wrote is said to be."""

from __future__ import annotations

from datetime import date

from analysis.blocks import Page
from analysis.brief import brief
from analysis.change import Brief, Comparison, Quote
from analysis.compare import compare
from analysis.diff import passages
from analysis.page import read_page


def written(text: str, language: str = "en") -> Page:
    """The page of a Markdown text."""
    return read_page(text.encode(), mime="text/markdown", language=language)


def told(before: str, after: str, language: str = "en", effective: date | None = None) -> Brief:
    """The brief of the change."""
    old, new = written(before, language), written(after, language)
    return brief(passages(old, new), old, new, effective=effective, language=language)


def compared(before: str, after: str, language: str = "en") -> Comparison:
    """All that is said of the change."""
    return compare(written(before, language), written(after, language), language=language, believed=True)


def says(quotes: tuple[Quote, ...], words: str) -> bool:
    return any(words in quote.text for quote in quotes)
