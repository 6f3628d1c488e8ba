"""What makes a change grave whatever its size: training that is new, a promise, a consent or a choice that is gone.

The codebook of the field calls high what newly trains AI on people's data or content, sells or shares it, uses what is
sensitive, or takes a choice or consent away. Each rule holds where the earlier sentences of a place say one thing and
the later ones another; what a sentence says is taken from sentences.py, and from the groups of words in topics/*.toml.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from analysis.change import TOPICS, Side
from analysis.judging.exceptions import held_back
from analysis.judging.found import AI, accepts_or_gives
from analysis.judging.gist import only_explains, said_by
from analysis.judging.pairs import restated
from analysis.judging.restated import Restated
from analysis.judging.said import DENIED, UNLESS, Said
from analysis.judging.seen import Heard, Seen
from analysis.judging.sentences import Chances
from analysis.judging.ticked import asked
from analysis.text.sentence_ends import sentence_bounds
from analysis.text.topics import matches

RULES = (
    "trains_anew",
    "training_promise_gone",
    "promise_gone",
    "promise_narrowed",
    "consent_gone",
    "turned_on",
    "choice_gone",
    "choice_narrowed",
    "sensitive_anew",
    "shared_for_ads",
    "shared_anew",
    "used_unless_refused",
)
# those by which people lose what they had, whatever words of promises and choices stand around it
LOST = frozenset(
    (
        "turned_on",
        "used_unless_refused",
        "training_promise_gone",
        "promise_gone",
        "promise_narrowed",
        "consent_gone",
        "choice_gone",
        "choice_narrowed",
    )
)
# chances
_LIKELY = 0.5
_SURELY = 0.95  # that a whole new sentence on the training of AI weighs high
_PLAINLY = 0.8  # that a sentence speaks of training
_POSSIBLE = 0.3  # that a later sentence still gives a choice
_GRAVELY = 0.35  # that a new sentence on sensitive data, or on data that goes to others, weighs high
_HARDLY = 0.2  # that what is done unless people object weighs high
_FEW = 4  # places; in a longer change what went may stand elsewhere in other words
_CLAUSES = re.compile(r";\s+")  # a practice and a promise may stand in one sentence
_OF_USE = frozenset(("data_use", "data_collection"))  # of what a section can be
_THEIR_OWN = frozenset(("things", "user_content", "yours"))  # groups of words
_OF_PEOPLE = frozenset(("privacy", "cookies", "terms", "other"))  # other documents tell readers what they may train


class _Place(NamedTuple):
    """The changed sentences of a place, and all of them, by side."""

    one: Seen
    gone: Sequence[Said]
    new: Sequence[Said]
    before: Sequence[Said]
    after: Sequence[Said]

    @property
    def is_of_ai(self) -> bool:
        """Whether a phrase of AI stands in it now, or its section is about AI: no sum of other words is training."""
        found = matches(self.one.passage.after or "", self.one.language)
        return not AI.isdisjoint(self.one.section) or any(each.topic in AI for each in found)


def graves(seen: Sequence[Seen]) -> dict[str, float]:
    """For each of `RULES` 1 where it holds, else 0; and `only_spares`, by which no training is new."""
    places = [_place(one) for one in seen]
    after = [said for place in places for said in place.after]
    pairs = restated(seen)
    again = {pair.was.text for pair in pairs if pair.says_again}
    lost = [
        place._replace(gone=[said for said in place.gone if said.text not in again])
        for place in places
        if not (place.one.ticked and all(cell.favours for cell in place.one.ticked))  # "Yes, if you agree" and now "No"
    ]
    sparing = {pair.now.text for pair in pairs if pair.spares_some or pair.goes_further < 0}
    doing = [place for place in places if not all(said.text in sparing for said in place.new)] if sparing else places
    few = len(places) <= _FEW
    asks = any(map(_asks_anew, places))
    ticked = {name for one in seen if one.kind in _OF_PEOPLE and (name := _by_tick(one))}
    held = {
        "trains_anew": _trains_anew(doing, pairs),
        "training_promise_gone": not asks and any(map(_training_promise_gone, lost)) and _fewer(places),
        "promise_gone": any(pair.breaks_promise and not any(map(pair.was.is_repeated_by, after)) for pair in pairs)
        or (
            few
            and any(said.promises and not any(map(said.is_promised_by, after)) for place in lost for said in place.gone)
        ),
        "promise_narrowed": any(pair.narrows_promise for pair in pairs),
        "consent_gone": not asks
        and (
            any(_consent_gone(place) and not _turned_on(place) for place in lost)
            or any(pair.changes_ground or (pair.asks_no_more and pair.was.one is not pair.now.one) for pair in pairs)
        ),
        "turned_on": not asks and (any(map(_turned_on, places)) or any(pair.turns_on for pair in pairs)),
        "choice_gone": any("lost" in said.groups for place in places for said in place.new)
        or any(pair.refuses_choice for pair in pairs)
        or (few and not asks and _choice_gone(lost, after)),
        "choice_narrowed": any(pair.narrows_choice for pair in pairs) or _anew(places, _costs),
        "sensitive_anew": _anew(doing, _uses_sensitive, _is_grave)
        or _more(seen, _measures_bodies)
        or any(
            (pair.loses_condition and _uses_sensitive(pair.now))
            or (pair.spares_none and "sensitive_minors" in pair.place.decided)
            for pair in pairs
        ),
        "shared_for_ads": _anew(doing, _shares_for_ads, _is_grave) or any(map(_now_for_ads, pairs)),
        "used_unless_refused": _used_unless_refused(doing) or _anew(places, _is_shown_to_all),
        **dict.fromkeys(ticked, True),
    }
    handed_over = _anew(places, _is_for_others)
    held.setdefault("shared_anew", handed_over or (not any(held.values()) and _more(seen, _hands_on_gravely)))
    held["only_spares"] = _only_spares(places)
    return {name: float(holds) for name, holds in held.items()}


def _trains_anew(places: Sequence[_Place], pairs: Sequence[Restated]) -> bool:
    """Whether AI is trained that was not, or on more of what is people's; not where it now waits for their word."""
    unheld = (said for place in places for said in held_back(place.one, "before"))
    if any(pair.trains_on_more for pair in pairs) or any(said.trains for said in unheld):
        return True
    spared = {pair.place for pair in pairs if pair.waits or pair.trains_on_less}
    told = [place for place in places if place.one not in spared]
    of_people = [place for place in told if place.one.kind in _OF_PEOPLE and any(said.trains for said in place.new)]
    return _anew(told, attrgetter("trains"), _is_told_surely) and any(place.is_of_ai for place in of_people)


def _only_spares(places: Sequence[_Place]) -> bool:
    """Whether all that the change newly says of training AI is that it is not done."""
    training = [said for place in places for said in place.new if said.chances["ai_training"] >= _LIKELY]
    return bool(training) and all(
        said.spares("ai_training") and said.chances["protection"] > said.chances["practice"] for said in training
    )


def is_grave(one: Seen) -> bool:
    """Whether a place by itself makes a change grave."""
    held = graves((one,))
    return any(held[name] for name in RULES)


@lru_cache(maxsize=512)
def _place(one: Seen) -> _Place:
    sides: dict[Side, list[Said]] = {"before": [], "after": []}
    changed: dict[Side, list[Said]] = {"before": [], "after": []}
    for side, text in one.passage.texts.items():
        whole = {
            (found.start, found.end): found.whole
            for found in one.wording.sentences
            if found.side == side and not (found.whole and only_explains(one, found))
        }
        for start, end in sentence_bounds(text) if text else ():
            for clause in _CLAUSES.split(text[start:end]):
                said = Said(one, clause, whole.get((start, end), False))
                sides[side].append(said)
                if (start, end) in whole:
                    changed[side].append(said)
    return _Place(one, changed["before"], changed["after"], sides["before"], sides["after"])


def _anew(
    places: Sequence[_Place], does: Callable[[Said], bool], gravely: Callable[[Said], bool] = lambda _: True
) -> bool:
    """Whether more sentences say that something is done than did, and one of a place that did not say it says so
    `gravely`, where that is asked."""
    more = sum(map(does, (said for place in places for said in place.new)))
    less = sum(map(does, (said for place in places for said in place.gone)))
    return more > less and any(
        any(does(said) and gravely(said) for said in place.new) and not any(map(does, place.before)) for place in places
    )


def _is_told_surely(said: Said) -> bool:
    """It must read gravely, all the more if it is new: "we may use machine learning" trains on nobody's data; unless it
    plainly trains in a section on what people's data is used for, or on things that people have or write."""
    plainly = said.chances["ai_training"] >= _PLAINLY
    theirs = not _THEIR_OWN.isdisjoint(said.groups) or accepts_or_gives(said.text)
    of_people = theirs and "part_only" not in said.groups
    if plainly and of_people and said.chances["practice"] > said.chances["protection"]:
        return True
    plain = plainly and not _OF_USE.isdisjoint(said.one.section)
    if said.one.listed and (plain or (plainly and _leads_to_use(said.one))):
        return True  # its title says what is done it for
    return said.chances["high"] >= (_SURELY if said.whole and not plain else _LIKELY)


def _leads_to_use(one: Seen) -> bool:
    """Whether the item of a list goes on from what is done with data: "We may use your data to:"."""
    led = matches(one.lead, one.language)
    return any(match.topic in _OF_USE and match.tier == "decides" for match in led)


def _training_promise_gone(place: _Place) -> bool:
    return any(said.spares("ai_training") for said in place.gone) and not any(
        said.spares("ai_training") for said in place.after
    )


def _fewer(places: Sequence[_Place]) -> bool:
    """Whether fewer sentences spare people's data than did: none came elsewhere for the one that went."""
    gone = sum(said.spares("ai_training") for place in places for said in place.gone)
    return gone > sum(said.spares("ai_training") for place in places for said in place.new)


def _choice_gone(places: Sequence[_Place], after: Sequence[Said]) -> bool:
    """Whether a choice went, what it was about did not, and no later sentence may still give one."""
    gone = any(
        said.spares("user_choice")
        for place in places
        if not _goes_with_its_practice(place, places)
        for said in place.gone
    )
    return gone and all(said.chances["user_choice"] < _POSSIBLE or "no_choice" in said.groups for said in after)


def _goes_with_its_practice(place: _Place, places: Sequence[_Place]) -> bool:
    """Whether there is nothing left to refuse: what was done is said to have ended, or a whole place went with a
    practice that no other place has now."""
    practised = [said for said in place.gone if not said.spares("user_choice")]
    title = place.one.passage.heading[:-1]  # the last one may say that it has ended
    beside = (said for other in places if other.one.passage.heading[:-1] == title for said in other.new)
    if any("ended" in said.groups for said in beside) and any(said.is_done for said in practised):
        return True
    return not place.after and any(
        said.practises(topic) and not any(other.practises(topic) for each in places for other in each.new)
        for said in practised
        for topic in TOPICS
    )


def _consent_gone(place: _Place) -> bool:
    """What was done with consent only is done without."""
    asked = any(said.asks and said.chances["worth"] >= _LIKELY for said in place.gone)
    return asked and bool(place.after) and not any("default_off" in said.groups for said in place.after)


def _asks_anew(place: _Place) -> bool:
    """Whether consent is asked for where it was not: it may have gone from one paragraph to another."""
    return any("default_off" in said.groups for said in place.new) and not any(
        "default_off" in said.groups for said in place.before
    )


def _turned_on(place: _Place) -> bool:
    """What was off unless people acted is on unless they act."""
    if not any(said.asks for said in place.gone):  # not what stands elsewhere now
        return False
    now = {group for said in place.after for group in said.groups}
    return "default_off" not in now and UNLESS in now


def _uses_sensitive(said: Said) -> bool:
    return _is_listed_as_sensitive(said) or said.practises("sensitive_minors")


def _is_listed_as_sensitive(said: Said) -> bool:
    """Whether the title of its list says that it is."""
    return said.one.listed and "sensitive_minors" in said.one.section and said.is_done


def _shares_for_ads(said: Said) -> bool:
    return said.practises("data_sharing") and said.chances["advertising"] >= _LIKELY


def _costs(said: Said) -> bool:
    """Whether who wants no cookies or advertisements pays for it."""
    of_ads = max(said.chances["tracking"], said.chances["advertising"]) >= _LIKELY
    return of_ads and "hurdle" in said.groups and said.one.kind in _OF_PEOPLE


def _is_for_others(said: Said) -> bool:
    """Whether who gets data does with it what they want."""
    return "own_purposes" in said.groups and said.practises("data_sharing") and said.one.kind in _OF_PEOPLE


def _is_shown_to_all(said: Said) -> bool:
    return not _THEIR_OWN.isdisjoint(said.groups) and "shown_to_all" in said.groups and "default_off" not in said.groups


def _now_for_ads(pair: Restated) -> bool:
    """Whether what went to others goes to them for advertisements, too."""
    was_so = pair.was.chances["advertising"] >= _LIKELY or not pair.was.practises("data_sharing")
    newly = any("advertising" in heard.acts for heard in pair.place.heard if heard.sentence.side == "after")
    return newly and not was_so and _shares_for_ads(pair.now)


def _by_tick(one: Seen) -> str | None:
    """The rule by which a cell that newly says yes, or no, is grave; not a choice that goes with what it was about."""
    turned = [cell for cell in one.ticked if not (cell.favours or cell.of_choice)]
    done = [one.says(cell.about) for cell in turned]
    ends = any(cell.favours and not cell.of_choice for cell in one.ticked)
    if any(chances["ai_training"] >= _LIKELY for chances in done):
        return "trains_anew"
    if any(chances["sensitive_minors"] >= _LIKELY for chances in done):
        return "sensitive_anew"
    if any(chances["data_sharing"] >= _LIKELY for chances in done) or any(
        "data_sharing" in asked(cell, one.language) for cell in turned
    ):
        return "shared_anew"
    return "choice_gone" if not ends and any(cell.of_choice and not cell.favours for cell in one.ticked) else None


def _more(seen: Sequence[Seen], says_so: Callable[[Heard, Chances], bool]) -> bool:
    """Whether more changed sentences of a document for people say so by what changed in them than did."""
    more = 0
    for one in seen:
        for heard in one.heard if one.kind in _OF_PEOPLE else ():
            chances = said_by(one, heard.sentence)
            if DENIED.isdisjoint(heard.general) and says_so(heard, chances):
                more += 1 if heard.sentence.side == "after" else -1
    return more > 0


def _measures_bodies(heard: Heard, chances: Chances) -> bool:
    """Whether it is about faces, voices or hands that tell who one is, with consent or without."""
    deleted = chances["retention"] >= _LIKELY > chances["practice"]
    denied = "negation" in heard.general and chances["practice"] < _LIKELY
    return (
        "bodily" in heard.changed
        and not (deleted or denied)
        and max(chances["practice"], chances["sensitive_minors"]) >= _POSSIBLE
    )


def _hands_on_gravely(heard: Heard, chances: Chances) -> bool:
    done = chances["practice"] > chances["protection"] < _LIKELY
    sold = "sold" in heard.changed and chances["conduct"] < _LIKELY
    return done and (sold or min(chances["data_sharing"], chances["high"]) >= _LIKELY)


def _is_grave(said: Said) -> bool:
    return _is_listed_as_sensitive(said) or said.chances["high"] >= _GRAVELY


def _used_unless_refused(places: Sequence[_Place]) -> bool:
    """Whether a section newly says that something is done with data and that it is unless people object; and the whole
    document says the latter more often than it did. Where a way to opt out is all it says, what is done must weigh."""
    if not any(UNLESS in said.groups for place in places for said in place.new):
        return False  # as of most changes
    sections: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for place in places:
        sections[place.one.passage.heading]["asks"] += _asks_anew(place)
        for sentences, more in ((place.new, 1), (place.gone, -1)):
            for said in sentences:
                own = sections[place.one.passage.heading]
                own["unless"] += more * (UNLESS in said.groups)
                own["does"] += more * said.does
                grave = said.does and said.chances["high"] >= _HARDLY
                own["grave"] += more > 0 and (grave or "unless_refused" in said.groups)
    more_often = sum(own["unless"] for own in sections.values()) > 0
    return more_often and any(
        min(own["unless"], own["does"], own["grave"]) > 0 and not own["asks"] for own in sections.values()
    )
