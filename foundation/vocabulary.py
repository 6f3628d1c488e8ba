"""The words that all packages share, each list once. Database, JSON and watchlist have their values as they stand here."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal, get_args

BlockKind = Literal["heading", "paragraph", "item", "row"]
Operation = Literal["added", "removed", "reworded", "moved"]
Side = Literal["before", "after"]
SIDES: Final[tuple[Side, Side]] = ("before", "after")

Graded = Literal["high", "medium", "low"]
Severity = Literal[Graded, "none"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)  # the gravest first
UNCLASSIFIED = "unclassified"  # a reason of a severity: the change was not judged

# from the reader's privacy
Leaning = Literal["expands", "limits", "clarifies", "mixed"]
Direction = Literal[Leaning, "none"]

Default = Literal["on", "off"]
Question = Literal[
    "data", "purposes", "recipients", "refuse", "excluded", "irreversible", "regions"
]
# in the order in which a summary answers them
QUESTIONS: Final[tuple[Question, ...]] = get_args(Question)

# those that the program knows; a watchlist can have others
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

DocumentKind = Literal[
    "privacy-policy",
    "terms",
    "cookie-policy",
    "help",
    "guidelines",
    "notice",
    "preview",
    "other",
]
Robots = Literal["obey", "ignore"]
Source = Literal["page", "open-terms-archive", "wayback"]


def gravity(severity: str) -> int:
    """What lists are sorted by that begin with the gravest."""
    return get_args(Severity).index(severity)


def this_and_above(severity: str) -> tuple[Severity, ...]:
    """The severity and the graver ones."""
    return SEVERITIES[: gravity(severity) + 1]


class Outcome(StrEnum):
    FIRST = "first"
    UNCHANGED = "unchanged"
    NOT_MODIFIED = "not-modified"
    CHANGED = "changed"
    COSMETIC = "cosmetic"
    HELD = "held"
    UNREADABLE = "unreadable"
    BLOCKED = "blocked"
    ROBOTS = "robots"
    GONE = "gone"
    FAILED = "failed"

    @property
    def is_good(self) -> bool:
        """The document was read and believed."""
        return self in GOOD


GOOD = (
    Outcome.FIRST,
    Outcome.UNCHANGED,
    Outcome.NOT_MODIFIED,
    Outcome.CHANGED,
    Outcome.COSMETIC,
)


class Cause(StrEnum):
    PAGE = "page"
    READER = "reader"  # the page did not change, the way it is read did
    ACCEPTED = "accepted"  # held, and accepted by a person
    REPLACED = "replaced"  # another document stands at the address now: its first text, compared with none


class ReviewState(StrEnum):
    """What a change is to the operator; new without any review."""

    NEW = "new"
    REVIEWED = "reviewed"
    CONCERNS_US = "concerns-us"
    NOT_FOR_US = "not-for-us"


class NoticeKind(StrEnum):
    UNREADABLE = "unreadable"  # several checks in a row brought no believable text
    RECOVERED = "recovered"
    HELD = "held"
    PARKED = "parked"  # a delivery was given up
    ALTERNATING = "alternating"  # a passage of a document comes and goes
    VOLATILE = "volatile"  # a document changes again and again at one place, and never in what is told
    LINKS = "links"  # a document has new links to policies that are not watched
    MOVED = "moved"  # a document's address has changed
    NARROWED = "narrowed"  # somebody made the watch see less
    UNSIGNED = "unsigned"  # timestamps on the evidence no longer come
    WITHDRAWN = "withdrawn"  # a change that was sent, for those to whom it was sent


MessageKind = Literal["alert", "digest", "notice", "test"]


class State(StrEnum):
    PENDING = "pending"
    SENDING = "sending"  # claimed; the claim of a process that died is released
    SENT = "sent"
    PARKED = "parked"  # failed permanently, until a person retries it
