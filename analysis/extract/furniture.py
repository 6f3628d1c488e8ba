"""Which elements are page furniture: menus, footers, bars, consent dialogs; docs/reading.md has the rules.

Consent dialogs of known managers are known by their names, others by their buttons.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from itertools import islice, pairwise, takewhile
from typing import Any, NamedTuple

from analysis.extract.html_lines import MarkupLine, is_block
from analysis.extract.html_tree import Element
from analysis.text.lexicon import LANGUAGES, matches
from analysis.text.phrases import kinds_of, pattern

_WHOLE_PAGE = frozenset(("html", "body", "main"))  # never furniture
_CONTENT = frozenset(("main", "article"))
_NAVIGATION_ROLES = frozenset(
    ("navigation", "menu", "menubar", "toolbar", "search", "tooltip")
)
_LIVE_ROLES = frozenset(("alert", "status", "log", "timer"))
_DIALOG = 1500  # characters
_MESSAGE = 400  # characters
_FEW = 4  # sentences
_TEXT = 0.8  # of the sentences
# what people decide about in a policy, and no manager of cookies asks
_BEYOND_COOKIES = frozenset(
    (
        "ai_training",
        "ai_features",
        "automated_decisions",
        "retention",
        "transfer",
        "sensitive_minors",
        "security",
    )
)


def mark_furniture(
    elements: list[Element], lines: list[MarkupLine], *, is_first: bool
) -> None:
    """Give the elements that are furniture their reason, and all below them. They must have been measured."""
    mark_consent_managers(elements)
    top = elements[0]
    for element in elements[1:]:
        _inherit(element)
        if not (
            element.reason
            or element.is_declaration
            or element.tag in _WHOLE_PAGE
            or not element.chars
        ):
            element.reason = _by_tag(element, share_of(element, top))
    _mark_consent_dialogs(elements, lines, is_first=is_first)
    for element in elements[1:]:
        _inherit(element)


def _inherit(element: Element) -> None:
    if element.reason is None and element.parent is not None:
        element.reason = element.parent.reason


def share_of(element: Element, top: Element) -> float:
    """Of the page's sentences."""
    return element.prose / top.prose if top.prose else 0.0


def _by_tag(element: Element, share: float) -> str | None:
    """What its tag and role say, unless it holds too much of the page's sentences."""
    tag, role = element.tag, element.role
    in_content = any(
        holder.tag in _CONTENT or holder.role == "main"
        for holder in islice(element.upwards(), 1, None)
    )
    if tag == "nav" or role in _NAVIGATION_ROLES:
        return "navigation" if share < 0.3 else None
    if tag == "footer" or role == "contentinfo":
        of_article = in_content and element.sentences > 2
        return "page footer" if share < 0.5 and not of_article else None
    if tag == "header" or role == "banner":
        of_page = not in_content and not element.titled and element.link_chars
        return "page header" if share < 0.3 and of_page else None
    if tag == "aside" or role == "complementary":
        is_callout = element.link_chars < 0.3 * element.chars
        return "sidebar" if share < 0.3 and not is_callout else None
    if element.get("aria-live") in ("polite", "assertive") or role in _LIVE_ROLES:
        return "message" if share < 0.1 and not element.titled else None
    if element.is_dialog:
        return "dialog" if share < 0.3 and not _is_of_policy(element) else None
    return None


def _is_of_policy(dialog: Element) -> bool:
    """Whether it explains something of the document ("What we mean by personal data"); one that names cookies asks."""
    text = dialog.spaced_words()
    if not dialog.sentences or pattern("furniture", "cookies").search(text):
        return False
    return bool(kinds_of(text) or _topics(text))


def _topics(text: str) -> set[str]:
    """That it is surely about, in any language: dialogs speak the visitor's."""
    return {
        match.topic
        for language in LANGUAGES
        for match in matches(text, language)
        if match.tier == "decides"
    }


def says_more_than_dialogs(text: str) -> bool:
    return not _topics(text).isdisjoint(_BEYOND_COOKIES)


class _Containers(NamedTuple):
    """As consent managers write them."""

    ids: frozenset[str]
    classes: frozenset[str]
    tags: frozenset[str]
    id_prefixes: tuple[str, ...]

    def hold(self, element: Element) -> bool:
        if not element.has_name:
            return False
        id_ = element.get("id")
        known = (
            id_ in self.ids
            or id_.startswith(self.id_prefixes)
            or element.tag in self.tags
        )
        return known or not self.classes.isdisjoint(element.get("class").split())


@cache
def _consent_managers() -> tuple[_Containers, _Containers]:
    """Of their dialogs, and of the tables that they put into a cookie policy."""
    file = tomllib.loads(
        resources.files(__package__)
        .joinpath("consent_managers.toml")
        .read_text("utf-8")
    )
    return _containers(file), _containers(file["declarations"])


def _containers(table: Mapping[str, Any]) -> _Containers:
    ids, classes, tags = (
        frozenset(table.get(name, ())) for name in ("ids", "classes", "tags")
    )
    return _Containers(ids, classes, tags, tuple(table.get("id_prefixes", ())))


def mark_consent_managers(elements: list[Element]) -> None:
    """Wherever they stand and however much they say; their tables in a cookie policy are its text."""
    dialogs, tables = _consent_managers()
    for element in elements[1:]:
        parent = element.parent
        assert parent is not None
        element.is_declaration = parent.is_declaration or tables.hold(element)
        is_policy = element.is_declaration or (
            element.titled and share_of(element, elements[0]) > 0.5
        )
        element.reason = parent.reason or (
            "cookie dialog" if dialogs.hold(element) and not is_policy else None
        )


def _mark_consent_dialogs(
    elements: list[Element], lines: list[MarkupLine], *, is_first: bool
) -> None:
    """Whatever their markup: what names cookies and has a button to accept or refuse, and another or few sentences. A
    link in a paragraph is no such button.

    A section of the policy with "[Opt out] [Learn more]" is none: it is of the kind of its siblings, or says more than
    dialogs do. In a first text, nothing is one that stands under a title between sentences of the policy, for managers
    put theirs at an end of the page; in later ones memory tells what is new there.
    """
    top = elements[0]
    decide = pattern("furniture", "consent", whole=True)
    choose = pattern("furniture", "choices", whole=True)
    mentions = pattern("furniture", "cookies")
    prose = [line for line in lines if line.is_prose]
    sentences = {line.element for line in prose}
    labels: dict[Element, set[str]] = {}
    dialogs: dict[Element, list[Element]] = {}  # with the buttons that decide
    for element in elements:
        if element.is_button or (
            element.tag == "a" and _block(element) not in sentences
        ):
            label = element.words(60).lower()
            decides = bool(decide.fullmatch(label))
            if label and (decides or choose.fullmatch(label)):
                for holder in _small_holders(element, top):
                    labels.setdefault(holder, set()).add(label)
                    if decides:
                        dialogs.setdefault(holder, []).append(element)
    undoubted = [
        line for line in prose if dialogs.keys().isdisjoint(line.element.upwards())
    ]
    text = smallest_with(elements, undoubted, _TEXT)
    policy = [
        line.element.order for line in undoubted if line.element.is_within(text)
    ]
    titles = _titles_above(lines)
    for holder, buttons in dialogs.items():  # nearer to a button first
        if (
            not holder.sentences
            or holder.titled
            or holder.is_declaration
            or all(button.is_left_out for button in buttons)  # of a box within
            or not mentions.search(holder.words(_DIALOG))
        ):
            continue
        amid = bool(policy) and policy[0] < holder.order < policy[-1]
        if (
            (is_first and amid and holder in titles)
            or (holder.is_within(text) and _is_section(holder, text))
            or says_more_than_dialogs(
                f"{titles.get(holder, '')} {holder.spaced_words()}"
            )
        ):
            continue
        is_small = share_of(holder, top) < 0.15 or holder.chars < _MESSAGE
        if len(labels[holder]) > 1 or (holder.sentences <= _FEW and is_small):
            holder.reason = "cookie dialog"


def _titles_above(lines: list[MarkupLine]) -> dict[Element, str]:
    """Of elements with a title of their own, at their start or straight above it."""
    titles: dict[Element, str] = {}
    for title, line in pairwise(lines):
        if title.kind == "heading" and line.kind != "heading":
            above = {*title.element.upwards()}
            for holder in line.element.upwards():
                titles[holder] = title.text
                if holder in above:
                    break
    return titles


def _is_section(element: Element, text: Element) -> bool:
    """It stands in an element of the kind of its siblings with sentences."""
    within = takewhile(lambda each: each is not text, element.upwards())
    return any(
        sibling.prose and is_same_kind(holder, sibling)
        for holder in within
        for sibling in siblings_of(holder)
    )


def siblings_of(element: Element) -> list[Element]:
    children = element.parent.children if element.parent is not None else ()
    return [
        child
        for child in children
        if isinstance(child, Element) and child is not element
    ]


def is_same_kind(element: Element, other: Element) -> bool:
    """By tag and meaningful classes."""
    return (
        element.tag == other.tag
        and element.get("class") == other.get("class")
        and (
            bool(element.get("class"))
            or element.tag in ("section", "article", "details")
        )
    )


def smallest_with(
    elements: list[Element], lines: Iterable[MarkupLine], share: float
) -> Element:
    """With this share of the characters of some lines."""
    weights: dict[Element, int] = {}
    for line in lines:
        weights[line.element] = weights.get(line.element, 0) + len(line.text)
    for element in reversed(elements):
        weight = weights.get(element)
        if weight and element.parent is not None:
            weights[element.parent] = weights.get(element.parent, 0) + weight
    holder = elements[0]
    enough = share * weights.get(holder, 0)
    while enough:
        inner = (child for child in holder.children if isinstance(child, Element))
        smaller = next(
            (child for child in inner if weights.get(child, 0) >= enough), None
        )
        if smaller is None:
            break
        holder = smaller
    return holder


def _small_holders(element: Element, top: Element) -> list[Element]:
    """Small enough to be a dialog: beside the page, or by itself where the page is short too."""

    def is_small(holder: Element) -> bool:
        share = share_of(holder, top)
        may_be = holder.chars < _DIALOG or holder.is_dialog
        return holder.tag not in _WHOLE_PAGE and (
            share <= 0.3 or (share <= 0.7 and may_be)
        )

    return list(islice(takewhile(is_small, element.upwards()), 10))


def _block(element: Element) -> Element:
    while element.parent is not None and not is_block(element):
        element = element.parent
    return element
