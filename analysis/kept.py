"""How long something is kept, where a change made it longer or shorter: both times, in the page's words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analysis.change import Kept, Side
from analysis.seen import Seen
from analysis.times import Time, times_in


class Lengths(NamedTuple):
    """Whether a place that speaks of keeping data names a longer time than it did, and a shorter one."""

    longer: bool
    shorter: bool


def lengths(one: Seen) -> Lengths:
    was, now = (times_in(text) for text in one.passage.texts.values())
    if len(was) != len(now):
        return Lengths(False, False)
    changed = [
        new.days - old.days
        for old, new in zip(was, now, strict=True)
        if new.days != old.days and _is_of_keeping(one, "after", new)
    ]
    return Lengths(any(days > 0 for days in changed), any(days < 0 for days in changed))


def kept_anew(seen: Sequence[Seen]) -> tuple[Kept, ...]:
    """Each once, in the order of the page; rows that only change places say nothing."""
    found = dict.fromkeys(kept for one in seen if one.real for kept in _of_place(one))
    return tuple(kept for kept in found if Kept(kept.after, kept.before) not in found)


def _of_place(one: Seen) -> Iterator[Kept]:
    before, after = one.passage.texts["before"], one.passage.texts["after"]
    was, now = times_in(before), times_in(after)
    gone, came = _only_in(was, now), _only_in(now, was)
    if len(was) != len(now) or len(gone) != 1 or len(came) != 1:
        return  # of several nobody can tell which took the place of which
    (old,), (new,) = gone, came
    if _is_of_keeping(one, "before", old) and _is_of_keeping(one, "after", new):
        yield Kept(before[old.start : old.end], after[new.start : new.end])


def _only_in(times: Sequence[Time], others: Sequence[Time]) -> list[Time]:
    days = {time.days for time in others}
    return [time for time in times if time.days not in days]


def _is_of_keeping(one: Seen, side: Side, time: Time) -> bool:
    """Whether the sentence that names the time says that something is kept or deleted, or stands where that is told."""
    if "retention" in one.section:
        return True
    return any(
        found.topic == "retention" and found.tier == "decides"
        for sentence in one.wording.sentences
        if sentence.side == side and sentence.start <= time.start < sentence.end
        for found in one.within(sentence)
    )
