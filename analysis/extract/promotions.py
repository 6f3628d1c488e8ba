"""Boxes that advertise amid or beside a text: tickers, calls to sign up, what customers say."""

from __future__ import annotations

import re

from analysis.extract.html_lines import YEAR, Line
from analysis.extract.html_tree import Element
from analysis.text.lexicon import LANGUAGES, matches
from analysis.text.phrases import kinds_of, pattern

_LONGEST = 600  # characters
_INSET = 400
_CROWD = 5_000  # elements and pieces of text side by side; a page of sense has not half of them
_PRAISES = frozenset(("ai_features", "retention"))
_WHATEVER_IT_SAYS = ("related pages", "newsletter")
_SHARE = 0.5  # of the page's sentences
_NEVER = frozenset(("html", "body", "main", "tr", "td", "th", "li", "dd", "dt", "details", "summary", "article"))
_TITLES = frozenset(("h2", "h3", "h4", "h5", "h6", "strong", "b"))
_TEXT = frozenset(("h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "dl", "table", "blockquote"))
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
_QUESTION = re.compile(r"[^.!?]*\?")
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
        classes = element.classes() if element.has_name else frozenset[str]()
        if not classes.isdisjoint(_COMMENT) and _ends_with_control(element, "reply", alone):
            element.reason = "comments"
            continue
        reason = _ticker(element, classes) or _call(element, classes, alone) or _inset(element, alone)
        reason = reason or _filled_in(element)
        if reason in _WHATEVER_IT_SAYS or (reason and not speaks_as_a_policy(_words(element))):
            element.reason = reason
        elif _customer(element, classes):
            element.reason = "testimonial"


def speaks_as_a_policy(text: str) -> bool:
    """Whether it has a word of law, data, duties or money."""
    return pattern("furniture", "matters").search(text) is not None


def speaks_of_policies(text: str, *, praises: bool = False) -> bool:
    """Whether a message names a document, or says something of AI or of people's data; what `praises` a product does
    not by calling it one of AI, by what one may keep, nor by the word "information", and asking ("Worried about your
    data?") it names no document."""
    named = kinds_of(_QUESTION.sub(" ", text)) - {"any"} if praises else kinds_of(text)
    return bool(named) or is_of_a_topic(text, praises=praises)


def is_of_a_topic(text: str, *, praises: bool = False) -> bool:
    found = (match for language in LANGUAGES for match in matches(text, language))
    return any(match.tier == "decides" and not (praises and match.topic in _PRAISES) for match in found)


def promotes(text: str) -> bool:
    return pattern("furniture", "promotes").search(text) is not None


def is_person(text: str) -> bool:
    return len(text) <= 80 and _PERSON.fullmatch(text) is not None


def is_quoted(text: str) -> bool:
    return _QUOTED.fullmatch(text.strip(" .")) is not None


def _ticker(element: Element, classes: frozenset[str]) -> str | None:
    if element.tag == "marquee" or element.role == "marquee":
        return "ticker"
    named = not classes.isdisjoint(_TICKER) and YEAR.search(_words(element)) is None
    return "ticker" if named else None


def _customer(element: Element, classes: frozenset[str]) -> bool:
    """What a customer says. What the person is ("Head of Privacy") tells nothing of what is said."""
    words = _words(element)
    quoted = _QUOTED.match(words)
    person = quoted is not None and is_person(words[quoted.end() :].strip())
    told = person and (element.tag == "figure" or not classes.isdisjoint(_SHOWN_IN_TURN))
    if not told and classes.isdisjoint(_CUSTOMER):
        return False
    return not speaks_as_a_policy(quoted.group() if quoted and person else words)


def _call(element: Element, classes: frozenset[str], alone: set[Element]) -> str | None:
    """A call to sign up: with a form or a link that says so, in a box that is named for it or says what one gets."""
    named = not classes.isdisjoint(_CALL)
    if not (named and element.has_form) and not _ends_with_control(element, "signup", alone):
        return None
    return "advertisement" if named or promotes(_words(element)) else None


def _inset(element: Element, alone: set[Element]) -> str | None:
    """A box that interrupts the text: under a title of its own, lower than those of the sections, a few words and
    something to click, in a line of its own, that leads elsewhere."""
    if element.chars > _INSET or not 0 < element.sentences <= 3:
        return None
    title, control = first_title(element), _last_control(element)
    if title is None or control not in alone or _is_local(control) or not _interrupts(element, title.tag):
        return None
    return (
        "related pages" if pattern("furniture", "related", whole=True).fullmatch(title.words(60)) else "advertisement"
    )


def _filled_in(element: Element) -> str | None:
    """What is there to be filled in or ticked: to sign up, to filter the table beside it, to set one's own choice. More
    than two alike with sentences are a list of what one may choose."""
    if not element.has_field or element.chars > _INSET or element.sentences > 4:
        return None
    if element.tag == "form" and _has_control(element, "signup"):
        return "newsletter"
    beside, near = _beside(element)
    if not element.sentences:
        return "control" if any(child.tag == "table" for child in near) else None
    if speaks_of_policies(_words(element)):
        return None
    alike = sum(child.has_field and child.sentences > 0 for child in beside)
    return "the visitor's own" if alike <= 2 and _interrupts(element) else None


def _has_control(element: Element, key: str) -> bool:
    if element.is_clickable:
        return pattern("furniture", key, whole=True).fullmatch(element.words(60)) is not None
    return any(_has_control(child, key) for child in element.children if isinstance(child, Element))


def first_title(element: Element) -> Element | None:
    """The title that a box begins with."""
    first: Element | str | None = element
    while isinstance(first, Element) and first.tag not in _TITLES:
        first = next((child for child in first.children if not isinstance(child, str) or child.strip()), None)
    return first if isinstance(first, Element) else None


def _is_local(control: Element) -> bool:
    return len(control.get("href")) > 1 and control.get("href").startswith("#")


def _interrupts(element: Element, title: str = "") -> bool:
    """Whether there is text before and behind the box, or at the end of its section, none of it titled like the box."""
    beside, near = _beside(element)
    last = len(near) == 1 and near[0] is beside[-2]
    return (
        (len(near) == 2 or last)
        and all(child.tag in _TEXT for child in near)
        and not any(child.tag == title for child in beside)
    )


def _beside(element: Element) -> tuple[list[Element], list[Element]]:
    """What stands beside a box, with it, and what of that is next to it; nothing of a crowd, through which each of its
    boxes would look."""
    outer = element
    while outer.parent is not None and outer.parent.tag not in _NEVER and outer.parent.chars == element.chars:
        outer = outer.parent
    if outer.parent is None or len(outer.parent.children) > _CROWD:
        return [], []
    beside = [
        child for child in outer.parent.children if isinstance(child, Element) and (child.chars or child is outer)
    ]
    place = beside.index(outer)
    return beside, beside[max(0, place - 1) : place] + beside[place + 1 : place + 2]


def _last_control(element: Element) -> Element | None:
    """What can be clicked at the end of a box."""
    last: Element | str | None = element
    while isinstance(last, Element) and not last.is_clickable:
        last = next((child for child in reversed(last.children) if not isinstance(child, str) or child.strip()), None)
    return last if isinstance(last, Element) and last is not element else None


def _ends_with_control(element: Element, key: str, alone: set[Element]) -> bool:
    """Whether a control of that kind stands at its end: in a line of its own, or behind a sentence, not within one."""
    last = _last_control(element)
    label = last.words(60) if last is not None else ""
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
