"""What the model sees of a passage: added and removed words, sentence, section, shape, lexicon phrases."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from analysis.classify.clauses import denies
from analysis.diff import plain_words
from analysis.diff.lead_ins import lead_ins
from analysis.diff.wording import ChangedSentence, Wording, keyed_sentences, wording
from analysis.model import CELL, Page, Passage
from analysis.text.dates import dates_in
from analysis.text.intervals import Intervals
from analysis.text.language import other_language
from analysis.text.lexicon import (
    Lexicon,
    PhraseMatch,
    Tier,
    matches,
    section_topics,
)
from analysis.text.times import times_in
from analysis.text.word_lists import word_lists
from foundation.vocabulary import SIDES, Side

MOST_PASSAGES = 400  # with the most changed text
MOST_SENTENCES = 40  # of a passage
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|[%$€£]|[?!:]")
_STEM = 6  # letters
_NAMED_AI = re.compile(r"\b[A-Z][\w’'-]+ (?:AI|IA|KI)\b")
_SHORT = 25  # characters; shorter sentences recur by chance
_NOTHING = Wording((), "looks.other_side")
_GROUPS = {
    "came": 1.0,
    "went": 1.0,
    "changed": 1.0,
    "near": 0.7,
    "under": 0.7,
    "section": 0.5,
    "left": 0.7,
    "column": 0.7,
}  # by scale
_SHAPE = 0.35
_KIND = 0.5
Features = dict[str, float]


class Token(NamedTuple):
    """In lower case, by offsets."""

    text: str
    start: int
    end: int


class ChangedPhrase(NamedTuple):
    """In a changed sentence, by offsets; `changed`: includes changed words."""

    topic: str
    tier: Tier
    side: Side
    start: int
    end: int
    changed: bool


@dataclass(frozen=True, slots=True, eq=False)
class PassageFeatures:
    """`size`: changed words."""

    passage: Passage
    wording: Wording
    read: Passage | None = None  # with names masked
    phrases: tuple[ChangedPhrase, ...] = ()
    values: Features | None = None  # None: cosmetic
    size: int = 0

    @property
    def sentences(self) -> tuple[ChangedSentence, ...]:
        return self.wording.sentences

    def has(
        self, *topics: str, side: Side, tiers: Iterable[Tier] = ("decides", "words")
    ) -> bool:
        return any(
            phrase.topic in topics
            and phrase.side == side
            and phrase.changed
            and phrase.tier in tiers
            for phrase in self.phrases
        )


def kind_of(document: str | None, page: Page) -> str:
    """privacy, cookies, terms, rules, developer or other."""
    titles = (
        document or "",
        page.title,
        *(block.text for block in page.blocks[:12] if block.kind == "heading"),
    )
    return next(filter(None, map(_kind_named, titles)), "other")


@lru_cache(maxsize=1024)
def _kind_named(title: str) -> str | None:
    kinds = (
        (kind, "|".join(patterns)) for kind, patterns in word_lists().kinds.items()
    )
    return next(
        (
            kind
            for kind, pattern in kinds
            if title and re.search(pattern, title, re.IGNORECASE)
        ),
        None,
    )


def annotate(
    passages: Sequence[Passage],
    before: Page,
    after: Page,
    *,
    kind: str,
    language: str | None,
    own: Lexicon | None = None,
) -> list[PassageFeatures]:
    """Together, for text moves between paragraphs; passages beyond the bounds get no wording. `own` holds the
    operator's phrases.
    """
    keys: dict[Side, Counter[str]] = {
        side: Counter(_sentence_keys(passages, side)) for side in SIDES
    }
    texts: dict[Side, str] = {"before": _spoken(before), "after": _spoken(after)}
    names = _standing_names(before)
    weightiest = set(
        sorted(range(len(passages)), key=lambda number: -_length(passages[number]))[
            :MOST_PASSAGES
        ]
    )
    return [
        replace(
            passage_features(
                _masked(passage, names),
                _wording(passage, keys, texts),
                kind,
                other_language(passage.text, language) or language,
                own,
            ),
            passage=passage,
        )
        if number in weightiest
        else PassageFeatures(passage, Wording(()))
        for number, passage in enumerate(passages)
    ]


def annotate_added(
    page: Page, *, kind: str, language: str | None
) -> tuple[list[int], list[PassageFeatures]]:
    """As if each block but headings were added alone."""
    names = _standing_names(page)
    numbers, annotated = [], []
    for number, (block, above) in enumerate(
        zip(page.blocks, lead_ins(page.blocks), strict=True)
    ):
        if block.kind == "heading":
            continue
        passage = Passage(block.heading, "added", None, block.text, lead_in=above)
        read = _masked(passage, names)
        features = passage_features(read, wording(read), kind, language)
        numbers.append(number)
        annotated.append(replace(features, passage=passage))
    return numbers, annotated


def _standing_names(page: Page) -> re.Pattern[str] | None:
    """ "Limitless AI" is no evidence of news about AI."""
    text = "\n".join(block.text for block in page.blocks)
    counts = Counter(_NAMED_AI.findall(text))
    names = [
        name
        for name, count in counts.items()
        if count > 1 and name.split()[0].lower() not in text
    ]
    return (
        re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b") if names else None
    )


def _masked(passage: Passage, names: re.Pattern[str] | None) -> Passage:
    if names is None:
        return passage
    before, after = (
        text and names.sub(lambda name: "_" * len(name[0]), text)
        for text in (passage.before, passage.after)
    )
    return replace(passage, before=before, after=after)


def tokens(text: str) -> list[Token]:
    """With numbers and a few marks."""
    return [
        Token(match[0].casefold().replace("’", "'"), match.start(), match.end())
        for match in _TOKEN.finditer(text)
    ]


def ngrams(words: Sequence[Token], start: int = 0) -> Iterator[Token]:
    """Words, stems of long ones, and pairs; offsets are from `start`."""
    for word in words:
        yield Token(word.text, start + word.start, start + word.end)
        if len(word.text) > _STEM:
            yield Token(
                f"^{word.text[:_STEM]}", start + word.start, start + word.end
            )
    for first, second in pairwise(words):
        yield Token(
            f"{first.text} {second.text}", start + first.start, start + second.end
        )


def changed_ngrams(
    passage: Passage, sentences: Iterable[ChangedSentence]
) -> Iterator[tuple[Side, Token]]:
    for sentence in sentences:
        for start, end in sentence.spans:
            words = tokens(passage.texts[sentence.side][start:end])
            yield from ((sentence.side, token) for token in ngrams(words, start))


def _sentence_keys(passages: Sequence[Passage], side: Side) -> Iterator[str]:
    for passage in passages:
        yield from {
            sentence.key for sentence in keyed_sentences(passage.texts[side])
        }


def _spoken(page: Page) -> str:
    """As one text, to search for sentences."""
    return (
        f" {' '.join(' '.join(plain_words(block.text)) for block in page.blocks)} "
    )


def _length(passage: Passage) -> int:
    return (
        0
        if passage.operation == "moved" and not passage.former
        else len(passage.before or "") + len(passage.after or "")
    )


def _wording(
    passage: Passage, keys: Mapping[Side, Counter[str]], texts: Mapping[Side, str]
) -> Wording:
    """Without sentences that the other side has elsewhere."""
    if passage.operation in ("added", "removed"):
        other: Side = "before" if passage.after else "after"
        words = " ".join(plain_words(passage.text))
        if len(words) > _SHORT and f" {words} " in texts[other]:
            return _NOTHING
    own = {
        side: {sentence.key for sentence in keyed_sentences(passage.texts[side])}
        for side in keys
    }
    elsewhere = {
        side: {key for key in own[opposite] if keys[side][key] > (key in own[side])}
        for side, opposite in (SIDES, SIDES[::-1])
    }
    return wording(passage, elsewhere["before"], elsewhere["after"])


def passage_features(
    passage: Passage,
    changed: Wording,
    kind: str,
    language: str | None,
    own: Lexicon | None = None,
) -> PassageFeatures:
    """Of the sentences with the most changed words."""
    sentences = sorted(
        changed.sentences,
        key=lambda each: -sum(end - start for start, end in each.spans),
    )
    sentences = sorted(
        sentences[:MOST_SENTENCES], key=lambda each: (each.side, each.start)
    )
    changed = Wording(tuple(sentences), changed.cosmetic)
    if not sentences:
        return PassageFeatures(passage, changed, passage)
    phrases = tuple(_phrases(passage, sentences, language, own))
    words: dict[Side, list[Token]] = {"before": [], "after": []}
    for side, token in changed_ngrams(passage, sentences):
        words[side].append(token)
    context = {
        side: [
            tokens(passage.texts[side][start:end])
            for start, end in dict.fromkeys(
                _whole(passage.texts[side], each)
                for each in sentences
                if each.side == side
            )
        ]
        for side in words
    }
    titles = [tokens(title)[:20] for title in passage.heading[-3:]]
    above = [tokens(line)[:20] for line in passage.lead_in]
    former = [tokens(line)[:20] for line in passage.former]
    came, went = (
        [token.text for token in words[side]] for side in ("after", "before")
    )
    groups = {
        "came": came,
        "went": went,
        "changed": [*came, *went],
        "near": [
            token.text
            for each in context["after"] or context["before"]
            for token in ngrams(each)
        ],
        "under": [
            token.text for title in (*titles, *above) for token in ngrams(title)
        ],
        "section": [token.text for title in titles[-1:] for token in ngrams(title)],
        "left": [token.text for line in former for token in ngrams(line)],
        "column": [
            token.text
            for title in _columns(passage, sentences)
            for token in ngrams(tokens(title))
        ],
    }
    values = dict.fromkeys(
        _shape(passage, changed, kind, language, words, context), _SHAPE
    )
    for group, members in groups.items():
        scale = _GROUPS[group] / math.sqrt(max(1, len(set(members))))
        values |= {f"{group} {member}": scale for member in members}
    values |= _lexicon(passage, phrases, language)
    size = sum(" " not in token and token[0] != "^" for token in (*came, *went))
    values |= dict.fromkeys(_kinds(passage, phrases, size, language), _KIND)
    return PassageFeatures(passage, changed, passage, phrases, values, size)


def _whole(text: str, sentence: ChangedSentence) -> tuple[int, int]:
    """Its bounds; of a cell those of the row."""
    first = text.rfind("\n", 0, sentence.start) + 1
    last = text.find("\n", sentence.end)
    last = len(text) if last < 0 else last
    is_cell = CELL in text[first:last]
    return (first, last) if is_cell else (sentence.start, sentence.end)


def _columns(
    passage: Passage, sentences: Iterable[ChangedSentence]
) -> Iterator[str]:
    """Headers of the changed cells."""
    header = passage.lead_in[-1].split(CELL) if passage.lead_in else []
    for sentence in sentences:
        text = passage.texts[sentence.side]
        first, _ = _whole(text, sentence)
        number = text.count(CELL, first, sentence.end)
        if len(header) > 1 and number < len(header):
            yield header[number]


def _kinds(
    passage: Passage,
    phrases: Sequence[ChangedPhrase],
    size: int,
    language: str | None,
) -> Iterator[str]:
    """What kind of words changed, and what the sentence or the lines above it are about."""
    above = (*passage.heading[-2:], *passage.lead_in)
    named: list[ChangedPhrase | PhraseMatch] = [*phrases]
    for line in above:
        named += matches(line, language)
    about = {
        each.topic
        for each in named
        if each.tier == "decides" or each.topic in ("personal_data", "user_content")
    }
    about |= {topic for line in above for topic in section_topics(line, language)}
    about.add("something" if about else "nothing")
    sides = {
        topic: {
            each.side for each in phrases if each.changed and each.topic == topic
        }
        for topic in {each.topic for each in phrases if each.tier == "words"}
    }
    kinds = {
        f"{topic} {'both' if len(each) > 1 else 'came' if each == {'after'} else 'went'}"
        for topic, each in sides.items()
        if each
    }
    shape = (
        "row" if CELL in passage.text else "item" if passage.lead_in else "sentence"
    )
    if shape != "sentence" or passage.operation in ("reworded", "moved"):
        # a whole sentence says by itself what it is about
        kinds.add(f"{shape} {passage.operation} {min(3, size.bit_length())}")
    if denies(passage.lead_in):
        kinds.add(f"denied {passage.operation}")
    if denies(passage.former):
        kinds.add("was denied")
    for kind in sorted(kinds):
        yield f"kind {kind}"
        for topic in sorted(about):
            yield f"kind {kind} about {topic}"


def _phrases(
    passage: Passage,
    sentences: Sequence[ChangedSentence],
    language: str | None,
    own: Lexicon | None,
) -> Iterator[ChangedPhrase]:
    rows: dict[tuple[Side, int, int], list[tuple[int, int]]] = {}
    for sentence in sentences:
        bounds = _whole(passage.texts[sentence.side], sentence)
        rows.setdefault((sentence.side, *bounds), []).extend(sentence.spans)
    for (side, first, last), spans in rows.items():
        text = passage.texts[side][first:last]
        changed = Intervals(spans)
        quantities = [
            PhraseMatch(name, "words", each.start, each.end)
            for name, found in (
                ("time", times_in(text)),
                ("date", dates_in(text, "dmy")),
            )
            for each in found
        ]
        for match in (
            *matches(text, language),
            *(own.matches(text) if own else ()),
            *quantities,
        ):
            start, end = first + match.start, first + match.end
            yield ChangedPhrase(
                match.topic,
                match.tier,
                side,
                start,
                end,
                changed.overlap(start, end),
            )


def _lexicon(
    passage: Passage, phrases: Iterable[ChangedPhrase], language: str | None
) -> Features:
    values: Features = {}
    for phrase in phrases:
        name = f"{phrase.topic}?" if phrase.tier == "suggests" else phrase.topic
        if phrase.changed:
            values[
                f"{'phrase came' if phrase.side == 'after' else 'phrase went'} {name}"
            ] = 1.0
            values[f"phrase changed {name}"] = 1.0
        else:
            values[f"phrase near {name}"] = 0.7
    for title in (*passage.heading[-2:], *passage.lead_in):
        values |= {
            f"titled {topic}": 0.7 for topic in section_topics(title, language)
        }
        named: tuple[PhraseMatch, ...] = matches(title, language)
        values |= {f"phrase under {match.topic}": 0.5 for match in named}
    for line in passage.former:
        values |= {
            f"phrase left {match.topic}": 0.5 for match in matches(line, language)
        }
    return values


def _shape(
    passage: Passage,
    changed: Wording,
    kind: str,
    language: str | None,
    words: Mapping[Side, Sequence[Token]],
    context: Mapping[Side, Sequence[Sequence[Token]]],
) -> Iterator[str]:
    """How much changed, in what kind of text."""
    single = {side: [token.text for token in each if " " not in token.text and token.text[0] != "^"]
              for side, each in words.items()}  # fmt: skip
    came, went = len(single["after"]), len(single["before"])
    around = sum(len(each) for sentences in context.values() for each in sentences)
    text = passage.text.rstrip()
    yield f"operation {passage.operation}"
    yield f"kind {kind}"
    yield f"kind {kind} {passage.operation}"
    yield f"language {language}"
    yield f"words came {_magnitude(came)}"
    yield f"words went {_magnitude(went)}"
    yield f"sentences {min(len(changed.sentences), 6)}"
    yield f"part changed {5 * (came + went) // max(1, around)}"
    yield f"balance {4 * (came - went) // max(1, came + went)}"
    yield f"whole sentence {any(sentence.whole for sentence in changed.sentences)}"
    yield f"row {CELL in text}"
    yield f"ends {text[-1:] if not text[-1:].isalnum() else 'word'}"
    yield f"capitals {all(word[:1].isupper() for word in text.split()[:6])}"
    yield f"depth {min(len(passage.heading), 4)}"
    yield f"numbers {any(map(str.isdigit, single['after']))} {any(map(str.isdigit, single['before']))}"
    if passage.operation == "reworded":
        stems = {
            side: {token.text[:_STEM] for token in tokens(passage.texts[side])}
            for side in words
        }
        new, gone = (
            sum(
                len(stem) > 3
                for stem in {word[:_STEM] for word in single[side]} - stems[other]
            )
            for side, other in (SIDES[::-1], SIDES)
        )
        yield f"new stems {_magnitude(new)}"
        yield f"gone stems {_magnitude(gone)}"
        yield f"stems {min(_magnitude(new), 3)} {min(_magnitude(gone), 3)}"
        yield f"places {min(6, sum(len(sentence.spans) for sentence in changed.sentences))}"


def _magnitude(number: int) -> int:
    return number.bit_length()
