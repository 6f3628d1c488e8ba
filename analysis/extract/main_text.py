"""Which lines of a page are the document's, without selectors: furniture is left out, all else stays.

The rules go from the sure to the weak: what elements say of themselves (tags, roles), what stands on their buttons,
what their names say, where the sentences are, and last what single lines say. Each rule and the noise that it answers
is in docs/reading.md.
"""

from __future__ import annotations

from analysis.extract.consent_dialogs import mark_consent_managers
from analysis.extract.furniture import mark_furniture
from analysis.extract.html_lines import REMARK, Line, is_stamp
from analysis.extract.html_tree import Element
from analysis.extract.line_rules import LINE_RULES
from analysis.extract.other_languages import leave_out_other_languages

_ABOVE = 12  # lines
_NEAR = 4  # lines


def measure(elements: list[Element], lines: list[Line]) -> None:
    for line in lines:
        holder = line.element
        length = len(line.text)
        holder.chars += length
        holder.link_chars += min(length, line.link_chars + line.button_chars)
        if line.is_prose:
            holder.prose += length
            holder.sentences += 1
    for element in reversed(elements):
        parent = element.parent
        if element.tag == "form":
            element.has_form = True
        elif element.tag == "h1":
            element.titled = element.link_chars < element.chars
        if parent is not None:
            parent.titled |= element.titled
            parent.has_form |= element.has_form
            parent.chars += element.chars
            parent.link_chars += element.link_chars
            parent.prose += element.prose
            parent.sentences += element.sentences
    for line in lines:
        for element in line.beside:
            _measure_beside(element, line.element)


def _measure_beside(element: Element, block: Element) -> None:
    """What stands beside others in one line counts for the block that they stand in; here, for itself."""
    chars = len(element.words(REMARK))
    link_chars = min(chars, element.clickable_chars())
    while element is not block and element.parent is not None:
        element.chars, element.link_chars = chars, link_chars
        element = element.parent


def leave_out(
    elements: list[Element], lines: list[Line], *, language: str | None = None, selected: bool = False
) -> None:
    """Give every line that is not the document's its reason. `selected`: a selector chose the elements, so
    that only what single lines say of themselves counts."""
    measure(elements, lines)
    if selected:
        mark_consent_managers(elements)
    else:
        mark_furniture(elements, lines)
    for line in lines:
        line.reason = line.element.reason
    if not selected:
        by_place(elements, lines)
        leave_out_other_languages(elements, lines, language)
    for rule in LINE_RULES:
        rule([line for line in lines if line.reason is None], lines)


def by_place(elements: list[Element], lines: list[Line]) -> None:
    """Only what stands inside the part that holds the sentences, and its title and dates, wherever they stand."""
    left = [line for line in lines if line.reason is None]
    prose = [line for line in left if line.is_prose]
    if not prose:
        return
    part, frame = _part(elements, prose)
    main = {index for index, line in enumerate(left) if line.element.is_within(part)}
    titled = any(left[index].kind == "heading" and left[index].level == 1 for index in main)
    above = _above(left, min(main), frame) if frame is not None or not titled else set()
    text = main | above | _title(left, main | above) | _below(left, max(main), frame or part)
    for index, line in enumerate(left):
        if index not in text:
            line.reason = "outside the main part"


def _above(left: list[Line], first: int, frame: Element | None) -> set[int]:
    """The lines straight above the main part, up to the first thing to click or to a title over the page's own: its
    title, its date, whom it is for. Where there is a <main>, all that stand in it, buttons or not."""
    above: set[int] = set()
    titled = False
    for index in range(first - 1, max(-1, first - _ABOVE), -1):
        line = left[index]
        if titled and frame is None and line.kind == "heading":
            break
        titled |= line.kind == "heading" and line.level == 1
        if frame is not None and not line.element.is_within(frame):
            break
        if not line.is_clickable:
            above.add(index)
        elif frame is None:
            break
    return above


def _below(left: list[Line], last: int, frame: Element) -> set[int]:
    """Text below the main part, but still within <main>: an address, a note; with the title over it."""
    below: set[int] = set()
    has_text = False
    for index in range(len(left) - 1, last, -1):
        line = left[index]
        if line.is_clickable or not line.element.is_within(frame):
            continue
        if line.kind == "heading":
            if has_text:
                below.add(index)
            has_text = False
        elif line.text.count(" ") >= 3:
            below.add(index)
            has_text = True
    return below


def _title(left: list[Line], text: set[int]) -> set[int]:
    """The page's title where it stands elsewhere, and a date near it."""
    titles = [
        index for index, line in enumerate(left) if line.kind == "heading" and line.level == 1 and not line.is_clickable
    ]
    if not titles:
        return set()
    title = next((index for index in titles if index in text), titles[0])
    near = range(max(0, title - _NEAR), min(len(left), title + _NEAR + 1))
    return {title} | {index for index in near if is_stamp(left[index])}


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
