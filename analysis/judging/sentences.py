"""What a sentence says by the words it is made of, as chances; learnt from sentences that were labelled one by one.

Phrases (topics.py) name what lawyers would write down; here every word weighs a little, so that a sentence counts that
no phrase foresaw. The weights are in `weights/sentences.csv`; bench/train_sentences.py makes them.
"""

from __future__ import annotations

import itertools
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files

from analysis.change import TOPICS
from analysis.judging.weighing import chance_of
from analysis.text.looks import looks
from analysis.text.topics import matches, section_topics, without_end

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
_WORD = re.compile(r"\w+|[%$€£]")
_TOKEN = re.compile(r"[^\W\d_]+|\d+|[%$€£]")  # what a word is made of: "b2b" of three
_LONG = 40  # words from which on a sentence is just long
_LABEL = 5  # words up to which it is rather a label
_HUNDREDTHS = 100  # of which the weights are whole numbers

Chances = Mapping[str, float]
_Sign = str | tuple[str, ...]  # two words in a row are a tuple, for to join them takes longer than all else
_BITS = 32  # of a row's number for each aspect, far more than any sum of weights needs
_LIFT = sum(1 << (_BITS * place + _BITS - 1) for place in range(len(ASPECTS)))  # makes each part of a sum positive
_PARTS = struct.Struct(f"<{len(ASPECTS)}i")


class Weights:
    """The weights of signs, a line each: the sign and, in hundredths, how much it weighs for each of `ASPECTS`.

    A row is one large number with a weight in each 32 bits, so that a sentence's rows are added by one addition each,
    exactly on any machine; it is read when its sign is first met. An empty cell is nought.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        first, *rest = lines
        if first.split(",") != ["sign", *ASPECTS]:
            raise ValueError("the columns of weights/sentences.csv are not the aspects that a sentence is asked for")
        self._lines = {_sign(sign): cells for sign, cells in (line.split(",", 1) for line in rest)}
        self._row = cache(self._read)
        self._bias = self._row(BIAS)

    def together(self, signs: Iterable[_Sign]) -> int:
        """The row that these signs make together, each once."""
        return sum(map(self._row, self._lines.keys() & signs))

    def sums(self, *rows: int) -> tuple[int, ...]:
        """What rows weigh together with the bias, for each aspect."""
        lifted = sum(rows, self._bias + _LIFT)
        return _PARTS.unpack((lifted ^ _LIFT).to_bytes(_PARTS.size, "little"))  # to turn the highest bits is to lower

    def _read(self, sign: _Sign) -> int:
        cells = self._lines[sign].split(",")
        return sum(int(cell or 0) << (_BITS * place) for place, cell in enumerate(cells))


def _sign(written: str) -> _Sign:
    return tuple(written.split(" ")) if " " in written else written


@lru_cache(maxsize=4096)
def says(text: str, language: str | None, kind: str, heading: tuple[str, ...]) -> Chances:
    """The chance of each of `ASPECTS` for a sentence in a document of a kind (see kinds.py), under these headings."""
    sums = _weights().sums(_words_row(without_end(text), language), _place_row(language, kind, heading[-1:]))
    return dict(zip(ASPECTS, map(_chance, sums), strict=True))


@lru_cache(maxsize=4096)
def _words_row(text: str, language: str | None) -> int:
    return _weights().together(_signs_of_words(text, language))


@lru_cache(maxsize=1024)
def _place_row(language: str | None, kind: str, title: tuple[str, ...]) -> int:
    return _weights().together(_signs_of_place(language, kind, title))


@lru_cache(maxsize=8192)
def _chance(hundredths: int) -> float:
    return chance_of(hundredths / _HUNDREDTHS)


def signs_of(text: str, language: str | None, kind: str, heading: tuple[str, ...]) -> tuple[str, ...]:
    """The signs of a sentence: words, pairs of words, phrases, topics of its own title; each once, in a fixed order."""
    signs = (*_signs_of_words(text, language), *_signs_of_place(language, kind, heading[-1:]))
    return tuple(dict.fromkeys(sign if isinstance(sign, str) else " ".join(sign) for sign in signs))


def _signs_of_words(text: str, language: str | None) -> Iterator[_Sign]:
    tokens = list(itertools.chain.from_iterable(map(_plain, _WORD.findall(text))))
    return itertools.chain(
        itertools.filterfalse(looks().words.empty.__contains__, tokens),
        itertools.pairwise(tokens),
        (f"{match.topic}:{match.tier}" for match in matches(text, language)),
        ("size:label",) if len(tokens) <= _LABEL else ("size:long",) if len(tokens) >= _LONG else (),
    )


def _signs_of_place(language: str | None, kind: str, title: tuple[str, ...]) -> Iterable[str]:
    return (*(f"{topic}:heading" for topic in sorted(section_topics(title, language))), f"kind:{kind}")


@lru_cache(maxsize=16384)
def _plain(word: str) -> tuple[str, ...]:
    return tuple(map(_plain_token, _TOKEN.findall(word)))


def _plain_token(token: str) -> str:
    token = token.casefold()
    if token.isdigit():
        return "#"
    return token[:-1] if len(token) > 4 and token.endswith("s") and not token.endswith("ss") else token


@cache
def _weights() -> Weights:
    return Weights((files("analysis") / "weights" / "sentences.csv").read_text("utf-8").splitlines())
