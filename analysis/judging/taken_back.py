"""What a change takes back: practices that end or are narrowed, and promises that are gone.

The sums of words (gist.py) tell what came from what went only as a whole. Here each place is read by itself, but beside
the others: a sentence that went is no practice less where another says it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from analysis.change import TOPICS
from analysis.judging.exceptions import held_back
from analysis.judging.gist import ends, is_of_security, only_explains, said_by
from analysis.judging.kept import rewritten
from analysis.judging.pairs import restated
from analysis.judging.rephrased import alike
from analysis.judging.restated import Restated
from analysis.judging.seen import Heard, Seen
from analysis.judging.sentences import Chances

# chances
_LIKELY, _POSSIBLE = 0.5, 0.3
_WORTH = 0.7  # telling
_ALIKE = 0.4  # of the words of the shorter of two sentences of which one says the other again
_PRACTISED = 0.4  # by a sentence of the same topic that came in place of another
_FEW = 3  # words with a meaning of their own that a sentence needs to be compared
_SPARES = 0.35  # that a sentence put into a place that stayed protects people


class TakenBack(NamedTuple):
    """The places of a change by what they take back, or do beside it."""

    practices: frozenset[Seen] = frozenset()  # less is done with data than before
    promises: frozenset[Seen] = frozenset()  # a promise is gone
    longer: frozenset[Seen] = frozenset()  # data is kept longer
    anew: frozenset[Seen] = frozenset()  # a practice that is new is plainly said
    unasked: frozenset[Seen] = frozenset()  # done without the consent that it was done with
    retimed: frozenset[Seen] = frozenset()  # kept for another time, be it shorter; how long a cookie lives is none
    spared: frozenset[Seen] = frozenset()  # more of what was done is left to people
    narrowed: frozenset[Seen] = frozenset()  # fewer may choose, or it takes more
    loosened: frozenset[Seen] = frozenset()  # the condition is gone on which it was done
    waits: frozenset[Seen] = frozenset()  # it now waits for people's word
    ended: frozenset[Seen] = frozenset()  # it is done no more, for less, or is easier to refuse
    rights: frozenset[Seen] = frozenset()  # people may ask for less
    adds: frozenset[Seen] = frozenset()  # it is done with, for or by one more
    drops: frozenset[Seen] = frozenset()  # or one less
    only_gone: bool = False  # nothing came
    only_again: bool = False  # all says again what was said


NOTHING_BACK = TakenBack()


@dataclass(frozen=True, eq=False)
class _Said:
    place: Seen
    heard: Heard
    chances: Chances  # by what changed in it
    full: Chances  # by all its words

    @cached_property
    def stems(self) -> frozenset[str]:
        """Of the words that say something; few sentences are asked for them."""
        return self.place.stems(self.place.text_of(self.heard.sentence))


def taken_back(seen: Sequence[Seen]) -> TakenBack:
    said = [one for one in seen if one.is_wording]
    sentences = [each for one in said for each in _sentences(one)]
    gone = [each for each in sentences if each.heard.sentence.side == "before"]
    new = [each for each in sentences if each.heard.sentence.side == "after"]
    still = [each for each in new if not ends(each.heard, each.chances)]
    practices = {each.place for each in gone if _is_practice(each) and not _is_said_again(each, still)}
    practices |= {each.place for each in new if ends(each.heard, each.chances) and each.full["worth"] >= _WORTH} | set(
        _narrowed(new, gone)
    )
    practices |= {each.place for each in new if _asks_first(each, gone)}
    days = {pair.now: pair.lengthened() for pair in rewritten(said)}
    practices |= {one for one, more in days.items() if any(each < 0 for each in more)}
    longer = {one for one, more in days.items() if any(each > 0 for each in more)}
    pairs = restated(said)
    ended = [pair for pair in pairs if pair.ends]
    eased = [pair for pair in pairs if pair.eases]
    waits = [pair for pair in pairs if pair.waits]
    spared = {pair.place for pair in (*waits, *eased, *ended)}
    spared |= {one for one in said if any(cell.favours for cell in one.ticked) or held_back(one, "after")}
    lengthened = _places(pair for pair in pairs if pair.lengthens)
    shortened = _places(pair for pair in pairs if pair.shortens)
    practices |= spared | shortened | {pair.place for pair in pairs if pair.trains_no_more}
    longer |= lengthened
    anew = {each.place for each in still if _is_plain(each) and not each.place.ticked and not _was_said(each, gone)}
    anew |= {one for one in said if not all(cell.favours for cell in one.ticked)}
    promises = {each.place for each in gone if _is_promise(each) and not _is_promised_again(each, new)}
    unasked = {each.place for each in new if _is_done_unasked(each, gone)}
    retimed = {one for one, more in days.items() if more and not (one.kind == "cookies" and one.shape == "row")}
    retimed |= lengthened | shortened
    return TakenBack(
        practices=frozenset(practices),
        promises=frozenset(promises),
        longer=frozenset(longer),
        anew=frozenset(anew),
        unasked=frozenset(unasked),
        retimed=frozenset(retimed),
        spared=frozenset(spared),
        narrowed=_places(pair for pair in pairs if pair.narrows_choice),
        loosened=_places(pair for pair in pairs if pair.loosens) | {one for one in said if held_back(one, "before")},
        waits=_places(waits),
        ended=_places((*ended, *(pair for pair in eased if pair.is_of_choice))),
        rights=_places(pair for pair in pairs if pair.narrows_right),
        adds=_places(pair for pair in pairs if pair.adds),
        drops=_places(pair for pair in pairs if pair.drops),
        only_gone=not new,
        only_again=_is_only_again(sentences, pairs),
    )


def _places(pairs: Iterable[Restated]) -> frozenset[Seen]:
    return frozenset(pair.place for pair in pairs)


def _is_only_again(sentences: Sequence[_Said], pairs: Sequence[Restated]) -> bool:
    again = {said.text for pair in pairs if pair.says_again for said in pair}
    return bool(sentences) and all(
        each.place.text_of(each.heard.sentence) in again or only_explains(each.place, each.heard.sentence)
        for each in sentences
    )


@lru_cache(maxsize=512)
def _sentences(one: Seen) -> tuple[_Said, ...]:
    return tuple(
        _Said(one, heard, said_by(one, heard.sentence), one.says(one.text_of(heard.sentence))) for heard in one.heard
    )


def _is_practice(each: _Said) -> bool:
    """Whether a whole sentence went that said what is done with people's data."""
    chances = each.chances
    return (
        each.heard.sentence.whole
        and chances["worth"] >= _WORTH
        and min(chances["expands"], chances["practice"]) >= _LIKELY
        and max(chances[topic] for topic in TOPICS) >= _LIKELY
        and len(each.stems) >= _FEW
    )


def _is_plain(each: _Said) -> bool:
    chances, sentence = each.chances, each.heard.sentence
    return (
        not only_explains(each.place, sentence)
        and min(chances["worth"], chances["expands"], chances["practice"]) >= _LIKELY
        and max(chances["limits"], chances["conduct"]) < _LIKELY
    )


def _was_said(new: _Said, gone: Sequence[_Said]) -> bool:
    """Whether a sentence that went said the same practice in other words."""
    return any(
        each.full["practice"] >= _PRACTISED and "promise" not in each.heard.general and alike(each.stems, new.stems)
        for each in gone
    )


def _is_said_again(gone: _Said, new: Sequence[_Said]) -> bool:
    """Whether a sentence that came has most of its words, or under the same title says something of the same topic.

    Rows and entries of lists stand for themselves: another entry of the same list is another thing.
    """
    topics = [topic for topic in TOPICS if gone.chances[topic] >= _LIKELY]
    listed = gone.place.shape in ("row", "entry")
    return any(
        _is_alike(gone, each)
        or (
            not listed
            and each.place.passage.heading[-1:] == gone.place.passage.heading[-1:]
            and each.chances["practice"] >= _PRACTISED
            and any(each.chances[topic] >= _LIKELY for topic in topics)
        )
        for each in new
    )


def _is_alike(one: _Said, other: _Said) -> bool:
    fewer = min(len(one.stems), len(other.stems))
    return len(other.stems) > 1 and len(one.stems & other.stems) >= _ALIKE * fewer


def _asks_first(new: _Said, gone: Sequence[_Said]) -> bool:
    """Whether what was done anyway is done only if people want it."""
    return "default_off" in new.heard.changed and any(
        each.full["practice"] >= _LIKELY and "default_off" not in each.heard.general and _is_alike(each, new)
        for each in gone
    )


def _is_done_unasked(new: _Said, gone: Sequence[_Said]) -> bool:
    """Whether what was done only if people wanted it is done anyway, be it said in another paragraph."""
    return (
        min(new.chances["practice"], new.chances["worth"]) >= _LIKELY
        and not {"default_off", "promise"} & new.heard.general
        and any("default_off" in each.heard.changed and _is_alike(new, each) for each in gone)
    )


def _narrowed(new: Sequence[_Said], gone: Sequence[_Said]) -> Iterator[Seen]:
    """The places that stay and get a whole sentence that protects people, and none that does more with their data."""
    does_more = {each.place for each in new if each.chances["expands"] >= _LIKELY or _is_else(each)}
    for each in new:
        chances = each.chances
        if (
            each.place.passage.operation == "reworded"
            and each.place not in does_more
            and each.heard.sentence.whole
            and "default_on" not in each.heard.general
            and chances["limits"] >= _SPARES
            and chances["worth"] >= _WORTH
            and max(chances["conduct"], chances["user_choice"], chances["transfer"]) < _LIKELY
            and not is_of_security(chances)
            and not any(_is_alike(each, other) for other in gone)
        ):
            yield each.place


def _is_else(each: _Said) -> bool:
    """Whether a whole sentence came that does not protect people: what stands beside it goes with what it says."""
    return each.heard.sentence.whole and max(each.chances["protection"], each.chances["limits"]) < _POSSIBLE


def _is_promise(each: _Said) -> bool:
    return "promise" in each.heard.general and "exception" not in each.heard.general and each.chances["worth"] >= _WORTH


def _is_promised_again(gone: _Said, new: Sequence[_Said]) -> bool:
    return any("promise" in each.heard.general and _is_alike(gone, each) for each in new)
