"""What is new in a sentence or a cell whose topic is named by words that stayed: another time, a clause more.

A rewording exchanges words for others of the same weight; what is told here is what one side has and the other lacks.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import compress
from operator import itemgetter
from typing import Literal, NamedTuple

from analysis.blocks import CELL
from analysis.change import Passage, Side
from analysis.diff.wording import ChangedSentence, Wording, stem, stem_of_content, stems_of
from analysis.text.looks import looks
from analysis.text.spelling import keyed_words
from analysis.text.times import Time, times_in

Kind = Literal["time", "clause", "cell", "turn", "entry"]

_CLAUSE = 3  # words with a meaning of their own that one side has more than the other
_ALIKE = 0.4  # of a sentence's words stand in the one that it was made from
_IDENTIFIER = re.compile(r"[\w.*\[\]-]*[_\d*][\w.*\[\]-]*")  # the name of a cookie, for programs
_BETWEEN = re.compile(r"[,;\s]+")
_FORMERLY = re.compile(r"\b(?:formerly|previously|ex|anciennement|ehemals|früher|antes)\b", re.IGNORECASE)
_JOINED = re.compile(r".{0,2}(?:[,;]\s|\b(?:and|or|as well as|et|ou|ainsi que|und|oder|sowie|y|o)\s)", re.IGNORECASE)
_JOINS = re.compile(r"(?:[,;]|\b(?:and|or|et|ou|und|oder|y|o))\s*$", re.IGNORECASE)
_BOTH_WAYS: tuple[tuple[Side, Side], ...] = (("before", "after"), ("after", "before"))


class News(NamedTuple):
    """Words of one side that the other side has no match for; offsets are of the passage's side."""

    kind: Kind
    side: Side
    start: int
    end: int


def news(passage: Passage, changed: Wording, *, in_table: bool) -> tuple[News, ...]:
    """What is new or gone in the changed sentences of a reworded passage."""
    if not passage.before or not passage.after:
        return ()
    texts: dict[Side, str] = {"before": passage.before, "after": passage.after}
    found: list[News] = []
    sentences: dict[Side, list[ChangedSentence]] = {
        side: [one for one in changed.sentences if one.side == side] for side in texts
    }
    stems = {side: stems_of(text) for side, text in texts.items()}
    found += _times(texts, sentences, in_table=in_table)
    for side, other in _BOTH_WAYS:
        for sentence in sentences[side]:
            own = _own(texts[side], sentence, stems[other])
            if not own:
                continue
            lost = _lost(texts, sentence, sentences[other], stems[side])
            start, end = own[0][1], own[-1][2]
            if len(own) - lost >= _CLAUSE:
                found.append(News("clause", side, start, end))
            elif turns := [(first, last) for one, first, last in own if one in _weighty()]:
                found.append(News("turn", side, turns[0][0], turns[-1][1]))
            elif in_table:
                found.append(News("cell", side, start, end))
            elif not lost and any(is_joined(texts[side], *span) for span in sentence.spans):
                found.append(News("entry", side, start, end))
    return tuple(found)


def is_joined(text: str, start: int, end: int) -> bool:
    """Whether changed words are joined to others that stayed: by an "and" or a comma at either end."""
    return bool(_JOINED.match(text, max(0, start - 2), end) or _JOINS.search(text, start, end))


@cache
def _weighty() -> frozenset[str]:
    return frozenset(stem(word) for word in looks().words.weighty)


def is_renamed(passage: Passage) -> bool:
    """Whether a row only calls by another name what it lists: an identifier, a company "formerly" called so."""
    before, after = (passage.before or "").split(CELL), (passage.after or "").split(CELL)
    if len(before) != len(after) or len(before) < 2:
        return False
    differ = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    return all(_same_thing(old.strip(), new.strip()) for old, new in differ)


def _same_thing(old: str, new: str) -> bool:
    names = [_BETWEEN.split(each) for each in (old, new)]
    if len(names[0]) == len(names[1]) and any(all(map(_IDENTIFIER.fullmatch, each)) for each in names):
        return True
    return bool(_FORMERLY.search(new)) and old in new


def _times(
    texts: Mapping[Side, str], sentences: Mapping[Side, Sequence[ChangedSentence]], *, in_table: bool
) -> Iterator[News]:
    """The lengths of time in changed words that are not those of the other side; cells are exchanged whole."""
    times = {
        side: [
            time
            for time in times_in(text)
            if any(_touches(sentence, time) for sentence in sentences[side] if in_table or not sentence.whole)
        ]
        for side, text in texts.items()
    }
    days = {side: Counter(time.days for time in found) for side, found in times.items()}
    if days["before"] == days["after"]:
        return
    in_order = len(times["before"]) == len(times["after"])
    same = [old.days == new.days for old, new in zip(times["before"], times["after"], strict=False)]
    for side, other in _BOTH_WAYS:
        for place, time in enumerate(times[side]):
            if not (same[place] if in_order else days[other][time.days]):
                yield News("time", side, time.start, time.end)


def _touches(sentence: ChangedSentence, time: Time) -> bool:
    return any(first < time.end and time.start < last for first, last in sentence.spans)


@lru_cache(maxsize=1024)
def _content(text: str) -> tuple[tuple[str, int, int], ...]:
    """The words that mean something by themselves, by their stems."""
    starts, ends, keys = keyed_words(text)
    stems = tuple(map(stem_of_content, keys))
    return tuple(compress(zip(stems, starts, ends, strict=True), stems))


def _content_of(text: str, start: int, end: int) -> list[tuple[str, int, int]]:
    """Those between two offsets."""
    content = _content(text)
    return list(content[bisect_left(content, start, key=itemgetter(1)) : bisect_left(content, end, key=itemgetter(1))])


def _own(text: str, sentence: ChangedSentence, other: Collection[str]) -> list[tuple[str, int, int]]:
    """The changed words of a sentence that the other side has nowhere in the passage."""
    return [found for start, end in sentence.spans for found in _content_of(text, start, end) if found[0] not in other]


def _lost(
    texts: Mapping[Side, str], sentence: ChangedSentence, others: Sequence[ChangedSentence], mine: Collection[str]
) -> int:
    """How many words of its own the sentence of the other side has that this one was made from; 0 if there is none."""
    here = {one for one, _, _ in _content_of(texts[sentence.side], sentence.start, sentence.end)}
    most, lost = 0.0, 0
    for other in others:
        there = {one for one, _, _ in _content_of(texts[other.side], other.start, other.end)}
        alike = len(here & there) / max(1, min(len(here), len(there)))
        if alike >= _ALIKE and alike > most:
            most, lost = alike, len(_own(texts[other.side], other, mine))
    return lost
