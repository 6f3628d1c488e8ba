"""The types of what is read and compared: a page and its blocks; a comparison, its passages and its summary."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from foundation.vocabulary import (
    SIDES,
    BlockKind,
    Default,
    Direction,
    Operation,
    Severity,
    Side,
)
from messages import Message

CELL = " | "  # between the cells of a row


class UnreadablePage(Exception):
    """A capture from which no text can be taken; `reason` is a sentence for the operator."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


class TooCostly(UnreadablePage):
    """A text that takes more time or memory to read or to compare than any policy should."""

    def __init__(self, reason: Message | None = None) -> None:
        super().__init__(reason or Message("unreadable.costly"))


class UnfitModel(Exception):
    """The weights were trained for other topics or features than the code has."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it stands in a block: its words, its absolute address (http, https, mailto), and where in the block's
    text the words begin."""

    text: str
    url: str
    at: int


@dataclass(frozen=True, slots=True)
class Block:
    """One unit of a page's text.

    `text` has single spaces and no line breaks; the cells of a table row are joined by " | ".
    `heading` holds the titles of the sections that the block stands in, outermost first; a heading's own words are
    its `text` and not in its own `heading`.
    """

    kind: BlockKind
    text: str
    heading: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Dropped:
    """Text of the page that is not the document's, and why the reader left it out ("navigation", "cookie banner").

    `after` counts the blocks of the document that stand before it on the page.
    """

    text: str
    reason: str
    after: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """What the reader took from one capture.

    `language` is a two-letter code (what the text is written in, as well as can be told), None when nothing tells;
    `labelled` the code that the page itself gives its text, which need not be the same, `region` the country with it
    ("GB" of "en-GB"), which says how dates are written. `container` names the element of HTML that holds the text.
    """

    title: str
    language: str | None
    blocks: tuple[Block, ...]
    dropped: tuple[Dropped, ...] = ()
    labelled: str | None = None
    region: str | None = None
    container: str | None = None


_MUCH = 3_000  # characters that go while nothing comes


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words, as they stand in the passage, that decided a topic."""

    topic: str
    text: str
    side: Side


@dataclass(frozen=True, slots=True)
class Passage:
    """One place of a change. `before` is None for added text, `after` for removed; moved text has both, alike.

    `lead_in` holds the lines that govern it where it stands in a list or a table: "You must not:", the row of headers.
    `returns`: the text that came stood on the page before, or the text that went came with one of the last versions.
    `why` says in plain words what decided, one reason a line, also why nothing was flagged. `chance`: of an alert, by
    the trained model; None where it was not asked. `may_pass`: it seems to
    say nothing of the document, as a caption or an offer, so that it makes no version before it has stayed.
    """

    heading: tuple[str, ...]
    operation: Operation
    before: str | None
    after: str | None
    topics: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    severity: Severity = "none"
    direction: Direction = "none"
    returns: bool = False
    why: tuple[Message, ...] = ()
    chance: float | None = None
    lead_in: tuple[str, ...] = ()
    is_heading: bool = False
    may_pass: bool = False

    @property
    def texts(self) -> dict[Side, str]:
        """The text of each side, empty where there is none."""
        return {"before": self.before or "", "after": self.after or ""}

    @property
    def side(self) -> Side:
        """The side that is read where one must do: the later one, if there is one."""
        return "after" if self.after else "before"

    @property
    def text(self) -> str:
        """What stands on it."""
        return self.after or self.before or ""


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of the page, verbatim, of one block. `new` holds the changed ones among them, by offsets, `links` the links
    on them, with `at` from the beginning of the quotation; `place` is the number of the passage, None where they did
    not change; `lead_in` holds the lines that govern them."""

    text: str
    side: Side
    links: tuple[Link, ...] = ()
    new: tuple[tuple[int, int], ...] = ()
    place: int | None = None
    lead_in: tuple[str, ...] = ()

    @property
    def link(self) -> str | None:
        """Where the first of its links leads."""
        return self.links[0].url if self.links else None


@dataclass(frozen=True, slots=True)
class Headline:
    """What leads a change: a quotation, and the offsets of the clause in it that is the news.

    `claim` names what the program says in its own words ("training", "sale"), None where it only quotes; `is_notice`
    says that the quotation announces a change to come.
    """

    quotation: Quote
    clause: tuple[int, int]
    claim: str | None = None
    is_notice: bool = False


@dataclass(frozen=True, slots=True)
class Brief:
    """The short answers for a reader of an alert, each a whole clause; what the change does not say stays empty.

    `start` (JSON: "from") is the date from which the change holds, `deadline` the last day on which people can refuse;
    `severity_reasons` names the conventions by which the change is high. `already` is what the page says elsewhere on
    how to refuse, where the change says nothing.
    """

    headline: Headline | None = None
    start: date | None = None
    deadline: date | None = None
    deadline_words: tuple[Quote, ...] = ()
    default: Default | None = None
    default_words: tuple[Quote, ...] = ()
    severity_reasons: tuple[str, ...] = ()
    data: tuple[Quote, ...] = ()
    purposes: tuple[Quote, ...] = ()
    recipients: tuple[Quote, ...] = ()
    refuse: tuple[Quote, ...] = ()
    excluded: tuple[Quote, ...] = ()
    irreversible: tuple[Quote, ...] = ()
    regions: tuple[Quote, ...] = ()
    already: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a change between two texts is.

    `held` is the reason why the later text is not believed to be a text of this document; nothing else is claimed then.
    `returns`: it alerts, but only by text that an older version had, or that came just before it.
    `notice_links` holds the links of a notice of coming changes: where more is said of them.
    `dated`: no word says that it holds from `effective_date`; that is the date which the document bears.
    `is_classified`: its language has a trained model; else severity and direction are not assessed.
    `why` says in plain words why the change as a whole is told or not; where `held` does, nothing.
    `passages` stand in the order of the later text, removed ones at the place they were taken from.
    """

    substantive: bool
    alert: bool = False
    returns: bool = False
    severity: Severity = "none"
    direction: Direction = "none"
    topics: tuple[str, ...] = ()
    effective_date: date | None = None
    dated: bool = False
    held: Message | None = None
    why: tuple[Message, ...] = ()
    notice_links: tuple[Quote, ...] = ()
    is_classified: bool = True
    brief: Brief = field(default_factory=Brief)
    passages: tuple[Passage, ...] = ()

    @property
    def may_pass(self) -> bool:
        return bool(self.passages) and all(each.may_pass for each in self.passages)

    @property
    def is_settled(self) -> bool:
        """Whether it can be told at once: neither a return, nor a page of which a large part is just missing."""
        sizes = {
            side: sum(len(passage.texts[side]) for passage in self.passages)
            for side in SIDES
        }
        is_torn = sizes["before"] >= _MUCH and not sizes["after"]
        return not self.returns and not is_torn
