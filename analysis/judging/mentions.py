"""How often a text mentions each topic, for the course of a document over the years."""

from __future__ import annotations

from collections import Counter
from functools import partial

from analysis.text.topics import lexicon
from storage.paragraphs import Mentions


def mentions(text: str, language: str | None) -> dict[str, int]:
    """The phrases that decide a topic by themselves, counted; words that only suggest one would count half the page."""
    found = Counter(match.topic for match in lexicon(language).matches(text) if match.tier == "decides")
    return dict(sorted(found.items()))


def in_language(language: str | None) -> Mentions:
    """The count for the pages of a language, as the store asks for it."""
    return partial(mentions, language=language)
