"""Lines that count readers, likes or downloads: "1,203 views", "You are visitor no. 214438", "👍 310 👎 37"."""

from __future__ import annotations

import re
from functools import cache

from analysis.extract.html_lines import MarkupLine
from analysis.text.phrases import pattern

_LONGEST = 80  # characters
_NUMBER = re.compile(
    r"\d+(?:[.,'’/\s]\d+)*\s?(?:[km](?!\w)|(?:th|st|nd|rd|er|e|ème|º|ª)(?!\w))?",
    re.IGNORECASE,
)
_SECTION = re.compile(
    r"\s*\(?\d{1,2}(?:(?:\.\d{1,2})+\.?|[.)])\s+\D+"
)  # "12. Comments", "3.3 Visitors"
# hands, hearts, stars, faces, eyes, speech bubbles
_REACTION = re.compile(
    "[\u2605\u2606\u2661\u2665\u2763\u2764\u2b06\u2b07\u2b50\u25b2\u25bc\U0001f31f\U0001f389\U0001f440\U0001f441"
    "\U0001f44d-\U0001f44f\U0001f493-\U0001f49f\U0001f4ac\U0001f4af\U0001f501\U0001f525\U0001f600-\U0001f64f"
    "\U0001f90d-\U0001f90f\U0001f914\U0001f917]"
)


def leave_out_counts(lines: list[MarkupLine], page: list[MarkupLine]) -> None:
    """Counters stand before the first sentence, after the last, or next to furniture. What a colon introduces ("The
    free plan has:") is text anywhere.
    """
    counts = {index for index, line in enumerate(lines) if _may_count(line)}
    prose = (
        [
            index
            for index, line in enumerate(lines)
            if line.is_prose and index not in counts
        ]
        if counts
        else []
    )
    places = {line: place for place, line in enumerate(page)} if counts else {}
    for index in sorted(counts):
        line, place = lines[index], places[lines[index]]
        before = next(
            (other for other in range(index - 1, -1, -1) if other not in counts), None
        )
        titles = (
            line.kind == "heading" and not line.is_clickable and index + 1 < len(lines)
        )
        if titles or (before is not None and lines[before].text.rstrip().endswith(":")):
            continue
        amid = bool(prose) and prose[0] < index < prose[-1]
        if not amid or any(
            other.reason
            for other in page[max(0, place - 1) : place + 2]
            if other is not line
        ):
            line.reason = "counter"


def _may_count(line: MarkupLine) -> bool:
    if line.kind == "row":
        return False
    pressed = line.button_chars >= 0.8 * len(line.text) and not _has_letters(line.text)
    return pressed or is_count(line.text)


@cache
def is_count(text: str) -> bool:
    """With what they count."""
    if len(text) > _LONGEST:
        return False
    rest, numbers = _NUMBER.subn(" ", text)
    if not numbers:  # "★★★★☆"
        return len(_REACTION.findall(text)) >= 3 and not any(map(str.isalnum, text))
    if _SECTION.fullmatch(text):
        return False
    rest, named = pattern("furniture", "counted").subn(" ", rest)
    if not named:
        return _REACTION.search(rest) is not None and not _has_letters(rest)
    return not _has_letters(pattern("furniture", "counting").sub(" ", rest))


def _has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))
