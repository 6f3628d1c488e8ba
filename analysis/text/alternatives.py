"""Words of a list as a regex that is quick to fail."""

from __future__ import annotations

import re
from collections.abc import Iterable


def one_of(words: Iterable[str]) -> str:
    """A regex of any of these words, the longest first.

    Written by their first letters, so that a search tries a few letters at a place rather than every word.
    """
    rests: dict[str, list[str]] = {}
    for word in sorted(words, key=lambda word: (-len(word), word)):
        rests.setdefault(word[0], []).append(re.escape(word[1:]))
    return "|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in rests.items())


def first_letters(words: Iterable[str]) -> str:
    """Those that any of these words begins with, as in a regex's set."""
    return "".join(sorted({re.escape(word[0]) for word in words}))
