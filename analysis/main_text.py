"""Which lines of a page are the document's, without selectors: furniture is left out, all else stays.

The rules go from the sure to the weak: what elements say of themselves (tags, roles), what stands on their buttons,
what their names say, where the sentences are, and last what single lines say. Each rule and the noise that it answers
is in docs/reading.md.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from functools import cache

from analysis.furniture import mark_furniture
from analysis.html_lines import Line
from analysis.html_tree import Element
from analysis.other_languages import leave_out_other_languages
from analysis.phrases import pattern

_ABOVE = 12  # lines
_NEAR = 4  # lines
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


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
        if element.tag == "h1":
            element.titled = element.link_chars < element.chars
        if parent is not None:
            parent.titled |= element.titled
            parent.has_form |= element.has_form or element.tag == "form"
            parent.chars += element.chars
            parent.link_chars += element.link_chars
            parent.prose += element.prose
            parent.sentences += element.sentences


def leave_out(elements: list[Element], lines: list[Line], *, language: str | None = None, whole: bool = False) -> None:
    """Give every line that is not the document's its reason. `whole`: the elements were chosen by a selector, so
    that only what single lines say of themselves counts."""
    measure(elements, lines)
    if not whole:
        mark_furniture(elements, lines)
        for line in lines:
            line.reason = line.element.reason
        by_place(elements, lines)
        leave_out_other_languages(elements, lines, language)
    for rule in LINE_RULES:
        rule([line for line in lines if line.reason is None])


# where the sentences are


def by_place(elements: list[Element], lines: list[Line]) -> None:
    """Only what stands inside the part that holds the sentences, and its title and dates, wherever they stand."""
    left = [line for line in lines if line.reason is None]
    prose = [line for line in left if line.is_prose]
    if not prose:
        return
    part, frame = _part(elements, prose)
    inside = _descendants(elements, part)
    framed = _descendants(elements, frame) if frame is not None else None
    first = next(index for index, line in enumerate(left) if line.element in inside)
    last = max(index for index, line in enumerate(left) if line.element in inside)
    kept = {index for index, line in enumerate(left) if line.element in inside}
    titled = any(left[index].kind == "heading" and left[index].level == 1 for index in kept)
    if frame is not None or not titled:
        kept |= _above(left, first, framed)
    kept |= _title(left, kept) | _below(left, last, framed or inside)
    for index, line in enumerate(left):
        if index not in kept:
            line.reason = "outside the main part"


def _above(left: list[Line], first: int, frame: set[Element] | None) -> set[int]:
    """The lines straight above the main part, up to the first thing to click: its title, its date, whom it is for.
    Where there is a <main>, all that stand in it, buttons or not."""
    found: set[int] = set()
    for index in range(first - 1, max(-1, first - _ABOVE), -1):
        line = left[index]
        if frame is not None and line.element not in frame:
            break
        if not line.is_clickable:
            found.add(index)
        elif frame is None:
            break
    return found


def _below(left: list[Line], last: int, framed: set[Element]) -> set[int]:
    """What is said below the main part, but still within <main>: an address, a note; with the title over it."""
    found: set[int] = set()
    said = False
    for index in range(len(left) - 1, last, -1):
        line = left[index]
        if line.element not in framed or line.is_clickable:
            continue
        if line.kind == "heading":
            if said:
                found.add(index)
            said = False
        elif line.text.count(" ") >= 3:
            found.add(index)
            said = True
    return found


def _title(left: list[Line], kept: set[int]) -> set[int]:
    """The page's title where it stands elsewhere, and a date near it."""
    titles = [
        index for index, line in enumerate(left) if line.kind == "heading" and line.level == 1 and not line.is_clickable
    ]
    if not titles:
        return set()
    title = next((index for index in titles if index in kept), titles[0])
    near = range(max(0, title - _NEAR), min(len(left), title + _NEAR + 1))
    return {title} | {index for index in near if _is_stamp(left[index])}


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
    feedback = _asks_for_feedback()
    skip = pattern("furniture", "skip", whole=True)
    for line in lines:
        if line.kind == "row" or len(line.text) > 160:
            continue
        if _is_control(line, label, several):
            line.reason = "control"
        elif _is_about_the_page(line.text, label, feedback):
            line.reason = "metadata"
        elif feedback.fullmatch(line.text):
            line.reason = "feedback"
        elif skip.fullmatch(line.text):
            line.reason = "skip link"


def _is_control(line: Line, label: re.Pattern[str], several: re.Pattern[str]) -> bool:
    if not any(character.isalnum() for character in line.text):  # "☺", "⌄"
        return bool(line.button_chars or line.link_chars)
    if len(line.text) >= 60:
        return False
    return bool((line.is_clickable and label.fullmatch(line.text)) or several.fullmatch(line.text))


_BESIDE = re.compile(r"\s*[·•|]\s*")


def _is_about_the_page(text: str, label: re.Pattern[str], feedback: re.Pattern[str]) -> bool:
    """Several remarks beside each other, none of which is of the text: "By Anna · 1,203 views · 3 min read"."""
    if len(text) > 120 or _BESIDE.search(text) is None:
        return False
    parts = _BESIDE.split(text.strip(" ·•|"))
    byline = pattern("furniture", "byline", whole=True)
    known = [bool(feedback.fullmatch(part) or label.fullmatch(part)) for part in parts]
    return any(known) and all(
        told or byline.fullmatch(part) is not None for told, part in zip(known, parts, strict=True)
    )


@cache
def _several_controls() -> re.Pattern[str]:
    """Two or more labels of controls in a row ("Expand all Collapse all"), which no sentence consists of."""
    label = pattern("furniture", "controls").pattern
    return re.compile(rf"\W*(?:{label})(?:\W+(?:{label}))+\W*", re.IGNORECASE)


@cache
def _asks_for_feedback() -> re.Pattern[str]:
    """A question about the page, with its answers in the same line or not ("Was this helpful? Yes No")."""
    question = pattern("furniture", "feedback", whole=True).pattern
    return re.compile(rf"{question}(?:{pattern('furniture', 'controls').pattern}|\W+)*", re.IGNORECASE)


def contents(lines: list[Line]) -> None:
    """A table of contents: three or more links in a row that lead to places of this page, and its title, also where
    the list went with a menu."""
    title = pattern("furniture", "contents", whole=True)
    for run in _runs(lines, lambda line: line.local_chars > 0.8 * len(line.text)):
        if len(run) >= 3:
            for index in run:
                lines[index].reason = "table of contents"
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else None
        alone = following is None or following.kind == "heading" or following.reason == "table of contents"
        if alone and line.reason is None and len(line.text) < 60 and title.fullmatch(line.text):
            line.reason = "table of contents"


def related(lines: list[Line]) -> None:
    """Links under a title such as "Related articles", and such a title with nothing under it."""
    title = pattern("furniture", "related", whole=True)
    for index, line in enumerate(lines):
        if line.reason is None and len(line.text) < 60 and title.fullmatch(line.text):
            run = index + 1
            while run < len(lines) and _is_card(lines[run]):
                lines[run].reason = "related pages"
                run += 1
            if run > index + 1 or run == len(lines):
                line.reason = "related pages"
    last = next((line for line in reversed(lines) if line.reason is None), None)
    if last is not None and last.kind == "heading" and title.fullmatch(last.text):
        last.reason = "related pages"


def _is_card(line: Line) -> bool:
    """A link to another page, be it the title of that page over a few words of it."""
    return line.is_links and line.kind != "row" and not (line.kind == "heading" and line.local_chars)


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
    """What is left of menus before the first line that is no link, and after the last one if it is a whole list."""
    kept = [line for line in lines if line.reason is None]
    leading = list(itertools.takewhile(lambda line: line.is_links and line.kind != "heading", kept))
    trailing = list(itertools.takewhile(lambda line: line.is_links and not _is_address(line), reversed(kept)))
    titled = len(trailing) < len(kept) and kept[-1 - len(trailing)].kind == "heading"
    for line in leading + (trailing if len(trailing) >= 3 and not titled else []):
        line.reason = "navigation"
    for line in itertools.takewhile(lambda line: line.reason or _is_imprint(line.text), reversed(kept)):
        line.reason = line.reason or "page footer"
    title = next((index for index, line in enumerate(kept) if line.kind == "heading" and line.level == 1), 0)
    for line in kept[:title]:
        if line.reason is None and _is_path(line):
            line.reason = "navigation"


_IMPRINT = re.compile(r"(?:©|\(c\)|copyright\s+(?:©|\(c\)|\d{4}))", re.IGNORECASE)


def _is_imprint(text: str) -> bool:
    return len(text) < 160 and (
        _IMPRINT.match(text) is not None or pattern("furniture", "imprint", whole=True).fullmatch(text) is not None
    )


def _is_path(line: Line) -> bool:
    """ "Home > Legal > Privacy": where the page stands in the site, above its title."""
    parts = re.split(r"\s*[>›»→/]\s*", line.text)
    return len(parts) > 1 and bool(line.hrefs) and all(0 < len(part) < 50 for part in parts) and not line.is_prose


def _is_address(line: Line) -> bool:
    return "@" in line.text or any(href.startswith("mailto:") for _, href in line.hrefs)


LINE_RULES: tuple[Callable[[list[Line]], None], ...] = (controls, contents, related, edges)
