"""A page's elements as a light tree that can be measured and marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from analysis.extract.html_costs import refuse_costly
from analysis.model import TooCostly
from analysis.text.normal import TICKS
from analysis.text.phrases import pattern
from analysis.text.word_lists import word_lists

# what holds no text for a reader; noscript speaks to another reader
_SKIPPED_TAGS = (
    "script style template noscript svg math iframe object embed canvas audio video picture img map head title "
    "meta link select datalist input textarea progress meter"
)
SKIPPED = frozenset(_SKIPPED_TAGS.split())
_PICTURES = frozenset(("img", "svg"))
_FIELDS = frozenset(("input", "textarea", "select"))
_TYPED = frozenset(("", "text", "email", "search", "tel"))
_CLICKABLE = frozenset(("a", "button", "label", "link"))
_DIALOG_ROLES = frozenset(("dialog", "alertdialog"))
_TOOLTIP = re.compile(
    r"tooltip[-_]*(?:text|content|body|inner|bubble)", re.IGNORECASE
)
_LONGEST_TOOLTIP = 300  # characters
_DEEPEST = 400  # levels; looking upwards from each element must stay cheap
_HEXADECIMAL = re.compile(r"(?:[0-9a-fA-F]{2}){4,200}")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,190}")
_NAME_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_NAME = re.compile(r"[A-Za-z][A-Za-z_-]{2,38}[A-Za-z]")


@dataclass(slots=True, eq=False)
class Element:
    """One element; the measures are of all the text below it and are filled in by `html_page`.

    `order` is the place in document order: an element's descendants follow it directly.
    """

    tag: str
    attributes: dict[str, str | None]
    parent: Element | None
    order: int
    children: list[Element | str] = field(default_factory=list)
    chars: int = 0
    link_chars: int = 0
    prose: int = 0  # characters that stand in sentences
    sentences: int = 0  # lines that are prose
    has_field: bool = False  # for words of the visitor
    is_declaration: bool = False  # within a consent manager's table of cookies
    titled: bool = False  # whether an <h1> that is no link stands in it
    reason: str | None = None  # why it is left out
    role: str = ""

    def get(self, name: str) -> str:
        return self.attributes.get(name) or ""

    @property
    def is_clickable(self) -> bool:
        return self.tag in _CLICKABLE or self.role in _CLICKABLE

    @property
    def is_button(self) -> bool:
        return self.tag == "button" or self.role == "button"

    @property
    def is_dialog(self) -> bool:
        return (
            self.role in _DIALOG_ROLES
            or self.tag == "dialog"
            or self.get("aria-modal") == "true"
        )

    @property
    def is_left_out(self) -> bool:
        return any(holder.reason is not None for holder in self.upwards())

    def upwards(self) -> Iterator[Element]:
        """The element, and those that it stands in, up to the whole page."""
        element: Element | None = self
        while element is not None:
            yield element
            element = element.parent

    def is_within(self, holder: Element) -> bool:
        """Elements stand behind what they stand in, so no more are looked at than may be it."""
        return (
            next(
                (
                    element
                    for element in self.upwards()
                    if element.order <= holder.order
                ),
                None,
            )
            is holder
        )

    def below(self) -> Iterator[Element]:
        """The elements that stand in it, in no order; without recursion."""
        pending: list[Element] = [self]
        while pending:
            inner = [
                each for each in pending.pop().children if isinstance(each, Element)
            ]
            yield from inner
            pending += inner

    def texts(self) -> Iterator[str]:
        """The pieces of text below it; without recursion, for pages nest deeper than Python calls."""
        pending: list[Element | str] = [self]
        while pending:
            child = pending.pop()
            if isinstance(child, str):
                yield child
            else:
                pending.extend(reversed(child.children))

    def words(self, most: int) -> str:
        """The text below it, "" if that is longer than `most` characters."""
        pieces: list[str] = []
        length = 0
        for piece in self.texts():
            pieces.append(piece)
            length += len(piece)
            if length > 4 * most:
                return ""
        text = " ".join("".join(pieces).split())
        return text if len(text) <= most else ""

    def spaced_words(self) -> str:
        """The text below it, the pieces of its elements apart: "Letters We may" of a title and its text."""
        return " ".join(" ".join(self.texts()).split())

    @property
    def has_name(self) -> bool:
        """Whether anything says what it is: attributes, or a tag of the page's own ("shop-teaser")."""
        return bool(self.attributes) or "-" in self.tag


def is_stable_name(name: str) -> bool:
    """Whether a name was given by a person: of words, not of what a program counts or hashes."""
    if not _NAME.fullmatch(name):
        return False
    return all(
        len(piece) > 2 and re.search("[aeiouyAEIOUY]", piece)
        for piece in _NAME_PART.findall(name)
    )


def parse(text: str) -> LexborHTMLParser:
    """Raise `UnreadablePage` for a page that is made to keep its reader busy."""
    refuse_costly(text)
    # scripting: the content of noscript is then one piece of text, so that an open tag in it swallows nothing
    try:
        return LexborHTMLParser(
            text.removesuffix("<"), scripting=True
        )  # where an answer was cut off, "<" is no text
    except SelectolaxError:  # it has no memory left
        raise TooCostly from None


def _hidden_address(attributes: dict[str, str | None]) -> str | None:
    """An e-mail address that is obfuscated: hexadecimal, each byte changed by the first."""
    for name, value in attributes.items():
        if name.endswith("email") and value and _HEXADECIMAL.fullmatch(value):
            key, *letters = bytes.fromhex(value)
            address = "".join(chr(letter ^ key) for letter in letters)
            if _ADDRESS.fullmatch(address):
                return address
    return None


def _words_of_picture(attributes: dict[str, str | None]) -> str | None:
    """The words that stand for a picture where they say yes or no, as in the cells of a table, or are sentences that a
    policy may have: what a drawn table says.
    """
    answers = word_lists().yes | word_lists().no
    for text in (
        attributes.get(name) or "" for name in ("alt", "aria-label", "title")
    ):
        words = text.strip(" .*\ufe0f").casefold() if len(text) < 20 else ""
        if TICKS.get(words, words) in answers:
            return text
    sentence = attributes.get("alt") or ""
    if (
        sentence.count(" ") >= 4
        and sentence.rstrip().endswith((".", "!", "?"))
        and pattern("furniture", "matters").search(sentence)
    ):
        return f" {sentence} "
    return None


def _is_tooltip(element: Element) -> bool:
    """What a pointer shows over a word of the text: none of its words."""
    return element.role == "tooltip" or bool(_TOOLTIP.search(element.get("class")))


def grow(root: LexborNode) -> list[Element]:
    """All elements below `root` with it, in document order, without recursion. What nests deeper than any page of
    sense is laid side by side, so that looking upwards stays cheap."""
    top = Element(root.tag or "", root.attributes, None, 0)
    elements = [top]
    open_: list[tuple[LexborNode | None, Element, int]] = [
        (root.first_child, top, 0)
    ]
    while open_:
        node, parent, depth = open_.pop()
        while node is not None:
            tag = node.tag or ""
            if tag == "-text":
                text = node.text_content
                if text:
                    parent.children.append(text)
            elif tag in _PICTURES and (words := _words_of_picture(node.attributes)):
                parent.children.append(words)
            elif tag in _FIELDS:
                kind = node.attributes.get("type") or ""
                parent.has_field |= tag != "input" or kind.lower() in _TYPED
            elif tag[:1] not in ("-", "!") and tag not in SKIPPED:
                attributes = node.attributes
                element = Element(tag, attributes, parent, len(elements))
                if "role" in attributes:
                    element.role = element.get("role").strip().lower()
                if _is_tooltip(element) and len(node.text()) <= _LONGEST_TOOLTIP:
                    node = node.next
                    continue
                elements.append(element)
                parent.children.append(element)
                if (tag == "a" or tag == "span") and (
                    address := _hidden_address(attributes)
                ):
                    element.children.append(address)
                    node = node.next
                    continue
                first = node.first_child
                if first is not None:
                    open_.append((node.next, parent, depth))
                    node, depth = first, depth + 1
                    parent = element if depth < _DEEPEST else parent
                    continue
            node = node.next
    return elements
