"""Sentences that answer a reader's questions: a logistic regression for each question.

`python -m evaluation answers` trains the weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

from analysis.classify.features import Features, ngrams, tokens
from analysis.classify.model import Model, stored_model
from analysis.model import Passage
from analysis.text.lexicon import Lexicon, matches
from analysis.text.word_lists import word_lists
from foundation.vocabulary import QUESTIONS, Default

TARGETS = (*QUESTIONS, "on", "off")
# tuned on unseen services
LIMITS: Mapping[str, float] = {
    "data": 0.2,
    "purposes": 0.2,
    "recipients": 0.3,
    "refuse": 0.2,
    "excluded": 0.2,
    "irreversible": 0.1,
    "regions": 0.2,
}
# that state a default, and the chance needed if none states the other
DEFAULTS: Mapping[Default, tuple[frozenset[str], float]] = {
    "on": (frozenset(("default_on", "unless_refused")), 0.2),
    "off": (frozenset(("default_off",)), 0.2),
}
OUTRIGHT = frozenset(("unless_refused",))  # sufficient by themselves
OTHER_DEFAULT = 0.1
_MOST_WORDS = 80
_SCALE = {"word": 0.9, "under": 0.5}
_PHRASE = 0.7


@cache
def shipped_answers() -> Model:
    """Raises `UnfitModel`."""
    return stored_model("answers.npz", TARGETS)


@cache
def _cues() -> Lexicon:
    """Besides the language's own lexicon."""
    return Lexicon(
        (cue, "words", phrase)
        for cue, phrases in word_lists().cues.items()
        for phrase in phrases
    )


def sentence_values(text: str, passage: Passage, language: str | None) -> Features:
    """Its words, governing words, and phrases."""
    above = " ".join((*passage.heading[-1:], *passage.lead_in))
    groups = {"word": text, "under": above}
    values: Features = {}
    for group, words in groups.items():
        members = {token.text for token in ngrams(tokens(words)[:_MOST_WORDS])}
        scale = _SCALE[group] / math.sqrt(max(1, len(members)))
        values |= {f"{group} {member}": scale for member in members}
    for match in (*matches(text, language), *_cues().matches(text)):
        values[f"phrase {match.topic}{'?' if match.tier == 'suggests' else ''}"] = (
            _PHRASE
        )
    return values
