"""What something does not hold for: an exception or a condition, or a sentence that says so of the one before."""

from __future__ import annotations

import re
from functools import lru_cache

from analysis.change import Side
from analysis.judging.found import is_name
from analysis.judging.said import Said
from analysis.judging.seen import Seen
from analysis.text.looks import begins, pattern
from analysis.text.sentence_ends import sentence_before

_PLACE = re.compile(r"[\W_]*(?:[Ii]n|[Ww]ithin|[Ee]n|[Aa]ux?|[Dd]ans)\s+(?=\w)")


def is_exception(text: str, start: int, sentence: int) -> bool:
    """Whether words at an offset begin as an exception does ("except in ...", "sauf si ..."), or go on with one that
    their sentence, which begins at another offset, has before them."""
    if begins("excepted", text, start):
        return True
    lead = text[sentence:start]
    found = pattern("excepted").search(lead)
    # one that opens the sentence ends at its comma
    return found is not None and (found.start() > 0 or "," not in lead)


def _is_condition(text: str, start: int, end: int) -> bool:
    """Whether words begin as a condition does ("if you live in ..."), or name a place where something holds."""
    place = _PLACE.match(text, start)
    return begins("condition", text, start) or (place is not None and is_name(text[place.end() : end]))


@lru_cache(maxsize=512)
def only_excepts(said: Said, other: Said, side: Side) -> bool:
    """Whether all by which a sentence of a side differs from that of the other side is what it does not hold for, or
    what it alone holds for."""
    if said.one is not other.one:
        return False
    texts = said.one.passage.texts
    changed = [
        found
        for found in said.one.wording.sentences
        if texts[found.side][found.start : found.end] in (said.text, other.text)
    ]
    return bool(changed) and all(
        found.side == side
        and not found.whole
        and all(
            is_exception(texts[side], start, found.start) or _is_condition(texts[side], start, end)
            for start, end in found.spans
        )
        for found in changed
    )


@lru_cache(maxsize=512)
def held_back(one: Seen, side: Side) -> tuple[Said, ...]:
    """What a sentence does that, by another behind it that came or went as a whole, does not hold for all."""
    text = one.passage.texts[side]
    behind = [
        found.start
        for found in one.wording.sentences
        if found.side == side and found.whole and pattern("not_so").match(text, found.start)
    ]
    before = (sentence_before(text, start) for start in behind)
    return tuple(said for start, end in before if (said := Said(one, text[start:end], False)).is_plainly_done)
