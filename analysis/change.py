"""What differs between two versions of a document, in the terms that people are told about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from reasons import Reason

Operation = Literal["added", "removed", "reworded", "moved"]
Side = Literal["before", "after"]
Severity = Literal["high", "medium", "low", "none"]
Direction = Literal["expands", "limits", "clarifies", "mixed", "none"]
Default = Literal["on", "off"]
Mark = Literal["stands", "forbidden", "denied", "limited", "age"]

TOPICS = (
    "ai_training",
    "ai_features",
    "automated_decisions",
    "data_collection",
    "data_use",
    "data_sharing",
    "advertising",
    "tracking",
    "retention",
    "user_choice",
    "user_rights",
    "transfer",
    "sensitive_minors",
    "security",
)
SEVERITIES: tuple[Severity, ...] = ("none", "low", "medium", "high")  # mildest first


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words, as they stand in the passage, that decided a topic.

    Where the `heading` above them decided it instead, the words are just those that changed.
    """

    topic: str
    text: str
    side: Side
    heading: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """One place of a change. `before` is None for added text, `after` for removed; moved text has both, alike.

    `why` says in plain words which rules decided, one a line, also why nothing was flagged.
    """

    heading: tuple[str, ...]
    operation: Operation
    before: str | None
    after: str | None
    topics: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    severity: Severity = "none"
    direction: Direction = "none"
    why: tuple[Reason, ...] = ()

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
    """Words of the page, verbatim, with the link that stands on them where there is one.

    `marks` say what a reader must know of them: a way to refuse that was taken out here "stands" on the later page;
    what is left out, which data or what for is "forbidden" to readers; what is denied is "limited" by words that are
    not quoted; which data, who gets it or what for is "denied" where the page says that it is not so; an "age" that is
    left out may be so of something else than the use of data.
    """

    text: str
    side: Side
    link: str | None = None
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class DefaultWords:
    """The page's words that say whether something happens unless people act, "…" where some are left out.

    `of_meaning`: they stand in the passage that the change is headed from, so it is that which happens or doesn't.
    """

    text: str
    side: Side
    of_meaning: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """How long something was kept, and how long it is now, verbatim."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Brief:
    """The short answers for a reader of an alert; what the change does not say stays empty.

    `start` (JSON: "from") is the date from which the change holds; `meaning` is one sentence of the words of
    `meaning_side`, "…" where some are left out, `place` the number of the passage that it stands in (not in JSON);
    `only_rules`: all that is told is what users must or may not do; `because` holds the rules (of `grave.RULES`) by
    which the whole change is high.
    """

    meaning: str | None = None
    meaning_side: Side | None = None
    place: int | None = None
    only_rules: bool = False
    start: date | None = None
    default: Default | None = None
    default_words: DefaultWords | None = None
    because: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    data: tuple[Quote, ...] = ()
    purposes: tuple[Quote, ...] = ()
    recipients: tuple[Quote, ...] = ()
    refuse: tuple[Quote, ...] = ()
    excluded: tuple[Quote, ...] = ()
    irreversible: tuple[Quote, ...] = ()
    regions: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a change between two texts is.

    `held` is the reason why the later text is not believed to be a text of this document; nothing else is claimed then.
    `see` holds the links of a notice of coming changes: where more is said of them.
    `clearer`: the same is said in other words, some of which explain; else `clarifies` may just be that nothing speaks
    for another direction.
    `dated`: no word says that it holds from `effective_date`; that is the date which the document bears.
    `why` says in plain words why the change as a whole is told or not; where `held` does, nothing.
    `passages` stand in the order of the later text, removed ones at the place they were taken from.
    """

    substantive: bool
    alert: bool = False
    severity: Severity = "none"
    direction: Direction = "none"
    clearer: bool = False
    topics: tuple[str, ...] = ()
    effective_date: date | None = None
    dated: bool = False
    held: str | None = None
    why: tuple[Reason, ...] = ()
    see: tuple[Quote, ...] = ()
    brief: Brief = field(default_factory=Brief)
    passages: tuple[Passage, ...] = ()
