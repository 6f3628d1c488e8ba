"""Types of what is read and compared: pages and blocks; comparisons, passages and summaries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

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

CELL = " | "  # between cells of a row


class UnreadablePage(Exception):
    """`reason` is a sentence for the operator."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


class TooCostly(UnreadablePage):
    """Takes more time or memory than any policy should."""

    def __init__(self, reason: Message | None = None) -> None:
        super().__init__(reason or Message("unreadable.costly"))


class UnfitModel(Exception):
    """The weights were trained for other topics or features."""


# without `slots`, with which a frozen class is pickled by Python: pages go to another process
@dataclass(frozen=True)
class Link:
    """Its words in a block, absolute address (http, https, mailto), and offset in the text."""

    text: str
    url: str
    at: int


@dataclass(frozen=True)
class Block:
    """A unit of a page's text.

    `text` has single spaces and no line breaks; cells of a row are joined by " | ". `heading` holds the enclosing
    sections' titles, outermost first, without a heading's own `text`.
    """

    kind: BlockKind
    text: str
    heading: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Dropped:
    """`after` counts the document's blocks before it."""

    text: str
    reason: str
    after: int = 0


@dataclass(frozen=True)
class Page:
    """What was extracted from one capture.

    `language` is the text's probable two-letter code or None; `labelled` is the page's own label, `region` its
    country ("GB" of "en-GB"), which tells how dates are written. `container` names the HTML element of the text.
    `foreign` are the words of blocks that are new in markup that nothing of the former text stands in.
    """

    title: str
    language: str | None
    blocks: tuple[Block, ...]
    dropped: tuple[Dropped, ...] = ()
    labelled: str | None = None
    region: str | None = None
    container: str | None = None
    foreign: tuple[str, ...] = ()


class Ignored(NamedTuple):
    """A block that a person called not of the document: the title above it ("" at the start of the page), its words."""

    heading: str
    text: str


_MUCH = 3_000  # removed characters while nothing was added


@dataclass(frozen=True, slots=True)
class Evidence:
    """Verbatim words of the passage."""

    topic: str
    text: str
    side: Side


@dataclass(frozen=True, slots=True)
class Passage:
    """One place of a change. `before` is None for added text, `after` for removed; moved text has both, alike.

    `lead_in` holds the governing lines of a list or table ("You must not:", the header row), `former` those and the
    title that moved text stood under, where they were others. `returns`: added text
    that stood there before, or removed text of only the last versions. `why` gives the deciding reasons, also for not
    flagging. `chance` of an alert is the model's; None if not asked. `may_pass`: it seems to say nothing of the
    document (a caption, an offer), so that it makes no version before it has stayed.
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
    former: tuple[str, ...] = ()
    is_heading: bool = False
    may_pass: bool = False

    @property
    def texts(self) -> dict[Side, str]:
        """Empty where a side has none."""
        return {"before": self.before or "", "after": self.after or ""}

    @property
    def side(self) -> Side:
        """If it has text."""
        return "after" if self.after else "before"

    @property
    def text(self) -> str:
        return self.after or self.before or ""


@dataclass(frozen=True, slots=True)
class Quote:
    """Verbatim words of one block. `new` are offsets of changed words, `links` have `at` from the quotation's start;
    `place` is the passage's number, None if unchanged; `lead_in` are its governing lines.
    """

    text: str
    side: Side
    links: tuple[Link, ...] = ()
    new: tuple[tuple[int, int], ...] = ()
    place: int | None = None
    lead_in: tuple[str, ...] = ()

    @property
    def link(self) -> str | None:
        return self.links[0].url if self.links else None


@dataclass(frozen=True, slots=True)
class Headline:
    """What leads a change: a quotation, and the offsets of the clause in it that is news.

    `claim` is a code for our own words ("training", "sale"), None to quote only; `is_notice`: the quotation announces
    a change.
    """

    quotation: Quote
    clause: tuple[int, int]
    claim: str | None = None
    is_notice: bool = False


@dataclass(frozen=True, slots=True)
class Brief:
    """Short answers for readers of an alert, each a whole clause or empty.

    `start` (JSON: "from") is the effective date, `deadline` the last day to refuse; `severity_reasons` are the
    conventions that make it high. `already` is what the page says elsewhere about refusing, where the change is
    silent.
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
    """The change between two texts.

    `held` is why the later text may not be the document's; then nothing else is claimed. `returns`: only text from an
    older version, or from just before, would alert. `notice_links` are the links in a notice of coming changes.
    `dated`: `effective_date` is only the document's own date. `is_classified`: its language has a trained model;
    otherwise severity and direction are not assessed. `why` says why the whole alerts or not. `passages` are in the
    order of the later text, removed ones where they stood.
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
        """Whether it may alert at once: no return, and no large part simply missing."""
        sizes = {
            side: sum(len(passage.texts[side]) for passage in self.passages)
            for side in SIDES
        }
        is_torn = sizes["before"] >= _MUCH and not sizes["after"]
        return not self.returns and not is_torn
