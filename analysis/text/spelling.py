"""Keys of words for comparison: one for all spellings, short forms, addresses and dates."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

from analysis.model import CELL
from analysis.text.dates import dates_in
from analysis.text.normal import TICK_CELL, TICKS, normalize
from analysis.text.word_lists import pattern, word_lists
from analysis.text.words import word_pattern

_NOTHING = ""  # of words without meaning
ADDRESS, AGO, DATE = (
    "@",
    "ago",
    "date:",
)  # of any address, relative date, or (with its day) date
_ADDRESSES = re.compile(
    r"(?<=\])\(\S+?\)|(?:data:image/|https?://|www\.)[^\s<>\"”»)\]]+|\S*\[email\s?protected\]\S*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b(?:[\w-]+\.)+[a-z]{2,6}/\S*",
    re.IGNORECASE,
)
_MARKS_OF_ADDRESS = (
    "@",
    "/",
    "[",
    "www.",
)  # addresses have one; most words with one are none: "and/or"
_OF_ADDRESS = re.compile(r"[@\[]|//|www\.|image/|\.[a-z]{2,6}/", re.IGNORECASE)
_SIGNS = "%$€£"
_DOUBLED = re.compile(r"([^\W\d])\1")
_LOST = "\ufffd"


class KeyedWords(NamedTuple):
    """Bounds and keys of words."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    keys: tuple[str, ...]

    def spans(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        return zip(self.starts[first:last], self.ends[first:last], strict=True)


@lru_cache(maxsize=2048)
def keyed_words(text: str) -> KeyedWords:
    """An address or date is one word."""
    phrases: list[tuple[int, int, str]] = []
    if any(
        mark in text.casefold() for mark in _MARKS_OF_ADDRESS
    ) and _OF_ADDRESS.search(text):
        phrases += [(*match.span(), ADDRESS) for match in _ADDRESSES.finditer(text)]
    if CELL in text and not text.isascii():
        phrases += [
            (*match.span(), TICKS[match.group()[0]])
            for match in TICK_CELL.finditer(text)
        ]
    phrases += [
        (
            named.start,
            named.end,
            f"{DATE}{named.day or text[named.start : named.end].casefold()}",
        )
        for named in dates_in(text, "dmy")
    ]
    for name, key in (("ago", AGO), ("opens", _NOTHING), ("cloaked", ADDRESS)):
        phrases += [(*match.span(), key) for match in pattern(name).finditer(text)]
    words: list[tuple[int, int, str]] = []
    single = word_pattern(text)
    at = 0
    for start, end, phrase_key in [*sorted(phrases), (len(text), len(text), "")]:
        if start < at:
            continue
        words += [
            (*match.span(), key)
            for match in single.finditer(text, at, start)
            if (key := _key(match.group()))
        ]
        if phrase_key:
            words.append((start, end, phrase_key))
        at = end
    starts, ends, keys = zip(*words, strict=True) if words else ((), (), ())
    return KeyedWords(starts, ends, keys)


@lru_cache(maxsize=16384)
def _key(word: str) -> str:
    """Empty for punctuation."""
    plain = word if word.isascii() and word.isalnum() else normalize(word)
    key = plain.casefold().replace("'", "").replace("\u200b", "").strip("_")
    if not key or not (key[0].isalnum() or key in _SIGNS):
        return ""
    key = word_lists().short_forms.get(key, key)
    if "'" in plain:
        key = word_lists().short_forms_if_written.get(key, key)
    if _any_spelling().search(key):
        for british, american in word_lists().spelling.items():
            changed = re.sub(british, american, key)
            if changed != key:
                return changed
    return key


@cache
def _any_spelling() -> re.Pattern[str]:
    return re.compile("|".join(word_lists().spelling))


def misspelt(x: str, y: str) -> bool:
    """One word spelt in two ways: a letter of a longer word, a plural, a lost letter."""
    if x == y:
        return True
    if _LOST in x + y:
        return len(x) == len(y) and all(
            p == q or _LOST in (p, q) for p, q in zip(x, y, strict=True)
        )
    if _DOUBLED.sub(r"\1", x) == _DOUBLED.sub(r"\1", y):
        return True
    if min(len(x), len(y)) > 3 and _bare(x) == _bare(y):
        return True
    if any(map(str.isdigit, x + y)) or x[0] != y[0]:
        return False
    if min(len(x), len(y)) < 4:
        # "sou" for "sous": one of them is no word
        function = word_lists().function
        return (
            min(len(x), len(y)) == 3
            and (x in function) != (y in function)
            and _one_letter(x, y)
        )
    if x.rstrip("s") == y.rstrip("s"):
        return True
    # five letters may lack one: "swich", but "trail" is not "trial"
    return min(len(x), len(y)) >= (6 if len(x) == len(y) else 5) and _one_letter(
        x, y
    )


def _bare(word: str) -> str:
    """Without accents."""
    return "".join(
        letter
        for letter in unicodedata.normalize("NFD", word)
        if not unicodedata.combining(letter)
    )


def _one_letter(x: str, y: str) -> bool:
    return OSA.distance(x, y) == 1
