"""What differs between two readings of a page, and the selectors that would leave it out.

They are named, and never dropped by themselves: docs/decisions/0028 says why.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from analysis.extract.html_flow import lines_of
from analysis.extract.html_lines import Line
from analysis.extract.html_tree import Element, grow, parse
from analysis.model import TOPICS, Page, UnreadablePage
from analysis.text.lexicon import OwnTopic, matches, own_lexicon
from analysis.text.normal import fingerprint, steady
from analysis.text.words import Edit, edits, without_islands, word_texts, words
from analysis.validate.selectors import lasts
from messages import Message

_MUCH = 0.1  # of the words; what differs more is no small thing beside the text
_BLOCKS = 40  # of both pages
_MOST = 3  # selectors
_LABEL = 8  # words that stay in a line that is no sentence: "1,204 members online"
_BESIDE = 3  # words around those that differ, as they are shown; the same within an element of a sentence
_SHOWN = 60  # characters
_OF_INTEREST = frozenset((*TOPICS, "personal_data", "user_content"))


class Reading(NamedTuple):
    """A page as it was read; `without` reads it again, without what these selectors mean as well."""

    page: Page
    markup: str | None  # None of what is no HTML
    without: Callable[[Sequence[str]], Page]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first words that differ, with those beside them, and the selectors that leave out all that differ, if any."""

    part: int  # of a document with several addresses, from 0
    one: str
    other: str
    remove: tuple[str, ...]

    def said(self, code: str) -> Message:
        """A sentence with what stands in one and what in the other."""
        return Message(code, one=_quoted(self.one), other=_quoted(self.other))


def _quoted(text: str) -> Message:
    return Message("differing.words", text=text) if text else Message("differing.nothing")


def difference(pairs: Sequence[tuple[Reading, Reading]], own: tuple[OwnTopic, ...] = ()) -> Difference | None:
    """What differs between two readings of each part of a document; None where nothing does."""
    unlike = [(part, gaps) for part, both in enumerate(pairs) if (gaps := _gaps(both[0].page, both[1].page))]
    if not unlike:
        return None
    found: dict[str, None] = {}
    for part, gaps in unlike:
        named = _selectors(*pairs[part], gaps, own)
        found |= dict.fromkeys(named)
        if not named or len(found) > _MOST:
            found = {}
            break
    remove = tuple(found) if found and all(_keeps_the_rest(*both, [*found]) for both in pairs) else ()
    part, gaps = unlike[0]
    one, other = pairs[part]
    first = gaps[0]
    those = _text(one.page, first.b0, min(first.b0 + 1, first.b1))
    these = _text(other.page, first.a0, min(first.a0 + 1, first.a1))
    return Difference(part, *_first_words(those, these), remove)


def line_of(remove: Sequence[str]) -> str:
    """The line for the watchlist."""
    return f"remove = {json.dumps([*remove], ensure_ascii=False)}"


def one_place(pages: Sequence[Page]) -> tuple[str, str] | None:
    """What stands before and behind the one place at which each text differs from the one before; None where it is not
    one and the same."""
    places = set()
    for before, after in pairwise(pages):
        gaps = _gaps(before, after)
        if len(gaps) != 1:
            return None
        keys = ["", *_keys(before), ""]
        places.add((keys[gaps[0].b0], keys[gaps[0].b1 + 1]))
    return places.pop() if len(places) == 1 else None


def _keys(page: Page) -> list[str]:
    return [steady(block.text) for block in page.blocks]


def _gaps(one: Page, other: Page) -> list[Edit]:
    """The runs of blocks that differ."""
    return [run for run in edits(_keys(one), _keys(other)) if not run.same]


def _text(page: Page, start: int, end: int) -> str:
    return " ".join(block.text for block in page.blocks[start:end])


def _first_words(one: str, other: str) -> tuple[str, str]:
    ones, others = word_texts(one), word_texts(other)
    alike = zip(ones, others, strict=False)
    start = max(0, next((n for n, (a, b) in enumerate(alike) if a != b), min(len(ones), len(others))) - _BESIDE)
    near = slice(start, start + _SHOWN)  # not all of two pages that have nothing in common
    runs = without_islands(edits(ones[near], others[near]))
    run = next((run for run in runs if not run.same), Edit(False, 0, 0, 0, 0))
    return _around(one, start + run.b0, start + run.b1), _around(other, start + run.a0, start + run.a1)


def _around(text: str, first: int, last: int) -> str:
    """These words of a text with a few beside them, whole words, not too many, and no sign that steers a terminal."""
    those = words(text)[max(0, first - _BESIDE) : last + _BESIDE]
    if not those:
        return ""
    start, end = text.rfind(" ", 0, those[0].start) + 1, text.find(" ", those[-1].end)
    printable = "".join(sign if sign.isprintable() else " " for sign in text[start : end if end >= 0 else None])
    shown = " ".join(printable.split())
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN].rpartition(' ')[0] or shown[:_SHOWN]}…"


def _selectors(one: Reading, other: Reading, gaps: Sequence[Edit], own: tuple[OwnTopic, ...]) -> list[str]:
    """For all that differs between two readings of a page; none where it is much, of interest or without a name."""
    if sum(gap.b1 - gap.b0 + gap.a1 - gap.a0 for gap in gaps) > _BLOCKS:
        return []
    differing = 0
    for gap in gaps:
        blocks = [*one.page.blocks[gap.b0 : gap.b1], *other.page.blocks[gap.a0 : gap.a1]]
        if any(_is_of_interest(block.text, one.page.language, own) for block in blocks):
            return []
        those = Counter(word_texts(_text(one.page, gap.b0, gap.b1)))
        these = Counter(word_texts(_text(other.page, gap.a0, gap.a1)))
        differing += max((those - these).total(), (these - those).total())
    if differing > _MUCH * len(word_texts(_text(one.page, 0, len(one.page.blocks)))):
        return []
    turned = [Edit(gap.same, gap.a0, gap.a1, gap.b0, gap.b1) for gap in gaps]
    found: dict[str, None] = {}
    for mine, theirs, runs in ((one, other, [*gaps]), (other, one, turned)):
        named = _Naming(mine).selectors([(run, _text(theirs.page, run.a0, run.a1)) for run in runs if run.b1 > run.b0])
        if named is None:
            return []
        found |= dict.fromkeys(named)
    return [*found]


def _is_of_interest(text: str, language: str | None, own: tuple[OwnTopic, ...]) -> bool:
    """Whether it speaks of AI or data: words that nobody may be led to leave out, be it a day's roll-out."""
    if own and own_lexicon(own, language).matches(text):
        return True
    enough = ("decides", "words") if len(word_texts(text)) <= _LABEL else ("decides", "words", "suggests")
    return any(match.topic in _OF_INTEREST and match.tier in enough for match in matches(text, language))


def _keeps_the_rest(one: Reading, other: Reading, remove: Sequence[str]) -> bool:
    """Whether both say the same without these elements, and still all that both said."""
    try:
        left = [reading.without(remove) for reading in (one, other)]
    except UnreadablePage:
        return False
    if fingerprint(left[0].blocks) != fingerprint(left[1].blocks):
        return False
    keys = _keys(one.page)
    shared = Counter(keys)
    for gap in _gaps(one.page, other.page):
        shared -= Counter(keys[gap.b0 : gap.b1])
    return not shared - Counter(_keys(left[0]))


class _Naming:
    """The elements of one page that hold lines which differ, and nothing else, and what they can be called."""

    def __init__(self, reading: Reading) -> None:
        body = parse(reading.markup).body if reading.markup is not None else None
        self.elements = grow(body) if body is not None else []
        self.lines: dict[int, Line] = {}  # by the number of their block
        if self.elements:
            lines = lines_of(self.elements)
            for run in edits([steady(line.text) for line in lines], _keys(reading.page)):
                if run.same:
                    self.lines |= {run.a0 + n: lines[run.b0 + n] for n in range(run.b1 - run.b0)}
        self.restless: set[Line] = set()  # as a whole
        self.inner: set[Element] = set()  # elements within a line that hold what differs in it

    def selectors(self, differing: Sequence[tuple[Edit, str]]) -> list[str] | None:
        """None where one of the lines, each told with what stands in its place, has no name."""
        for run, instead in differing:
            for number in range(run.b0, run.b1):
                if number not in self.lines or not self._mark(self.lines[number], word_texts(instead)):
                    return None
        kept = {
            element for line in self.lines.values() if line not in self.restless for element in line.element.upwards()
        }
        alone = {element for line in self.restless for element in line.element.upwards()} - kept | self.inner
        targets = {line.element for line in self.restless} | self.inner
        named = [self._named(element, alone) for element in sorted(targets, key=lambda element: element.order)]
        found = [name for name in named if name is not None]
        return found if len(found) == len(named) else None

    def _mark(self, line: Line, instead: list[str]) -> bool:
        """Whether the line differs as a whole, or an element within it does."""
        mine = word_texts(line.text)
        runs = [mine[run.b0 : run.b1] for run in without_islands(edits(mine, instead)) if not run.same]
        stay = len(mine) - sum(map(len, runs))
        if 2 * stay <= len(mine) or (stay <= _LABEL and not line.is_prose):
            self.restless.add(line)
            return True
        for those in filter(None, runs):
            inner = _innermost(line.element, Counter(those))
            if len(word_texts(inner.words(len(line.text)))) > len(those) + _BESIDE or inner is line.element:
                return False
            self.inner.add(inner)
        return True

    def _named(self, element: Element, alone: set[Element]) -> str | None:
        """By the smallest element around it that has a name and holds nothing else; else by tag within a named one."""
        above = [*element.upwards()]
        for one in above:
            if one not in alone:
                break
            for name in _names(one):
                if self._meant(name) <= alone:
                    return name
        for outer in above[1:]:
            for name in _names(outer):
                meant = {one for one in self.elements if one.tag == element.tag and outer in [*one.upwards()][1:]}
                if len(self._meant(name)) == 1 and meant <= alone and self._is_small(outer):
                    return f"{name} {element.tag}"
        return None

    def _meant(self, name: str) -> set[Element]:
        return {element for element in self.elements if name in _names(element)}

    def _is_small(self, element: Element) -> bool:
        """So that another element with that tag, some day, is unlikely to be one of the policy's."""
        held = [line for line in self.lines.values() if element in line.element.upwards()]
        return sum(len(line.text) for line in held) <= _MUCH * sum(len(line.text) for line in self.lines.values())


def _names(element: Element) -> list[str]:
    """What a person called it: by id, class or a tag of the page's own."""
    ids = [f"#{element.get('id')}"] if lasts(element.get("id")) else []
    tags = [element.tag] if "-" in element.tag and lasts(element.tag) else []
    return [*ids, *(f".{name}" for name in element.get("class").split() if lasts(name)), *tags]


def _innermost(element: Element, those: Counter[str]) -> Element:
    """The smallest element within that holds all of these words."""
    for child in element.children:
        if isinstance(child, Element) and not those - Counter(word_texts(child.words(10**6))):
            return _innermost(child, those)
    return element
