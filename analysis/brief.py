"""The short answers for a person who gets an alert: which data, what for, who gets it, how to refuse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from analysis.blocks import Page
from analysis.brief_default import told_default
from analysis.brief_phrases import phrases_for
from analysis.brief_rank import best, ranked, shipped_weights
from analysis.brief_scene import Scene
from analysis.brief_spans import FIELDS, Question, Span
from analysis.brief_text import Sentence
from analysis.change import SEVERITIES, Brief, Passage, Quote
from analysis.normal import normal

MOST = 6  # answers to one question
Answers = list[tuple[float, Span]]
_TELLING: tuple[Question, ...] = ("data", "purposes", "recipients", "excluded")  # what a change is, before its ways out
_OF_UNDOING: tuple[Question, ...] = ("refuse", "excluded", "purposes")  # what can't be undone is none of these
_HINTED = 0.5  # of the chance that answers: a denial that is believed where it concerns another answer
_NAMED: tuple[Question, ...] = ("data", "purposes")
_DONE: tuple[Question, ...] = ("data", "purposes", "recipients")  # quoted of what is done, not of what is left out
_MEANING_LONGEST = 45  # words
_MEANING_SHORTEST = 8
_CLOSING = {"“": "”", "«": "»", "(": ")", "[": "]", '"': '"'}


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
        answers[field] = [answer for answer in told if answer[1].sentence.touched] or told  # before what stands beside
    undone = [span for _, span in answers["irreversible"]]
    for field in _OF_UNDOING:
        answers[field] = [(chance, span) for chance, span in answers[field] if not any(map(span.meets, undone))]
    answers["purposes"] = [told for told in answers["purposes"] if not _names_data(told, answers["data"])]
    for field in _NAMED:
        of_ways = [told for told in answers[field] if not any(told[1].within(way) for _, way in answers["refuse"])]
        answers[field] = of_ways or answers[field]  # the names of settings are no data
    _leave_out(answers, [told for told in found["excluded"] if told[0] >= weights.excluded.first * _HINTED])
    quotes = {
        field: tuple(quote(span, linked=field == "refuse") for _, span in told) for field, told in answers.items()
    }
    return Brief(
        meaning=_meaning(scene, answers),
        start=effective,
        default=told_default(scene),
        because=because,
        **quotes,
    )


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


def quote(span: Span, *, linked: bool = False) -> Quote:
    """The span's words as they stand, a quotation mark or bracket that it opens closed."""
    text, words = span.sentence.text, span.sentence.words
    start, end = words[span.first].start, words[span.last - 1].end
    for opening, closing in _CLOSING.items():
        inside = text[start:end]
        unclosed = inside.count(opening) % 2 if opening == closing else inside.count(opening) > inside.count(closing)
        if unclosed and closing in text[end : end + 2]:
            end = text.index(closing, end) + 1
    quoted = text[start:end]
    return Quote(quoted, span.sentence.side, _link(span, quoted) if linked else None)


def _link(span: Span, quoted: str) -> str | None:
    """The address of a link that stands on the quoted words or has them on it."""
    words = normal(quoted).lower()
    for link in span.sentence.links:
        on = normal(link.text).lower()
        if on and (on in words or words in on):
            return link.url
    return None


def _meaning(scene: Scene, answers: dict[Question, Answers]) -> str | None:
    """The sentence that carries the severest passage and most of the answers, cut at a clause if it is long."""
    worth = dict.fromkeys(range(len(scene.sentences)), 0.0)
    for field in _TELLING:
        for chance, span in answers[field]:
            worth[span.sentence.order] += chance
    touched = [sentence for sentence in scene.sentences if sentence.touched and len(sentence.words) > 1]
    if not touched:
        return None

    def rank(sentence: Sentence) -> tuple[int, bool, bool, bool, bool, float, int]:
        severity = SEVERITIES.index(sentence.severity)
        trains = "train" in sentence.cues and "ai" in sentence.cues
        excepts = sentence.cues.get("exception", ())  # "your posts, but not your messages" says what is done
        negations = (at for at, _ in sentence.cues.get("negation", ()) if not any(a <= at < b for a, b in excepts))
        denies = sentence.side == "after" and any(True for _ in negations)
        return (
            severity,
            sentence.side == "after",
            not denies and worth[sentence.order] > 0,
            trains and worth[sentence.order] > 0,
            sentence.words[0].capital,
            worth[sentence.order],
            -sentence.order,
        )

    return _cut(max(touched, key=rank))


def _cut(sentence: Sentence) -> str:
    """The sentence, or of a long one the clauses that fit around its first changed word."""
    words = sentence.words
    if len(words) <= _MEANING_LONGEST:
        return quote(Span(sentence, 0, len(words), "sentence")).text
    changed = next(number for number, word in enumerate(words) if word.changed)
    bounds = [0, *(n for n in range(1, len(words)) if any(mark in words[n].gap for mark in ",;:—–(|")), len(words)]
    first = max(bound for bound in bounds if bound <= max(0, changed - _MEANING_LONGEST // 2) or bound == 0)
    ends = [bound for bound in bounds if changed < bound <= first + _MEANING_LONGEST]
    last = max(ends, default=min(len(words), first + _MEANING_LONGEST))
    first, last = _balanced(sentence, first, last)
    return quote(Span(sentence, first, last, "sentence")).text


def _balanced(sentence: Sentence, first: int, last: int) -> tuple[int, int]:
    """Without the part that an unclosed bracket opens, or one that was never opened closes, where enough is left."""
    opened: list[int] = []
    start = first
    for at in range(first + 1, last):
        for mark in sentence.words[at].gap:
            if mark == "(":
                opened.append(at)
            elif mark == ")" and opened:
                opened.pop()
            elif mark == ")" and last - at >= _MEANING_SHORTEST:
                start = at
    if opened and opened[0] - start >= _MEANING_SHORTEST:
        last = opened[0]
    return start, last
