"""Boxes beside and amid a text that stands in an element of its own: offers, reviews, questions with answers, news."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import takewhile

from analysis.extract.html_lines import BOXES, Line, is_stamp
from analysis.extract.html_tree import Element
from analysis.extract.promotions import promotes, speaks_as_a_policy, speaks_of_policies

_MOST = 0.8  # of the page's sentences
_TITLES = 3  # of sections, that make an element a text by itself
_LONGEST = 400  # characters of a box amid the text
_ALIKE = 3  # boxes; what comes more often is a form that the text has
_SELL = ("banner", "promo", "teaser", "advert", "sponsor", "offer")  # how names begin
_ADVERT = frozenset(("ad", "ads", "cta"))
_CALL_OUT = frozenset(("callout", "callouts", "tip", "hint", "help", "related"))


def leave_out_boxes(elements: list[Element], lines: list[Line]) -> None:
    """Where most sentences stand in one element, with the titles of their sections, leave out the boxes before, behind
    and amid them that are of something else."""
    left = [line for line in lines if line.reason is None]
    text = _text(elements, left)
    if text is None:
        return
    inside = [line for line in left if line.element.is_within(text)]
    first = next((line.element.order for line in inside if line.is_prose), text.order)
    titles = [line.element for line in left if line.level == 1 and line.element.order < first]
    title = titles[-1] if titles else None
    boxes = _boxes_beside(left, text, title)
    for box in _beside(boxes, text, title, asks=_asks(inside)):
        for line in boxes[box]:
            line.reason = "beside the text"
    for line in _amid(elements, inside, text):
        line.reason = "amid the text"


def _boxes_beside(left: list[Line], text: Element, title: Element | None) -> dict[Element, list[Line]]:
    """The largest elements that hold neither the text nor the page's title, with their lines."""
    around = {*text.upwards(), *(title.upwards() if title is not None else ())}
    boxes: defaultdict[Element, list[Line]] = defaultdict(list)
    for line in left:
        holders = list(takewhile(lambda holder: holder not in around, line.element.upwards()))
        if holders and holders[-1].parent in around and not line.element.is_within(text):
            boxes[holders[-1]].append(line)
    return boxes


def _beside(boxes: dict[Element, list[Line]], text: Element, title: Element | None, *, asks: bool) -> Iterator[Element]:
    """Those of the boxes that are not of the document. What stands between the title and the text is of it."""
    near = _near(text, title)
    for box, said in boxes.items():
        if box.order > text.order:
            of_it = not (_asks(said) and not asks) and _goes_on(said, near=box.is_within(near))
        else:
            of_it = title is None or box.order > title.order or _announces(said, near=box.is_within(near))
        if not of_it:
            yield box


def _text(elements: list[Element], left: list[Line]) -> Element | None:
    """The innermost element that holds most of the sentences and some titles of sections."""
    prose: Counter[Element] = Counter()
    titles: Counter[Element] = Counter()
    for line in left:
        prose[line.element] += len(line.text) if line.is_prose else 0
        titles[line.element] += line.kind == "heading" and not line.is_clickable
    for element in reversed(elements):
        if element.parent is not None:
            prose[element.parent] += prose[element]
            titles[element.parent] += titles[element]
    most = _MOST * prose[elements[0]]
    held = [element for element in elements if most and prose[element] > most and titles[element] > _TITLES]
    return held[-1] if held else None


def _near(text: Element, title: Element | None) -> Element:
    """The <main> round the text, or what holds the text and the page's title, or the text alone."""
    for element in text.upwards():
        if element.tag == "main" or element.role == "main" or (title is not None and title.is_within(element)):
            return element
    return text


def _announces(said: list[Line], *, near: bool) -> bool:
    """Whether a box above the title may be of the document: no message, or one that speaks of documents or data."""
    if near and not any(line.is_prose or line.button_chars for line in said):
        return True
    told = [line for line in said if not line.is_clickable]
    return any(is_stamp(line) and not line.is_prose for line in told) or speaks_of_policies(
        _words(told), praises=not near
    )


def _goes_on(said: list[Line], *, near: bool) -> bool:
    """Whether a box behind the text may be of it: it speaks as a policy does, and is no quotation; or it is near, and
    plain. A sentence alone elsewhere on the page is no more of the text."""
    sentences = [line for line in said if line.is_prose]
    titled = any(line.kind == "heading" or line.element.tag == "th" for line in said)
    if sentences and all(any(holder.tag == "blockquote" for holder in line.element.upwards()) for line in sentences):
        return False
    if speaks_as_a_policy(_words(said)):
        return near or (titled and bool(sentences)) or len(sentences) > 1
    leads = any(line.link_chars + line.button_chars for line in said if not line.is_prose and "@" not in line.text)
    told = sentences or any("@" in line.text or ", " in line.text or is_stamp(line) for line in said)
    return near and bool(told) and not titled and not leads


def _amid(elements: list[Element], inside: list[Line], text: Element) -> Iterator[Line]:
    """Lines of boxes that stand at the end of a section: unlike what they stand among, and with a name or a control
    that tells what they are for. Elements round each other that hold the same lines are one box."""
    below = elements[text.order + 1 :]
    alike = Counter(map(_kind, below))
    held: defaultdict[Element, list[int]] = defaultdict(list)
    for index, line in enumerate(inside):
        for holder in takewhile(lambda each: each.chars <= _LONGEST, _up_to(line.element, text)):
            held[holder].append(index)
    boxes: defaultdict[tuple[int, int], list[Element]] = defaultdict(list)
    for element, places in held.items():
        if _is_box(element) and places[0]:
            boxes[places[0], places[-1]].append(element)
    behind = _next_said(inside)
    for (start, end), box in boxes.items():
        following = behind[end]
        said = inside[start : end + 1]
        ends = following is None or following.kind == "heading"
        unlike = any(alike[_kind(element)] <= _ALIKE for element in box)
        if unlike and ends and _is_of_something_else(box, said):
            yield from said


def _is_box(element: Element) -> bool:
    return element.tag in BOXES or "-" in element.tag


def _next_said(inside: list[Line]) -> list[Line | None]:
    """For each line, the next one that is nothing to click."""
    found: list[Line | None] = []
    following: Line | None = None
    for line in reversed(inside):
        found.append(following)
        following = following if line.is_clickable else line
    return found[::-1]


def _kind(element: Element) -> tuple[str, str]:
    return element.tag, element.get("class") or element.get("id")


def _is_of_something_else(box: list[Element], said: list[Line]) -> bool:
    words = _words(said)
    if len(words) > _LONGEST or sum(line.is_prose for line in said) > 2:
        return False
    inner = {element for line in said for element in _up_to(line.element, box[0])}
    names = frozenset[str]().union(*(element.classes() | set(element.tag.split("-")) for element in inner.union(box)))
    sells = any(name.startswith(_SELL) or name in _ADVERT for name in names)
    if sells and promotes(words):
        return not speaks_of_policies(words, praises=True)
    told = sells or said[-1].is_clickable or "aside" in names or not names.isdisjoint(_CALL_OUT)
    return told and not speaks_as_a_policy(words)


def _up_to(element: Element, box: Element) -> Iterator[Element]:
    return takewhile(lambda each: each is not box, element.upwards())


def _words(said: list[Line]) -> str:
    return " ".join(line.text for line in said)


def _asks(said: list[Line]) -> bool:
    """Whether its titles are questions, but for the one over all."""
    titles = [line.text for line in said if line.kind == "heading"]
    return len(titles) > 1 and sum(title.endswith("?") for title in titles) >= max(2, len(titles) - 1)
