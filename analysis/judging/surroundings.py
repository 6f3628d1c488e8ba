"""What stands around a block: the prose of a policy, or menus, teasers and lists of links."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import pairwise
from operator import itemgetter

from analysis.blocks import CELL, Page
from analysis.diff.tables import titles_by_row
from analysis.text.looks import asks, has_small_words, looks, pattern
from analysis.text.normal import normal
from analysis.text.sentence_ends import sentence_bounds
from analysis.text.times import times_in
from analysis.text.words import word_texts

_NEAR = 5  # blocks before and after
_SMALL = 12  # blocks; a page of less has no surroundings to speak of
_LEAST_DENIAL = 4  # words: "We never sell data"
_PROSE = 12  # words of a block that counts as prose
_PROSE_ANYWAY = 22  # also where it names no party
_ABOVE = 100  # words of prose above the first heading, which is not the document's title then
_ENOUGH_PROSE = 40  # words of prose in and around a block that is policy text
_GOES_ON = re.compile(r";(?:\s*(?:and|or|et|ou|und|oder|[yo]))?$")  # one of several that make a sentence
_ALL_LINK = 0.9  # of its characters
TEMPLATE = 3  # times that a text comes or goes alike
BANNER = 300  # characters; what is longer above the title is an introduction
LEAST = 6  # words; less is a heading, a button or an entry of a menu
DEFINITION = re.compile(
    r"(?:[\d.]+\s+)?[“\"«][^”\"»]{2,60}[”\"»]\s+(?:means?|refers? to|includes?|désignen?t?|signifien?t?)\b"
)
# not "Generative AI may be wrong": that is no company
_ACTING = re.compile(
    r"\b(?!Generative|Conversational|Agentic|Responsible|The|Our|An?|Your|This|That|Such|L[’'])([A-Z][\w-]+) AI"
    r"(?=[’']s?\b| (?:will|may|shall|is|has|does|can|collects?|process\w*|reserves?|uses?|at)\b"
    r"| (?:peut|est|s[’']|a|traite|collecte)\b)"
)


_INTRODUCTION = 4  # blocks from the title on, in which a page says whose it is
_ALWAYS = 0.7  # of the times that a name stands on a page
_NAMED_AI = re.compile(r"\b(?!Generative|Conversational|Agentic|Responsible)([A-Z][\w-]+) AI\b")
_NO_AI = " --"  # as long as " AI"
_OF_COMPANY = re.compile(
    r"\b([A-Z][\w-]+) AI,? (?:Inc|LLC|Ltd|Limited|PBC|GmbH|Corp|Corporation|PLC|Pte|Pty|S\.?A\.?S|SAS|SA"
    r"|B\.?V|A[BGS]|ApS|Oy|S\.?p\.?A|S\.?r\.?l)\b"
)

_OPENING, _CLOSING = ("“", '"', "«"), ("”", '"', "»")


class Surroundings:
    """Tells whether a block stands amid the prose of a policy, or amid menus, teasers and lists of links."""

    def __init__(self, page: Page) -> None:
        self._blocks = page.blocks
        self._texts = [block.text for block in page.blocks]
        self._first_heading = next((n for n, block in enumerate(page.blocks) if block.kind == "heading"), 0)
        self._places = {text: place for place, text in reversed(tuple(enumerate(self._texts)))}
        # a teaser in a menu reads like a sentence, but all of it is a link
        self._linked = frozenset(
            place
            for place, block in enumerate(page.blocks)
            if sum(len(link.text) for link in block.links) >= _ALL_LINK * len(block.text)
        )
        self._rows = frozenset(block.text for block in page.blocks if block.kind == "row")

    def has(self, text: str, under: str | None = None) -> bool:
        """Whether a block of the page says the same, `under` that title where one is given."""
        titles = self._titles_over.get(_block_key(text), ())
        return bool(titles) if under is None else under in titles

    @cached_property
    def _titles_over(self) -> dict[str, set[str]]:
        """Under which titles each block stands."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for block in self._blocks:
            found[_block_key(block.text)].add(block.heading[-1] if block.heading else "")
        return found

    def without_names(self, text: str) -> str:
        """The text with signs for the "AI" that only ends the name of a company, or one that is quoted as a trademark:
        what stands behind it stays where it is."""
        if " AI" not in text:
            return text
        return _NAMED_AI.sub(lambda found: f"{found[1]}{_NO_AI}" if self._is_company(found) else found[0], text)

    def _is_company(self, found: re.Match[str]) -> bool:
        quoted = found.string[found.end() :][:1] in _CLOSING and found.string[: found.start()][-1:] in _OPENING
        return bool(quoted) or found[1] in self._names_with_ai

    @cached_property
    def _names_with_ai(self) -> frozenset[str]:
        """The names before "AI" of companies: of those that act, that have a legal form, and of the publisher."""
        return frozenset(self._companies_of_ai())

    def _companies_of_ai(self) -> Iterator[str]:
        of_ai = [text for text in self._texts if " AI" in text]
        acting = Counter(name for each in of_ai for name in _ACTING.findall(each))
        yield from (name for name, times in acting.items() if times >= TEMPLATE)
        yield from (name for each in of_ai for name in _OF_COMPANY.findall(each) if self.is_own(name))
        introduced = {name for text in self._texts[: self._title + _INTRODUCTION] for name in _NAMED_AI.findall(text)}
        for name in introduced:
            times = sum(text.count(f"{name} AI") for text in of_ai)
            # a product of another publisher's is called so, too, but that one's own name stands without it
            if times >= TEMPLATE and times >= _ALWAYS * sum(text.count(name) for text in self._texts):
                yield name

    def is_own(self, name: str) -> bool:
        """Whether the page speaks of a name again and again: it is that of the service."""
        first = name.removesuffix(" AI")
        return first in self._texts[self._title] or sum(first in text for text in self._texts) >= TEMPLATE

    def is_row(self, text: str) -> bool:
        return not self._rows.isdisjoint(text.split("\n"))

    @cached_property
    def answers(self) -> dict[str, str]:
        """The block behind each question."""
        return {one: other for one, other in pairwise(self._texts) if asks(one)}

    def is_item(self, heading: tuple[str, ...], text: str) -> bool:
        return (heading, text) in self._items

    def lead_of(self, heading: tuple[str, ...], text: str) -> str:
        """What an item of a list goes on from: the end of the paragraph before the list, or the title over it, where
        that ends in a colon: "We do not collect:"."""
        place = self._items.get((heading, text))
        if place is None:
            return ""
        while place > 0 and self._blocks[place].kind == "item":
            place -= 1
        above = self._blocks[place].text
        if self._blocks[place].kind not in ("paragraph", "heading") or not above.endswith(":"):
            return ""
        return above[max((start for start, _ in sentence_bounds(above)), default=0) :].rstrip(" :")

    @cached_property
    def _items(self) -> dict[tuple[tuple[str, ...], str], int]:
        """Where each item of a list stands."""
        every = reversed(tuple(enumerate(self._blocks)))
        return {(block.heading, block.text): place for place, block in every if block.kind == "item"}

    def names_columns(self, row: str) -> bool:
        line = row.split("\n")[0]
        return self._titles.get(line) == line

    def columns_of(self, row: str) -> tuple[str, ...]:
        """The titles of the columns that a row stands under; empty for the titles themselves."""
        line = row.split("\n")[0]
        titles = self._titles.get(line)
        return tuple(titles.split(CELL)) if titles and titles != line else ()

    @cached_property
    def _titles(self) -> dict[str, str | None]:
        return titles_by_row(self._blocks)

    def amid_prose(self, text: str) -> bool:
        place = self._places.get(text.split("\n")[0])
        if place is None or len(self._texts) < _SMALL:
            return True
        if place < self._title and not pattern("subject").search(text):
            return False
        if self._amid_links(place):
            return False
        around = 0
        for other in self._near(place):
            around += self._text_words(other)
            if around and around >= self._enough:
                return True  # as most text does, and its neighbours need no reading
        return around > 0 and around + _prose_words(text) >= self._enough

    def in_menu(self, text: str) -> bool:
        """Whether a block is a link among others."""
        place = self._places.get(text.split("\n")[0])
        return place is not None and self._amid_links(place)

    def _amid_links(self, place: int) -> bool:
        return place in self._linked and sum(other in self._linked for other in self._near(place)) >= TEMPLATE

    def _near(self, place: int) -> Iterator[int]:
        yield from range(max(0, place - _NEAR), place)
        yield from range(place + 1, min(len(self._texts), place + 1 + _NEAR))

    @cached_property
    def _title(self) -> int:
        """Where the document's title stands: the first heading, unless more is said above it than banners say. Then the
        titles are bold paragraphs, and the heading is one of what follows."""
        above = sum(self._text_words(place) for place in range(self._first_heading))
        return self._first_heading if above < _ABOVE else 0

    @cached_property
    def _enough(self) -> float:
        """Words of prose around a text that make it one of the page's; of a short page half its prose is enough."""
        whole = 0
        for place in range(len(self._texts)):
            whole += self._text_words(place)
            if whole >= 2 * _ENOUGH_PROSE:
                return _ENOUGH_PROSE
        return whole / 2

    def _text_words(self, place: int) -> int:
        """The rows of a table belong to the text of a document, as prose does; menus have none."""
        if place in self._linked:
            return 0
        text = self._texts[place]
        return text.count(" ") + 1 if text in self._rows else _prose_words(text)


@lru_cache(maxsize=8192)
def _block_key(text: str) -> str:
    """The same for two rows that only have their cells in another order."""
    key = normal(text).casefold().rstrip(" .;:")
    return CELL.join(sorted(key.split(CELL))) if key.count(CELL) > 1 else key


@lru_cache(maxsize=4096)
def _prose_words(text: str) -> int:
    """The number of words of a block that speaks to somebody in sentences; 0 for any other."""
    count = text.count(" ") + 1
    speaks = count >= _PROSE_ANYWAY or (count >= _PROSE and pattern("parties").search(text)) or _GOES_ON.search(text)
    return count if speaks and is_sentence(text) else 0


@lru_cache(maxsize=4096)
def is_sentence(text: str) -> bool:
    """Whether a text says something, rather than name it: a menu's entries, buttons and titles do not."""
    if DEFINITION.match(text):
        return True
    letters = list(filter(str.isalpha, map(itemgetter(0), word_texts(text))))
    if len(letters) < LEAST and len(letters) + len(times_in(text)) < LEAST:  # "We delete logs after 30 days."
        denies = len(letters) >= _LEAST_DENIAL and not looks().words.negations.isdisjoint(text.casefold().split())
        if not denies or not pattern("we_act").match(text):
            return False
    small = sum(map(str.islower, letters))
    if small < 0.28 * len(letters):
        return False
    joined = 0.12 * len(letters)
    # German writes its nouns large
    return has_small_words(text, joined if small >= 0.5 * len(letters) else max(3, joined))
