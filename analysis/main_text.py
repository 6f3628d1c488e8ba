"""Which lines of a page are the document's, without selectors: furniture is left out, all else stays.

The rules go from the sure to the weak: what elements say of themselves (tags, roles), what stands on their buttons,
what their names say, where the sentences are, and last what single lines say. Each rule and the noise that it answers
is in docs/reading.md.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources

from analysis.html_lines import Line
from analysis.html_tree import Element
from analysis.phrases import pattern

_NEVER = frozenset(("html", "body", "main"))
_NAVIGATION_ROLES = frozenset(("navigation", "menu", "menubar", "toolbar", "search", "tooltip"))
# what is in these is named after what it says, or is a piece of a list or table that is judged as a whole
_NAMED_BY_TEXT = frozenset("h1 h2 h3 h4 h5 h6 article details summary tr td th dt dd body".split())  # noqa: SIM905
_DIALOG_ROLES = frozenset(("dialog", "alertdialog"))
_ABOVE = 12  # lines
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
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
        by_buttons(elements)
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
        if element.reason is None and element.attributes and element.tag not in _NAMED_BY_TEXT:
            small = element.sentences <= 2 or element.link_chars > 0.5 * element.chars
            if small and _share(element, top) < 0.1 and not _has_title(element):
                element.reason = _by_name(element)


def by_buttons(elements: list[Element]) -> None:
    """Consent dialogs, whatever their markup: two buttons that accept, refuse or set, near a few sentences."""
    top = elements[0]
    consent = pattern("furniture", "consent", whole=True)
    asks: dict[Element, set[str]] = {}
    for element in elements:
        if element.tag not in ("button", "a") and element.role != "button":
            continue
        label = element.words(60)
        if not label or not consent.fullmatch(label):
            continue
        holder: Element | None = element
        for _ in range(8):
            if holder is None or holder.tag in _NEVER or _share(holder, top) > 0.3:
                break
            asks.setdefault(holder, set()).add(label.lower())
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
    """Only what stands inside the part that holds the sentences, and its title and dates, wherever they stand."""
    prose = [line for line in lines if line.reason is None and line.is_prose]
    if not prose:
        return
    part, frame = _part(elements, prose)
    inside = _descendants(elements, part)
    framed = _descendants(elements, frame) if frame is not None else None
    places = [index for index, line in enumerate(lines) if line.element in inside]
    above = _above(lines, places[0], framed)
    has_title = any(lines[index].kind == "heading" and lines[index].level == 1 for index in [*places, *above])
    for index, line in enumerate(lines):
        if line.reason is not None or line.element in inside or index in above:
            continue
        title = not has_title and line.kind == "heading" and line.level == 1 and not line.is_clickable
        below = framed is not None and index > places[-1] and line.element in framed
        said = below and line.text.count(" ") >= 3 and not line.is_clickable
        if not title and not said:
            line.reason = "outside the main part"


def _above(lines: list[Line], first: int, framed: set[Element] | None) -> set[int]:
    """The lines straight above the main part: its title, its date, whom it is for.

    Without a frame the first thing to click ends them, but for a date, which often stands beside a button.
    """
    found: set[int] = set()
    ended = False
    for index in range(first - 1, max(-1, first - _ABOVE), -1):
        line = lines[index]
        if line.element.reason is not None:
            break
        if line.is_clickable:
            ended = framed is None or line.element not in framed
        elif line.reason is None and (not ended or _is_stamp(line)):
            found.add(index)
    return found


def _is_stamp(line: Line) -> bool:
    return len(line.text) < 80 and _YEAR.search(line.text) is not None and not line.text.startswith("©")


def _part(elements: list[Element], prose: list[Line]) -> tuple[Element, Element | None]:
    """The smallest element with all sentences that are left, and the <main> round it, if there is one."""
    weights: dict[Element, int] = {}
    for line in prose:
        weights[line.element] = weights.get(line.element, 0) + len(line.text)
    for element in reversed(elements):
        weight = weights.get(element)
        if weight and element.parent is not None:
            weights[element.parent] = weights.get(element.parent, 0) + weight
    part, frame = elements[0], None
    mains = [element for element in elements if element.tag == "main" or element.role == "main"]
    if len(mains) == 1 and weights.get(mains[0], 0) > 0.6 * weights[part]:
        part = frame = mains[0]
    while True:
        inner = [child for child in part.children if isinstance(child, Element) and weights.get(child)]
        heaviest = max(inner, key=lambda child: weights[child], default=None)
        if heaviest is None:
            break
        others = [child for child in inner if child is not heaviest]
        cards = all(child.link_chars > 0.4 * child.chars for child in others)
        if weights[heaviest] < (0.85 if cards and others else 1) * weights[part]:
            break
        part = heaviest
    return part, frame


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
    several = _several_controls()
    feedback = pattern("furniture", "feedback", whole=True)
    skip = pattern("furniture", "skip", whole=True)
    for line in lines:
        if line.kind == "row" or len(line.text) > 160:
            continue
        if len(line.text) < 60 and (label.fullmatch(line.text) if line.is_clickable else several.fullmatch(line.text)):
            line.reason = "control"
        elif feedback.fullmatch(line.text):
            line.reason = "feedback"
        elif skip.fullmatch(line.text):
            line.reason = "skip link"


@cache
def _several_controls() -> re.Pattern[str]:
    """Two or more labels of controls in a row ("Expand all Collapse all"), which no sentence consists of."""
    label = pattern("furniture", "controls").pattern
    return re.compile(rf"\W*(?:{label})(?:\W+(?:{label}))+\W*", re.IGNORECASE)


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
