"""What a sentence says by the words it is made of, as chances; learnt from sentences that were labelled one by one.

Phrases (topics.py) name what lawyers would write down; here every word weighs a little, so that a sentence counts that
no phrase foresaw. The weights are in `weights/sentences.csv`; bench/train_sentences.py makes them.
"""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib.resources import files

from analysis.change import TOPICS
from analysis.spelling import looks
from analysis.topics import matches, section_topics

# beside the topics: what it states, whether and how gravely it is worth telling, and for whom it is good news
ASPECTS = (
    *TOPICS,
    "practice",  # something is or may be done with data, content or AI
    "protection",  # a promise, a limit, a choice, a right
    "conduct",  # a duty of readers
    "worth",  # telling at all
    "medium",  # at least
    "high",
    "expands",
    "limits",
    "clarifies",
)
BIAS = "bias"
_TOKEN = re.compile(r"[^\W\d_]+|\d+|[%$€£]")
_LONG = 40  # words from which on a sentence is just long
_LABEL = 5  # words up to which it is rather a label
_HUNDREDTHS = 100
_FAR = 30.0

Chances = Mapping[str, float]
Words = dict[str, tuple[int, ...]]  # weights of signs in hundredths, so that sums are exact on any machine


@lru_cache(maxsize=4096)
def says(text: str, language: str | None, kind: str, heading: tuple[str, ...]) -> Chances:
    """The chance of each of `ASPECTS` for a sentence in a document of a kind (see signs.py), under these headings."""
    weights = _weights()
    rows = [weights[sign] for sign in signs_of(text, language, kind, heading) if sign in weights]
    sums = (sum(column) / _HUNDREDTHS for column in zip(weights[BIAS], *rows, strict=True))
    return {
        aspect: 1 / (1 + math.exp(-max(-_FAR, min(_FAR, total)))) for aspect, total in zip(ASPECTS, sums, strict=True)
    }


def signs_of(text: str, language: str | None, kind: str, heading: tuple[str, ...]) -> tuple[str, ...]:
    """The signs of a sentence: words, pairs of words, phrases, topics of its headings; each once, in a fixed order."""
    tokens = [_plain(found.group().casefold()) for found in _TOKEN.finditer(text)]
    found = dict.fromkeys(token for token in tokens if token not in looks().words.empty)
    found |= dict.fromkeys(f"{first} {second}" for first, second in itertools.pairwise(tokens))
    found |= dict.fromkeys(f"{match.topic}:{match.tier}" for match in matches(text, language))
    found |= dict.fromkeys(f"{topic}:heading" for topic in sorted(section_topics(heading, language)))
    found[f"kind:{kind}"] = None
    if len(tokens) <= _LABEL:
        found["size:label"] = None
    if len(tokens) >= _LONG:
        found["size:long"] = None
    return tuple(found)


def _plain(token: str) -> str:
    if token.isdigit():
        return "#"
    return token[:-1] if len(token) > 4 and token.endswith("s") and not token.endswith("ss") else token


@cache
def _weights() -> Words:
    """A tuple of weights, in the order of `ASPECTS`, for each sign and the bias."""
    return read((files("analysis") / "weights" / "sentences.csv").read_text("utf-8").splitlines())


def read(lines: Iterable[str]) -> Words:
    """The weights of a file: a line a sign, a column an aspect; an empty cell is nought."""
    rows = csv.reader(lines)
    if next(rows) != ["sign", *ASPECTS]:
        raise ValueError("the columns of weights/sentences.csv are not the aspects that a sentence is asked for")
    return {row[0]: tuple(int(cell or 0) for cell in row[1:]) for row in rows}
