"""What the changed sentences of a change say together, by the chances of sentences.py."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from analysis.blocks import CELL
from analysis.change import TOPICS
from analysis.diff.wording import ChangedSentence
from analysis.judging.found import accepts_or_gives, is_duty_of_reader
from analysis.judging.rephrased import cells
from analysis.judging.seen import Heard, Seen
from analysis.judging.sentences import Chances
from analysis.text.looks import pattern
from analysis.text.times import times_in

GIST = "gist."  # before the names of these signs
OF_TOPIC = ("most", "sum", "share", "new", "of_most")
_NAMES = {topic: tuple(f"{GIST}{topic}.{name}" for name in OF_TOPIC) for topic in TOPICS}
_DIRECTIONS = ("expands", "limits", "clarifies")
LEANS = (*(f"{name}_{how}" for name in _DIRECTIONS for how in ("new", "gone")), "balance", "both_ways")
WEIGHTIEST = "weightiest"  # how surely the gravest whole sentence that came or went is more than a detail
_HARDLY, _LITTLE = 0.3, 0.5  # added where a share is taken, so that little said is a small share
_LIKELY = 0.5
_GRAVER = frozenset(("ai_training", "advertising", "sensitive_minors"))
_OPENING = " ,;:(—–-"
_OWN = 0.9  # that a sentence is about a right or a choice of people


class _Leaning(NamedTuple):
    """A changed sentence: 1 if it came and -1 if it went, what it says, and for whom it is good news."""

    sign: int
    whole: bool
    chances: Chances
    leans: Chances


@lru_cache(maxsize=512)
def _said(one: Seen) -> tuple[_Leaning, ...]:
    """The changed sentences of a place."""
    return tuple(
        _Leaning(1 if heard.sentence.side == "after" else -1, heard.sentence.whole, said, _leaning(one, heard, said))
        for heard in one.heard
        for said in (said_by(one, heard.sentence),)
    )


def leanings(seen: Sequence[Seen]) -> dict[str, float]:
    """Whether the changed words do more or less with data, and how surely they are more than a detail."""
    places: defaultdict[int, list[_Leaning]] = defaultdict(list)
    for cell, one in zip(cells(seen), seen, strict=True):
        places[cell] += _said(one)
    signs = {f"{GIST}{name}": value for name, value in _directions(list(places.values())).items()}
    whole = (each.chances["medium"] for one in seen for each in _said(one) if each.whole)
    return {**signs, f"{GIST}{WEIGHTIEST}": max(whole, default=0.0)}


def topics_said(seen: Sequence[Seen]) -> dict[str, float]:
    """For each topic how much the changed words say of it."""
    places = [_said(one) for one in seen]
    by_topic = {topic: [each.chances[topic] for said in places for each in said] for topic in TOPICS}
    sums = {topic: sum(values) for topic, values in by_topic.items()}
    total, most = sum(sums.values()) + _HARDLY, max(0.1, *sums.values())
    signs: dict[str, float] = {}
    for topic, values in by_topic.items():
        nets = (sum(each.sign * each.chances[topic] for each in said) for said in places)
        new, own = sum(net for net in nets if net > 0), sums[topic]
        figures = (max(values, default=0.0), math.log1p(own), own / total, math.log1p(new), own / most)
        signs.update(zip(_NAMES[topic], figures, strict=True))
    return signs


@lru_cache(maxsize=1024)
def said_by(one: Seen, sentence: ChangedSentence) -> Chances:
    """What the changed words of a sentence say: all that it says if it is new or gone as a whole, else what it would
    not say without them, or their share of it."""
    text = one.passage.texts[sentence.side]
    whole = one.says(one.text_of(sentence))
    if sentence.whole:
        return whole
    rest, at, changed = "", sentence.start, 0
    for start, end in sentence.spans:
        rest, at, changed = rest + text[at:start], end, changed + end - start
    without = one.says(rest + text[at : sentence.end])
    share = changed / (sentence.end - sentence.start)
    return {aspect: max(chance - without[aspect], chance * share) for aspect, chance in whole.items()}


def _leaning(one: Seen, heard: Heard, chances: Chances) -> Chances:
    """For whom a sentence is good news, by how grave it is.

    That something is done no more is less, whatever it was, and what is done unless people refuse is more, however
    much it says of refusing. How data is secured is neither, nor how long what a table newly lists is kept; what
    readers must not do is never more.
    """
    more, less, same = (chances[name] for name in _DIRECTIONS)
    text = one.passage.texts[heard.sentence.side]
    if ends(heard, chances):
        more, less = 0.0, max(more, less)
    elif "lost" in heard.changed or ("unless_refused" in heard.changed and "promise" not in heard.general):
        more, less = max(more, less), 0.0
    elif "forbidden" in heard.general and chances["practice"] < _LIKELY:
        more, less = 0.0, max(more, less)
    elif (is_of_security(chances) and "promise" not in heard.general) or (one.kind != "cookies" and _lists_times(one)):
        more, less, same = 0.0, 0.0, max(more, less, same) if heard.sentence.side == "after" else 0.0
    elif accepts_or_gives(one.text_of(heard.sentence)):
        more, less = max(more, less), 0.0
    elif chances["conduct"] >= _LIKELY or is_duty_of_reader(one.text_of(heard.sentence)):
        more, same = 0.0, max(more, same)
    elif _only_cites(heard.sentence, text) or only_explains(one, heard.sentence) or _gains_columns(one):
        more, less, same = 0.0, 0.0, max(more, less, same)
    gravity = chances["worth"] + chances["medium"] + chances["high"]
    return dict(zip(_DIRECTIONS, (more * gravity, less * gravity, same * gravity), strict=True))


def _only_cites(sentence: ChangedSentence, text: str) -> bool:
    """Whether words beside others only say on which ground of the law it is done."""
    return not sentence.whole and all(
        pattern("ground").search(text[start:end]) and not pattern("personal_data").search(text[start:end])
        for start, end in sentence.spans
    )


@lru_cache(maxsize=1024)  # asked of each sentence from several sides
def only_explains(one: Seen, sentence: ChangedSentence) -> bool:
    """Whether it only says what is meant by other words: "affiliates (that is, companies that own us)". Examples that
    are graver than what they stand beside do more."""
    text = one.passage.texts[sentence.side]
    if sentence.whole:
        first = next((at for at in range(sentence.start, sentence.end) if text[at].isalnum()), sentence.start)
        return bool(pattern("defines").match(text, first))
    if not all(_explains(text, start, end) for start, end in sentence.spans):
        return False
    grave = [found for found in one.within(sentence) if found.tier == "decides" and found.topic in _GRAVER]
    return {found.topic for found in grave if found.direct} <= {found.topic for found in grave if not found.direct}


def _gains_columns(one: Seen) -> bool:
    """Whether a row says all that it did, and something in further columns."""
    was, now = (Counter(text.split(CELL)) for text in one.passage.texts.values())
    return was.total() > 1 and was < now


def _explains(text: str, start: int, end: int) -> bool:
    """Whether words of a text begin so; what stands before it may be what follows them: "data {of X (such as ...) and
    data} of Y"."""
    found = pattern("explained").search(text, start, end)
    if not found:
        return False
    before = text[start : found.start()].strip(_OPENING)
    return not before or text[end:].lstrip(_OPENING).startswith(before)


def _lists_times(one: Seen) -> bool:
    """Whether a row or entry says how long something is kept, and nothing else."""
    retention = "retention" in one.section or any(f.topic == "retention" and f.tier == "decides" for f in one.found)
    text = one.passage.text
    listed = one.shape in ("row", "entry") or CELL in text
    return listed and text.count(CELL) <= 1 and retention and bool(times_in(text))


def is_of_security(chances: Chances) -> bool:
    """Whether it says how data is secured, and nothing of who gets it or how long it is kept."""
    return chances["security"] >= _LIKELY and max(chances["retention"], chances["data_sharing"]) < _LIKELY


def ends(heard: Heard, chances: Chances) -> bool:
    """Whether it says that something is no longer done with data; not what people may no longer do or choose."""
    of_people = max(chances["user_rights"], chances["user_choice"])
    return "ended" in heard.changed and of_people < _OWN and chances["conduct"] < _LIKELY


def _directions(places: Sequence[Sequence[_Leaning]]) -> dict[str, float]:
    """How the sentences that came and those that went divide into more, less and the same done with data, over the
    places: what a reworded one says anew cancels out."""
    sums = {}
    for name in _DIRECTIONS:
        nets = [sum(each.sign * each.leans[name] for each in said) for said in places]
        sums[f"{name}_new"], sums[f"{name}_gone"] = sum(n for n in nets if n > 0), sum(-n for n in nets if n < 0)
    total = sum(sums.values()) + _LITTLE
    more, less = sums["expands_new"] + sums["limits_gone"], sums["limits_new"] + sums["expands_gone"]
    return {name: value / total for name, value in sums.items()} | {
        "balance": (more - less) / (more + less + _LITTLE),
        "both_ways": math.log1p(min(more, less)),
    }
