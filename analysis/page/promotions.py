"""Boxes that advertise amid or beside a text: tickers, calls to sign up, what customers say."""

from __future__ import annotations

import re

from analysis.page.html_lines import Line
from analysis.page.html_tree import Element
from analysis.phrases import pattern

_LONGEST = 600  # characters
_SHARE = 0.5  # of the page's sentences
_NEVER = frozenset(("html", "body", "main", "tr", "td", "th", "li", "dd", "dt", "details", "summary", "article"))
_TICKER = frozenset(
    (
        "ticker",
        "newsticker",
        "newsflash",
        "announcement",
        "announcements",
        "promobar",
        "hellobar",
        "countdown",
        "weather",
    )
)
_CALL = frozenset(("newsletter", "subscribe", "signup", "mailinglist", "promo", "promotion", "cta", "teaser", "banner"))
_COMMENT = frozenset(("comment", "comments", "commentlist"))
_CUSTOMER = frozenset(("testimonial", "testimonials"))
_SHOWN_IN_TURN = frozenset(
    ("quote", "quotes", "review", "reviews", "carousel", "slider", "swiper", "slick", "slideshow")
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_QUOTED = re.compile(r"[“\"«„‘‹][^“\"«„”»]{8,}[”\"»“’›]")
# "Ines P., Controller", "— Jane Doe, head of finance at Heron", "Jane Doe"
_PERSON = re.compile(r"[—–-]?\s*[^\W\d_a-z]\S*(?:\s+[^\W\d_a-z]\S*){1,3}(?:\s*[,|·–—-]\s*[^\d.!?;:]{2,50})?")


def mark_promotions(elements: list[Element], lines: list[Line]) -> None:
    """Give boxes that advertise their reason. Whatever a box is called, one that speaks of what policies speak of is
    text: a section on the newsletter, on testimonials, a notice of new terms."""
    top = elements[0]
    alone = _controls_in_lines_of_their_own(lines)
    for element in elements:
        if element.reason or not 0 < element.chars <= _LONGEST or element.tag in _NEVER or element.titled:
            continue
        if element.prose > _SHARE * top.prose:
            continue
        classes = element.classes() if element.attributes else frozenset[str]()
        if not classes.isdisjoint(_COMMENT) and _ends_with_control(element, "reply", alone):
            element.reason = "comments"
            continue
        reason = _ticker(element, classes) or _customer(element, classes) or _call(element, classes, alone)
        if reason and not speaks_as_a_policy(_words(element)):
            element.reason = reason


def speaks_as_a_policy(text: str) -> bool:
    """Whether it has a word of law, data, duties or money."""
    return pattern("furniture", "matters").search(text) is not None


def is_person(text: str) -> bool:
    return len(text) <= 80 and _PERSON.fullmatch(text) is not None


def is_quoted(text: str) -> bool:
    return _QUOTED.fullmatch(text.strip(" .")) is not None


def _ticker(element: Element, classes: frozenset[str]) -> str | None:
    if element.tag == "marquee" or element.role == "marquee":
        return "ticker"
    named = not classes.isdisjoint(_TICKER) and _YEAR.search(_words(element)) is None
    return "ticker" if named else None


def _customer(element: Element, classes: frozenset[str]) -> str | None:
    if not classes.isdisjoint(_CUSTOMER):
        return "testimonial"
    if classes.isdisjoint(_SHOWN_IN_TURN):
        return None
    words = _words(element)
    quoted = _QUOTED.match(words)
    return "testimonial" if quoted and is_person(words[quoted.end() :].strip()) else None


def _call(element: Element, classes: frozenset[str], alone: set[Element]) -> str | None:
    """A call to sign up: with a form or a link that says so, in a box that is named for it or says what one gets."""
    named = not classes.isdisjoint(_CALL)
    if not (named and element.has_form) and not _ends_with_control(element, "signup", alone):
        return None
    return "advertisement" if named or pattern("furniture", "promotes").search(_words(element)) else None


def _ends_with_control(element: Element, key: str, alone: set[Element]) -> bool:
    """Whether a control of that kind stands at its end: in a line of its own, or behind a sentence, not within one."""
    last: Element | str | None = element
    while isinstance(last, Element) and not last.is_clickable:
        last = next((child for child in reversed(last.children) if not isinstance(child, str) or child.strip()), None)
    if not isinstance(last, Element) or last is element:
        return False
    label = last.words(60)
    if not label or not pattern("furniture", key, whole=True).fullmatch(label):
        return False
    rest = _words(element).removesuffix(label).rstrip()
    return bool(rest) and (last in alone or rest.endswith((".", "!", "?", "…")))


def _controls_in_lines_of_their_own(lines: list[Line]) -> set[Element]:
    found = set()
    for line in lines:
        above = line.element.upwards() if line.is_clickable else ()
        if (control := next((element for element in above if element.is_clickable), None)) is not None:
            found.add(control)
    return found


def _words(element: Element) -> str:
    """The text below it, the pieces of its elements apart: "Letters We may" of a title and its text."""
    pieces: list[str] = []
    pending: list[Element | str] = [element]
    while pending:
        child = pending.pop()
        if isinstance(child, str):
            pieces.append(child)
        else:
            pending.extend(reversed(child.children))
    return " ".join(" ".join(pieces).split())
