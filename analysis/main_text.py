"""Which lines of a page are the document's, without selectors: furniture is left out, all else stays.

The rules go from the sure to the weak: what elements say of themselves (tags, roles), what stands on their buttons,
what their names say, where the sentences are, and last what single lines say. Each rule and the noise that it answers
is in docs/reading.md.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources

from analysis.html_lines import Line
from analysis.html_tree import Element
from analysis.phrases import pattern

_NEVER = frozenset(("html", "body", "main"))
_NAVIGATION_ROLES = frozenset(("navigation", "menu", "menubar", "toolbar", "search", "tooltip"))
_DIALOG_ROLES = frozenset(("dialog", "alertdialog"))
_NOT_NAMES = frozenset(("has", "with", "no", "without", "layout", "above", "below", "page", "is", "not", "grid"))


def measure(elements: list[Element], lines: list[Line]) -> None:
    for line in lines:
        holder = line.element
        length = len(line.text)
        holder.chars += length
        holder.link_chars += max(line.link_chars, line.button_chars)
        if line.is_prose:
            holder.prose += length
            holder.sentences += 1
    for element in reversed(elements):
        parent = element.parent
        if parent is not None:
            parent.chars += element.chars
            parent.link_chars += element.link_chars
            parent.prose += element.prose
            parent.sentences += element.sentences


def leave_out(elements: list[Element], lines: list[Line], *, whole: bool = False) -> None:
    """Give every line that is not the document's its reason. `whole`: the elements were chosen by a selector, so
    that only what single lines say of themselves counts."""
    measure(elements, lines)
    if not whole:
        by_elements(elements)
        by_buttons(elements, lines)
        _inherit(elements, lines)
        by_place(elements, lines)
    for rule in LINE_RULES:
        rule([line for line in lines if line.reason is None])


def _share(element: Element, top: Element) -> float:
    return element.prose / top.prose if top.prose else 0.0


# what elements say of themselves


@cache
def _names() -> tuple[tuple[str, tuple[frozenset[str], ...]], ...]:
    tables = tomllib.loads(resources.files("analysis").joinpath("furniture.toml").read_text("utf-8"))
    return tuple((reason, tuple(map(frozenset, words))) for reason, words in tables["names"].items())


@cache
def _all_names() -> frozenset[str]:
    return frozenset().union(*(words[0] for _, words in _names()))


def _by_name(element: Element) -> str | None:
    names = element.names()
    if names.isdisjoint(_all_names()) or not names.isdisjoint(_NOT_NAMES):
        return None
    return next((reason for reason, words in _names() if not any(names.isdisjoint(some) for some in words)), None)


def _within(element: Element, tags: frozenset[str]) -> bool:
    parent = element.parent
    while parent is not None:
        if parent.tag in tags or parent.role == "main":
            return True
        parent = parent.parent
    return False


_CONTENT = frozenset(("main", "article"))


def _by_tag(element: Element, top: Element) -> str | None:
    """What the tag and role of an element say, where the share of the page's sentences in it does not gainsay them."""
    tag, role = element.tag, element.role if element.attributes else ""
    share = _share(element, top)
    if tag == "nav" or role in _NAVIGATION_ROLES:
        return "navigation" if share < 0.3 else None
    if tag == "footer" or role == "contentinfo":
        return "page footer" if share < 0.5 and not (_within(element, _CONTENT) and element.sentences > 2) else None
    if tag == "header" or role == "banner":
        outside = not _within(element, _CONTENT)
        return "page header" if share < 0.3 and outside and not _has_title(element) else None
    if tag == "aside" or role == "complementary":
        callout = _within(element, _CONTENT) and element.link_chars < 0.3 * element.chars
        return "sidebar" if share < 0.3 and not callout else None
    if role in _DIALOG_ROLES or tag == "dialog" or element.get("aria-modal") == "true":
        return "dialog" if share < 0.3 else None
    return None


def _has_title(element: Element) -> bool:
    pending = list(element.children)
    while pending:
        child = pending.pop()
        if isinstance(child, Element):
            if child.tag == "h1":
                return child.link_chars < child.chars
            pending.extend(child.children)
    return False


def by_elements(elements: list[Element]) -> None:
    top = elements[0]
    for element in elements:
        if element.tag in _NEVER or not element.chars:
            continue
        if element.parent is not None and element.parent.reason is not None:
            element.reason = element.parent.reason
            continue
        element.reason = _by_tag(element, top)
        if element.reason is None and element.attributes and element.tag not in ("h1", "h2", "h3", "article"):
            small = element.sentences <= 2 or element.link_chars > 0.5 * element.chars
            if small and _share(element, top) < 0.1 and not _has_title(element):
                element.reason = _by_name(element)


def by_buttons(elements: list[Element], lines: list[Line]) -> None:
    """Consent dialogs, whatever their markup: two buttons that accept, refuse or set, near a few sentences."""
    top = elements[0]
    consent = pattern("furniture", "consent", whole=True)
    asks: dict[Element, set[str]] = {}
    for line in lines:
        if line.element.reason is None and len(line.text) < 60 and consent.fullmatch(line.text):
            holder: Element | None = line.element
            for _ in range(8):
                if holder is None or holder.tag in _NEVER or _share(holder, top) > 0.3:
                    break
                asks.setdefault(holder, set()).add(line.text.lower())
                holder = holder.parent
    for element, labels in asks.items():
        if len(labels) >= 2 and element.sentences and not _has_title(element):
            element.reason = "cookie dialog"


def _inherit(elements: list[Element], lines: list[Line]) -> None:
    for element in elements:
        if element.reason is None and element.parent is not None:
            element.reason = element.parent.reason
    for line in lines:
        line.reason = line.reason or line.element.reason


# where the sentences are


def by_place(elements: list[Element], lines: list[Line]) -> None:
    """Only what stands inside the part that holds the sentences, and the title above it."""
    prose = [line for line in lines if line.reason is None and line.is_prose]
    if not prose:
        return
    part = _part(elements, prose)
    inside = _descendants(elements, part)
    kept = [line for line in lines if line.reason is None]
    has_title = any(line.kind == "heading" and line.level == 1 for line in kept if line.element in inside)
    for line in kept:
        if line.element not in inside and (has_title or line.kind != "heading" or line.level != 1):
            line.reason = "outside the main part"


def _part(elements: list[Element], prose: list[Line]) -> Element:
    """The smallest element with (nearly) all sentences that are left."""
    weights: dict[Element, int] = {}
    for line in prose:
        weights[line.element] = weights.get(line.element, 0) + len(line.text)
    for element in reversed(elements):
        weight = weights.get(element)
        if weight and element.parent is not None:
            weights[element.parent] = weights.get(element.parent, 0) + weight
    part = elements[0]
    mains = [element for element in elements if element.tag == "main" or element.role == "main"]
    if len(mains) == 1 and weights.get(mains[0], 0) > 0.6 * weights[part]:
        part = mains[0]
    while True:
        inner = [child for child in part.children if isinstance(child, Element) and weights.get(child)]
        heaviest = max(inner, key=lambda child: weights[child], default=None)
        if heaviest is None or weights[heaviest] < weights[part]:
            return part
        part = heaviest


def _descendants(elements: list[Element], part: Element) -> set[Element]:
    inside = {part}
    for element in elements[part.order + 1 :]:
        if element.parent in inside:
            inside.add(element)
        else:
            break
    return inside


# what single lines say


def controls(lines: list[Line]) -> None:
    label = pattern("furniture", "controls", whole=True)
    feedback = pattern("furniture", "feedback", whole=True)
    skip = pattern("furniture", "skip", whole=True)
    for line in lines:
        if line.kind == "row" or len(line.text) > 160:
            continue
        clickable = max(line.button_chars, line.link_chars) > 0.8 * len(line.text)
        if clickable and len(line.text) < 60 and label.fullmatch(line.text):
            line.reason = "control"
        elif feedback.fullmatch(line.text):
            line.reason = "feedback"
        elif skip.fullmatch(line.text):
            line.reason = "skip link"


def contents(lines: list[Line]) -> None:
    """A table of contents: three or more links in a row that lead to places of this page, and its title."""
    title = pattern("furniture", "contents", whole=True)
    for run in _runs(lines, lambda line: line.local_chars > 0.8 * len(line.text)):
        if len(run) >= 3:
            for index in run:
                lines[index].reason = "table of contents"
            if run[0] and title.fullmatch(lines[run[0] - 1].text):
                lines[run[0] - 1].reason = "table of contents"


def related(lines: list[Line]) -> None:
    """Links under a title such as "Related articles"."""
    title = pattern("furniture", "related", whole=True)
    for index, line in enumerate(lines):
        if line.reason is None and len(line.text) < 60 and title.fullmatch(line.text):
            run = index + 1
            while run < len(lines) and lines[run].is_links and lines[run].kind != "row":
                lines[run].reason = "related pages"
                run += 1
            if run > index + 1 or run == len(lines):
                line.reason = "related pages"


def _runs(lines: list[Line], test: Callable[[Line], bool]) -> Iterable[list[int]]:
    run: list[int] = []
    for index, line in enumerate(lines):
        if test(line):
            run.append(index)
        elif run:
            yield run
            run = []
    if run:
        yield run


def edges(lines: list[Line]) -> None:
    """Menus left over before the first and after the last line that is no link; copyright lines at the end."""
    for run in (lines, lines[::-1]):
        for line in run:
            if line.reason is not None:
                continue
            if line.kind == "heading" or not line.is_links:
                break
            line.reason = "navigation"
    for line in reversed(lines):
        if line.reason is None:
            if line.text.startswith(("©", "Copyright ©", "Copyright (c)")) and len(line.text) < 160:
                line.reason = "page footer"
            break


LINE_RULES: tuple[Callable[[list[Line]], None], ...] = (controls, contents, related, edges)
