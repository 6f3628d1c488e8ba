"""What leads a change, and its answers to readers' questions: whole clauses of the pages, one a question."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from analysis.classify.answers import (
    DEFAULTS,
    LIMITS,
    OTHER_DEFAULT,
    OUTRIGHT,
    sentence_values,
    shipped_answers,
)
from analysis.classify.clauses import DENIAL, LONGEST, cut, denies, governing
from analysis.classify.conventions import CLAIMS
from analysis.classify.features import ChangedPhrase, PassageFeatures
from analysis.classify.lead import Candidate, ranked, shipped_weights
from analysis.classify.model import Model
from analysis.model import CELL, Brief, Headline, Link, Page, Passage, Quote
from analysis.text.dates import Order, deadline_in
from analysis.text.lexicon import matches
from analysis.text.sentence_ends import sentence_bounds
from foundation.vocabulary import QUESTIONS, Default, Side

_PRACTICES = ("data", "purposes", "recipients")  # not answered by denials
_LEAST_WORDS = 4  # of a quotation
_ELSEWHERE = 0.5  # chance from which an unchanged sentence says how to refuse
_WAYS_ELSEWHERE = 1
_NUMBERED = re.compile(r"\([a-z0-9]{1,4}\)\s")
_FIRST_NUMBER = re.compile(r"\s\((?:a|i|1)\)\s")


@dataclass(frozen=True, slots=True)
class Answered:
    """`chances` are by question."""

    candidate: Candidate
    chances: Mapping[str, float]

    @property
    def place(self) -> int:
        return self.candidate.place


def summarize(
    annotated: Sequence[PassageFeatures],
    candidates: Sequence[Candidate],
    before: Page,
    after: Page,
    *,
    weights: Mapping[str, float] | None = None,
    answers: Model | None = None,
    order: Order | None = None,
) -> Brief:
    """What the candidates do not say stays empty."""
    answers = answers or shipped_answers()
    language = after.language or before.language
    pages: Mapping[Side, Page] = {"before": before, "after": after}
    in_order = ranked(
        candidates, weights if weights is not None else shipped_weights()
    )
    answered = [
        Answered(
            each,
            answers.predict(
                sentence_values(
                    text_of(each, annotated),
                    annotated[each.place].passage,
                    language,
                )
            ),
        )
        for each in in_order
    ]
    quotes: dict[str, tuple[Quote, ...]] = {}
    for question in QUESTIONS:
        fit = [
            each
            for each in answered
            if _may_answer(question, each.candidate, annotated)
        ]
        best = max(fit, key=lambda each: _score(each, question), default=None)
        known = best is not None and _score(best, question) >= LIMITS[question]
        clause = None
        if best is not None and known:
            groups = OUTRIGHT if question == "refuse" else ()
            clause = quote(best.candidate, annotated, pages, groups)
        quotes[question] = (clause,) if clause else ()
    default, words = default_of(answered, annotated)
    by = _deadline(answered, annotated, order)
    news = headline(in_order, annotated)
    passage = (
        annotated[news.quotation.place].passage
        if news and news.quotation.place is not None
        else None
    )
    topics = (
        [
            name
            for name in passage.topics
            if name not in ("user_choice", "user_rights")
        ]
        if passage
        else []
    )
    asks = (
        news is not None
        and not quotes["refuse"]
        and (news.claim or default == "on")
    )
    return Brief(
        headline=news,
        default=default,
        default_words=tuple(
            filter(
                None,
                [quote(words.candidate, annotated, pages, DEFAULTS[default][0])],
            )
        )
        if default and words
        else (),
        deadline=by[0] if by else None,
        deadline_words=tuple(
            filter(None, [quote(by[1].candidate, annotated, pages)])
        )
        if by
        else (),
        already=_ways_elsewhere(annotated, after, topics[:1], answers, language)
        if asks
        else (),
        **cast(Any, quotes),
    )


def text_of(candidate: Candidate, annotated: Sequence[PassageFeatures]) -> str:
    return annotated[candidate.place].passage.texts[candidate.side][
        candidate.sentence.start : candidate.sentence.end
    ]


def _may_answer(
    question: str, candidate: Candidate, annotated: Sequence[PassageFeatures]
) -> bool:
    """A denial states no practice. That something is on does not say how to refuse it, unless it ends "unless you ..."."""
    if question == "refuse":
        phrases = _phrases(candidate, annotated)
        return phrases.isdisjoint(OUTRIGHT) or "exception" in phrases
    return question not in _PRACTICES or not _is_denied(candidate, annotated)


def _is_denied(candidate: Candidate, annotated: Sequence[PassageFeatures]) -> bool:
    """The sentence or a governing line says that something is not done."""
    above = annotated[candidate.place].passage.lead_in
    return denies(above) or DENIAL.search(text_of(candidate, annotated)) is not None


def _score(answered: Answered, question: str) -> float:
    """Doubtful passages and removed text come later, but are not excluded."""
    weight = math.sqrt(answered.candidate.passage_chance)
    return (
        answered.chances[question]
        * weight
        * (1.0 if answered.candidate.side == "after" else 0.6)
    )


def headline(
    in_order: Sequence[Candidate], annotated: Sequence[PassageFeatures]
) -> Headline | None:
    """The likeliest quotable news, preferring what makes the change high."""

    def claim_of(each: Candidate) -> str | None:
        return next(
            (
                name
                for name, holds in CLAIMS.items()
                if holds(annotated[each.place], each.sentence)
            ),
            None,
        )

    claims = {id(each): claim_of(each) for each in in_order}
    # cells of a row make no sentence: a row leads only if nothing else says the same
    in_order = sorted(
        in_order,
        key=lambda each: (
            2
            if claims[id(each)] is None
            else " | " in annotated[each.place].passage.texts[each.side]
        ),
    )
    for each in in_order:
        text = annotated[each.place].passage.texts[each.side]
        ends, inner = each.quotation, cut(text, each.sentence)
        if (
            ends is None
            or inner is None
            or len(text[slice(*inner)].split()) < _LEAST_WORDS
        ):
            continue
        spans = [span for other in in_order if other.place == each.place and other.side == each.side
                 for span in other.sentence.spans]  # fmt: skip
        quotation = _quote_of(
            annotated[each.place].passage, each.side, ends, spans, each.place
        )
        clause = text[slice(*inner)]
        at = quotation.text.find(clause)
        if at < 0:  # their white space differs
            at, clause = 0, quotation.text
        is_notice = (
            annotated[each.place].has("notice", side="after")
            and each.side == "after"
        )
        return Headline(
            quotation, (at, at + len(clause)), claims[id(each)], is_notice
        )
    return None


def quote(
    candidate: Candidate,
    annotated: Sequence[PassageFeatures],
    pages: Mapping[Side, Page],
    groups: Collection[str] = (),
) -> Quote | None:
    """The quoted clause, with its changed words and links; with a phrase of one of the `groups`."""
    passage = annotated[candidate.place].passage
    text = passage.texts[candidate.side]
    phrases = [
        each for each in _matches(candidate, annotated) if each.topic in groups
    ]
    ends = cut(
        text,
        candidate.sentence,
        holding=(phrases[-1].start, phrases[-1].end) if phrases else None,
    )
    if ends is None or len(text[slice(*ends)].split()) < _LEAST_WORDS:
        return None
    found = _quote_of(
        passage, candidate.side, ends, candidate.sentence.spans, candidate.place
    )
    return replace(
        found,
        links=tuple(
            _links_on(ends, passage, candidate.side, pages[candidate.side])
        ),
    )


def _quote_of(
    passage: Passage,
    side: Side,
    ends: tuple[int, int],
    spans: Iterable[tuple[int, int]],
    place: int | None,
) -> Quote:
    start, end = ends
    new = sorted(
        (max(a, start) - start, min(b, end) - start)
        for a, b in spans
        if a < end and start < b
    )
    text = passage.texts[side]
    above = (
        *passage.lead_in,
        *_beginning_of_list(text, start),
        *_name_of_row(text, start),
    )
    return Quote(
        text[start:end],
        side,
        new=tuple(new),
        place=place,
        lead_in=tuple(map(governing, above)),
    )


def _beginning_of_list(text: str, start: int) -> tuple[str, ...]:
    """ "Users will not", for a quotation from "Users will not (i) copy it; (ii) sell it"."""
    if not _NUMBERED.match(text, start):
        return ()
    line_start = text.rfind("\n", 0, start) + 1
    firsts = [
        each.start() for each in _FIRST_NUMBER.finditer(text, line_start, start)
    ]
    return tuple(
        text[first : firsts[-1]]
        for first, last in sentence_bounds(text)
        if firsts and first <= firsts[-1] < last
    )


def _name_of_row(text: str, start: int) -> tuple[str, ...]:
    """The first cell, for a quotation from another one."""
    line_start = text.rfind("\n", 0, start) + 1
    name, border, _ = text[line_start:start].partition(CELL)
    return (name,) if border else ()


def _links_on(
    ends: tuple[int, int], passage: Passage, side: Side, page: Page
) -> Iterator[Link]:
    text = passage.texts[side]
    line_start = text.rfind("\n", 0, ends[0]) + 1
    line = text[line_start:].partition("\n")[0]
    start, end = ends[0] - line_start, ends[1] - line_start
    block = next(
        (
            block
            for block in page.blocks
            if block.text == line and block.heading == passage.heading
        ),
        None,
    )
    block = block or next(
        (block for block in page.blocks if block.text == line), None
    )
    for link in block.links if block else ():
        if link.at < end and start < link.at + len(link.text):
            yield replace(link, at=link.at - start)


def default_of(
    answered: Sequence[Answered], annotated: Sequence[PassageFeatures]
) -> tuple[Default | None, Answered | None]:
    """Whether it happens unless people act, with the sentence; none if contradicted."""
    best: dict[Default, tuple[float, Answered]] = {}
    for each in answered:  # the likeliest news says it best
        named = _phrases(each.candidate, annotated)
        for side, (groups, limit) in DEFAULTS.items():
            others = next(
                groups for name, (groups, _) in DEFAULTS.items() if name != side
            )
            says = (
                each.candidate.side == "after"
                and named & groups
                and not named & others
            )
            chance = 1.0 if named & OUTRIGHT else each.chances[side]
            if says and (side not in best or best[side][0] < min(limit, chance)):
                best[side] = chance, each
    for side, (_, limit) in DEFAULTS.items():
        chance, sentence = best.get(side, (0.0, None))
        against = max(
            (best[other][0] for other in best if other != side), default=0.0
        )
        if sentence is not None and chance >= limit and against < OTHER_DEFAULT:
            return side, sentence
    return None, None


def _phrases(
    candidate: Candidate, annotated: Sequence[PassageFeatures]
) -> frozenset[str]:
    return frozenset(each.topic for each in _matches(candidate, annotated))


def _matches(
    candidate: Candidate, annotated: Sequence[PassageFeatures]
) -> list[ChangedPhrase]:
    sentence = candidate.sentence
    return [
        phrase
        for phrase in annotated[candidate.place].phrases
        if phrase.changed
        and phrase.side == sentence.side
        and sentence.start <= phrase.start < sentence.end
    ]


def _deadline(
    answered: Sequence[Answered],
    annotated: Sequence[PassageFeatures],
    order: Order | None,
) -> tuple[date, Answered] | None:
    """By a sentence that says how to refuse."""
    for each in sorted(answered, key=lambda each: -each.chances["refuse"]):
        if (
            each.chances["refuse"] < LIMITS["refuse"]
            or each.candidate.side != "after"
        ):
            continue
        if day := deadline_in(text_of(each.candidate, annotated), order):
            return day, each
    return None


def _ways_elsewhere(
    annotated: Sequence[PassageFeatures],
    page: Page,
    topics: Collection[str],
    answers: Model,
    language: str | None,
) -> tuple[Quote, ...]:
    """How to refuse, in unchanged sentences on these topics."""
    changed = {
        line
        for features in annotated
        for line in (features.passage.after or "").split("\n")
    }
    ways: list[tuple[float, Quote]] = []
    for block in page.blocks:
        if block.text in changed or not _names(block.text, topics, language):
            continue
        passage = Passage(block.heading, "added", None, block.text)
        for start, end in sentence_bounds(block.text):
            text = block.text[start:end]
            chance = answers.predict(sentence_values(text, passage, language))[
                "refuse"
            ]
            if (
                end - start <= LONGEST
                and chance >= _ELSEWHERE
                and _names(text, topics, language)
            ):
                links = tuple(_links_on((start, end), passage, "after", page))
                ways.append((chance, Quote(text, "after", links)))
    ways.sort(key=lambda way: -way[0])
    return tuple(way for _, way in ways[:_WAYS_ELSEWHERE])


def _names(text: str, topics: Collection[str], language: str | None) -> bool:
    return any(
        match.topic in topics and match.tier == "decides"
        for match in matches(text, language)
    )
