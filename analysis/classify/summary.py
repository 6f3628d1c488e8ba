"""The answers to the questions of the summary, chosen among what the tagger marks in all passages of a change."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.classify.tagger import Answers, Excerpt, Span, Tagger, shipped, spans
from analysis.diff.wording import ChangedSentence
from analysis.model import CELL, QUESTIONS, Brief, Default, Page, Passage, Question, Quote, Side

MOST = 6  # answers to one question
_MOST_WORDS = 12_000  # that are read of a change, those of the weightiest passages
_HEADLINE, _SHORTEST = 160, 40  # characters
_NEWS: Mapping[Question, float] = {  # what makes a sentence the news
    "purposes": 1.0,
    "recipients": 1.0,
    "data": 0.8,
    "excluded": 0.8,
    "irreversible": 0.8,
    "refuse": 0.6,
    "regions": 0.3,
}
_UNANSWERED = 0.05  # what a changed sentence is worth that answers nothing
_CLAUSE_END = re.compile(r"[;:](?=\s)|\s[–—](?=\s)|(?<=\w),(?=\s)")
_DENIAL = re.compile(
    r"(?i)\b(?:not|never|no|without|\w+n['’]t|ne|n['’]\w+|pas|jamais|aucune?|sans|kein\w*|nicht|sin)\b"
)
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Limits:
    """From which chance a word counts, from which a span answers, and from which another one does beside it."""

    word: float
    first: float
    more: float


@dataclass(frozen=True, slots=True)
class Tagged:
    """The excerpts of a change with their answers and the weight of their passages."""

    excerpts: Sequence[Excerpt]
    answers: Sequence[Answers]
    weights: Sequence[float]  # roots of the chances, so that a doubtful passage is not passed over
    defaults: Sequence[tuple[float, float]]  # the chances that it is "on", that it is "off", in each passage


def summarize(
    passages: Sequence[Passage],
    changed: Sequence[Sequence[ChangedSentence]],
    before: Page,
    after: Page,
    *,
    weights: Sequence[float] | None = None,
    tagger: Tagger | None = None,
) -> Brief:
    """What the change says, in the pages' own words; what it does not say stays empty.

    `changed` holds the changed sentences of each passage, `weights` each passage's chance that it deserves an alert.
    """
    tagger = tagger or shipped()
    weights = weights or [1.0] * len(passages)
    tagged = tag(passages, changed, weights, tagger, after.language or before.language)
    chosen = {question: choose(tagged, passages, question, Limits(*tagger.limits[question])) for question in QUESTIONS}
    pages: Mapping[Side, Page] = {"before": before, "after": after}
    quotes: dict[Question, tuple[Quote, ...]] = {
        question: tuple(
            Quote(
                passages[span.place].texts[span.side][span.start : span.end],
                span.side,
                link_on(span, passages[span.place], pages[span.side]) if question == "refuse" else None,
            )
            for span in answers
        )
        for question, answers in chosen.items()
    }
    head = headline(passages, changed, [span for answers in chosen.values() for span in answers], weights)
    return Brief(
        meaning=head[1] if head else None,
        meaning_side=head[0].side if head else None,
        place=head[0].place if head else None,
        default=default(tagged, tagger.default_limits),
        data=quotes["data"],
        purposes=quotes["purposes"],
        recipients=quotes["recipients"],
        refuse=quotes["refuse"],
        excluded=quotes["excluded"],
        irreversible=quotes["irreversible"],
        regions=quotes["regions"],
    )


def tag(
    passages: Sequence[Passage],
    changed: Sequence[Sequence[ChangedSentence]],
    weights: Sequence[float],
    tagger: Tagger,
    language: str | None,
) -> Tagged:
    """What the tagger says of the passages, of a long change only of the weightiest."""
    excerpts: list[Excerpt] = []
    defaults: list[tuple[float, float]] = []
    size = 0
    for place in sorted(range(len(passages)), key=lambda place: -weights[place]):
        for side in ("after", "before"):
            excerpt = tagger.excerpt(place, passages[place], side, changed[place], language)
            if excerpt:
                excerpts.append(excerpt)
                size += len(excerpt.features)
                on, off = tagger.default(changed_text(passages[place], side, changed[place]), language)
                defaults.append((on * weights[place], off * weights[place]))
        if size >= _MOST_WORDS:
            break
    excerpts.sort(key=lambda excerpt: (excerpt.place, excerpt.side))
    return Tagged(excerpts, tagger.answers(excerpts), [weights[excerpt.place] ** 0.5 for excerpt in excerpts], defaults)


def changed_text(passage: Passage, side: Side, changed: Sequence[ChangedSentence]) -> str:
    """The changed sentences of a side."""
    return "\n".join(
        passage.texts[side][sentence.start : sentence.end] for sentence in changed if sentence.side == side
    )


def choose(tagged: Tagged, passages: Sequence[Passage], question: Question, limits: Limits) -> list[Span]:
    """The likeliest spans that answer a question, each fact once."""
    return pick(marked(tagged, question, limits.word), passages, limits)


def marked(tagged: Tagged, question: Question, least: float) -> list[Span]:
    """All spans that may answer a question, the likeliest first; their score has their passage's weight in it."""
    candidates = [
        span._replace(score=span.score * weight)
        for excerpt, answers, weight in zip(tagged.excerpts, tagged.answers, tagged.weights, strict=True)
        for span in spans(excerpt, answers, question, least)
    ]
    return sorted(candidates, key=lambda span: (-span.score, span.side, span.place, span.start))


def pick(candidates: Sequence[Span], passages: Sequence[Passage], limits: Limits) -> list[Span]:
    """Those that answer; of two that say the same the likelier one, but that of the later text where both have it."""
    if not candidates or candidates[0].score < limits.first:
        return []
    chosen: dict[str, Span] = {}
    for span in candidates:
        if chosen and span.score < limits.more:
            break
        key = _key(passages, span)
        same = next((other for other in chosen if f" {key} " in f" {other} " or f" {other} " in f" {key} "), None)
        if same is None:
            chosen[key] = span
        elif span.side == "after" and chosen[same].side == "before":
            chosen[same] = span
        if len(chosen) == MOST:
            break
    return list(chosen.values())


def _key(passages: Sequence[Passage], span: Span) -> str:
    return " ".join(_WORDS.findall(passages[span.place].texts[span.side][span.start : span.end].lower()))


def default(tagged: Tagged, limits: Sequence[float]) -> Default | None:
    """Whether it happens unless people act, by the passage that says so most clearly."""
    on, off = (max((chances[at] for chances in tagged.defaults), default=0.0) / limits[at] for at in (0, 1))
    if max(on, off) < 1:
        return None
    return "on" if on >= off else "off"


def link_on(span: Span, passage: Passage, page: Page) -> str | None:
    """The address of the link that stands on the quoted words.

    Links have no places of their own: of those with the same words, the nth stands where the words do for the nth time.
    """
    text = passage.texts[span.side]
    line_start = text.rfind("\n", 0, span.start) + 1
    line = text[line_start:].partition("\n")[0]
    start, end = span.start - line_start, span.end - line_start
    block = next((block for block in page.blocks if block.text == line and block.heading == passage.heading), None)
    block = block or next((block for block in page.blocks if block.text == line), None)
    behind: dict[str, int] = {}
    for link in block.links if block else ():
        at = line.find(link.text, behind.get(link.text, 0)) if link.text else -1
        if at < 0:
            continue
        behind[link.text] = at + len(link.text)
        if at < end and start < behind[link.text]:
            return link.url
    return None


def headline(
    passages: Sequence[Passage],
    changed: Sequence[Sequence[ChangedSentence]],
    answers: Sequence[Span],
    weights: Sequence[float],
) -> tuple[Span, str] | None:
    """The changed sentence that is the news, and its words: that whose own changed words answer most, in a passage that
    weighs; of a table the whole row."""
    ranked: list[Span] = []
    for place, sentences in enumerate(changed):
        for sentence in sentences:
            worths: dict[Question, float] = {}  # an answer in pieces is one
            for span in answers:
                if (span.place, span.side) == (place, sentence.side) and sentence.start <= span.start < sentence.end:
                    worth = _NEWS[span.question] * span.score * (1.0 if _touches(sentence, span) else 0.3)
                    worths[span.question] = max(worths.get(span.question, 0), worth)
            worth = (sum(worths.values()) + _UNANSWERED) * weights[place] * (1.0 if sentence.side == "after" else 0.6)
            start, end = _row_around(passages[place].texts[sentence.side], sentence.start, sentence.end)
            ranked.append(Span("data", place, sentence.side, start, end, worth))
    for news in sorted(ranked, key=lambda span: -span.score):
        if words := excerpt_of(passages[news.place].texts[news.side], news):
            return news, words
    return None


def _row_around(text: str, start: int, end: int) -> tuple[int, int]:
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    last = len(text) if last < 0 else last
    return (first, last) if CELL in text[first:last] else (start, end)


def _touches(sentence: ChangedSentence, span: Span) -> bool:
    return any(start < span.end and span.start < end for start, end in sentence.spans)


def excerpt_of(text: str, sentence: Span) -> str | None:
    """A sentence as a headline: a long one ends at the border of a clause, with "…"; nothing where none serves.

    What follows a denial belongs to it ("we do not use ... to train"), so that nothing is cut off from one.
    """
    whole = text[sentence.start : sentence.end].strip()
    if len(whole) <= _HEADLINE:
        return whole
    ends = [match.start() for match in _CLAUSE_END.finditer(whole, _SHORTEST, _HEADLINE - 1)]
    return next((f"{whole[:end]} …" for end in reversed(ends) if not _DENIAL.search(whole, 0, end)), None)
