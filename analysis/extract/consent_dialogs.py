"""Consent dialogs: of known managers by their names, of others by their role or their buttons."""

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
from analysis.text.phrases import pattern

WHOLE_PAGE = frozenset(("html", "body", "main"))  # never furniture
_DIALOG = 1500  # characters
_MESSAGE = 400  # characters
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


def share_of(element: Element, top: Element) -> float:
    """Of the page's sentences."""
    return element.prose / top.prose if top.prose else 0.0


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


def mark_consent_dialogs(
    elements: list[Element], lines: list[MarkupLine], *, is_first: bool
) -> None:
    """Whatever their markup: what has buttons that accept, refuse or set near a few sentences, and names cookies, or is
    a dialog by its role or by standing beside the text. A link in a paragraph is no such button, but behind the last
    sentence one that sends it away ("Got it") is.

    A section of the policy with "[Opt out] [Learn more]" is none: it is of the kind of its siblings, or says more than
    dialogs do. In a first text, nothing is one that stands under a title between sentences of the policy, for managers
    put theirs at an end of the page; in later ones memory tells what is new there.
    """
    top = elements[0]
    decide = pattern("furniture", "consent", whole=True)
    choose = pattern("furniture", "choices", whole=True)
    dismiss = pattern("furniture", "dismiss", whole=True)
    prose = [line for line in lines if line.is_prose]
    sentences = {line.element for line in prose}
    decisions: dict[Element, list[tuple[Element, str]]] = {}
    labels: dict[Element, list[tuple[Element, str]]] = {}
    for element in elements:
        if not element.is_button and element.tag != "a":
            continue
        label = element.words(60).lower()
        if (
            not element.is_button
            and _block(element) in sentences
            and not (dismiss.fullmatch(label) and _follows_sentence(element))
        ):
            continue
        decides = bool(label) and decide.fullmatch(label) is not None
        if not decides and not (label and choose.fullmatch(label)):
            continue
        for holder in small_holders(element, top):
            labels.setdefault(holder, []).append((element, label))
            if decides:
                decisions.setdefault(holder, []).append((element, label))
    undoubted = [
        line for line in prose if decisions.keys().isdisjoint(line.element.upwards())
    ]
    text = smallest_with(elements, undoubted, _TEXT)
    policy = [line.element.order for line in undoubted if line.element.is_within(text)]
    titles = _titles_above(lines)
    mentions = pattern("furniture", "cookies")
    for holder in decisions:  # nearer to a button
        if (
            not holder.sentences
            or holder.titled
            or holder.is_declaration
            or holder.is_left_out
        ):
            continue
        if all(button.is_left_out for button, _ in decisions[holder]):
            continue  # they are those of a box within
        amid = bool(policy) and policy[0] < holder.order < policy[-1]
        if not holder.is_dialog and (
            (is_first and amid and holder in titles)
            or (holder.is_within(text) and _is_section(holder, text))
            or says_more_than_dialogs(
                f"{titles.get(holder, '')} {holder.spaced_words()}"
            )
        ):
            continue
        share = share_of(holder, top)
        most = holder.chars if holder.is_dialog else _DIALOG
        cookies = (
            holder.chars <= most and mentions.search(holder.words(most)) is not None
        )
        beside = (
            share <= 0.3 and not holder.is_within(text) and not text.is_within(holder)
        )
        two = (
            len({label for button, label in labels[holder] if not button.is_left_out})
            >= 2
        )
        if (two and (cookies or holder.is_dialog or beside)) or (
            cookies
            and holder.sentences <= 4
            and (share < 0.15 or holder.chars < _MESSAGE)
        ):
            outermost(holder).reason = "cookie dialog"


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


def says_more_than_dialogs(text: str) -> bool:
    """In any language, for managers speak the visitor's."""
    return any(
        match.tier == "decides" and match.topic in _BEYOND_COOKIES
        for language in LANGUAGES
        for match in matches(text, language)
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


def small_holders(element: Element, top: Element) -> list[Element]:
    """Small enough to be a dialog: beside the page, or by itself where the page is short too."""

    def is_small(holder: Element) -> bool:
        share = share_of(holder, top)
        may_be = holder.chars < _DIALOG or holder.is_dialog
        return holder.tag not in WHOLE_PAGE and (
            share <= 0.3 or (share <= 0.7 and may_be)
        )

    return list(islice(takewhile(is_small, element.upwards()), 10))


def outermost(element: Element) -> Element:
    """The outermost element that holds no other text."""
    while (
        element.parent is not None
        and element.parent.tag not in WHOLE_PAGE
        and element.parent.chars == element.chars
    ):
        element = element.parent
    return element


def _follows_sentence(element: Element) -> bool:
    """Only other links stand between the end of a sentence and it."""
    block = _block(element)
    pieces: list[Element | str] = [block]
    ends = False
    while pieces:
        piece = pieces.pop()
        if piece is element:
            return ends
        if isinstance(piece, str):
            ends = piece.rstrip().endswith((".", "!", "?")) or (
                ends and piece.isspace()
            )
        elif not piece.is_clickable:
            pieces += reversed(piece.children)
    return False


def _block(element: Element) -> Element:
    while element.parent is not None and not is_block(element):
        element = element.parent
    return element
