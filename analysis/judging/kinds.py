"""What kind of document a page is, and whether a place in it is part of a policy."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from analysis.blocks import Page
from analysis.text.looks import looks, pattern


def kind_of(document: str | None, page: Page) -> str:
    """By its title or what is known of it: privacy, cookies, terms, rules, developer or other."""
    titles = (document or "", page.title, *(block.text for block in page.blocks[:12] if block.kind == "heading"))
    kind = next(filter(None, map(_kind_named, titles)), "other")
    # an annex of terms about personal data is a policy, whatever the terms call themselves
    return "privacy" if kind == "terms" and _kind_named(page.title) == "privacy" else kind


def part_of(kind: str, heading: tuple[str, ...]) -> str:
    """What a passage counts as part of: sections about privacy are policy, in whatever document they stand."""
    if kind in ("privacy", "cookies") or (
        kind == "terms" and any(_kind_named(title) == "privacy" for title in heading)
    ):
        return "policy"
    if kind == "rules" and any(pattern("personal_data").search(title) for title in heading[1:]):
        return "policy"
    return "rules" if kind in ("rules", "developer") else "terms"


@lru_cache(maxsize=1024)
def _kind_named(title: str) -> str | None:
    return next((kind for kind, titles in _kinds() if title and titles.search(title)), None)


@cache
def _kinds() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile("|".join(titles), re.IGNORECASE)) for kind, titles in looks().kinds.items())
