"""The answers to the questions of the summary, chosen among what the tagger marks in all passages of a change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from analysis.classify.tagger import Answers, Excerpt, Span, Tagger, shipped, spans
from analysis.diff.wording import ChangedSentence, wording
from analysis.model import CELL, QUESTIONS, Brief, Default, Lead, Link, Page, Passage, Question, Quote, Side
from analysis.text.lexicon import matches
from analysis.text.word_lists import word_lists

MOST = 6  # answers to one question
_MOST_WORDS = 12_000  # that are read of a change, those of the weightiest passages
_LONGEST, _SHORTEST = 320, 40  # characters
_WAYS_ELSEWHERE = 2  # sentences
_SURE = 0.5  # chance from which one is offered
_DECIDES = 3.0  # what the words that decided the topic add to a sentence
_SMALL = word_lists().function | word_lists().empty
_JOINING = frozenset(("and", "or", "et", "ou", "und", "oder", "y", "o"))
_SENTENCE_PART = re.compile(r"[.;:!?](?=\s|$)|\n")
_NO_PAGE = Page("", None, ())
_ENUMERATED = re.compile(r"(?:\(?(?:\w|\d{1,3}|[ivx]{1,4})[.)]|[-*•·●▪])\s")
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
    lead: Lead | None = None,
) -> Brief:
    """What the change says, in the pages' own words; what it does not say stays empty.

    `changed` holds the changed sentences of each passage, `weights` each passage's chance that it deserves an alert;
    `lead` says which passages lead the change.
    """
    tagger = tagger or shipped()
    weights = weights or [1.0] * len(passages)
    language = after.language or before.language
    tagged = tag(passages, changed, weights, tagger, language)
    pages: Mapping[Side, Page] = {"before": before, "after": after}
    still = _key_of(block.text for block in after.blocks)

    def quoted(span: Span) -> Quote:
        return quote(span, passages[span.place], changed[span.place], pages[span.side])

    quotes: dict[str, tuple[Quote, ...]] = {}
    spans_of: list[Span] = []
    for question in QUESTIONS:
        limits = Limits(*tagger.limits[question])
        candidates = marked(tagged, question, limits.word)
        fit = (_fit(span, passages, changed[span.place], still, language) for span in candidates)
        answers = (
            [span for span in fit if span is not None] if candidates and candidates[0].score >= limits.first else []
        )
        chosen = pick(answers, passages, replace(limits, first=0.0), link_of=lambda span: quoted(span).link)
        spans_of += chosen
        quotes[question] = tuple(map(quoted, chosen))
    head = headline(passages, changed, spans_of, weights, lead)
    asks = lead is not None and lead.direction == "expands" and not any(quote.new for quote in quotes["refuse"])
    return Brief(
        meaning=head.text if head else None,
        meaning_side=head.side if head else None,
        meaning_new=head.new if head else (),
        place=head.place if head else None,
        lead=lead,
        default=default(tagged, tagger.default_limits),
        already=ways_elsewhere(passages, after, lead.topic, tagger, language) if lead and asks else (),
        **cast(Any, quotes),
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


def marked(tagged: Tagged, question: Question, least: float) -> list[Span]:
    """All spans that may answer a question, the likeliest first; their score has their passage's weight in it."""
    candidates = [
        span._replace(score=span.score * weight)
        for excerpt, answers, weight in zip(tagged.excerpts, tagged.answers, tagged.weights, strict=True)
        for span in spans(excerpt, answers, question, least)
    ]
    return sorted(candidates, key=lambda span: (-span.score, span.side, span.place, span.start))


def pick(
    candidates: Sequence[Span],
    passages: Sequence[Passage],
    limits: Limits,
    *,
    link_of: Callable[[Span], str | None] = lambda _: None,
) -> list[Span]:
    """Those that answer; of two that say the same the likelier one, but that of the later text where both have it. The
    same words with another link are another answer."""
    if not candidates or candidates[0].score < limits.first:
        return []
    chosen: dict[tuple[str, str | None], Span] = {}
    for span in candidates:
        if chosen and span.score < limits.more:
            break
        key, link = _key_of([_text(passages, span)]), link_of(span)
        same = next((other for other in chosen if other[1] == link and (key in other[0] or other[0] in key)), None)
        if same is None:
            chosen[key, link] = span
        elif span.side == "after" and chosen[same].side == "before":
            chosen[same] = span
        if len(chosen) == MOST:
            break
    return list(chosen.values())


def _text(passages: Sequence[Passage], span: Span) -> str:
    return passages[span.place].texts[span.side][span.start : span.end]


def _key_of(texts: Iterable[str]) -> str:
    """The words of texts, with a space on each side, so that one can be looked for in another."""
    return f" {' '.join(_WORDS.findall(' '.join(texts).lower()))} "


def _fit(
    span: Span, passages: Sequence[Passage], changed: Sequence[ChangedSentence], still: str, language: str | None
) -> Span | None:
    """The span without small words at its ends. None where no word of content is left, and of the earlier text where
    most of its words stay: in the same place, or anywhere in the later text (`still`)."""
    words = list(_WORDS.finditer(_text(passages, span)))
    while words and words[-1].group().lower() in _SMALL:
        words.pop()
    while words and words[0].group().lower() in _JOINING:
        words.pop(0)
    single = span.question == "excluded" and len(words) < 2  # "interests" names no exclusion
    if single or all(word.group().lower() in _SMALL for word in words):
        return None
    span = span._replace(start=span.start + words[0].start(), end=span.start + words[-1].end())
    named = matches(passages[span.place].texts[span.side], language) if span.question == "purposes" else ()
    if any(match.topic == "user_choice" and match.start <= span.start and span.end <= match.end for match in named):
        return None  # "can refuse" of "how you can refuse"
    if span.side == "before":
        gone = sum(end - start for start, end in _new(span, changed))
        if 2 * gone < span.end - span.start or _key_of([_text(passages, span)]) in still:
            return None
    return span


def default(tagged: Tagged, limits: Sequence[float]) -> Default | None:
    """Whether it happens unless people act, by the passage that says so most clearly."""
    on, off = (max((chances[at] for chances in tagged.defaults), default=0.0) / limits[at] for at in (0, 1))
    if max(on, off) < 1:
        return None
    return "on" if on >= off else "off"


def quote(span: Span, passage: Passage, changed: Sequence[ChangedSentence], page: Page) -> Quote:
    """The words of a span, with the changed ones among them, the links on them and what a denial goes on with."""
    text = passage.texts[span.side]
    words, rest = text[span.start : span.end], ""
    if _DENIAL.search(words):
        clause = _SENTENCE_PART.search(text, span.end)
        rest = text[span.end : clause.start() if clause else len(text)]
    return Quote(
        words,
        span.side,
        links_on(span, passage, page) if span.question == "refuse" else (),
        tuple(_new(span, changed)),
        span.place,
        rest if len(rest) <= _LONGEST else "",
    )


def _new(span: Span, changed: Sequence[ChangedSentence]) -> Iterator[tuple[int, int]]:
    """The changed words of a span, by offsets into it."""
    for sentence in changed:
        for start, end in sentence.spans if sentence.side == span.side else ():
            if start < span.end and span.start < end:
                yield max(start, span.start) - span.start, min(end, span.end) - span.start


def links_on(span: Span, passage: Passage, page: Page) -> tuple[Link, ...]:
    """The links that stand on the quoted words."""
    text = passage.texts[span.side]
    line_start = text.rfind("\n", 0, span.start) + 1
    line = text[line_start:].partition("\n")[0]
    start, end = span.start - line_start, span.end - line_start
    block = next((block for block in page.blocks if block.text == line and block.heading == passage.heading), None)
    block = block or next((block for block in page.blocks if block.text == line), None)
    return tuple(
        replace(link, at=link.at - start)
        for link in (block.links if block else ())
        if link.at < end and start < link.at + len(link.text)
    )


def ways_elsewhere(
    passages: Sequence[Passage], page: Page, topic: str | None, tagger: Tagger, language: str | None
) -> tuple[Quote, ...]:
    """What the page says on how to refuse what the topic is, in sentences that did not change."""
    changed = {line for passage in passages for line in (passage.after or "").split("\n")}
    blocks = [block for block in page.blocks if block.text not in changed and _names(block.text, topic, language)]
    added = [Passage(block.heading, "added", None, block.text) for block in blocks]
    sentences = [wording(passage).sentences for passage in added]
    limits = Limits(*tagger.limits["refuse"])
    quotes: dict[str, Quote] = {}
    for span in marked(tag(added, sentences, [1.0] * len(added), tagger, language), "refuse", limits.word):
        for sentence in sentences[span.place]:
            text = added[span.place].text[sentence.start : sentence.end]
            inside = sentence.start <= span.start < sentence.end and len(text) <= _LONGEST
            if inside and span.score >= _SURE and _names(text, topic, language):
                whole = span._replace(start=sentence.start, end=sentence.end)
                quotes.setdefault(text, Quote(text, "after", links_on(whole, added[span.place], page)))
    return tuple(quotes.values())[:_WAYS_ELSEWHERE]


def _names(text: str, topic: str | None, language: str | None) -> bool:
    return any((match.topic, match.tier) == (topic, "decides") for match in matches(text, language))


def headline(
    passages: Sequence[Passage],
    changed: Sequence[Sequence[ChangedSentence]],
    answers: Sequence[Span],
    weights: Sequence[float],
    lead: Lead | None = None,
) -> Quote | None:
    """The changed sentence that is the news: that whose own changed words answer most, with the words that decided the
    topic, in a passage that leads the change; of a table the whole row."""
    ranked: list[Span] = []
    side = (lead and lead.side) or "after"
    for place, passage in enumerate(passages):
        for sentence in changed[place] if not lead or place in lead.places else ():
            worths: dict[Question, float] = {}  # an answer in pieces is one
            for span in answers:
                if (span.place, span.side) == (place, sentence.side) and sentence.start <= span.start < sentence.end:
                    worth = _NEWS[span.question] * span.score * (1.0 if any(_new(span, [sentence])) else 0.3)
                    worths[span.question] = max(worths.get(span.question, 0), worth)
            start, end = _row_around(passage.texts[sentence.side], sentence.start, sentence.end)
            words = passage.texts[sentence.side][start:end]
            quoted = {each.text for each in passage.evidence if lead and each.topic == lead.topic}
            worth = (sum(worths.values()) + _UNANSWERED) * weights[place]
            worth *= _DECIDES if any(each in words for each in quoted) else 1.0
            worth *= (1.0 if sentence.side == side else 0.6) * (0.5 if begins_inside(words) else 1.0)
            ranked.append(Span("data", place, sentence.side, start, end, worth))
    for news in sorted(ranked, key=lambda span: -span.score):
        if excerpt := excerpt_of(passages[news.place].texts[news.side], news):
            kept = news._replace(end=news.start + len(excerpt.removesuffix(" …")))
            if new := tuple(_new(kept, changed[news.place])):
                return Quote(excerpt, news.side, new=new, place=news.place)
    return None


def begins_inside(sentence: str) -> bool:
    """Whether a sentence lacks its beginning, which stands above it: an item of a list, the second half of one."""
    return _ENUMERATED.match(sentence) is not None or sentence.lstrip("“\"'«( ")[:1].islower()


def _row_around(text: str, start: int, end: int) -> tuple[int, int]:
    first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    last = len(text) if last < 0 else last
    return (first, last) if CELL in text[first:last] else (start, end)


def excerpt_of(text: str, sentence: Span) -> str | None:
    """A sentence as it is quoted: a long one ends at the border of a clause, with "…"; nothing where none serves.

    What follows a denial belongs to it ("we do not use ... to train"), so that nothing is cut off from one.
    """
    whole = text[sentence.start : sentence.end].strip()
    if len(whole) <= _LONGEST:
        return whole
    ends = [match.start() for match in _CLAUSE_END.finditer(whole, _SHORTEST, _LONGEST - 1)]
    return next((f"{whole[:end]} …" for end in reversed(ends) if not _DENIAL.search(whole, 0, end)), None)
