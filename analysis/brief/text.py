"""The sentences that a change touches: their words, which of them it put in or took away, and what leads to them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from analysis.blocks import CELL, Block, Link, Page
from analysis.change import SEVERITIES, Direction, Passage, Severity, Side
from analysis.diff.tables import titles_by_row
from analysis.text.normal import TICKED, TICKS
from analysis.text.sentence_ends import sentence_bounds
from analysis.text.words import Columns, edits, in_columns, without_islands

_WORD = re.compile(rf"[^\W_]+|{TICKED.pattern}")
_WORD_OF_NO_ROW = re.compile(r"[^\W_]+")  # the same in two thirds of the time, for a tick is a word in a row alone
_PLAIN_WORD = re.compile(r"\w+")  # the same in half of that, as most texts have no "_"
_ADDRESS = re.compile(r"https?://[^\s|<>()\"”»]+|www\.[^\s|<>()\"”»]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBERED = re.compile(r"\(?\w{1,3}\)\s")  # as the parts of a long sentence are
_NUMBER = re.compile(r"(?:\d+(?:\.\d+)+\.?|\(?\w{1,3}[.)])\s")  # of a paragraph that is an item: "7.1.2", "(b)"
_FIRST_NUMBER = re.compile(r":?\s+\(?(?:a|i|1)\)\s")
_CLOSED_BY = {"“": "”", "«": "»", "„": "“", '"': '"'}
_NAME_LONGEST = 9  # words between quotation marks; more are a sentence
_LEAD_WORDS = 60  # the last ones of the paragraph that a list hangs on
_MOST = 100  # sentences that are read; a rewrite has thousands
_SHORTEST_KEPT = 5  # spaces in a sentence that is the same one where both texts have it


class Word(NamedTuple):
    """A word of a sentence: where it stands in the passage's text, and `gap`, the marks between it and the word before.

    `text` is in small letters.
    """

    start: int
    end: int
    text: str
    gap: str
    capital: bool
    changed: bool


@dataclass(slots=True)
class Sentence:
    """A sentence, cell or item in which the change removed or added words.

    `before` sentences are those of the earlier text; `place` is the number of their passage. `lead` is what an item or
    a cell hangs on: the paragraph before a list, the head of a column; with the innermost heading it tells what a bare
    list of nouns is a list of. `told`: its passage or its lead has a topic, or nothing of the change has one. `names`
    are the words between quotation marks (first word, word after the last), as of a setting. `cues`, `long_names` and
    `lines`, the words that begin a line of a cell, are found later (phrases.py, names.py).
    """

    text: str
    side: Side
    words: tuple[Word, ...]
    order: int
    of: int
    place: int
    heading: str = ""
    lead: str = ""
    hangs_on: str = ""
    whole: bool = False
    item: bool = False
    links: tuple[Link, ...] = ()
    touched: bool = True
    severity: Severity = "none"  # of its passage, as is its direction
    direction: Direction = "none"
    told: bool = True
    names: tuple[tuple[int, int], ...] = ()
    cues: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    long_names: tuple[tuple[int, int], ...] = ()
    lines: frozenset[int] = frozenset()

    def where(self, *cues: str) -> set[int]:
        """The first words of the phrases that give any of these cues."""
        return {first for cue in cues for first, _ in self.cues.get(cue, ())}

    def ends(self, *cues: str) -> set[int]:
        """The words behind these phrases."""
        return {last for cue in cues for _, last in self.cues.get(cue, ())}

    @property
    def key(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def said(self) -> str:
        return self.quote(0, len(self.words))

    def quote(self, first: int, last: int) -> str:
        """The page's own words from word `first` up to and without word `last`."""
        return self.text[self.words[first].start : self.words[last - 1].end]


def word_in(text: str) -> re.Pattern[str]:
    """What a word of a text is to the brief."""
    if CELL in text:
        return _WORD
    return _WORD_OF_NO_ROW if "_" in text else _PLAIN_WORD


def words_of(
    text: str, start: int = 0, end: int | None = None, changed: Sequence[tuple[int, int]] = ()
) -> tuple[Word, ...]:
    found: list[Word] = []
    position = start
    spans = iter(changed)
    span = next(spans, None)
    for match in word_in(text).finditer(text, start, len(text) if end is None else end):
        first, last = match.span()
        while span is not None and span[1] <= first:
            span = next(spans, None)
        hit = span is not None and span[0] < last
        word = match.group()
        found.append(Word(first, last, word.lower(), text[position:first], word[0].isupper(), hit))
        position = last
    return tuple(found)


def has_address(text: str) -> bool:
    return any(addresses(text))


def addresses(text: str, start: int = 0, end: int | None = None) -> Iterator[re.Match[str]]:
    """Those of the web and of mail, between two offsets."""
    if "//" in text or "www." in text or "@" in text:  # no address is without one of them
        yield from _ADDRESS.finditer(text, start, len(text) if end is None else end)


def named(text: str, words: Sequence[Word]) -> tuple[tuple[int, int], ...]:
    """The short stretches of words between quotation marks."""
    found: list[tuple[int, int]] = []
    opened: tuple[int, str] | None = None
    for at in range(len(words) + 1):
        for mark in words[at].gap if at < len(words) else text[words[-1].end : words[-1].end + 2]:
            if opened and mark == opened[1]:
                if 0 < at - opened[0] <= _NAME_LONGEST:
                    found.append((opened[0], at))
                opened = None
            elif mark in _CLOSED_BY and not opened:
                opened = at, _CLOSED_BY[mark]
    return tuple(found)


def changed_spans(before: str | None, after: str | None) -> dict[Side, list[tuple[int, int]]]:
    """Character ranges of the later text that the change put in, and of the earlier text that it took away."""
    spans: dict[Side, list[tuple[int, int]]] = {"before": [], "after": []}
    if before is None or after is None:
        for side, text in _sides(after=after, before=before):
            spans[side] = [(0, len(text))] if text else []
        return spans
    b, a = in_columns(before), in_columns(after)
    for run in without_islands(edits(b.texts, a.texts)):
        if not run.same:
            spans["before"] += _span(b, run.b0, run.b1)
            spans["after"] += _span(a, run.a0, run.a1)
    return spans


def _span(words: Columns, first: int, last: int) -> Iterator[tuple[int, int]]:
    if any(_WORD_OF_NO_ROW.search(text) or text in TICKS for text in words.texts[first:last]):
        yield words.starts[first], words.ends[last - 1]


def _sides(*, after: str | None, before: str | None) -> tuple[tuple[Side, str | None], tuple[Side, str | None]]:
    return ("after", after), ("before", before)


class _Context:
    """Where a passage's block stands on its page: its lead-in, its column heads, its links."""

    def __init__(self, page: Page) -> None:
        self.blocks = page.blocks
        self.index: dict[str, int] = {}
        for number, block in enumerate(page.blocks):
            self.index.setdefault(block.text, number)

    def block(self, text: str) -> int | None:
        return self.index.get(text)

    def lead(self, number: int) -> str:
        kind = self.blocks[number].kind
        if kind == "row":
            return ""
        previous = number - 1
        while previous >= 0 and kind == "item" and self.blocks[previous].kind == "item":
            previous -= 1
        if previous < 0 or self.blocks[previous].kind in ("heading", "row"):
            return ""
        text = self.blocks[previous].text
        if kind == "item" or text.endswith(":"):
            return text
        return ""

    def hangs_on(self, number: int) -> str:
        """What an item goes on from, or a paragraph with a number, that is an item but for the list."""
        if self.blocks[number].kind in ("item", "row") or not self._is_numbered(number):
            return self.lead(number)
        above = number - 1
        while above >= 0 and self._is_numbered(above):
            above -= 1
        return self.lead(above + 1) if above >= 0 else ""

    def _is_numbered(self, number: int) -> bool:
        text = self.blocks[number].text
        return bool(_NUMBER.match(text)) and not text.endswith(":")

    def columns(self, number: int) -> list[str]:
        """The titles of the columns that a row stands under."""
        if self.blocks[number].kind != "row":
            return []
        row = self.blocks[number].text
        titles = self._titles.get(row)
        return titles.split(CELL) if titles and titles != row else []

    @cached_property
    def _titles(self) -> dict[str, str | None]:
        return titles_by_row(self.blocks)


def _hanging(text: str, lead: str) -> Iterator[tuple[int, int, str]]:
    """The bounds of each sentence, and what it hangs on."""
    above = lead[max((start for start, _ in sentence_bounds(lead)), default=0) :]
    opening = ""
    for start, end in sentence_bounds(text):
        numbered = _NUMBERED.match(text, start)
        if not numbered:
            first = _FIRST_NUMBER.search(text, start, end) if ")" in text else None
            opening = f"{text[start : first.start()]}:" if first else ""
        yield start, end, (numbered and opening) or above


def _text_sentences(
    text: str,
    side: Side,
    spans: Sequence[tuple[int, int]],
    passage: Passage,
    context: _Context,
    *,
    place: int,
    about: Collection[str],
) -> Iterator[Sentence]:
    number = context.block(text.split("\n", 1)[0])
    block: Block | None = context.blocks[number] if number is not None else None
    above = context.lead(number) if number is not None else ""
    lead = " ".join(above.split(" ")[-_LEAD_WORDS:])
    columns = context.columns(number) if number is not None else []
    for start, end, hangs_on in _hanging(text, context.hangs_on(number) if number is not None else ""):
        if side == "before" and not any(first < end and start < last for first, last in spans):
            continue
        words = words_of(text, start, end, spans)
        touched = any(word.changed for word in words)
        if not words or not (touched or side == "after"):
            continue
        if columns:
            column = text.count(CELL, 0, start)
            lead = hangs_on = columns[column] if column < len(columns) else ""
        yield Sentence(
            text=text,
            side=side,
            words=words,
            order=0,
            of=0,
            place=place,
            heading=passage.heading[-1] if passage.heading else "",
            lead=lead,
            hangs_on=hangs_on,
            whole=passage.before is None or passage.after is None,
            item=block is not None and block.kind in ("item", "row"),
            links=block.links if block is not None else (),
            touched=touched,
            severity=passage.severity,
            direction=passage.direction,
            told=bool(passage.topics) or not about or bool(lead and any(of.endswith(lead) for of in about)),
            names=named(text, words),
        )


def _gravest_first(passage: Passage) -> tuple[bool, int]:
    return not passage.topics, -SEVERITIES.index(passage.severity)


def touched_sentences(passages: Sequence[Passage], before: Page, after: Page) -> list[Sentence]:
    """The sentences of the passages, those of the later text first; of a large change `_MOST`, of the gravest places.

    A rewording's other sentences come too (not `touched`): they are the paragraph that the changed words are read in.
    Of the earlier text only those that lost words; none that stands in passages of both texts.
    """
    contexts: Mapping[Side, _Context] = {"before": _Context(before), "after": _Context(after)}
    found: dict[Side, dict[int, list[Sentence]]] = {"after": {}, "before": {}}
    left = _MOST
    about = [text for one in passages if one.topics for text in (one.after, one.before) if text]
    for place in sorted(range(len(passages)), key=lambda place: _gravest_first(passages[place])):
        passage = passages[place]
        if passage.operation == "moved" or left <= 0:
            continue
        spans = changed_spans(passage.before, passage.after)
        for side, text in _sides(after=passage.after, before=passage.before):
            if text is not None and spans[side]:
                sentences = _text_sentences(text, side, spans[side], passage, contexts[side], place=place, about=about)
                found[side][place] = list(sentences)
                left -= len(found[side][place])
    keyed = [(sentence.key, sentence) for side in found.values() for place in sorted(side) for sentence in side[place]]
    said = [{key for key, sentence in keyed if sentence.side == side} for side in found]
    both = {key for key in set.intersection(*said) if key.count(" ") >= _SHORTEST_KEPT}
    ordered = [sentence for key, sentence in keyed if key not in both]
    for order, sentence in enumerate(ordered):
        sentence.order, sentence.of = order, len(ordered)
    return ordered
