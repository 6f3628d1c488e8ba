"""Which of the ranked candidates answer the questions of a brief, held against each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

from analysis.brief.bans import Bans
from analysis.brief.denied import Denials
from analysis.brief.news import newly_denied, newly_named, newly_refusable
from analysis.brief.no_data import DATA
from analysis.brief.rank import Weights, alike, best, ranked
from analysis.brief.scene import Scene
from analysis.brief.spans import FIELDS, Question, Span
from analysis.brief.whole import (
    list_of,
    told_apart,
    whole_entries,
    whole_lists,
    with_names,
    with_siblings,
    with_subjects,
)
from analysis.change import Side

MOST = 6  # answers to one question
Answers = list[tuple[float, Span]]  # chances, see rank.py
_OF_UNDOING: tuple[Question, ...] = ("refuse", "excluded", "purposes")  # what can't be undone is none of these
_HINTED = 0.5  # of the chance that answers: a denial that is believed where it concerns another answer
_LIKELY = 0.5
_ENOUGH = 4  # answers of the later text beside which none of the earlier one is told
_AMONG = 3  # the first answers
_SOME = 2  # new aims beside which none that stayed is told
_NAMED: tuple[Question, ...] = ("data", "purposes")
_COMPOUND = 2  # words of "delivery notes"
_FEW = 3  # answers that no known word names
_OF_DATA = (*DATA, "collect", "share", "recipient_head")
_DONE: tuple[Question, ...] = ("data", "purposes", "recipients")  # quoted of what is done, not of what is left out


def told_answers(scene: Scene, weights: Mapping[Question, Weights]) -> Mapping[Question, Answers]:
    """At most `MOST` answers a question."""
    found = {field: ranked(scene, field, weights[field]) for field in FIELDS}
    others: tuple[Question, ...] = tuple(field for field in FIELDS if field != "data")
    told = {field: _anew(best(found[field], weights[field], MOST)) for field in others}
    told["data"] = _telling(scene, best(found["data"], weights["data"], MOST, partial(_is_vague, scene)))
    undone = [span for _, span in told["irreversible"]]
    for field in _OF_UNDOING:
        told[field] = [(chance, span) for chance, span in told[field] if not any(map(span.meets, undone))]
    least = weights["refuse"].first * _HINTED
    told["refuse"] = newly_refusable(scene, told["refuse"], found["refuse"], least)
    told["refuse"] = told["refuse"] or _unnamed(scene, "refuse")
    told["refuse"] = _in_steps(told["refuse"], [one for one in found["refuse"] if one[0] >= least])
    told["refuse"] = [(chance, scene.reader.refusing(span)) for chance, span in told["refuse"]]
    for field in _NAMED:
        of_ways = [one for one in told[field] if not any(one[1].within(way) for _, way in told["refuse"])]
        told[field] = of_ways or told[field]  # the names of settings are no data
    _leave_out(told, [one for one in found["excluded"] if one[0] >= weights["excluded"].first * _HINTED])
    left_out = [span for _, span in told["excluded"]]
    elsewhere = [*left_out, *(span for _, span in told["refuse"])]
    rest = [(chance, span) for chance, span in found["data"] if not any(map(span.meets, elsewhere))]
    told["data"] = _whole(scene, told["data"], rest, weights["data"].first * _HINTED)
    told["purposes"] = _whole_purposes(scene, told["purposes"])
    told["data"] = [one for one in told["data"] if not _names_aims(one[1], told["purposes"])]
    told["purposes"] = [one for one in told["purposes"] if not _names_data(one, told["data"])]
    told["excluded"] = with_subjects(scene.reader, told["excluded"])
    denials = Denials(scene)
    not_there = [span for _, span in told["regions"] if denials.of_place(span)]
    told["regions"] = [one for one in told["regions"] if one[1] not in not_there]
    told["recipients"] = [
        one for one in told["recipients"] if not (denials.takes_out(one[1]) or _points_back(scene, one[1]))
    ]
    least = weights["recipients"].first * _HINTED
    told["recipients"] = with_siblings(scene.reader, told["recipients"], found["recipients"], MOST, least)
    told["recipients"] = with_names(scene.reader, newly_named(scene, told["recipients"], found["recipients"], least))
    apart = [one for one in found["excluded"] if not any(map(one[1].meets, undone))]
    told["excluded"] = newly_denied(scene, told["excluded"], apart, weights["excluded"].first * _HINTED)
    told["excluded"] = told["excluded"] or with_subjects(scene.reader, _where_not(not_there, apart))
    told["excluded"] = [one for one in told["excluded"] if not _is_conduct(scene, one[1])]
    for field in _DONE:
        told[field] = _newest(field, told[field])
        told[field] = [one for one in told[field] if not _is_no_news(one[1], scene)] or told[field]
        told[field] = told[field] or _unnamed(scene, field)
    return told


def _unnamed(scene: Scene, field: Question) -> Answers:
    """What the grammar alone gives, where nothing else answers: the first ones, of what the change put in or of a
    row that it touched."""
    found: Answers = []
    for sentence in scene.sentences:
        if sentence.side == "before" or not sentence.told or "prohibition" in sentence.cues:
            continue
        if "legal_matter" in sentence.cues and not sentence.where(*_OF_DATA):
            continue
        for span in scene.reader.unnamed(field, sentence):
            new = not sentence.touched or any(word.changed for word in span.words)
            if new and not any(span.meets(other) or span.key == other.key for _, other in found):
                found.append((0.0, span))
        if len(found) >= _FEW:
            break
    return found[:_FEW]


def _where_not(places: Sequence[Span], denials: Answers) -> Answers:
    """The denial that says where something is not, where its sentence is new: "is not offered in the EEA"."""
    return [
        one
        for one in denials
        if one[1].rule.startswith("denial")
        and all(word.changed for word in one[1].words)
        and any(place.sentence is one[1].sentence for place in places)
    ][:1]


def _is_conduct(scene: Scene, span: Span) -> bool:
    """Whether what is forbidden to readers limits nothing of what is done with people's data: "do not scrape"."""
    sentence, words = span.sentence, set(range(span.first, span.last))
    of_people = words & sentence.where("collect", "share") and words & sentence.where("person")
    return not of_people and scene.chances(sentence)["limits"] < _LIKELY and Bans(scene).forbid(span)


def _is_vague(scene: Scene, span: Span) -> bool:
    """Whether words tell nothing to who has not read what is before them: "personal data", "this content"."""
    grammar = scene.phrases.grammar
    return span.telling <= grammar.vague or _points_back(scene, span)


def _points_back(scene: Scene, span: Span) -> bool:
    """Or on: "the following data"."""
    grammar = scene.phrases.grammar
    on = span.telling & grammar.points_on and span.telling <= grammar.vague | grammar.points_on
    return bool(on) or span.sentence.words[span.first].text in grammar.carries_on


def _is_bare(scene: Scene, span: Span) -> bool:
    """Whether it is a single word that the page has not defined, or says only that there are data: "content",
    "additional details", not "the Content" nor "your data"."""
    grammar = scene.phrases.grammar
    whose = any(word.text in grammar.yours for word in span.words)
    says_none = span.telling <= grammar.as_such and not whose and len(span.telling) == 1
    says_none = says_none and scene.reader.told_apart(span.sentence, span.first, span.last) == span.last
    return says_none or (len(span.words) == 1 and not (span.first and span.words[0].capital))


def _telling(scene: Scene, told: Answers) -> Answers:
    """Without vague words of a sentence that tells others, without any that point back where others are told."""
    told = _anew(told)
    sure = [span for _, span in told if not _is_vague(scene, span)]
    own = {span.sentence.order for span in sure}
    kept = [
        one
        for one in told
        if one[1] in sure
        or not (one[1].sentence.order in own or (sure and (_points_back(scene, one[1]) or _is_bare(scene, one[1]))))
    ]
    return kept[:MOST]


def _whole_purposes(scene: Scene, told: Answers) -> Answers:
    """With the entries before them of the enumerations that purposes stand in which a noun names."""
    named = whole_lists(scene.reader, [one for one in told if one[1].rule.startswith("purpose")], ("purpose_noun",))
    others = [one for one in told if not any(one[1].meets(o) for _, o in named)]
    return sorted([*named, *others], key=lambda one: -one[0])


def _whole(scene: Scene, told: Answers, found: Answers, least: float) -> Answers:
    """Data with the entries beside them and what says which are meant; of "your data", "personal information" one."""
    reader = scene.reader
    told = with_siblings(reader, whole_entries(reader, told, found), found, MOST, least)
    told = told_apart(reader, whole_lists(reader, whole_entries(reader, told, found)))
    nothing_else = [one for one in told if one[1].telling <= scene.phrases.grammar.as_such]
    return [one for one in told if one not in nothing_else[1:]]


def _is_no_news(span: Span, scene: Scene) -> bool:
    """Whether they are general words of the earlier text that the later one has yet: "your data" is never gone."""
    return span.telling <= scene.phrases.grammar.general and scene.still_said(span)


def _anew(told: Answers) -> Answers:
    """Of changed sentences before those beside them; of a reworded place nothing that its later text answers anew."""
    told = [one for one in told if one[1].sentence.touched] or told
    later = {span.sentence.place for _, span in told if span.sentence.side == "after"}
    return [
        (chance, span) for chance, span in told if span.sentence.side == "after" or span.sentence.place not in later
    ]


def _newest(field: Question, told: Answers) -> Answers:
    """Without those of the earlier text where many are of the later one, and what stayed where enough is new.

    Data and aims that stayed, and aims that went beside later ones, are told only among the first.
    """
    later = [span for _, span in told if span.sentence.side == "after"]
    new = [span for span in later if all(word.changed for word in span.words)]
    if len(later) >= _ENOUGH:
        told = [one for one in told if one[1].sentence.side == "after"]
    if field == "recipients":
        return told
    among = 0 if field == "purposes" and len(new) >= _SOME else _AMONG
    told = [one for at, one in enumerate(told) if at < among or any(word.changed for word in one[1].words)]
    if field == "data" or not later:
        return told
    return [one for at, one in enumerate(told) if at < _AMONG or one[1].sentence.side == "after"]


def _in_steps(told: Answers, ranked: Answers) -> Answers:
    """With the other steps of a way through menus, in their order: items that begin with what readers do."""
    steps: defaultdict[tuple[str, Side], dict[int, tuple[float, Span]]] = defaultdict(dict)
    for one in (*told, *(each for each in ranked if each[1].sentence.touched)):
        if way := _way_of(one[1]):
            steps[way].setdefault(one[1].sentence.order, one)
    found: Answers = []
    for one in told:
        way = _way_of(one[1])
        of_way = [step for _, step in sorted(steps.pop(way, {}).items())] if way else [one]
        found += [step for step in of_way if not any(alike(step[1], other) for _, other in found)]
    return found[:MOST]


def _way_of(span: Span) -> tuple[str, Side] | None:
    """The list that the words are a step of."""
    return list_of(span) if span.first == 0 else None


def _leave_out(answers: dict[Question, Answers], excluded: Answers) -> None:
    """Quote what the later text denies as left out, not as what is done: "it does not include your messages"."""
    denials = [(chance, span) for chance, span in excluded if span.denies and span.sentence.side == "after"]
    for field in _DONE:
        of = [next((denial for denial in denials if span.denied_by(denial[1])), None) for _, span in answers[field]]
        done = [told for told, denial in zip(answers[field], of, strict=True) if denial is None]
        if not done and field == "data":
            continue  # what a promise is about
        answers[field] = done or answers[field]  # marked as denied: marks.py
        for denial in of:
            if denial is not None and not any(denial[1].within(span) for _, span in answers["excluded"]):
                others = [told for told in answers["excluded"] if not told[1].meets(denial[1])]
                answers["excluded"] = [*others, denial][:MOST]


def _names_aims(data: Span, purposes: Answers) -> bool:
    """Whether words are a part of an enumeration of what for: "statistics" of "for statistics and appeals"."""
    return any(span.rule.startswith("purposes listed") and data.within(span) for _, span in purposes)


def _names_data(purpose: tuple[float, Span], data: Answers) -> bool:
    """Whether nearly the same words answer which data, and better, or it begins within them: "delivery notes"."""
    chance, span = purpose
    if any(
        span.sentence is other.sentence and other.first < span.first < other.last <= span.first + _COMPOUND
        for _, other in data
    ):
        return True
    return any(
        better >= chance
        and span.sentence is other.sentence
        and 2 * (min(span.last, other.last) - max(span.first, other.first))
        > max(span.last - span.first, other.last - other.first)
        for better, other in data
    )
