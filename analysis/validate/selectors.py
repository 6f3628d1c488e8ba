"""Where a document's text stands on a page now, as selectors that a person can put into the watchlist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from analysis.extract.html_flow import lines_of
from analysis.extract.html_page import read_html, without
from analysis.extract.html_tree import Element, grow, is_stable_name, parse
from analysis.model import Page, UnreadablePage
from analysis.validate.rejection import word_trigrams
from messages import Message

_SAME = 0.95  # of the text round it; an element with that much holds the same text
_LEAST = 0.5  # of the former text; less is no place of it
_MORE = 0.1  # of the former text, beyond what the selector finds by itself
_MOST = 3  # places
_WHOLE = 0.8  # of the former text
_IN_ITS_PLACE = 0.5  # new text for each piece of the former one that is gone
_FOREIGN = 1.1  # how much longer than the innermost element an outer one may be that is preferred for its name
_SEMANTIC = ("main", "article")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A selector, and what share of the former text one reads with it."""

    selector: str
    share: float


def suggest_selectors(
    text: str, before: Page | None, *, url: str = "", language: str | None = None, remove: Sequence[str] = ()
) -> list[Suggestion]:
    """The smallest elements of a page that hold the text of `before`, the fullest first; none where it is not there.

    Without `before`, the text is what the reader finds by itself.
    """
    try:
        tree = parse(text)
        if before is None:
            before = read_html(text, url=url, language=language, remove=remove)
    except UnreadablePage:
        return []
    without(tree, remove)
    if tree.body is None:
        return []
    elements = grow(tree.body)
    wanted = word_trigrams(before.blocks)
    weights: dict[Element, int] = {}
    for line in lines_of(elements):
        line.element.chars += len(line.text)
        weights[line.element] = weights.get(line.element, 0) + sum(
            count for run, count in word_trigrams([line]).items() if run in wanted
        )
    for element in reversed(elements):
        if element.parent is not None:
            element.parent.chars += element.chars
            weights[element.parent] = weights.get(element.parent, 0) + weights.get(element, 0)
    suggestions: list[Suggestion] = []
    for nested in _levels(elements[0], weights):
        selector = _named(nested, elements)
        try:
            page = read_html(text, url=url, language=language, select=[selector], remove=remove)
        except UnreadablePage:
            continue
        share = text_overlap(before, page)
        if share >= _LEAST and all(share < other.share for other in suggestions):
            suggestions.append(Suggestion(selector, share))
    return suggestions[:_MOST]


def is_kept_elsewhere(
    text: str, before: Page, page: Page, *, select: Sequence[str], remove: Sequence[str] = ()
) -> bool:
    """Whether the former text stands whole beside what is selected, which says something else in the place of what it
    no longer says: a page that keeps its earlier versions, not a selector that finds less."""
    try:
        beside = read_html(text, select=["body"], remove=[*remove, *select])
    except UnreadablePage:
        return False
    then, now = word_trigrams(before.blocks), word_trigrams(page.blocks)
    gone, new = (then - now).total(), (now - then).total()
    stayed = then.total() - gone
    return text_overlap(before, beside) >= _WHOLE and stayed >= _LEAST * then.total() and new >= _IN_ITS_PLACE * gone


def text_overlap(before: Page, page: Page) -> float:
    """What share of the former text stands in a page, by runs of three words."""
    then = word_trigrams(before.blocks)
    return (word_trigrams(page.blocks) & then).total() / max(1, then.total())


def better_suggestions(suggestions: Iterable[Suggestion], now: float = 0) -> list[Suggestion]:
    """Those that hold clearly more than the selector finds (`now`)."""
    return [suggestion for suggestion in suggestions if suggestion.share >= now + _MORE]


def with_suggestions(reason: Message, suggestions: Sequence[Suggestion]) -> Message:
    """The reason, and where the text stands now, if it is anywhere."""
    if not suggestions:
        return reason
    places = ", ".join(f"{suggestion.selector} ({suggestion.share:.0%})" for suggestion in suggestions)
    return Message("selector.elsewhere", reason=reason, places=places, first=suggestions[0].selector)


def _levels(top: Element, weights: dict[Element, int]) -> Iterator[list[Element]]:
    """From the whole page inwards: the elements, outermost first, that hold nearly the same of the text."""
    whole = weights.get(top, 0)
    nested = [top]
    while whole:
        inner = [child for child in nested[-1].children if isinstance(child, Element)]
        heaviest = max(inner, key=lambda child: weights.get(child, 0), default=None)
        weight = weights.get(heaviest, 0) if heaviest is not None else 0
        if heaviest is None or weight < _LEAST * whole:
            yield nested
            return
        if weight < _SAME * weights[nested[-1]]:
            yield nested
            nested = []
        nested.append(heaviest)


def _named(nested: Sequence[Element], elements: Sequence[Element]) -> str:
    """A selector that will last: by an id, what the tag says, a class that reads as a word; else the way to it."""
    near = [element for element in reversed(nested) if element.chars <= _FOREIGN * nested[-1].chars]
    tags = Counter(element.tag for element in elements)
    ids = Counter(element.get("id") for element in elements)
    classes = Counter(name for element in elements for name in set(element.get("class").split()))
    for element in near:
        if ids[element.get("id")] == 1 and is_stable_name(element.get("id")):
            return f"#{element.get('id')}"
    for element in near:
        if element.tag in _SEMANTIC and tags[element.tag] == 1:
            return element.tag
    for element in near:
        for name in element.get("class").split():
            if classes[name] == 1 and is_stable_name(name):
                return f".{name}"
    return _path(near[0], tags, ids)


def _path(element: Element, tags: Counter[str], ids: Counter[str]) -> str:
    steps: list[str] = []
    while element.parent is not None and element.tag != "body":
        if ids[element.get("id")] == 1 and is_stable_name(element.get("id")):
            return " > ".join([f"#{element.get('id')}", *reversed(steps)])
        if tags[element.tag] == 1:
            return " > ".join([element.tag, *reversed(steps)])
        same = [child for child in element.parent.children if isinstance(child, Element) and child.tag == element.tag]
        steps.append(element.tag if len(same) == 1 else f"{element.tag}:nth-of-type({same.index(element) + 1})")
        element = element.parent
    return " > ".join(["body", *reversed(steps)])
