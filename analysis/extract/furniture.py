"""Which elements are page furniture: menus, footers, dialogs, bars; docs/reading.md has the rules and their noise."""

from __future__ import annotations

import re
from itertools import islice

from analysis.extract.consent_dialogs import (
    WHOLE_PAGE,
    mark_consent_dialogs,
    mark_consent_managers,
    outermost,
    share_of,
    small_holders,
)
from analysis.extract.html_lines import BOXES, MarkupLine
from analysis.extract.html_tree import Element
from analysis.text.lexicon import LANGUAGES, matches
from analysis.text.phrases import kinds_of, pattern

_MESSAGE = 400  # characters
_CALL = 600  # characters
_NO_CALLS = WHOLE_PAGE | {
    "tr",
    "td",
    "th",
    "li",
    "dd",
    "dt",
    "details",
    "summary",
    "article",
}
_CONTENT = frozenset(("main", "article"))
_NAVIGATION_ROLES = frozenset(
    ("navigation", "menu", "menubar", "toolbar", "search", "tooltip")
)
_TELLING = frozenset(("nav", "footer", "header", "aside", "dialog", "marquee"))
_LIVE_ROLES = frozenset(("alert", "status", "log", "timer"))
# the one kind of box that nothing but its classes tells
_ADVERTS = frozenset(
    [
        "ad",
        "ads",
        "advert",
        "advertisement",
        "sponsored",
        "promo",
        "promotion",
        "offer",
        "offers",
        "upsell",
        "cta",
    ]
)
_HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6"))
_TITLES = _HEADINGS | {"strong", "b"}
_TEXT = _HEADINGS | {"p", "ul", "ol", "dl", "table", "blockquote"}
_UNSEEN = (
    frozenset(("sr", "only")),
    frozenset(("visually", "hidden")),
    frozenset(("screen", "reader")),
)
_QUESTION = re.compile(r"[^.!?]*\?")
_PRAISES = frozenset(("ai_features", "retention"))


def mark_furniture(
    elements: list[Element], lines: list[MarkupLine], *, is_first: bool
) -> None:
    """Give the elements that are furniture their reason, and all below them. They must have been measured."""
    mark_consent_managers(elements)
    _by_themselves(elements)
    mark_consent_dialogs(elements, lines, is_first=is_first)
    _messages(elements, lines)
    _calls_to_sign_up(elements)
    for element in elements:
        if element.reason is None and element.parent is not None:
            element.reason = element.parent.reason


def _stands_in(element: Element, tags: frozenset[str]) -> bool:
    return any(
        holder.tag in tags or holder.role == "main"
        for holder in islice(element.upwards(), 1, None)
    )


def _is_title(element: Element) -> bool:
    """Whether it holds a heading and nothing to click: the header of a section, not of the page."""
    return not element.link_chars and any(
        isinstance(child, Element) and child.tag in _HEADINGS
        for child in element.children
    )


def _stands_in_text(element: Element) -> bool:
    """Whether there is text straight before it and behind it, rather than boxes beside it."""
    if element.parent is None:
        return False
    siblings = [
        child for child in element.parent.children if isinstance(child, Element)
    ]
    place = siblings.index(element)
    near = siblings[place - 1 : place] + siblings[place + 1 : place + 2]
    return len(near) == 2 and all(child.tag in _TEXT for child in near)


def _by_tag(element: Element, top: Element) -> str | None:
    """What its tag and role say, unless it holds too much of the page's sentences."""
    tag, role = element.tag, element.role
    if not role and tag not in _TELLING and not element.attributes:
        return None
    share = share_of(element, top)
    if tag == "marquee":
        return None if speaks_of_policies(element.words(_MESSAGE)) else "message"
    if (
        tag == "caption"
        and not element.sentences
        and any(words <= element.classes() for words in _UNSEEN)
    ):
        return "for screen readers"
    if tag == "nav" or role in _NAVIGATION_ROLES:
        return "navigation" if share < 0.3 else None
    if tag == "footer" or role == "contentinfo":
        of_article = _stands_in(element, _CONTENT) and element.sentences > 2
        return "page footer" if share < 0.5 and not of_article else None
    if tag == "header" or role == "banner":
        of_page = not _stands_in(element, _CONTENT) and not _is_title(element)
        return "page header" if share < 0.3 and of_page and not element.titled else None
    if tag == "aside" or role == "complementary":
        amid = _stands_in(element, _CONTENT) or _stands_in_text(element)
        callout = amid and element.link_chars < 0.3 * element.chars
        return "sidebar" if share < 0.3 and not callout else None
    if element.get("aria-live") in ("polite", "assertive") or role in _LIVE_ROLES:
        return "message" if share < 0.1 and not element.titled else None
    if element.is_dialog:
        return "dialog" if share < 0.3 and not _is_of_policy(element) else None
    if tag in BOXES and not element.titled and element.classes() & _ADVERTS:
        small = share < 0.1 and element.sentences <= 2 and element.chars <= _MESSAGE
        offers = element.link_chars > 0 or _buttons_in(element) > 0
        if small and offers:
            text = element.words(_MESSAGE)
            return None if speaks_of_policies(text, praises=True) else "advertisement"
    return None


def _by_themselves(elements: list[Element]) -> None:
    top = elements[0]
    for element in elements:
        if (
            element.reason
            or element.is_declaration
            or element.tag in WHOLE_PAGE
            or not element.chars
        ):
            continue
        if element.parent is not None and element.parent.reason is not None:
            element.reason = element.parent.reason
            continue
        element.reason = _by_tag(element, top)


def _messages(elements: list[Element], lines: list[MarkupLine]) -> None:
    """Messages that do not speak of the document: above the title those that have a title of their own or can be sent
    away ("Chat is down [Dismiss]"), elsewhere those that offer something beside that ("[Not now] [Try
    it]")."""
    top = elements[0]
    title = next(
        (
            line.element.order
            for line in lines
            if line.kind == "heading" and line.level == 1
        ),
        len(elements),
    )
    dismiss = pattern("furniture", "dismiss", whole=True)
    for element in elements:
        above = element.order < title
        if title < len(elements) and above and _is_message(element):
            holder: Element | None = element
        elif element.is_button and dismiss.fullmatch(_label(element)):
            holder = next(
                (holder for holder in small_holders(element, top) if holder.sentences),
                None,
            )
        else:
            continue
        if (
            holder is None
            or holder.sentences > 3
            or holder.chars > _MESSAGE
            or holder.titled
            or element.is_left_out
        ):
            continue
        offers = bool(element.words(40)) and _buttons_in(holder) > 1
        if (above or offers) and not speaks_of_policies(holder.words(_MESSAGE)):
            outermost(holder).reason = "message"


def _is_message(element: Element) -> bool:
    return (
        0 < element.sentences <= 3
        and element.tag in BOXES
        and _begins_with_title(element)
    )


def _begins_with_title(element: Element) -> bool:
    first: Element | str | None = element
    while isinstance(first, Element) and first.tag not in _TITLES:
        first = next(
            (
                child
                for child in first.children
                if not isinstance(child, str) or child.strip()
            ),
            None,
        )
    return isinstance(first, Element)


def _calls_to_sign_up(elements: list[Element]) -> None:
    """Boxes with a control at their end to sign up that say what one gets, and have no word of law, data, duties or
    money."""
    top = elements[0]
    label = pattern("furniture", "signup", whole=True)
    for element in elements:
        if (
            element.reason
            or not 0 < element.chars <= _CALL
            or element.tag in _NO_CALLS
            or element.titled
        ):
            continue
        if share_of(element, top) > 0.5:
            continue
        control = _last_control(element)
        if control is None or not label.fullmatch(control.words(60)):
            continue
        text = element.spaced_words()
        promotes = pattern("furniture", "promotes").search(text) is not None
        if promotes and not pattern("furniture", "matters").search(text):
            element.reason = "advertisement"


def _last_control(element: Element) -> Element | None:
    """What can be clicked at the end of a box, in a line of its own or behind a sentence."""
    last: Element | str | None = element
    while isinstance(last, Element) and not last.is_clickable:
        last = next(
            (
                child
                for child in reversed(last.children)
                if not isinstance(child, str) or child.strip()
            ),
            None,
        )
    if not isinstance(last, Element) or last is element:
        return None
    rest = element.spaced_words().removesuffix(last.words(60)).rstrip()
    return last if rest.endswith((".", "!", "?", "…")) else None


def speaks_of_policies(text: str, *, praises: bool = False) -> bool:
    """Whether a message names a document, or says something of AI or of people's data.

    What `praises` a product does not by calling it one of AI, by what one may keep, nor by the word "information"; and
    asking ("Worried about your data?") it names no document.
    """
    kinds = kinds_of(_QUESTION.sub(" ", text)) - {"any"} if praises else kinds_of(text)
    topics = {
        match.topic
        for language in LANGUAGES
        for match in matches(text, language)
        if match.tier == "decides"
    }
    return bool(kinds) or bool(topics - _PRAISES if praises else topics)


def _is_of_policy(dialog: Element) -> bool:
    """Whether it explains something of the document ("What we mean by personal data"); one that names cookies asks."""
    text = dialog.spaced_words()
    return (
        bool(dialog.sentences)
        and not pattern("furniture", "cookies").search(text)
        and speaks_of_policies(text)
    )


def _label(element: Element) -> str:
    return element.words(40) or element.get("aria-label") or element.get("title")


def _buttons_in(element: Element) -> int:
    below = [child for child in element.children if isinstance(child, Element)]
    return sum(1 if child.is_button else _buttons_in(child) for child in below)
