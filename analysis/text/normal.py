"""Normal forms: texts with one normal form are the same."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import cache, lru_cache

from analysis.model import CELL, Block
from analysis.text.phrases import pattern

_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe0e\ufe0f\ufeff"
# without directional marks, which alter the reading
UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")
_LOOK_ALIKES = (
    dict.fromkeys("‘’‚‛′`´ʼ", "'")
    | dict.fromkeys("“”„‟«»″", '"')
    | dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("•·▪●◦○■□‣➢✓✔", " ")
    | {"…": "...", "。": ".", "、": ",", "，": ","}
)
_NOT_PLAIN = re.compile(f"[{_INVISIBLE}{''.join(_LOOK_ALIKES)}]")
_OPENING_QUOTE = re.compile("«\\s+")
_CLOSING_QUOTE = re.compile("\\s+»")
_DASH = re.compile(r"(?<=\d)\s*[–—]\s*(?=\d)")
_LONG_DASH = re.compile(r"\s*—\s*")
_BESIDE_MARK = re.compile(
    r" (?:(?=[,.;:!?)\]}%](?![\w.]))|(?<=[(\[{¿¡] ))"
)  # before a closing, after an opening sign
# "1.", "(a)", "iv)", "2.1"; without a sign behind it only before a title's word, for "1.5 million" is text
_NUMBER_AT_START = (
    r"(?:\(?(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Z]|[ivxIVX]{1,5})[.)][^\S\n]+(?=\S)"
    r"|\d{1,3}(?:\.\d{1,3}){1,4}[^\S\n]+(?=[^\W\d_a-z][a-z\u00df-\u00ff])"
    r"|[-*#>]+[^\S\n]+(?=\S))"
)
_NUMBER = re.compile(_NUMBER_AT_START)
_SPACED_NUMBER = re.compile(rf"[^\S\n]*{_NUMBER_AT_START}")
# that machines make anew for each answer
_TOKEN_LENGTH = 15  # characters, at least
_TOKEN = re.compile(
    r"(?<![\w/.-])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{15,}|(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{16,}"
    # mixed case with digits, unlike names of cookies
    r"|(?-i:(?<!\+)(?=(?:[\w+-]*?\d){2})(?=(?:[\w+-]*?(?:[a-z][A-Z]|\d[A-Za-z])){5})[\w+-]{24,}={0,2}))(?![\w-])",
    re.IGNORECASE,
)
# of only a tick or cross
TICKS = {**dict.fromkeys("✓✔✅☑", "yes"), **dict.fromkeys("✗✘❌☒☐", "no")}
TICK_CELL = re.compile(rf"(?<= \| )[{''.join(TICKS)}]\ufe0f?(?=$|\n| \|)")
_BARE = 6  # words of a stamp
_STAMPED = 40  # words; longer lines are no stamps
# "privacy (at) lake [dot] example": obfuscated against robots
_SPELT_AT = re.compile(
    r"(?<=[\w+-])[^\S\n]*[(\[{][^\S\n]*(?:at|ät|arroba|arobase|@)[^\S\n]*[)\]}][^\S\n]*(?=[\w-]+(?:\.|[^\S\n]?[(\[{])\w)",
    re.IGNORECASE,
)
_ANY_SPELT = re.compile(
    r"[(\[{][^\S\n]*(?:at|ät|arroba|arobase|@)[^\S\n]*[)\]}]", re.IGNORECASE
)
_SPELT_DOT = re.compile(
    r"(@[\w.-]+?)[^\S\n]*[(\[{][^\S\n]*(?:dot|punkt|point|punto|\.)[^\S\n]*[)\]}][^\S\n]*(?=\w)",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def normalize(text: str) -> str:
    """NFKC, plain quotes and dashes, single spaces, nothing invisible; without spaces around punctuation, bullets or
    numbers at the start.
    """
    if not text.isascii():
        if "«" in text or "»" in text:
            text = _CLOSING_QUOTE.sub("»", _OPENING_QUOTE.sub("«", text))
        if "—" in text or "–" in text:
            text = _LONG_DASH.sub(" - ", _DASH.sub("-", text))
        text = _plain(text)
    text = _BESIDE_MARK.sub("", _with_addresses(" ".join(text.split())))
    number = _NUMBER.match(text)
    return text[number.end() :] if number else text


def _with_addresses(text: str) -> str:
    if ("(" in text or "[" in text or "{" in text) and _ANY_SPELT.search(text):
        text, spelt = _SPELT_AT.subn("@", text)
        while spelt:
            text, spelt = _SPELT_DOT.subn(r"\1.", text)
    return text


def _plain(text: str) -> str:
    if CELL in text:
        text = TICK_CELL.sub(lambda match: TICKS[match.group()[0]], text)
    # five times faster than str.translate
    text = _NOT_PLAIN.sub(lambda match: _LOOK_ALIKES.get(match.group(), ""), text)
    return (
        text
        if unicodedata.is_normalized("NFKC", text)
        else unicodedata.normalize("NFKC", text)
    )


def normalize_stable(text: str) -> str:
    """Also without relative dates ("Updated 2 months ago") and random numbers.

    Only in very short blocks or after "updated" and the like: rules may speak of "two years ago".
    """
    return _without_noise(normalize(text)).strip()


def _without_noise(line: str) -> str:
    if max(map(len, line.split()), default=0) >= _TOKEN_LENGTH:
        line = _TOKEN.sub("", line)
    words = line.count(" ")
    if words < _BARE:
        return pattern("furniture", "ago").sub("", line)
    return (
        _stamp().sub(lambda match: match.group(1), line)
        if words < _STAMPED
        else line
    )


@cache
def _stamp() -> re.Pattern[str]:
    updated, ago = (
        pattern("furniture", "updated").pattern,
        pattern("furniture", "ago").pattern,
    )
    return re.compile(rf"({updated})\W{{0,3}}{ago}", re.IGNORECASE)


@lru_cache(maxsize=4)  # asked for the same page at each step
def fingerprint(blocks: tuple[Block, ...]) -> str:
    """SHA-256 of a page's characters, without white space and the borders of blocks, which a redesign moves."""
    texts = (
        _plain(block.text).replace(CELL, " ") if block.kind == "row" else block.text
        for block in blocks
    )
    text = "\n".join(texts)
    if not text.isascii():
        text = _plain(text)
    lines = (
        line[number.end() :] if (number := _SPACED_NUMBER.match(line)) else line
        for line in _with_addresses(text).split("\n")
    )
    steadied = "".join(
        _without_noise(line) if " " in line or len(line) > 14 else line
        for line in lines
    )
    return hashlib.sha256(
        "".join(steadied.split()).encode("utf-8", "surrogatepass")
    ).hexdigest()
