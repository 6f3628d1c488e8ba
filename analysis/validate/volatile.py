"""What differs between two answers of one page, and selectors that remove it: suggestions only (docs/decisions/0028)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from analysis.extract.html_flow import lines_of
from analysis.extract.html_lines import MarkupLine
from analysis.extract.html_tree import Element, grow, is_stable_name, parse
from analysis.model import Page, UnreadablePage
from analysis.text.lexicon import OwnTopic, matches, own_lexicon
from analysis.text.normal import fingerprint, normalize_stable
from analysis.text.words import Edit, edits, without_islands, word_texts, words
from foundation.vocabulary import TOPICS
from messages import Message

_MUCH = 0.1  # of the words; more is not small
_MOST_BLOCKS = 40
_MOST_SELECTORS = 3
_LABEL = 8  # "1,204 members online"
_CONTEXT = 3  # around a difference; also within an inline element
_SHOWN = 60  # characters
_TOPICS = frozenset((*TOPICS, "personal_data", "user_content"))


class Reading(NamedTuple):
    """`without` extracts it again without these selectors' elements."""

    page: Page
    markup: str | None  # None if not HTML
    without: Callable[[Sequence[str]], Page]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first differing words, and selectors that remove all differences, if any."""

    part: int  # of a document's addresses, from 0
    first: str
    second: str
    remove: tuple[str, ...]

    def message(self, code: str) -> Message:
        return Message(code, one=_quoted(self.first), other=_quoted(self.second))


def _quoted(text: str) -> Message:
    return (
        Message("differing.words", text=text) if text else Message("differing.nothing")
    )


def find_difference(
    parts: Sequence[tuple[Reading, Reading]], own: tuple[OwnTopic, ...] = ()
) -> Difference | None:
    """None where nothing differs."""
    gaps = {
        part: _gaps(first.page, second.page)
        for part, (first, second) in enumerate(parts)
    }
    if not any(gaps.values()):
        return None
    suggestions = [
        _suggestions(*parts[part], runs, own) for part, runs in gaps.items() if runs
    ]
    selectors = list(
        dict.fromkeys(selector for each in suggestions for selector in each)
    )
    usable = all(suggestions) and len(selectors) <= _MOST_SELECTORS
    remove = (
        selectors
        if usable and all(_keeps_the_rest(*readings, selectors) for readings in parts)
        else ()
    )
    part, run = next((part, runs[0]) for part, runs in gaps.items() if runs)
    first, second = parts[part]
    before = _text(first.page, run.b0, min(run.b0 + 1, run.b1))
    after = _text(second.page, run.a0, min(run.a0 + 1, run.a1))
    return Difference(part, *_first_words(before, after), tuple(remove))


def remove_line(selectors: Sequence[str]) -> str:
    return f"remove = {json.dumps([*selectors], ensure_ascii=False)}"


def single_place(pages: Sequence[Page]) -> tuple[str, str] | None:
    """None if there are several."""
    places = set()
    for before, after in pairwise(pages):
        gaps = _gaps(before, after)
        if len(gaps) != 1:
            return None
        keys = ["", *_keys(before), ""]
        places.add((keys[gaps[0].b0], keys[gaps[0].b1 + 1]))
    return places.pop() if len(places) == 1 else None


def _keys(page: Page) -> list[str]:
    return [normalize_stable(block.text) for block in page.blocks]


def _gaps(first: Page, second: Page) -> list[Edit]:
    return [run for run in edits(_keys(first), _keys(second)) if not run.same]


def _text(page: Page, start: int, end: int) -> str:
    return " ".join(block.text for block in page.blocks[start:end])


def _first_words(before: str, after: str) -> tuple[str, str]:
    b, a = word_texts(before), word_texts(after)
    alike = zip(b, a, strict=False)
    start = max(
        0,
        next((n for n, (x, y) in enumerate(alike) if x != y), min(len(b), len(a)))
        - _CONTEXT,
    )
    near = slice(start, start + _SHOWN)  # not all of two unrelated pages
    runs = without_islands(edits(b[near], a[near]))
    run = next((run for run in runs if not run.same), Edit(False, 0, 0, 0, 0))
    return _in_context(before, start + run.b0, start + run.b1), _in_context(
        after, start + run.a0, start + run.a1
    )


def _in_context(text: str, first: int, last: int) -> str:
    """A few whole words around, without control characters."""
    near = words(text)[max(0, first - _CONTEXT) : last + _CONTEXT]
    if not near:
        return ""
    start, end = text.rfind(" ", 0, near[0].start) + 1, text.find(" ", near[-1].end)
    printable = "".join(
        sign if sign.isprintable() else " "
        for sign in text[start : end if end >= 0 else None]
    )
    shown = " ".join(printable.split())
    return (
        shown
        if len(shown) <= _SHOWN
        else f"{shown[:_SHOWN].rpartition(' ')[0] or shown[:_SHOWN]}…"
    )


def _suggestions(
    first: Reading, second: Reading, gaps: Sequence[Edit], own: tuple[OwnTopic, ...]
) -> list[str]:
    """None for large, relevant or unnamed differences."""
    if sum(gap.b1 - gap.b0 + gap.a1 - gap.a0 for gap in gaps) > _MOST_BLOCKS:
        return []
    differing = 0
    for gap in gaps:
        blocks = [
            *first.page.blocks[gap.b0 : gap.b1],
            *second.page.blocks[gap.a0 : gap.a1],
        ]
        if any(
            _is_of_interest(block.text, first.page.language, own) for block in blocks
        ):
            return []
        b = Counter(word_texts(_text(first.page, gap.b0, gap.b1)))
        a = Counter(word_texts(_text(second.page, gap.a0, gap.a1)))
        differing += max((b - a).total(), (a - b).total())
    if differing > _MUCH * len(
        word_texts(_text(first.page, 0, len(first.page.blocks)))
    ):
        return []
    there = [
        (range(gap.b0, gap.b1), _text(second.page, gap.a0, gap.a1)) for gap in gaps
    ]
    back = [(range(gap.a0, gap.a1), _text(first.page, gap.b0, gap.b1)) for gap in gaps]
    selectors = [_selectors(first, there), _selectors(second, back)]
    return (
        [selector for each in selectors for selector in each or ()]
        if None not in selectors
        else []
    )


def _is_of_interest(text: str, language: str | None, own: tuple[OwnTopic, ...]) -> bool:
    """Nobody may be led to remove it."""
    if own and own_lexicon(own, language).matches(text):
        return True
    tiers = (
        ("decides", "words")
        if len(word_texts(text)) <= _LABEL
        else ("decides", "words", "suggests")
    )
    return any(
        match.topic in _TOPICS and match.tier in tiers
        for match in matches(text, language)
    )


def _keeps_the_rest(first: Reading, second: Reading, remove: Sequence[str]) -> bool:
    """Equal without these elements, and nothing else lost."""
    try:
        left = [reading.without(remove) for reading in (first, second)]
    except UnreadablePage:
        return False
    if fingerprint(left[0].blocks) != fingerprint(left[1].blocks):
        return False
    keys = _keys(first.page)
    shared = Counter(keys)
    for gap in _gaps(first.page, second.page):
        shared -= Counter(keys[gap.b0 : gap.b1])
    return not shared - Counter(_keys(left[0]))


def _selectors(
    reading: Reading, differing: Sequence[tuple[range, str]]
) -> list[str] | None:
    """With exactly these blocks, each run with its replacement; None where one lacks a name."""
    body = parse(reading.markup).body if reading.markup is not None else None
    elements = grow(body) if body is not None else []
    lines = _lines_by_block(elements, reading.page) if elements else {}
    whole: set[MarkupLine] = set()
    inner: set[Element] = set()  # inline elements that hold the differences
    for number, instead in (
        (number, instead) for blocks, instead in differing for number in blocks
    ):
        volatile = (
            _volatile_elements(lines[number], word_texts(instead))
            if number in lines
            else None
        )
        if volatile is None:
            return None
        whole |= set() if volatile else {lines[number]}
        inner |= volatile
    others = {
        element
        for line in lines.values()
        if line not in whole
        for element in line.element.upwards()
    }
    alone = {
        element for line in whole for element in line.element.upwards()
    } - others | inner
    targets = sorted(
        {line.element for line in whole} | inner, key=lambda element: element.order
    )
    names = [_name(element, elements, alone, lines) for element in targets]
    return [name for name in names if name is not None] if None not in names else None


def _lines_by_block(elements: list[Element], page: Page) -> dict[int, MarkupLine]:
    lines = lines_of(elements)
    runs = edits([normalize_stable(line.text) for line in lines], _keys(page))
    return {
        run.a0 + n: lines[run.b0 + n]
        for run in runs
        if run.same
        for n in range(run.b1 - run.b0)
    }


def _volatile_elements(line: MarkupLine, instead: list[str]) -> set[Element] | None:
    """Empty if the line differs as a whole; None where no element holds them."""
    own = word_texts(line.text)
    runs = [
        own[run.b0 : run.b1]
        for run in without_islands(edits(own, instead))
        if not run.same
    ]
    stay = len(own) - sum(map(len, runs))
    if 2 * stay <= len(own) or (stay <= _LABEL and not line.is_prose):
        return set()
    inner = {_innermost(line.element, Counter(run)): len(run) for run in runs if run}
    narrow = all(
        len(word_texts(element.words(len(line.text)))) <= size + _CONTEXT
        for element, size in inner.items()
    )
    return set(inner) if inner and narrow and line.element not in inner else None


def _innermost(element: Element, texts: Counter[str]) -> Element:
    """The smallest element with all these words."""
    for child in element.children:
        if isinstance(child, Element) and not texts - Counter(
            word_texts(child.words(10**6))
        ):
            return _innermost(child, texts)
    return element


def _name(
    element: Element,
    elements: list[Element],
    alone: set[Element],
    lines: Mapping[int, MarkupLine],
) -> str | None:
    """The smallest named element with nothing else in it; else by tag within a named one."""
    above = [*element.upwards()]
    for holder in above:
        if holder not in alone:
            break
        for name in _names(holder):
            if _selected(name, elements) <= alone:
                return name
    for outer in above[1:]:
        siblings = {
            other
            for other in elements
            if other.tag == element.tag and outer in [*other.upwards()][1:]
        }
        for name in _names(outer):
            if (
                len(_selected(name, elements)) == 1
                and siblings <= alone
                and _is_small(outer, lines)
            ):
                return f"{name} {element.tag}"
    return None


def _selected(name: str, elements: list[Element]) -> set[Element]:
    return {element for element in elements if name in _names(element)}


def _is_small(element: Element, lines: Mapping[int, MarkupLine]) -> bool:
    """Other elements with that tag are unlikely to be the policy's."""
    sizes = {line: len(line.text) for line in lines.values()}
    return sum(
        size for line, size in sizes.items() if element in line.element.upwards()
    ) <= _MUCH * sum(sizes.values())


def _names(element: Element) -> list[str]:
    """Human names: id, class or custom tag."""
    ids = [f"#{element.get('id')}"] if is_stable_name(element.get("id")) else []
    tags = [element.tag] if "-" in element.tag and is_stable_name(element.tag) else []
    return [
        *ids,
        *(f".{name}" for name in element.get("class").split() if is_stable_name(name)),
        *tags,
    ]
