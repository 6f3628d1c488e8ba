"""Words of all packages; database, JSON and watchlist store them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal, get_args

BlockKind = Literal["heading", "paragraph", "item", "row"]
Operation = Literal["added", "removed", "reworded", "moved"]
Side = Literal["before", "after"]
SIDES: Final[tuple[Side, Side]] = ("before", "after")

Graded = Literal["high", "medium", "low"]
Severity = Literal[Graded, "none"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)  # gravest first
UNCLASSIFIED = "unclassified"  # a reason of severity

# for the reader's privacy
Leaning = Literal["expands", "limits", "clarifies", "mixed"]
Direction = Literal[Leaning, "none"]

Default = Literal["on", "off"]
Question = Literal[
    "data",
    "purposes",
    "recipients",
    "refuse",
    "excluded",
    "irreversible",
    "regions",
]
# in a summary's order
QUESTIONS: Final[tuple[Question, ...]] = get_args(Question)

# built in, with what each is about, for a language model; a watchlist can add others
TOPICS: Final[Mapping[str, str]] = {
    "ai_training": "data or content trains or improves AI models, or does not",
    "ai_features": "AI features, generated output, AI providers, rules on AI-generated content or on the use of AI",
    "automated_decisions": "profiling, decisions by automated means",
    "data_collection": "which data, from where",
    "data_use": "purposes and legal bases",
    "data_sharing": "recipients, affiliates, sale, processors, authorities",
    "advertising": "targeted advertising, marketing messages",
    "tracking": "cookies, pixels, identifiers of devices",
    "retention": "how long, deletion",
    "user_choice": "consent, opt-in, opt-out, settings, defaults",
    "user_rights": "access, objection, complaint, data protection contacts or representatives, rights of a region",
    "transfer": "to other countries, where data is stored",
    "sensitive_minors": "sensitive or biometric data, health, children, age",
    "security": "how data is protected, breaches",
}

AI_TOPICS = frozenset(("ai_training", "ai_features", "automated_decisions"))

TodayQuestion = Literal[
    "ai_training",
    "ai_features",
    "automated_decisions",
    "sharing",
    "advertising",
    "sensitive",
    "retention",
    "transfers",
    "choices",
    "rights",
]
# asked of the texts in force, and the topics that answer
TODAY: Final[Mapping[TodayQuestion, tuple[str, ...]]] = {
    "ai_training": ("ai_training",),
    "ai_features": ("ai_features",),
    "automated_decisions": ("automated_decisions",),
    "sharing": ("data_sharing",),
    "advertising": ("advertising", "tracking"),
    "sensitive": ("sensitive_minors",),
    "retention": ("retention",),
    "transfers": ("transfer",),
    "choices": ("user_choice",),
    "rights": ("user_rights",),
}

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
    return get_args(Severity).index(severity)


def this_and_above(severity: str) -> tuple[Severity, ...]:
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


# what a store has besides, is a newer release's, and shown by its name
GOOD = (
    Outcome.FIRST,
    Outcome.UNCHANGED,
    Outcome.NOT_MODIFIED,
    Outcome.CHANGED,
    Outcome.COSMETIC,
)
# a copy of an archive may stand in for them
UNANSWERED = (Outcome.ROBOTS, Outcome.BLOCKED, Outcome.GONE, Outcome.FAILED)


class Cause(StrEnum):
    PAGE = "page"
    EXTRACTION = "reader"
    ACCEPTED = "accepted"  # by a person, after it was held
    REPLACED = "replaced"  # a document at another's address


class ReviewState(StrEnum):
    NEW = "new"
    REVIEWED = "reviewed"
    CONCERNS_US = "concerns-us"
    NOT_FOR_US = "not-for-us"


class NoticeKind(StrEnum):
    UNREADABLE = "unreadable"
    RECOVERED = "recovered"
    HELD = "held"
    PARKED = "parked"
    VOLATILE = "volatile"  # a place keeps changing, or comes and goes
    LINKS = "links"  # new links to unwatched policies
    MOVED = "moved"
    NARROWED = "narrowed"  # what is watched
    UNSIGNED = "unsigned"  # timestamps have stopped
    ADDRESSED = "addressed"  # a text speaks to language models
    USED = "used"  # a month of the language model
    # for recipients of the change
    WITHDRAWN = "withdrawn"
    EDITED = "edited"


MessageKind = Literal["alert", "digest", "notice", "test"]


class State(StrEnum):
    PENDING = "pending"
    SENDING = "sending"  # claimed; released if its process died
    SENT = "sent"
    PARKED = "parked"  # failed, until a person retries
