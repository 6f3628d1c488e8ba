"""What lists without a sentence say more, or less: "Training of AI models" under "Why we use your data"."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from analysis.judging.found import DATA
from analysis.judging.kinds import part_of
from analysis.judging.seen import Seen
from analysis.text.topics import matches

# sections whose items are for people's good, and those whose items say what is done
_FOR_PEOPLE = frozenset(("user_rights", "user_choice", "security"))
_DONE = (DATA - _FOR_PEOPLE - {"retention"}) | {"advertising", "ai_training", "ai_features"}
_TURNED = frozenset(("negation", "promise", "exception"))  # groups of words
_LIKELY = 0.5  # chance


def done_more(said: Sequence[Seen]) -> int:
    """How many more items say that something is done with data, to what end, or who gets it, than went."""
    return sum(_counted(one) for one in said if one.listed and _is_of_deeds(one))


def rights_more(said: Sequence[Seen]) -> int:
    """How many more items name a right of people."""
    return _more_of(said, frozenset(("user_rights",)))


def favours_more(said: Sequence[Seen]) -> int:
    """How many more items name a choice of people, or what keeps their data safe."""
    return _more_of(said, _FOR_PEOPLE - {"user_rights"})


def _more_of(said: Sequence[Seen], topics: frozenset[str]) -> int:
    """Of items under a title of these topics that name one themselves: no address nor law, which is asked elsewhere."""
    return sum(
        _counted(one)
        for one in said
        if one.listed and not one.named and not topics.isdisjoint(one.section)
        if not _FOR_PEOPLE.isdisjoint(one.decided)
    )


def _counted(one: Seen) -> int:
    return 1 if one.passage.operation == "added" else -1


@lru_cache(maxsize=512)
def _is_of_deeds(one: Seen) -> bool:
    """Not under "What we never do", nor "we don't read messages" under "What we do"."""
    if part_of(one.kind, one.passage.heading) != "policy" or one.section.isdisjoint(_DONE):
        return False
    if not _FOR_PEOPLE.isdisjoint(one.section | one.decided):
        return False
    text = one.passage.text
    groups = {each.topic for said in (one.lead, text) for each in matches(said, one.language)}
    chances = one.says(text)
    return groups.isdisjoint(_TURNED) and max(chances["protection"], chances["conduct"]) < _LIKELY
