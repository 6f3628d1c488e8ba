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


def policy(title: str, text: str) -> str:
    """A short policy with one section of its own, between what stays."""
    return f"""# Parley privacy policy

Parley says here how it uses the personal data of those who write with it, and who gets to see any of it.

## {title}

{text}

## Changes

Parley tells you of a change to this policy a month before it comes into force, by mail and in the app.
"""


def says(quotes: tuple[Quote, ...], words: str) -> bool:
    return any(words in quote.text for quote in quotes)
