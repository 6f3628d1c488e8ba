"""The short answers for a person who gets an alert: which data, what for, who gets it, how to refuse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from analysis.blocks import Page
from analysis.brief_default import told_default
from analysis.brief_phrases import phrases_for
from analysis.brief_quote import quote
from analysis.brief_rank import best, ranked, shipped_weights
from analysis.brief_scene import Scene
from analysis.brief_spans import FIELDS, Question, Span
from analysis.change import Brief, Passage, Quote
from analysis.headline import headline

MOST = 6  # answers to one question
Answers = list[tuple[float, Span]]
_TELLING: tuple[Question, ...] = ("data", "purposes", "recipients", "excluded")  # what a change is, before its ways out
_OF_UNDOING: tuple[Question, ...] = ("refuse", "excluded", "purposes")  # what can't be undone is none of these
_HINTED = 0.5  # of the chance that answers: a denial that is believed where it concerns another answer
_NAMED: tuple[Question, ...] = ("data", "purposes")
_NAMES: tuple[Question, ...] = ("data", "purposes", "recipients", "regions")  # the rest says what holds
_DONE: tuple[Question, ...] = ("data", "purposes", "recipients")  # quoted of what is done, not of what is left out


def brief(
    passages: Sequence[Passage],
    before: Page,
    after: Page,
    *,
    effective: date | None,
    language: str,
    because: tuple[str, ...] = (),
) -> Brief:
    """What the passages of a change say, in the page's own words; what they do not say stays empty.

    `before` and `after` are the whole texts that the passages were found in, `language` the page's; a language without
    a phrase file is read with the English one. `effective` and `because` were found elsewhere.
    """
    weights = shipped_weights()
    scene = Scene(passages, before, after, phrases_for(language))
    found = {field: ranked(scene, field, getattr(weights, field)) for field in FIELDS}
    answers = {field: best(found[field], getattr(weights, field), MOST) for field in FIELDS}
    for field, told in answers.items():
        told = [answer for answer in told if answer[1].sentence.touched] or told  # before what stands beside
        anew = {span.sentence.place for _, span in told if span.sentence.side == "after"}
        answers[field] = [
            (chance, span)
            for chance, span in told
            if span.sentence.side == "after" or span.sentence.whole or span.sentence.place not in anew
        ]
    undone = [span for _, span in answers["irreversible"]]
    for field in _OF_UNDOING:
        answers[field] = [(chance, span) for chance, span in answers[field] if not any(map(span.meets, undone))]
    answers["purposes"] = [told for told in answers["purposes"] if not _names_data(told, answers["data"])]
    for field in _NAMED:
        of_ways = [told for told in answers[field] if not any(told[1].within(way) for _, way in answers["refuse"])]
        answers[field] = of_ways or answers[field]  # the names of settings are no data
    _leave_out(answers, [told for told in found["excluded"] if told[0] >= weights.excluded.first * _HINTED])
    left_out = [span for _, span in answers["excluded"]]
    others = [(chance, span) for chance, span in found["data"] if not any(map(span.meets, left_out))]
    answers["data"] = _with_siblings(answers["data"], others)
    still = "\n".join(block.text for block in after.blocks)
    quotes = {field: tuple(_quoted(field, span, still) for _, span in told) for field, told in answers.items()}
    worth: defaultdict[int, float] = defaultdict(float)
    for field in _TELLING:
        for chance, span in answers[field]:
            worth[span.sentence.order] += chance
    head = headline(scene, worth, because)
    return Brief(
        meaning=head.text if head else None,
        meaning_side=head.side if head else None,
        place=head.place if head else None,
        start=effective,
        default=told_default(scene),
        because=because,
        **quotes,
    )


def _with_siblings(told: Answers, ranked: Answers) -> Answers:
    """With the other entries of a list of which one answers: who quotes a list quotes all of it."""
    lists = {(span.sentence.lead, span.sentence.side) for _, span in told if span.sentence.item and span.sentence.lead}
    entries = {id(span.sentence) for _, span in told}
    others: Answers = []
    for chance, span in ranked:
        at = (span.sentence.lead, span.sentence.side)
        if at in lists and span.sentence.item and span.sentence.touched and id(span.sentence) not in entries:
            entries.add(id(span.sentence))
            others.append((chance, span))
    if not others:
        return told
    chosen = [*told, *others][:MOST]
    listed = [one for one in chosen if one[1].sentence.item and (one[1].sentence.lead, one[1].sentence.side) in lists]
    rest = [one for one in chosen if one not in listed]
    return sorted(listed, key=lambda one: one[1].sentence.order) + rest


def _quoted(field: Question, span: Span, still: str) -> Quote:
    """What was said of words that the later text still has is gone, the words are not."""
    said = quote(span, linked=field == "refuse")
    return replace(said, side="after") if field in _NAMES and said.text in still else said


def _leave_out(answers: dict[Question, Answers], excluded: Answers) -> None:
    """Quote what the later text denies as left out, not as what is done: "it does not include your messages"."""
    denials = [(chance, span) for chance, span in excluded if span.denies and span.sentence.side == "after"]
    for field in _DONE:
        of = [next((denial for denial in denials if span.denied_by(denial[1])), None) for _, span in answers[field]]
        if None not in of:
            continue  # nothing else is told
        answers[field] = [told for told, denial in zip(answers[field], of, strict=True) if denial is None]
        for denial in of:
            if denial is not None and not any(denial[1].within(span) for _, span in answers["excluded"]):
                others = [told for told in answers["excluded"] if not told[1].meets(denial[1])]
                answers["excluded"] = [*others, denial][:MOST]


def _names_data(purpose: tuple[float, Span], data: Answers) -> bool:
    """Whether nearly the same words answer which data, and better: a list of data is no purpose."""
    chance, span = purpose
    return any(
        better >= chance
        and span.sentence is other.sentence
        and 2 * (min(span.last, other.last) - max(span.first, other.first))
        > max(span.last - span.first, other.last - other.first)
        for better, other in data
    )
