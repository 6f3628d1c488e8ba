"""The text in force locates the document. What stood in it stays text despite any rule; new text beside it is not the
document's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise, takewhile

from rapidfuzz import fuzz

from analysis.extract.broken_lines import parts
from analysis.extract.furniture import (
    is_same_kind,
    says_more_than_dialogs,
    siblings_of,
    smallest_with,
)
from analysis.extract.html_lines import MarkupLine
from analysis.extract.html_tree import Element
from analysis.model import CELL
from analysis.text.lexicon import PhraseMatch, matches
from analysis.text.phrases import kinds_of, pattern

BESIDE = "beside the text"
INSERTED = "a box in the text"
_BOX = 0.97  # of the former text
_KNOWN = 0.5  # of the text read without memory
_GROWN = 0.3  # of the former text
REWORDED = 60  # per cent alike
_SMALL = 600  # characters
_LABEL = 40  # characters
_FEW = 4  # sentences
_ITEMS = frozenset(("li", "dt", "dd", "tr", "td", "th"))
_ASKED = frozenset(("data_collection", "advertising", "personal_data"))
_POLICIES = frozenset(("privacy", "terms"))  # named by notices
_OWN = 0.2  # of the text's elements; more have names of their own where a program makes them
# what a paragraph, list or table is made of
_PLAIN = frozenset(
    (
        *(
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "p",
            "br",
            "blockquote",
            "pre",
            "code",
        ),
        *("ul", "ol", "li", "dl", "dt", "dd", "details", "summary", "figure"),
        *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
        *(
            "a",
            "b",
            "em",
            "font",
            "i",
            "small",
            "span",
            "strong",
            "sub",
            "sup",
            "u",
        ),
    )
)

Siblings = tuple[
    Element, Element
]  # one that holds lines, and its sibling that holds the text


def recall(
    elements: list[Element],
    lines: Sequence[MarkupLine],
    former: Iterable[str],
    *,
    language: str | None = None,
    whole: bool = False,
) -> None:
    """By the blocks in force (`former`). `whole`: the operator located the text, so all of it is text."""
    known = _texts(former)
    standing = _standing(lines, known)
    box = smallest_with(elements, standing, _BOX)
    for line in standing:
        if line.reason is not None and (
            line.is_prose or line.element.is_within(box)
        ):
            line.reason = None
    _keep_boxes(lines, standing, box)
    left = [line for line in lines if line.reason is None]
    size = sum(len(line.text) for line in standing)
    if not size or size < _KNOWN * sum(len(line.text) for line in left):
        return
    stood = {*standing}
    _mark_foreign(left, stood, box)
    if whole:
        return
    gone = [*(known - Counter(line.text for line in left))]
    for line in _inserted(left, stood, box, gone, language):
        line.reason = INSERTED
    beside = _beside(left, stood, box, gone, language)
    if sum(len(line.text) for line in beside if line.is_prose) <= _GROWN * size:
        for line in beside:
            line.reason = BESIDE


def _keep_boxes(
    lines: Sequence[MarkupLine], standing: Sequence[MarkupLine], box: Element
) -> None:
    """A box of the text stays text with what is new in it, or reworded."""
    kept = {
        _left_out_box(line.element)
        for line in standing
        if line.is_prose and line.element.reason is not None
    }
    for line in lines if kept else ():
        if (
            line.is_prose
            and line.element.reason is not None
            and _left_out_box(line.element) in kept
            and line.element.is_within(box)
        ):
            line.reason = None


def _left_out_box(element: Element) -> Element:
    """The outermost one that a rule left out."""
    return [each for each in element.upwards() if each.reason is not None][-1]


def _texts(blocks: Iterable[str]) -> Counter[str]:
    """A grid's cells are lines of their own."""
    texts: Counter[str] = Counter()
    for text in blocks:
        texts[text] += 1
        if CELL in text:
            texts.update(text.split(CELL))
    return texts


def _standing(lines: Sequence[MarkupLine], known: Counter[str]) -> list[MarkupLine]:
    """Of equal ones, those that are text anyway."""
    free = known.copy()
    standing = []
    for line in sorted(lines, key=lambda line: line.reason is not None):
        split = [text for _, text in parts(line.text, line.breaks)]
        for texts in ([line.text], split):
            if all(free[text] >= n for text, n in Counter(texts).items()):
                free.subtract(texts)
                standing.append(line)
                break
    return standing


def _beside(
    left: Sequence[MarkupLine],
    standing: set[MarkupLine],
    box: Element,
    gone: Iterable[str],
    language: str | None,
) -> list[MarkupLine]:
    """Outside the text's box, unless they continue it or replace its text."""
    new = [
        line
        for line in left
        if line not in standing and not line.element.is_within(box)
    ]
    if not new:
        return []
    places = {line: siblings(line.element, box) for line in new}
    texts = {
        place[0]
        for line, place in places.items()
        if line.is_prose and _continues(line.text, place, language)
    }
    kept: set[MarkupLine] = set()
    for line in new:
        is_title = line.kind == "heading" and line.level == 1
        if is_title or places[line][0] in texts or _is_reworded(line.text, gone):
            kept.add(line)
    kept |= {
        above
        for above, line in pairwise(new)
        if above.kind == "heading" and line in kept
    }
    return [line for line in new if line not in kept]


def _mark_foreign(
    left: Sequence[MarkupLine], standing: set[MarkupLine], box: Element
) -> None:
    """New lines in an element of a kind that no line of the former text stands in."""
    old = {element for line in standing for element in line.element.upwards()}
    kinds = Counter(map(_kind, old))
    text = [element for element in old if element.order > box.order]
    own = sum(
        bool(element.get("class")) and kinds[_kind(element)] == 1
        for element in text
    )
    if own >= _OWN * len(text):
        return
    for line in left:
        if line not in standing:
            new = takewhile(lambda each: each not in old, line.element.upwards())
            line.is_foreign = any(_is_foreign(element, kinds) for element in new)


def _kind(element: Element) -> tuple[str, str]:
    return element.tag, element.get("class")


def _is_foreign(element: Element, kinds: Counter[tuple[str, str]]) -> bool:
    kind = _kind(element)
    return kind not in kinds and (element.tag not in _PLAIN or bool(kind[1]))


def _inserted(
    left: Sequence[MarkupLine],
    standing: set[MarkupLine],
    box: Element,
    gone: Iterable[str],
    language: str | None,
) -> list[MarkupLine]:
    """With a field or button, or little but links, not speaking of policies: newsletters, surveys, breadcrumbs. Not
    sections whose title is a button, items of a list, nor what rewords a line that is `gone`.
    """
    new: dict[Element, list[MarkupLine]] = {}
    old = {element for line in standing for element in line.element.upwards()}
    for line in left:
        element = line.element
        if line not in standing and element not in old and element.is_within(box):
            while element.parent is not None and element.parent not in old:
                element = element.parent
            new.setdefault(element, []).append(line)
    return [
        line
        for element, lines in new.items()
        if sum(len(line.text) for line in lines) <= _SMALL
        if element.tag not in _ITEMS
        if not any(is_same_kind(element, other) for other in siblings_of(element))
        if _is_furniture(element, [line.text for line in lines], language)
        if not any(_is_reworded(line.text, gone) for line in lines)
        for line in lines
    ]


def _is_furniture(element: Element, texts: list[str], language: str | None) -> bool:
    if element.has_field:  # it may ask for an address, and say what for
        named = {
            match.topic for text in texts for match in _deciding(text, language)
        }
        return named <= _ASKED
    if _asks_for_consent(element, texts):
        return True
    has_controls = has_button(element) or 2 * element.link_chars >= element.chars
    return has_controls and not any(
        speaks_of_policies(text, language) for text in texts
    )


def _asks_for_consent(element: Element, texts: list[str]) -> bool:
    """Names cookies, and offers to accept, refuse or choose, in whatever markup."""
    if not any(pattern("furniture", "cookies").search(text) for text in texts):
        return False
    if says_more_than_dialogs(" ".join(texts)):
        return False
    labels = [
        label
        for child in element.below()
        if (label := child.words(_LABEL).lower()) and not child.sentences
    ]
    decide = [
        pattern("furniture", key, whole=True)
        for key in ("consent", "choices", "dismiss")
    ]
    return element.sentences <= _FEW and (
        any(each.fullmatch(label) for label in labels for each in decide)
        or sum(child.is_button for child in element.below()) > 1
    )


def speaks_of_policies(text: str, language: str | None) -> bool:
    return bool(pattern("furniture", "matters").search(text)) or _decides(
        text, language
    )


def _decides(text: str, language: str | None) -> bool:
    return bool(_deciding(text, language))


def _deciding(text: str, language: str | None) -> list[PhraseMatch]:
    return [match for match in matches(text, language) if match.tier == "decides"]


def _is_reworded(text: str, gone: Iterable[str]) -> bool:
    return any(fuzz.ratio(text, other) >= REWORDED for other in gone)


def _continues(sentence: str, place: Siblings, language: str | None) -> bool:
    """Of the same kind, or adjacent, without buttons and about personal data. Farther away, among banners, it must name
    a document.
    """
    element, text = place
    if is_same_kind(element, text):
        return True
    if has_button(element):
        return False
    if text.parent is None or text.parent.tag == "body":
        return bool(kinds_of(sentence) & _POLICIES)
    return _decides(sentence, language)


def has_button(element: Element) -> bool:
    """Itself included."""
    return element.is_button or any(
        has_button(child)
        for child in element.children
        if isinstance(child, Element)
    )


def siblings(element: Element, box: Element) -> Siblings:
    """That hold an element, and a box outside it."""
    around = {*box.upwards()}
    while element.parent is not None and element.parent not in around:
        element = element.parent
    text = box
    while text.parent is not None and text.parent is not element.parent:
        text = text.parent
    return element, text
