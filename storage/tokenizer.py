"""Words as search knows them: the same on both databases, without case and accents, made here and not by them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

MOST = 16_000  # words of one paragraph that can be found; PostgreSQL knows no later position
LONGEST = 64  # characters of a word that count
_ROOM = 1_000_000  # bytes that the words of one paragraph take; PostgreSQL keeps a mebibyte
_PLACE = 5  # bytes that it adds to each

# Scripts without spaces: each character is a word, and several in a row are found as a phrase.
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
_WORD = re.compile(rf"[{_WIDE}]|[^\W_{_WIDE}]+")


class Word(NamedTuple):
    """A word of a text, folded, and where it stands."""

    folded: str
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """Every word of a text, as many as can be found; signs between them only part them: "what's" is "what", "s"."""
    room = _ROOM
    for match in islice(_WORD.finditer(text), MOST):
        folded = fold(match.group())
        room -= len(folded.encode()) + _PLACE
        if room < 0:
            return
        yield Word(folded, match.start(), match.end())


def folded_words(text: str) -> list[str]:
    """Every word of a text, folded, as many as can be found."""
    if text.isascii() and 4 * len(text) < _ROOM:
        return [word[:LONGEST] for word in _WORD.findall(text.lower())[:MOST]]
    return [word.folded for word in words(text)]


def fold(word: str) -> str:
    """Without case and accents: "Données" and "donnees" are one word, "Straße" and "strasse" too."""
    if word.isascii():
        return word[:LONGEST].lower()
    plain = unicodedata.normalize("NFKD", word.casefold())
    folded = "".join(sign for sign in plain if sign.isalnum() and not unicodedata.combining(sign))
    return unicodedata.normalize("NFC", folded)[:LONGEST] or word[:LONGEST]
