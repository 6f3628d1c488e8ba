"""What the changed sentences of a change say together, by the chances of sentences.py."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from analysis.change import TOPICS
from analysis.seen import Seen
from analysis.sentences import Chances, says
from analysis.times import times_in
from analysis.wording import Sentence

GIST = "gist."  # before the names of these signs
OF_TOPIC = ("most", "sum", "share", "new", "of_most")
_DIRECTIONS = ("expands", "limits", "clarifies")
LEANS = (*(f"{name}_{how}" for name in _DIRECTIONS for how in ("new", "gone")), "balance", "both_ways")
TIMES = ("kept_longer", "kept_shorter")
_HARDLY, _LITTLE = 0.3, 0.5  # added where a share is taken, so that little said is a small share


def gist(seen: Sequence[Seen], kind: str, language: str | None) -> dict[str, float]:
    """For each topic how much the changed words say of it, and whether they do more or less with data."""
    said = [
        (place, sentence, _said(one, sentence, kind, language))
        for place, one in enumerate(seen)
        for sentence in one.wording.sentences
    ]
    signs = _directions(said) | _kept(seen, said)
    sums = {topic: sum(chances[topic] for _, _, chances in said) for topic in TOPICS}
    total, most = sum(sums.values()) + _HARDLY, max(0.1, *sums.values())
    for topic in TOPICS:
        signs |= {
            f"{topic}.most": max((chances[topic] for _, _, chances in said), default=0.0),
            f"{topic}.sum": math.log1p(sums[topic]),
            f"{topic}.share": sums[topic] / total,
            f"{topic}.new": math.log1p(_net((place, sentence, chances[topic]) for place, sentence, chances in said)[0]),
            f"{topic}.of_most": sums[topic] / most,
        }
    return {f"{GIST}{name}": value for name, value in signs.items()}


def _kept(seen: Sequence[Seen], said: Sequence[tuple[int, Sentence, Chances]]) -> dict[str, float]:
    """Whether places that speak of keeping data name a longer or a shorter time than they did."""
    longer = shorter = False
    speaking = {place for place, _, chances in said if chances["retention"] > 0}
    for one in (seen[place] for place in speaking):
        topics = {found.topic for found in one.found} | one.section
        if not ("retention" in topics and one.passage.before and one.passage.after):
            continue
        was, now = (sorted(time.days for time in times_in(text)) for text in (one.passage.before, one.passage.after))
        longer |= len(was) == len(now) and any(new > old for old, new in zip(was, now, strict=True))
        shorter |= len(was) == len(now) and any(new < old for old, new in zip(was, now, strict=True))
    return {"kept_longer": float(longer and not shorter), "kept_shorter": float(shorter and not longer)}


@lru_cache(maxsize=1024)
def _said(one: Seen, sentence: Sentence, kind: str, language: str | None) -> Chances:
    """What the changed words of a sentence say: all that it says if it is new or gone as a whole, else what it would
    not say without them, or their share of it."""
    text = one.passage.texts[sentence.side]
    whole = says(text[sentence.start : sentence.end], language, kind, one.passage.heading)
    if sentence.whole:
        return whole
    rest, at, changed = "", sentence.start, 0
    for start, end in sentence.spans:
        rest, at, changed = rest + text[at:start], end, changed + end - start
    without = says(rest + text[at : sentence.end], language, kind, one.passage.heading)
    share = changed / (sentence.end - sentence.start)
    return {aspect: max(chance - without[aspect], chance * share) for aspect, chance in whole.items()}


def _directions(said: Sequence[tuple[int, Sentence, Chances]]) -> dict[str, float]:
    """How the sentences that came and those that went divide into more, less and the same done with data."""
    sums = {}
    for name in _DIRECTIONS:
        graves = (
            (place, sentence, chances[name] * (chances["worth"] + chances["medium"] + chances["high"]))
            for place, sentence, chances in said
        )
        sums[f"{name}_new"], sums[f"{name}_gone"] = _net(graves)
    total = sum(sums.values()) + _LITTLE
    more, less = sums["expands_new"] + sums["limits_gone"], sums["limits_new"] + sums["expands_gone"]
    return {name: value / total for name, value in sums.items()} | {
        "balance": (more - less) / (more + less + _LITTLE),
        "both_ways": math.log1p(min(more, less)),
    }


def _net(values: Iterable[tuple[int, Sentence, float]]) -> tuple[float, float]:
    """How much more is said after than before, and less, over the places: what a reworded one says anew cancels out."""
    places: defaultdict[int, float] = defaultdict(float)
    for place, sentence, value in values:
        places[place] += value if sentence.side == "after" else -value
    return sum(max(0.0, net) for net in places.values()), sum(max(0.0, -net) for net in places.values())
