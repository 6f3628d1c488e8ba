"""What can be seen of a change as numbers: the signs that a judgement rests on; docs/judging.md names them."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

from analysis.blocks import CELL
from analysis.change import TOPICS
from analysis.judging.found import AI, DATA, is_duty_of_reader
from analysis.judging.gist import GIST, OF_TOPIC, leanings, topics_said
from analysis.judging.grave import graves
from analysis.judging.kinds import part_of
from analysis.judging.seen import Heard, Seen
from analysis.judging.shape import LISTED, OF_LEADS
from analysis.text.looks import pattern
from analysis.text.sentence_ends import sentences_before
from analysis.text.topics import CLAIMING

_OF_PEOPLE = {"personal_data", "user_content"}  # groups of words: what a sentence is about
_LIKELY = 0.5
_ITEM = re.compile(r"\([a-z0-9]{1,4}\)")  # "(iii) use it ...": who must not is said before the first


def signs(seen: Sequence[Seen]) -> dict[str, float]:
    """The signs of a whole change, each about 0 to 3; their names are those of the weights file.

    Titles, menus and other noise give no sign, neither for a change nor against it: beside a real change they alter
    nothing.
    """
    return {**signs_but_topics(seen), **topics_said([one for one in seen if one.is_wording])}


def signs_but_topics(seen: Sequence[Seen]) -> Mapping[str, float]:
    """Those that severity and direction rest on; how much is said of each topic is asked of a whole change only."""
    return _signs(tuple(one for one in seen if one.is_wording), *(one.kind for one in seen[:1]))


@lru_cache(maxsize=128)
def _signs(said: tuple[Seen, ...], *kind: str) -> Mapping[str, float]:
    """Asked for again where one place is all of a change. Which kind of document it is a sign by itself."""
    found = {**{f"kind.{each}": 1.0 for each in kind}, **_shape_signs(said)}
    counts: defaultdict[str, int] = defaultdict(int)
    for one in said:
        for name, count in _phrase_signs(one).items():
            counts[name] += count
    found.update({name: math.log1p(count) for name, count in counts.items()})
    found.update(_claim_signs(said))
    found.update(_told_together(found, said))
    found.update(leanings(said))
    found.update({f"{GIST}{name}": held for name, held in graves(said).items()})
    return found


def _told_together(found: Mapping[str, float], said: Sequence[Seen]) -> dict[str, float]:
    """Signs that say something only together: what a phrase means depends on the kind of document it stands in."""
    places = {part_of(one.kind, one.passage.heading) for one in said}
    anywhere = _told(said, found)
    by_place = {
        place: _told([one for one in said if part_of(one.kind, one.passage.heading) == place], found)
        for place in places
        if len(places) > 1
    } or dict.fromkeys(places, anywhere)
    return {
        **{f"{place}.{name}": float(holds) for place, together in by_place.items() for name, holds in together.items()},
        **{f"any.{name}": float(holds) for name, holds in anywhere.items()},
        "any.topics": len(_decided(said)) / 3,
        "any.frame_count": math.log1p(sum(_frames(one) for one in said)),
    }


def _decided(said: Sequence[Seen]) -> set[str]:
    return {topic for one in said for topic in one.decided}


def _told(said: Sequence[Seen], found: Mapping[str, float]) -> dict[str, bool]:
    direct = _decided(said)
    hints = {match.topic for one in said for match in one.found if match.direct and match.tier == "suggests"}
    frames = sum(_frames(one) for one in said)
    return {
        "said": bool(said),
        "decided": bool(direct),
        "hinted": bool(hints),
        "ai": bool(direct & AI),
        "recipient": any(one.other_recipient for one in said),
        "touched": any(_touched(one) for one in said),
        "news": any(one.news for one in said),
        "data": bool(direct & (DATA | {"advertising"})),
        "several": len(direct) > 1,
        "many": len(direct) > 3,
        "frame": frames > 0,
        "frames": frames > 2,
        "notice": found.get("words.notice.after", 0) > 0,
        "announced": any(map(_announces, said)),
        "company": any(map(_names_company, said)),
        "listed": any(map(_listed, said)),
        "nothing": bool(said) and not direct and not hints,
    }


@lru_cache(maxsize=512)
def _announces(one: Seen) -> bool:
    """Whether it is a notice of a coming change that names the policy on privacy."""
    noticed = any(match.topic == "notice" and match.direct and match.side == "after" for match in one.found)
    return noticed and bool(pattern("of_privacy").search(one.passage.after or ""))


def _listed(one: Seen) -> bool:
    """Whether a whole row or entry came or went in a section that lists data, purposes, recipients, cookies or laws."""
    if one.kind == "cookies" and one.shape == "row":
        return not one.renamed and (one.passage.operation != "reworded" or CELL in (one.passage.after or ""))
    text = one.passage.text
    entry = one.shape in ("row", "entry") or (one.shape == "text" and text.endswith(";"))
    whole = one.passage.operation in ("added", "removed") and entry
    lists = LISTED | OF_LEADS if one.listed else LISTED
    return whole and (bool(one.section & lists) or one.named)


@lru_cache(maxsize=512)
def _touched(one: Seen) -> bool:
    """Whether words were exchanged beside those that say what is done with people's data: which, why, with whom."""
    return any(
        heard.general & _OF_PEOPLE
        and not heard.acts
        and any(match.tier == "decides" and match.topic in DATA | AI for match in one.within(heard.sentence))
        for heard in one.heard
    )


@lru_cache(maxsize=512)
def _frames(one: Seen) -> int:
    """The number of changed sentences that say what is done with people's data or content."""
    return sum(bool(heard.general & _OF_PEOPLE and heard.acts & DATA) for heard in one.heard)


def _claim_signs(said: Sequence[Seen]) -> dict[str, float]:
    """What the change newly claims and no longer claims: something is done with data, or left to choose.

    The weights of the alert are of these; severity and direction ask more of a sentence (claims.py).
    """
    counts: defaultdict[str, int] = defaultdict(int)
    for one in said:
        for name, count in _claims_of(one).items():
            if count:
                counts[f"claim.{name}.{'new' if count > 0 else 'gone'}"] += abs(count)
    found = {name: math.log1p(count) for name, count in counts.items()}
    return found | {f"{name}.any": 1.0 for name in counts}


@lru_cache(maxsize=512)
def _claims_of(one: Seen) -> Mapping[str, int]:
    """In how many more sentences a place makes each claim now than it did."""
    counts: defaultdict[str, int] = defaultdict(int)
    for heard in one.heard:
        sentence, acts, general, _ = heard
        about = bool(general & _OF_PEOPLE)
        promise = "safeguard" in general and "negation" in general
        trains = "ai_training" in acts and (about or "yours" in general) and not promise
        forbidden = trains and _forbids(one, heard)
        for name, holds in (
            ("train", trains and not forbidden),
            ("train_forbidden", forbidden),
            ("share", "data_sharing" in acts and about and not promise),
            ("sensitive", "sensitive_minors" in acts and not promise),
            ("collect", "data_collection" in acts and about and not promise),
            ("use", "data_use" in acts and about and not promise),
            ("ads", bool(acts & {"advertising", "tracking"}) and not promise),
            ("ai", bool(acts & AI) and not promise),
            ("choice", "user_choice" in acts),
            ("rights", "user_rights" in acts),
            ("delete", "retention" in acts),
            ("default_on", "default_on" in general),
            ("default_off", "default_off" in general),
            ("exception", "exception" in general and about),
        ):
            if holds:
                counts[name] += 1 if sentence.side == "after" else -1
    return counts


def _forbids(one: Seen, heard: Heard) -> bool:
    """Whether a sentence, or the one that it is an item of, says what readers may not do."""
    sentence, text = heard.sentence, one.passage.texts[heard.sentence.side]
    said = text[sentence.start : sentence.end]
    so_far = (said, *(text[start:end] for start, end in sentences_before(text, sentence.start)))
    head = next((each for each in so_far if not _ITEM.match(each)), said)
    if is_duty_of_reader(head) or "forbidden" in heard.general:
        return True
    return "promise" not in heard.general and one.says(said)["conduct"] >= _LIKELY


def _shape_signs(said: Sequence[Seen]) -> dict[str, float]:
    found = {}
    places: Counter[str] = Counter(one.shape for one in said)
    words: defaultdict[str, int] = defaultdict(int)
    for one in said:
        words[one.shape] += one.changed_words
    for shape in ("text", "row", "entry", "address"):
        found[f"shape.{shape}"] = math.log1p(places[shape])
        found[f"shape.any_{shape}"] = float(places[shape] > 0)
        found[f"shape.{shape}_words"] = math.log1p(words[shape]) / 2
    text = [one for one in said if one.shape == "text"]
    operations = Counter(one.passage.operation for one in text)
    for operation in ("added", "removed", "reworded"):
        found[f"shape.{operation}"] = math.log1p(operations[operation])
    parties = sum(map(_parties, text))
    found["shape.parties"] = math.log1p(parties)
    found["shape.any_party"] = float(parties > 0)
    found["shape.under_heading"] = float(any(one.passage.heading for one in text))
    found["shape.deep"] = float(any(len(one.passage.heading) > 1 for one in text))
    found["shape.longest"] = math.log1p(max((one.changed_words for one in text), default=0)) / 2
    found["shape.few_words"] = float(0 < sum(words.values()) <= 2)
    return found


@lru_cache(maxsize=512)
def _parties(one: Seen) -> int:
    return len(pattern("parties").findall(_changed_text(one)))


@lru_cache(maxsize=512)
def _names_company(one: Seen) -> bool:
    return bool(pattern("company").search(_changed_text(one)))


def _changed_text(one: Seen) -> str:
    sides = one.passage.texts
    return " ".join(
        sides[sentence.side][start:end] for sentence in one.wording.sentences for start, end in sentence.spans
    )


@lru_cache(maxsize=512)
def _phrase_signs(one: Seen) -> Mapping[str, int]:
    """How often each topic's phrases stand in the changed words of a passage, what of it is new and what is gone."""
    counts: defaultdict[str, int] = defaultdict(int)
    texts = one.passage.texts
    sides: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: {"before": Counter(), "after": Counter()})
    for match in one.found:
        if match.topic in CLAIMING:
            continue
        if match.tier == "words":
            if match.direct:
                counts[f"words.{match.topic}.{match.side}"] += 1
            else:
                counts[f"words.{match.topic}.beside"] += 1
            continue
        if match.direct:
            sides[f"{match.topic}.{match.tier}"][match.side][texts[match.side][match.start : match.end].casefold()] += 1
        elif match.tier == "decides":
            counts[f"{match.topic}.beside"] += 1
    for name, both in sides.items():
        counts[f"{name}.new"] += sum((both["after"] - both["before"]).values())
        counts[f"{name}.gone"] += sum((both["before"] - both["after"]).values())
        counts[f"{name}.any"] += sum(both["after"].values()) or sum(both["before"].values())
    for topic in one.section:
        counts[f"{topic}.section"] += 1
    return counts


def strengths(found: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """For each topic what speaks for it, alone and beside the other topics; from the signs of a change."""
    totals = {
        name: sum(_count(found, f"{topic}.{name}") for topic in TOPICS)
        for name in ("decides.any", "suggests.any", "beside")
    }
    topics_seen = sum(_count(found, f"{topic}.decides.any") > 0 for topic in TOPICS)
    changed = 2 * (found.get("shape.text_words", 0.0) + found.get("shape.row_words", 0.0))
    kind = {name: value for name, value in found.items() if name.startswith("kind.")}
    return {topic: {**_strength(found, topic, totals, topics_seen, changed), **kind} for topic in TOPICS}


def _strength(
    found: Mapping[str, float], topic: str, totals: Mapping[str, float], topics_seen: int, changed: float
) -> dict[str, float]:
    new, gone, direct = (_count(found, f"{topic}.decides.{what}") for what in ("new", "gone", "any"))
    hints, beside, section = (_count(found, f"{topic}.{what}") for what in ("suggests.any", "beside", "section"))
    return {
        **{f"said_{name}": found.get(f"{GIST}{topic}.{name}", 0.0) for name in OF_TOPIC},
        "new": math.log1p(new),
        "gone": math.log1p(gone),
        "direct": math.log1p(direct),
        "hints": math.log1p(hints),
        "beside": math.log1p(beside),
        "section": math.log1p(section),
        "any_direct": float(direct > 0),
        "any_new": float(new > 0),
        "only_beside": float(beside > 0 and direct == 0) / (1 + totals["decides.any"]),
        "several": float(direct > 1),
        "share": direct / (totals["decides.any"] + 1),
        "share_with_hints": (direct + 0.3 * hints) / (totals["decides.any"] + 0.3 * totals["suggests.any"] + 1),
        "share_with_beside": (direct + 0.5 * beside) / (totals["decides.any"] + 0.5 * totals["beside"] + 1),
        "dense": math.log1p(direct) - changed / 2,
        "direct_in_long": changed * (direct > 0),
        "direct_of_many": float(topics_seen if direct else 0),
        "topics_seen": float(topics_seen),
        "changed": changed,
    }


def _count(found: Mapping[str, float], name: str) -> float:
    return math.expm1(found.get(name, 0.0))
