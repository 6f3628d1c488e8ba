"""What forbids what an item or a cell says: it stands above them."""

from __future__ import annotations

from analysis.brief_excerpt import CUT
from analysis.brief_phrases import Phrases
from analysis.brief_text import Sentence, words_of

_LONGEST = 20  # words that are put before what they forbid
_NAME = 6  # words; a column's head or a section's title that has more is a sentence
_CLAUSE = ",;:—–("


def forbidding(sentence: Sentence, phrases: Phrases) -> str:
    """The words that turn an item or a cell into its opposite, where there are such: of the paragraph before its list,
    of the head of its column, or of its section's title; what an item says is then not said of what is done."""
    above = _above(sentence)
    words = words_of(above)
    found = phrases.find(words)
    turns = found.get("prohibition") or found.get("negation")
    if turns:
        at = turns[0][0]
        first = max((n for n in range(1, at + 1) if any(mark in words[n].gap for mark in _CLAUSE)), default=0)
        last = min(len(words), first + _LONGEST)
        end = words[last - 1].end if last < len(words) else len(above)
        return f"{CUT if first else ''}{above[words[first].start : end]}{CUT if last < len(words) else ''}"
    titled = sentence.item and not above and len(words_of(sentence.heading)) <= _NAME
    return sentence.heading.rstrip(" :") if titled and "prohibition" in phrases.find(words_of(sentence.heading)) else ""


def _above(sentence: Sentence) -> str:
    """What the sentence goes on from, or stands under."""
    above = sentence.hangs_on.strip()
    return above.rstrip(" :") if above.endswith(":") or len(words_of(above)) <= _NAME else ""
