"""Which elements are page furniture: menus, footers, dialogs, bars. Each rule and its noise is in docs/reading.md."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from itertools import islice, takewhile
from typing import Any

from analysis.extract.html_lines import BOXES, Line, is_block
from analysis.extract.html_tree import Element
from analysis.extract.promotions import first_title, mark_promotions, speaks_of_policies
from analysis.text.phrases import pattern

_NEVER = frozenset(("html", "body", "main"))
_DIALOG = 1500  # characters
_MESSAGE = 400  # characters
_CONTENT = frozenset(("main", "article"))
_NAVIGATION_ROLES = frozenset(("navigation", "menu", "menubar", "toolbar", "search", "tooltip"))
_TELLING = frozenset(("nav", "footer", "header", "aside", "dialog"))
_LIVE_ROLES = frozenset(("alert", "status", "log", "timer"))
_DIALOG_ROLES = frozenset(("dialog", "alertdialog"))
_NOT_NAMES = frozenset(("has", "with", "no", "without", "layout", "above", "below", "page", "is", "not", "grid"))
# what is in these is named after what it says, or is a piece of a list or table that is judged as a whole
_NAMED_BY_TEXT = frozenset(
    ("h1", "h2", "h3", "h4", "h5", "h6", "article", "details", "summary", "tr", "td", "th", "dt", "dd")
)
_HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6"))
_TEXT = _HEADINGS | {"p", "ul", "ol", "dl", "table", "blockquote"}
_VERSION = re.compile(r"\D{0,12}\d{1,3}(?:\.\d{1,4}){0,3}\D{0,3}")  # no year: that would be of the document
_UNSEEN = (frozenset(("sr", "only")), frozenset(("visually", "hidden")), frozenset(("screen", "reader")))
_FRAME = frozenset(
    ("page footer", "navigation", "sidebar", "page header", "cookie dialog", "table of contents", "breadcrumbs")
)
_NEED_NO_CLICK = frozenset(("breadcrumbs", "page footer", "message", "metadata", "comments", "skip link"))
_HAVE_FORMS = frozenset(("pop-up", "newsletter", "comments", "feedback", "search"))


def mark_furniture(elements: list[Element], lines: list[Line]) -> None:
    """Give the elements that are furniture their reason, and all below them. They must have been measured."""
    _by_themselves(elements)
    _by_buttons(elements, lines)
    _banners(elements, lines)
    mark_promotions(elements, lines)
    for element in elements:
        if element.reason is None and element.parent is not None:
            element.reason = element.parent.reason


def _share(element: Element, top: Element) -> float:
    return element.prose / top.prose if top.prose else 0.0


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("furniture.toml").read_text("utf-8"))


@cache
def autonyms() -> tuple[str, ...]:
    """What languages call themselves."""
    return tuple(_tables()["languages"]["autonyms"])


@cache
def _names() -> dict[str, tuple[frozenset[str], ...]]:
    return {reason: tuple(map(frozenset, words)) for reason, words in _tables()["names"].items()}


@cache
def _all_names() -> frozenset[str]:
    return frozenset().union(*(words[0] for words in _names().values()))


@cache
def _banner_names() -> frozenset[str]:
    return frozenset(_tables()["banners"]["names"])


def is_named(element: Element, reason: str) -> bool:
    """Whether the classes of an element, or of one round it, say that it is such furniture."""
    words = _names()[reason]
    holders = takewhile(lambda holder: holder.tag not in _NEVER, element.upwards())
    return any(not any(holder.classes().isdisjoint(some) for some in words) for holder in holders)


def _within(element: Element, tags: frozenset[str]) -> bool:
    above = islice(element.upwards(), 1, None)
    return any(holder.tag in tags or holder.role == "main" for holder in above)


def _is_title(element: Element) -> bool:
    """Whether it holds a heading and nothing to click: the header of a section, not of the page."""
    return not element.link_chars and any(
        isinstance(child, Element) and child.tag in _HEADINGS for child in element.children
    )


def _stands_in_text(element: Element) -> bool:
    """Whether there is text straight before it and behind it, rather than boxes beside it."""
    if element.parent is None:
        return False
    beside = [child for child in element.parent.children if isinstance(child, Element)]
    place = beside.index(element)
    near = beside[place - 1 : place] + beside[place + 1 : place + 2]
    return len(near) == 2 and all(child.tag in _TEXT for child in near)


def _by_tag(element: Element, top: Element) -> str | None:
    """What the tag and role of an element say, where the share of the page's sentences in it does not gainsay them."""
    tag, role = element.tag, element.role
    if not role and tag not in _TELLING and not element.attributes:
        return None
    share = _share(element, top)
    if tag == "caption" and not element.sentences and any(words <= element.classes() for words in _UNSEEN):
        return "for screen readers"
    if tag == "nav" or role in _NAVIGATION_ROLES:
        return "navigation" if share < 0.3 else None
    if tag == "footer" or role == "contentinfo":
        return "page footer" if share < 0.5 and not (_within(element, _CONTENT) and element.sentences > 2) else None
    if tag == "header" or role == "banner":
        outside = not _within(element, _CONTENT) and not _is_title(element)
        return "page header" if share < 0.3 and outside and not element.titled else None
    if tag == "aside" or role == "complementary":
        amid = _within(element, _CONTENT) or _stands_in_text(element)
        callout = amid and element.link_chars < 0.3 * element.chars
        return "sidebar" if share < 0.3 and not callout else None
    if element.get("aria-live") in ("polite", "assertive") or role in _LIVE_ROLES:
        return "message" if share < 0.1 and not element.titled else None
    if role in _DIALOG_ROLES or tag == "dialog" or element.get("aria-modal") == "true":
        return "dialog" if share < 0.3 else None
    return None


def _by_themselves(elements: list[Element]) -> None:
    top = elements[0]
    for element in elements:
        if element.tag in _NEVER or not element.chars:
            continue
        if element.parent is not None and element.parent.reason is not None:
            element.reason = element.parent.reason
            continue
        element.reason = _by_tag(element, top)
        if element.reason is None and element.has_name and element.tag not in _NAMED_BY_TEXT:
            small = element.sentences <= 2 or element.link_chars > 0.5 * element.chars
            share = _share(element, top)
            if small and share < 0.3 and not element.titled:
                element.reason = _by_name(element, share)


def _by_name(element: Element, share: float) -> str | None:
    """What its classes and id say. Where sentences stand in it, or nothing can be clicked, a name is not enough: an
    entry of a policy may well be called "ads" or "country-list"; nor, but with a form, where its sentences are a good
    `share` of the page's. An id is a place of the text too ("#feedback"), so that it counts for the frame of a page
    only."""
    classes, identity = element.classes(), element.identity()
    names = classes | identity
    if names.isdisjoint(_all_names()) or not names.isdisjoint(_NOT_NAMES):
        return None
    clicks = element.link_chars / element.chars
    for reason, words in _names().items():
        tells = names if reason in _FRAME else classes
        if not any(tells.isdisjoint(some) for some in words):
            if element.has_form and reason in _HAVE_FORMS:
                return reason
            if share >= (0.3 if reason in _FRAME else 0.1):
                continue
            if reason == "version picker" and _VERSION.fullmatch(element.words(24)):
                return reason
            if reason == "advertisement" and element.chars <= _MESSAGE and _has_control(element):
                return None if speaks_of_policies(element.words(_MESSAGE), praises=True) else reason
            answered = "comments" in names and element.link_chars > 0
            loose = reason in _NEED_NO_CLICK and (not element.sentences or answered)
            enough = 0.0 if loose else 0.2 if element.sentences or reason in _FRAME else 0.5
            return reason if clicks >= enough else None
    return None


def _by_buttons(elements: list[Element], lines: list[Line]) -> None:
    """Consent dialogs, whatever their markup: buttons that accept, refuse or set, near a few sentences; one such
    button is enough if the sentences speak of cookies. A link within a sentence is no such button."""
    top = elements[0]
    decide = pattern("furniture", "consent", whole=True)
    choose = pattern("furniture", "choices", whole=True)
    prose = {line.element for line in lines if line.is_prose}
    decisions: dict[Element, set[str]] = {}
    labels: dict[Element, set[str]] = {}
    for element in elements:
        if not _is_button(element) and (element.tag != "a" or _block(element) in prose):
            continue
        label = element.words(60).lower()
        decides = bool(label) and decide.fullmatch(label) is not None
        if not decides and not (label and choose.fullmatch(label)):
            continue
        for holder in _above(element, top):
            labels.setdefault(holder, set()).add(label)
            if decides:
                decisions.setdefault(holder, set()).add(label)
    mentions = pattern("furniture", "cookies")
    for holder in decisions:  # those nearer to a button come first
        if not holder.sentences or holder.titled or _within_reason(holder):
            continue
        share = _share(holder, top)
        cookies = holder.chars < _DIALOG and mentions.search(holder.words(_DIALOG)) is not None
        two = len(labels[holder]) >= 2
        if (two and (cookies or share <= 0.3)) or (
            cookies and holder.sentences <= 4 and (share < 0.15 or holder.chars < _MESSAGE)
        ):
            _wrapper(holder).reason = "cookie dialog"


def _above(element: Element, top: Element) -> list[Element]:
    """The element and those round it that are small enough to be a dialog."""
    found: list[Element] = []
    holder: Element | None = element
    while holder is not None and len(found) < 10 and holder.tag not in _NEVER and _is_small(holder, top):
        found.append(holder)
        holder = holder.parent
    return found


def _is_small(element: Element, top: Element) -> bool:
    """Beside the page, or by itself where the page is short too."""
    return _share(element, top) <= 0.3 or (element.chars < _DIALOG and _share(element, top) <= 0.7)


def _wrapper(element: Element) -> Element:
    """The outermost element that holds no other text than this one."""
    while element.parent is not None and element.parent.tag not in _NEVER and element.parent.chars == element.chars:
        element = element.parent
    return element


def _within_reason(element: Element) -> bool:
    return any(holder.reason is not None for holder in element.upwards())


def _block(element: Element) -> Element:
    while element.parent is not None and not is_block(element):
        element = element.parent
    return element


def _banners(elements: list[Element], lines: list[Line]) -> None:
    """Messages that do not speak of the document: above the title those that are named so, have a title of their own
    or can be sent away ("Chat is down [Dismiss]"), elsewhere those that offer something beside that ("[Not now] [Try
    it]")."""
    top = elements[0]
    title = next((line.element.order for line in lines if line.kind == "heading" and line.level == 1), len(elements))
    dismiss = pattern("furniture", "dismiss", whole=True)
    for element in elements:
        above = element.order < title
        if title < len(elements) and above and _is_message(element):
            holder: Element | None = element
        elif _is_button(element) and dismiss.fullmatch(_label(element)):
            holder = next((holder for holder in _above(element, top) if holder.sentences), None)
        else:
            continue
        if holder is None or holder.sentences > 3 or holder.chars > _MESSAGE or holder.titled:
            continue
        if _within_reason(element):
            continue
        offers = bool(element.words(40)) and _buttons_in(holder) > 1
        if (above or offers) and not speaks_of_policies(holder.words(_MESSAGE)):
            _wrapper(holder).reason = "message"


def _is_message(element: Element) -> bool:
    if not element.classes().isdisjoint(_banner_names()):
        return True
    return 0 < element.sentences <= 3 and element.tag in BOXES and first_title(element) is not None


def _is_button(element: Element) -> bool:
    return element.tag == "button" or element.role == "button"


def _label(element: Element) -> str:
    return element.words(40) or element.get("aria-label") or element.get("title")


def _has_control(element: Element, *, within: bool = False) -> bool:
    """Whether something to click stands below it that is no link within a sentence."""
    within = within or any(isinstance(child, str) and child.strip() for child in element.children)
    for child in element.children:
        if isinstance(child, Element):
            if child.is_clickable:
                if _is_button(child) or not within:
                    return True
            elif _has_control(child, within=within and not is_block(child)):
                return True
    return False


def _buttons_in(element: Element) -> int:
    below = [child for child in element.children if isinstance(child, Element)]
    return sum(1 if _is_button(child) else _buttons_in(child) for child in below)
