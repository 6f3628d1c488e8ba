"""Consent dialogs: of known managers by their names, of others by their role or their buttons."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from itertools import islice, takewhile
from typing import Any, NamedTuple

from analysis.extract.html_lines import MarkupLine, is_block
from analysis.extract.html_tree import Element
from analysis.text.phrases import pattern

WHOLE_PAGE = frozenset(("html", "body", "main"))  # never furniture
_DIALOG = 1500  # characters
_MESSAGE = 400  # characters
_TEXT = 0.8  # of the sentences


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


def mark_consent_dialogs(elements: list[Element], lines: list[MarkupLine]) -> None:
    """Whatever their markup: what has buttons that accept, refuse or set near a few sentences, and names cookies, or is
    a dialog by its role or by standing beside the text. A section that ends in "[Opt out] [Learn more]" is none. A link
    in a paragraph is no such button, but behind the last sentence one that sends it away ("Got it") is.
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
    undoubted = (
        line for line in prose if decisions.keys().isdisjoint(line.element.upwards())
    )
    text = smallest_with(elements, undoubted, _TEXT)
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
