"""Which lines are the document's, without selectors: furniture is left out, all else stays.

From sure rules to weak ones; docs/reading.md has each.
"""

from __future__ import annotations

from collections.abc import Sequence

from analysis.extract.furniture import (
    is_same_kind,
    mark_consent_managers,
    mark_furniture,
    smallest_with,
)
from analysis.extract.html_lines import MarkupLine, is_stamp
from analysis.extract.html_tree import Element
from analysis.extract.line_rules import LINE_RULES
from analysis.extract.memory import recall, siblings
from analysis.text.language import is_mixed, language_of, two_letters
from analysis.text.lexicon import LANGUAGES
from analysis.text.phrases import pattern

_ABOVE = 12  # lines
_NEAR = 4  # lines
_MOST = 0.8  # of the sentences
_PART = 0.08  # of the page's sentences
_IN_FRAME = 0.6  # from which <main> is trusted


def measure(elements: list[Element], lines: list[MarkupLine]) -> None:
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
        if element.tag == "form" or element.get("contenteditable") == "true":
            element.has_field = True
        elif element.tag == "h1":
            element.titled = element.link_chars < element.chars
        if parent is not None:
            parent.titled |= element.titled
            parent.has_field |= element.has_field
            parent.chars += element.chars
            parent.link_chars += element.link_chars
            parent.prose += element.prose
            parent.sentences += element.sentences


def leave_out(
    elements: list[Element],
    lines: list[MarkupLine],
    *,
    language: str | None = None,
    selected: bool = False,
    former: Sequence[str] = (),
) -> None:
    """`selected`: by a selector, so that only rules on single lines apply. `former` are the blocks' words in force."""
    measure(elements, lines)
    if selected:
        mark_consent_managers(elements)
    else:
        mark_furniture(elements, lines, is_first=not former)
    for line in lines:
        line.reason = line.element.reason
    if not selected:
        by_place(elements, lines, language)
        leave_out_other_languages(elements, lines, language)
    for rule in LINE_RULES:
        rule([line for line in lines if line.reason is None])
    if former:
        recall(elements, lines, former, language=language, whole=selected)


def by_place(
    elements: list[Element], lines: list[MarkupLine], language: str | None = None
) -> None:
    """The part with the sentences, and its title and dates wherever they stand."""
    left = [line for line in lines if line.reason is None]
    prose = [line for line in left if line.is_prose]
    if not prose:
        return
    part, frame = _part(elements, prose)
    more = _more_of_text(left, part, language)
    main = {
        index
        for index, line in enumerate(left)
        if line.element.is_within(part)
        or any(line.element.is_within(element) for element in more)
    }
    titled = any(
        left[index].kind == "heading" and left[index].level == 1 for index in main
    )
    above = (
        _above(left, min(main), frame) if frame is not None or not titled else set()
    )
    text = (
        main
        | above
        | _title(left, main | above)
        | _below(left, max(main), frame or part)
    )
    for index, line in enumerate(left):
        if index not in text:
            line.reason = "outside the main part"


def _above(left: list[MarkupLine], first: int, frame: Element | None) -> set[int]:
    """Title, date and audience, up to anything clickable or another title; all of them within a <main>."""
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


def _below(left: list[MarkupLine], last: int, frame: Element) -> set[int]:
    """Within <main>: an address or note, with its title."""
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


def _title(left: list[MarkupLine], text: set[int]) -> set[int]:
    """A title that stands elsewhere, with a date near it."""
    titles = [
        index
        for index, line in enumerate(left)
        if line.kind == "heading" and line.level == 1 and not line.is_clickable
    ]
    if not titles:
        return set()
    title = next((index for index in titles if index in text), titles[0])
    near = range(max(0, title - _NEAR), min(len(left), title + _NEAR + 1))
    return {title} | {index for index in near if is_stamp(left[index])}


def _part(
    elements: list[Element], prose: list[MarkupLine]
) -> tuple[Element, Element | None]:
    """The smallest element with most remaining sentences, and the <main> around it."""
    mains = [
        element
        for element in elements
        if element.tag == "main" or element.role == "main"
    ]
    whole = sum(len(line.text) for line in prose)
    frame = mains[0] if len(mains) == 1 else None
    within = [
        line
        for line in prose
        if frame is not None and line.element.is_within(frame)
    ]
    if (
        frame is not None
        and sum(len(line.text) for line in within) > _IN_FRAME * whole
    ):
        below = [element for element in elements if element.is_within(frame)]
        return smallest_with(below, within, _MOST), frame
    return smallest_with(elements, prose, _MOST), None


def _more_of_text(
    left: list[MarkupLine], part: Element, language: str | None
) -> list[Element]:
    """Of its kind, or speaking as policies do. All, for a language without phrases."""
    is_silent = (language or "en") not in LANGUAGES
    matters = pattern("furniture", "matters")
    more: list[Element] = []
    for line in left:
        if (
            not line.is_prose
            or line.element.is_within(part)
            or any(line.element.is_within(each) for each in more)
        ):
            continue
        element, text = siblings(line.element, part)
        if is_silent or is_same_kind(element, text) or matters.search(line.text):
            more.append(element)
    return more


def leave_out_other_languages(
    elements: list[Element], lines: list[MarkupLine], language: str | None
) -> None:
    """Parts that repeat the document, if one is in `language`, its siblings in several others: of two, either may
    say what the other does not.
    """
    wanted = two_letters(language)
    left = [line for line in lines if line.reason is None]
    if wanted is None or not is_mixed(" ".join(line.text for line in left)):
        return
    parent = elements[0]
    while True:
        parts = [
            child
            for child in parent.children
            if isinstance(child, Element) and child.prose > _PART * parent.prose
        ]
        if len(parts) != 1:
            break
        parent = parts[0]
    by_part = [
        [line for line in left if line.element.is_within(part)] for part in parts
    ]
    languages = [
        language_of(" ".join(line.text for line in inside)) for inside in by_part
    ]
    others = {*languages} - {wanted, None}
    for language, inside in zip(languages, by_part, strict=True):
        for line in (
            inside
            if wanted in languages and len(others) > 1 and language in others
            else ()
        ):
            line.reason = "another language"
