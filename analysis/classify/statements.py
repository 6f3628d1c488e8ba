"""What a text says on a reader's questions while it stands: each sentence is scored as if it were added to its section."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from analysis.classify.answers import sentence_values, shipped_answers
from analysis.classify.clauses import denies, governing
from analysis.classify.features import (
    PassageFeatures,
    annotate_added,
    kind_of,
    passage_features,
)
from analysis.classify.lead import (
    Candidate,
    candidates,
    shipped_weights,
)
from analysis.classify.model import LANGUAGES, Model, shipped_model
from analysis.classify.verdict import classify_passage
from analysis.diff.wording import ChangedSentence, Wording
from analysis.model import CELL, Block, Page, Passage, Quote
from analysis.text.lexicon import matches
from analysis.text.sentence_ends import sentence_bounds
from analysis.text.word_lists import word_lists
from foundation.vocabulary import TODAY, Severity, TodayQuestion

_MOST_BLOCKS = 3_000  # of a text
_ON_TOPIC = (
    0.5  # chance from which a sentence, and the passage around it, speak of a topic
)
_REFUSES = 0.5  # chance from which a sentence says how to refuse
_NEAR = 3  # blocks on each side, of the same section, in which a way to refuse is looked for
_LEAST_WORDS = 5
_LONGEST = 600  # characters of a sentence that is quoted whole
# of its section
_NUMBERED = re.compile(r"^\d{1,2}(?:\.\d{1,2})+\.?\s+(?=[^\W\d_])")
_OPEN = (":", "?")  # how no statement ends
_ENDS = '.!?…”"»)|•·▪'  # before a sentence in a block
_PRACTICES = (  # what people may want to refuse
    "ai_training",
    "ai_features",
    "automated_decisions",
    "sharing",
    "advertising",
    "sensitive",
)
_RULES = ("rules", "developer")  # kinds of documents that say what users may do


@dataclass(frozen=True, slots=True)
class StandingSentence:
    """A quotation that answers a question. `block` is the number of its block, `refuse` how to refuse what it says, where
    the text says so near it; `worth` orders statements of any document, the gravest first."""

    quote: Quote
    heading: tuple[str, ...]
    block: int
    worth: float
    severity: Severity = "none"
    refuse: Quote | None = None


def is_practice(document: str | None, page: Page) -> bool:
    """Whether a document says what the service does, and not what its users may."""
    return kind_of(document, page) not in _RULES


def statements(
    page: Page,
    *,
    document: str | None = None,
    language: str | None = None,
    model: Model | None = None,
) -> dict[str, list[StandingSentence]]:
    """By question, the gravest first; of a question on which the text says nothing, none."""
    model = model or shipped_model()
    language = language or page.language
    page = replace(page, blocks=page.blocks[:_MOST_BLOCKS])
    kind = kind_of(document, page)
    numbers, annotated = annotate_added(page, kind=kind, language=language)
    verdicts = {
        place: verdict
        for place, features in enumerate(annotated)
        if (verdict := classify_passage(features, kind, language, model)).alert
        and not _is_rule(features.passage)
    }
    sentences = candidates(annotated, verdicts, kind, language, model)

    # a sentence may answer several questions, and stand near several that do
    @cache
    def chances_of(place: int, text: str) -> Mapping[str, float]:
        return _chances(annotated[place], text, kind, language, model)

    @cache
    def ways_in(number: int) -> list[tuple[float, Quote]]:
        return [*_ways(page.blocks[number], language)]

    answers: dict[str, list[StandingSentence]] = {}
    for candidate in sentences:
        features, verdict = annotated[candidate.place], verdicts[candidate.place]
        for question, topics in TODAY.items():
            named = _evidence(features, candidate.sentence, topics)
            if named is None:
                continue
            statement = _statement(
                page, numbers[candidate.place], features.passage, candidate, named
            )
            if statement is None:
                continue
            if question == "choices":  # how to make it answers best
                text, heading = statement.quote.text, statement.heading
                statement = replace(
                    statement, worth=_refusal(text, heading, language)
                )
            if language in LANGUAGES and not _answers(
                question,
                chances_of(candidate.place, statement.quote.text),
                verdict.chances,
                statement,
            ):
                continue
            way = question in _PRACTICES and _way_near(
                page, statement, topics, language, ways_in
            )
            answers.setdefault(question, []).append(
                replace(statement, severity=verdict.severity, refuse=way or None)
            )
    for rows in answers.values():
        rows.sort(key=lambda each: (-each.worth, each.block))
    return answers


def _answers(
    question: TodayQuestion,
    sentence: Mapping[str, float],
    passage: Mapping[str, float],
    statement: StandingSentence,
) -> bool:
    """By the chances of its topics, of the sentence and of the passage around it."""
    if question == "choices" and statement.worth < _REFUSES:
        return False
    return any(
        min(sentence.get(topic, 0.0), passage.get(topic, 0.0)) >= _ON_TOPIC
        for topic in TODAY[question]
    )


def _chances(
    features: PassageFeatures,
    quoted: str,
    kind: str,
    language: str | None,
    model: Model,
) -> Mapping[str, float]:
    """Of the sentence alone that is quoted."""
    start = features.passage.text.index(quoted)
    end = start + len(quoted)
    alone = Wording((ChangedSentence("after", start, end, ((start, end),), True),))
    read = features.read or features.passage
    return model.predict(passage_features(read, alone, kind, language).values or {})


def _evidence(
    features: PassageFeatures, sentence: ChangedSentence, topics: Sequence[str]
) -> int | None:
    """Where the first phrase of a sentence stands that names one of the topics outright."""
    return min(
        (
            phrase.start
            for phrase in features.phrases
            if phrase.topic in topics
            and phrase.tier == "decides"
            and sentence.start <= phrase.start < sentence.end
        ),
        default=None,
    )


def _is_rule(passage: Passage) -> bool:
    """Whether it says what the reader must not do: such a list is no practice of the service."""
    reader = word_lists().actors["reader"]
    return denies(passage.lead_in) and any(
        not reader.isdisjoint(line.casefold().split()) for line in passage.lead_in
    )


def _statement(
    page: Page, number: int, passage: Passage, candidate: Candidate, named: int
) -> StandingSentence | None:
    """The whole sentence with the lines that govern it, of a row that in which the topic is named; None for a fragment,
    or of a sentence that is too long."""
    block = page.blocks[number]
    text, (start, end) = block.text, _sentence_at(block, candidate.sentence, named)
    clause = _NUMBERED.sub("", text[start:end].strip())
    before = text[:start].rstrip()[-1:]
    if (
        len(clause) > _LONGEST
        or len(clause.split()) < _LEAST_WORDS
        or clause.endswith(_OPEN)
        or (clause.endswith(";") and end < len(text.rstrip()))
        or (before and before not in _ENDS)
        or (clause[0].islower() and not before and not passage.lead_in)
    ):
        return None
    start = text.index(clause, start)
    name, border, _ = text[:start].partition(CELL)
    above = (*passage.lead_in, *((name,) if border else ()))
    weights = shipped_weights()
    return StandingSentence(
        _quotation(
            block, (start, start + len(clause)), tuple(map(governing, above))
        ),
        passage.heading,
        number,
        sum(
            weights.get(name, 0.0) * value
            for name, value in candidate.values.items()
        ),
    )


def _sentence_at(
    block: Block, sentence: ChangedSentence, at: int
) -> tuple[int, int]:
    if CELL not in block.text:
        return sentence.start, sentence.end
    return next(
        (start, end) for start, end in sentence_bounds(block.text) if at < end
    )


def _quotation(
    block: Block, ends: tuple[int, int], lead_in: tuple[str, ...] = ()
) -> Quote:
    start, end = ends
    links = tuple(
        replace(link, at=link.at - start)
        for link in block.links
        if link.at < end and start < link.at + len(link.text)
    )
    return Quote(block.text[start:end], "after", links, lead_in=lead_in)


def _refusal(text: str, heading: tuple[str, ...], language: str | None) -> float:
    """The chance that a sentence says how to refuse."""
    values = sentence_values(text, Passage(heading, "added", None, text), language)
    return shipped_answers().predict(values)["refuse"]


def _way_near(
    page: Page,
    statement: StandingSentence,
    topics: Sequence[str],
    language: str | None,
    ways_in: Callable[[int], list[tuple[float, Quote]]],
) -> Quote | None:
    """The likeliest sentence on how to refuse: of the block itself, or of one beside it that names the same topic."""
    number, heading = statement.block, page.blocks[statement.block].heading
    beside = range(
        max(0, number - _NEAR), min(len(page.blocks), number + _NEAR + 1)
    )
    ways = ways_in(number) or [
        (chance, way)
        for near in beside
        if page.blocks[near].heading == heading
        for chance, way in ways_in(near)
        if any(match.topic in topics for match in matches(way.text, language))
    ]
    best = max(ways, key=lambda way: way[0], default=None)
    return best[1] if best and best[1].text != statement.quote.text else None


def _ways(block: Block, language: str | None) -> Iterator[tuple[float, Quote]]:
    for start, end in sentence_bounds(block.text):
        text = block.text[start:end]
        chance = _refusal(text, block.heading, language)
        named = any(
            (match.topic, match.tier) == ("user_choice", "decides")
            for match in matches(text, language)
        )
        if chance >= _REFUSES and named and end - start <= _LONGEST:
            yield chance, _quotation(block, (start, end))
