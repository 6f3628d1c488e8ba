"""How long something is kept, where a change made it longer or shorter: both times, in the page's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from analysis.blocks import CELL
from analysis.change import Kept, Side
from analysis.judging.seen import Seen
from analysis.text.sentence_ends import sentence_bounds
from analysis.text.times import Time, times_in


class Rewritten(NamedTuple):
    """A place, or a row that went and the one that came for it, about the same thing: `was` and `now`."""

    was: Seen
    now: Seen

    @property
    def texts(self) -> tuple[str, str]:
        return self.was.passage.before or "", self.now.passage.after or ""

    def lengthened(self) -> Sequence[float]:
        """By how many days something is kept longer than before, below zero where shorter; each time that changed."""
        return [
            new.days - old.days
            for old, new in self._times()
            if new.days != old.days and _is_of_keeping(self.now, "after", new)
        ]

    def _times(self) -> Iterable[tuple[Time, Time]]:
        """Each time with the one in its place: the next one, or of a list that grew or shrank the one that the same
        words lead to."""
        was, now = map(times_in, self.texts)
        if len(was) == len(now):
            return zip(was, now, strict=True)
        former = _by_words_before(self.texts[0], was)
        return [
            (former[words], time) for words, time in _by_words_before(self.texts[1], now).items() if words in former
        ]


def rewritten(seen: Sequence[Seen]) -> Iterator[Rewritten]:
    """The places that differ, and rows under one title that begin with the same cell."""
    gone = {_label(one.passage.heading, one.passage.before): one for one in seen if one.passage.operation == "removed"}
    for one in seen:
        was = gone.get(_label(one.passage.heading, one.passage.after)) if one.passage.operation == "added" else one
        if was and was.passage.before and one.passage.after:
            yield Rewritten(was, one)


def _label(heading: tuple[str, ...], text: str | None) -> tuple[object, ...]:
    """What a row is about; all else is about itself alone."""
    cell, found, _ = (text or "").partition(CELL)
    return heading, cell.casefold() if found else object()


def kept_anew(seen: Sequence[Seen]) -> tuple[Kept, ...]:
    """Each once, in the order of the page; rows that only change places say nothing."""
    found = dict.fromkeys(kept for pair in rewritten([one for one in seen if one.real]) for kept in _of_place(pair))
    return tuple(kept for kept in found if Kept(kept.after, kept.before) not in found)


def _of_place(pair: Rewritten) -> Iterator[Kept]:
    before, after = pair.texts
    was, now = times_in(before), times_in(after)
    gone, came = _only_in(was, now), _only_in(now, was)
    if len(gone) != 1 or len(came) != 1:
        return  # of several nobody can tell which took the place of which
    (old,), (new,) = gone, came
    if _is_of_keeping(pair.was, "before", old) and _is_of_keeping(pair.now, "after", new):
        yield Kept(before[old.start : old.end], after[new.start : new.end])


def _by_words_before(text: str, times: Sequence[Time]) -> dict[str, Time]:
    """The times by what their sentence says before them; of those that say the same, or nothing, none."""
    found: dict[str, Time] = {}
    twice: set[str] = set()
    for start, end in sentence_bounds(text):
        first = next((time for time in times if start <= time.start < end), None)
        if first:
            words = text[start : first.start]
            twice |= found.keys() & {words}
            found[words] = first
    return {words: time for words, time in found.items() if words not in twice and any(map(str.isalpha, words))}


def _only_in(times: Sequence[Time], others: Sequence[Time]) -> list[Time]:
    days = {time.days for time in others}
    return [time for time in times if time.days not in days]


def _is_of_keeping(one: Seen, side: Side, time: Time) -> bool:
    """Whether the sentence that names the time says that something is kept or deleted, or stands where that is told."""
    if "retention" in one.section:
        return True
    if one.kind == "rules":
        return False  # for how long an account is suspended
    return any(
        found.topic == "retention" and found.tier == "decides"
        for sentence in one.wording.sentences
        if sentence.side == side and sentence.start <= time.start < sentence.end
        for found in one.within(sentence)
    )
