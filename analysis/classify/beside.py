"""Lines that say nothing of their document: a caption, an author, an offer, a comment.

`python -m evaluation beside` trains the weights.
"""

from __future__ import annotations

import math
from collections.abc import Container
from functools import cache

from analysis.classify.features import Features, PassageFeatures, ngrams, tokens
from analysis.classify.model import CLASSIFIED, Model, stored_model
from analysis.classify.verdict import Verdict
from analysis.model import CELL
from analysis.text.dates import dates_in
from analysis.text.language import other_language
from analysis.text.lexicon import LANGUAGES as KNOWN_LANGUAGES
from analysis.text.lexicon import matches
from analysis.text.phrases import kinds_of, pattern
from foundation.vocabulary import AI_TOPICS, TOPICS

TARGETS = ("beside",)
_STOPS = (".", "!", "?")
KNOWN = "known "  # of words that policies use
PASSES = 0.4  # from which a passage must stay before it makes a version
MUTES = 0.75  # docs/evaluation.md has the cost of both
_MOST_WORDS = 80
_LABEL = 4  # words
_LONGEST = 600  # characters
_WORDS = 2.0  # a larger scale is regularised less
_PHRASE = 0.7
_SHAPE = 0.5
_MARKS = frozenset('|·>"«„“”…:;()–—-@*/+%€$£')
_TELLING = frozenset((*TOPICS, "personal_data", "user_content", "promise", "sold"))


@cache
def shipped_beside() -> Model:
    """Raises `UnfitModel`."""
    return stored_model("beside.npz", TARGETS)


def chance_beside(
    features: PassageFeatures, verdict: Verdict, language: str | None
) -> float:
    """Of its least such line, governing ones included. 0 for what a convention decides, or what names a document; a
    topic's phrases are features ("Sign in to comment", "Advertising pays for this page").
    """
    passage = features.passage
    if (
        language not in CLASSIFIED
        or features.values is None
        or passage.is_heading  # its section decides
        or verdict.severity == "high"
        or not names_no_document(features, verdict)
    ):
        return 0.0
    texts = (passage.before, passage.after, *passage.lead_in)
    lines = [line for text in texts for line in (text or "").split("\n") if line]
    if any(
        len(line) > _LONGEST or other_language(line, language) for line in lines
    ):
        return 0.0
    model = shipped_beside()
    return min(chance(line, language, model) for line in lines)


def may_stand_beside(
    features: PassageFeatures, verdict: Verdict, chance: float
) -> bool:
    """News in a line that stood in the text is told, for a box that comes brings lines of its own."""
    is_news = verdict.alert and features.passage.before is not None
    return chance >= PASSES and not is_news


def is_silent(
    features: PassageFeatures, verdict: Verdict, language: str | None
) -> bool:
    """It alerts nobody, has no word of policies and no date, and no line above governs it, as a list's or table's. A
    sentence that is reworded was the document's.
    """
    passage = features.passage
    texts = passage.texts.values()
    return (
        not verdict.alert
        and not (passage.operation == "reworded" and passage.text.endswith(_STOPS))
        and language in KNOWN_LANGUAGES
        and not passage.lead_in
        and CELL not in passage.text
        and not any(dates_in(text) for text in texts)
        and not any(pattern("furniture", "matters").search(text) for text in texts)
        and names_nothing(features, verdict, language)
    )


def is_foreign(
    features: PassageFeatures, verdict: Verdict, foreign: Container[str]
) -> bool:
    """Stands in markup that no line of the former text does (`Page.foreign`). What is high, dated, about AI, decided by
    a convention or of the operator's own topics is told at once.
    """
    passage = features.passage
    text = passage.after or ""
    return (
        passage.operation == "added"
        and all(line in foreign for line in text.split("\n"))
        and verdict.severity != "high"
        and not verdict.conventions
        and {*verdict.topics} <= {*TOPICS} - AI_TOPICS
        and not dates_in(text)
    )


def names_nothing(
    features: PassageFeatures, verdict: Verdict, language: str | None
) -> bool:
    """No topic and no document, before nor after: of what is reworded, both states must say nothing ("Song of the day:
    ...").
    """
    read = features.read or features.passage
    return names_no_document(features, verdict) and not any(
        match.tier != "suggests" and match.topic in _TELLING
        for text in read.texts.values()
        for match in matches(text, language)
    )


def names_no_document(features: PassageFeatures, verdict: Verdict) -> bool:
    read = features.read or features.passage
    return (
        read.operation != "moved"
        and not verdict.conventions
        and {*verdict.topics} <= {*TOPICS}  # the operator's own always count
        and not any(kinds_of(text) for text in read.texts.values())
    )


def is_label(features: PassageFeatures) -> bool:
    """A few words came or went, no phrase of the lexicon but weak ones."""
    text = features.passage.text
    return (
        features.passage.operation in ("added", "removed")
        and len(tokens(text)) <= _LABEL
        and text[-1:].isalnum()
        and all(phrase.tier == "suggests" for phrase in features.phrases)
        and not features.passage.lead_in
    )


def chance(line: str, language: str | None, model: Model) -> float:
    return model.predict(line_values(line, language, _Known(model)))["beside"]


class _Known(Container[str]):
    def __init__(self, model: Model) -> None:
        self.rows = model.rows

    def __contains__(self, word: object) -> bool:
        return f"{KNOWN}{word}" in self.rows


def line_values(text: str, language: str | None, known: Container[str]) -> Features:
    """Names are masked, for firms can have any; not in German, which writes each noun like a name."""
    words = tokens(text)[:_MOST_WORDS]
    names = {
        word
        for word in words
        if language != "de"
        and word.start
        and text[word.start].isupper()
        and word.text not in known
    }
    kept = [word for word in words if word not in names]
    members = {
        f"{KNOWN if word.text in known else 'word '}{word.text}" for word in kept
    }
    members |= {f"pair {pair.text}" for pair in ngrams(words) if " " in pair.text}
    members |= {f"stem {stem.text}" for stem in ngrams(kept) if stem.text[0] == "^"}
    values = dict.fromkeys(members, _WORDS / math.sqrt(max(1, len(members))))
    long = [word.text for word in words if len(word.text) > 3 and word not in names]
    share = sum(word not in known for word in long) / max(1, len(long))
    values[f"unknown {round(5 * share)}"] = _SHAPE
    values["unknown"] = share
    values["name"] = min(1.0, len(names) / max(1, len(words)))
    values[f"words {len(words).bit_length()}"] = _SHAPE
    values[f"ends {text[-1:] if not text[-1:].isalnum() else 'word'}"] = _SHAPE
    first = (
        "upper"
        if text[:1].isupper()
        else "lower"
        if text[:1].islower()
        else "other"
    )
    marks = {f"mark {mark}" for mark in _MARKS.intersection(text)}
    digits = {"digit"} if any(map(str.isdigit, text)) else set()
    values |= dict.fromkeys({f"first {first}", *marks, *digits}, _SHAPE)
    for match in matches(text, language):
        values[f"phrase {match.topic} {match.tier}"] = _PHRASE
    return values
