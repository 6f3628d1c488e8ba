"""What counts as the same text: two texts with one normal form are never told apart."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from analysis.blocks import Block
from analysis.phrases import pattern

_INVISIBLE = dict.fromkeys(
    map(
        ord,
        "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff",
    )
)
_LOOK_ALIKES = str.maketrans(
    dict.fromkeys("‘’‚‛′`´ʼ", "'")
    | dict.fromkeys("“”„‟«»″", '"')
    | dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("•·▪●◦○■□‣➢✓✔", " ")
    | {"…": "...", "。": ".", "、": ",", "，": ","}
)
_SPACE = re.compile(r"\s+")
_OPENING_QUOTE = re.compile("«\\s+")
_CLOSING_QUOTE = re.compile("\\s+»")
_DASH = re.compile(r"(?<=\d)\s*[–—]\s*(?=\d)")
_LONG_DASH = re.compile(r"\s*—\s*")
_BEFORE_MARK = re.compile(r"\s+(?=[,.;:!?)\]}%](?![\w.]))")
_AFTER_OPENING = re.compile(r"(?<=[(\[{¿¡])\s+")
_NUMBER = re.compile(
    r"(?:\(?(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Z]|[ivxIVX]{1,5})[.)]|\d{1,3}(?:\.\d{1,3}){1,4})\s+(?=\S)|[-*#>]+\s+(?=\S)"
)
# machine noise: identifiers, request numbers
_TOKEN = re.compile(
    r"(?<![\w/.-])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{15,}|(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{16,})(?![\w-])",
    re.IGNORECASE,
)
_SHORT = 12  # words; in a block up to this length a relative date is a stamp, not a rule of the policy
_WORDS = re.compile(r"\w+(?:['-]\w+)*|[^\w\s]")


def normal(text: str) -> str:
    """Text without what a reader does not see: NFKC, plain quotes and dashes, single spaces, nothing invisible.

    Space round punctuation (French pages put it before ":"), a bullet or number at the start and the kind of a dash
    are none of the words either.
    """
    if not text.isascii():
        text = _CLOSING_QUOTE.sub("»", _OPENING_QUOTE.sub("«", text))
        text = _LONG_DASH.sub(" - ", _DASH.sub("-", text))
        text = unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).translate(_LOOK_ALIKES)
    text = _SPACE.sub(" ", text).strip()
    text = _AFTER_OPENING.sub("", _BEFORE_MARK.sub("", text))
    number = _NUMBER.match(text)
    return text[number.end() :] if number else text


def steady(text: str) -> str:
    """The normal form without what changes by itself: relative dates ("Updated 2 months ago"), random numbers.

    A relative date counts as such only in a short block or after "updated" and its like, for a rule of the policy may
    speak of what was "two years ago".
    """
    text = _TOKEN.sub("", normal(text))
    if text.count(" ") < _SHORT:
        return pattern("furniture", "ago").sub("", text).strip()
    return _stamp().sub(lambda match: match.group(1), text)


def _stamp() -> re.Pattern[str]:
    updated, ago = pattern("furniture", "updated").pattern, pattern("furniture", "ago").pattern
    return re.compile(rf"({updated})\W{{0,3}}{ago}", re.IGNORECASE)


def fingerprint(blocks: Iterable[Block]) -> str:
    """SHA-256 (hex) of a page's words; equal for pages that a reader would call the same text.

    Only the sequence of words counts, not where blocks begin and end: a redesign moves those.
    """
    found = hashlib.sha256()
    for block in blocks:
        text = block.text.replace(" | ", " ") if block.kind == "row" else block.text
        for word in _WORDS.findall(steady(text)):
            found.update(word.encode("utf-8", "surrogatepass"))
            found.update(b" ")
    return found.hexdigest()
