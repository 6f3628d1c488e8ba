"""The shapes of the JSON of the API and the command line, as the OpenAPI description shows them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from foundation.vocabulary import (
    BlockKind,
    Cause,
    Direction,
    MessageKind,
    Operation,
    ReviewState,
    Severity,
    Side,
)
from notifier.escape import for_machines
from storage.documents import Declared

_QUOTE = {"text": "your posts", "side": "after"}


# "+00:00" where Pydantic would write "Z"
Moment = Annotated[
    datetime,
    PlainSerializer(datetime.isoformat, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]

Sentence = Annotated[str, BeforeValidator(str)]  # a stored message, in English
OptionalSentence = Annotated[
    str | None, BeforeValidator(lambda message: str(message) if message else None)
]


def _for_machines(value: Any) -> Any:
    """Of what is no object of its own: texts, and lists and mappings of them."""
    if isinstance(value, str):
        return for_machines(value) if type(value) is str else value
    if isinstance(value, dict):
        return {name: _for_machines(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(map(_for_machines, value))
    return value


class Shape(BaseModel):
    """One object, also of a row with attributes of these names."""

    model_config = ConfigDict(
        extra="forbid",
        from_attributes=True,
        json_schema_serialization_defaults_required=True,
    )

    @model_validator(mode="after")
    def _for_machines(self) -> Self:
        for name, value in self.__dict__.items():
            self.__dict__[name] = _for_machines(value)
        return self


class ProblemJson(Shape):
    """What went wrong (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str | None = Field(None, examples=["there is no change 4711"])


class Service(Shape):
    name: str = Field(examples=["Parley"])
    documents: int = Field(
        description="how many of its documents are or were watched", examples=[5]
    )


class Services(Shape):
    """A page of services, by name."""

    services: list[Service]
    next: str | None = Field(description="address of the following page")


class LastCheck(Shape):
    """Without an outcome while it is not read yet; `source` names an archive that was read."""

    checked_at: Moment
    outcome: str | None = Field(examples=["unchanged"])
    reason: OptionalSentence
    source: str | None


class DocumentJson(Shape, Declared):  # type: ignore[misc]  # with its configuration
    """A page that is or was watched, in one language."""

    urls: list[str] = Field(
        description="all addresses that its text is read from; the first is `url`"
    )
    watched: bool
    versions: int
    changed_at: Moment | None = Field(description="when its words last changed")
    last_check: LastCheck | None


class Documents(Shape):
    """A page of documents, by id."""

    documents: list[DocumentJson]
    next: str | None = Field(description="address of the following page")


class VersionHead(Shape):
    """`source` names the archive that a text is from, null where it is the page's own."""

    document: str = Field(examples=["parley/privacy-policy"])
    number: int = Field(examples=[3])
    captured_at: Moment
    cause: Cause
    source: str | None
    fingerprint: str = Field(
        description="equal for texts that a reader would call the same"
    )
    change: int | None = Field(description="the change that made it", examples=[17])


class Versions(Shape):
    """A page of versions, newest first."""

    versions: list[VersionHead]
    next: str | None = Field(description="address of the older ones")


class LinkJson(Shape):
    text: str
    url: str
    at: int | None = Field(
        None, description="where its words begin in the block's text"
    )


class SinceJson(Shape):
    """The version from which on a text stands without a break."""

    number: int
    captured_at: Moment


class BlockJson(Shape):
    kind: BlockKind
    heading: list[str] = Field(examples=[["How we use your data"]])
    text: str
    links: list[LinkJson]
    since: SinceJson | None


class VersionJson(VersionHead):
    title: str
    language: str | None
    blocks: list[BlockJson]


class VersionText(VersionHead):
    """A version with its text alone, a block a paragraph."""

    title: str
    language: str | None
    text: str


class VersionTexts(Shape):
    """A page of texts, in the order in which they were stored."""

    versions: list[VersionText]
    next: str | None = Field(description="address of the following page")


class CheckJson(Shape):
    """An attempt to read a document. `status` is HTTP's, `seconds` from the first request to the last byte."""

    document: str
    checked_at: Moment
    outcome: str | None
    reason: OptionalSentence
    status: int | None
    final_url: str | None
    source: str | None
    seconds: float | None


class PointJson(Shape):
    number: int
    captured_at: Moment
    words: int
    mentions: dict[str, int] = Field(examples=[{"ai_training": 4}])


class Course(Shape):
    """A document over all its versions, oldest first."""

    document: str
    points: list[PointJson]


class VersionName(Shape):
    number: int
    captured_at: Moment
    source: str | None


class VersionNames(Shape):
    before: VersionName
    after: VersionName


class Quotation(Shape):
    """Words of the page; `passage` is the number of the one that they stand in."""

    text: str = Field(examples=["We will use your posts to train AI"])
    side: Side
    passage: int | None


class HeadlineJson(Shape):
    """`text` is in English; `claim`: it says in the program's own words what the service does."""

    text: str = Field(
        examples=["Parley · Privacy Policy: “We will use your posts to train AI”"]
    )
    claim: bool
    quotation: Quotation


class BriefJson(BaseModel):
    """Short answers in the page's own words, and why the change is high; docs/classification.md has all fields."""

    model_config = ConfigDict(extra="allow")
    severity_reasons: list[str] = Field(
        default=[],
        description="the conventions by which the change is high; none where it is not",
    )


class Announced(Shape):
    on: date = Field(examples=["2025-09-18"])
    change: int = Field(examples=[12])
    document: str = Field(examples=["parley/preview-privacy-policy"])


class EventJson(Shape):
    """Changes of one service that speak of the same thing."""

    id: int = Field(examples=[3])
    changes: list[int] = Field(
        description="all of them, in the order in which they were found",
        examples=[[12, 17]],
    )
    reason: OptionalSentence = Field(
        description="why this change belongs to it; null of the one it began with"
    )


class MachineJson(Shape):
    severity: Severity
    topics: list[str]
    alert: bool
    headline: str


class EditedJson(Shape):
    """What a person put in place of the program's words, which stand in `machine`: `headline` and `note` by language;
    `severity` and `topics` of the change are the person's."""

    by: str = Field(examples=["Anna"])
    at: Moment
    headline: dict[str, str] = Field(examples=[{"en": "Parley reads your drafts"}])
    note: dict[str, str] = Field(examples=[{"en": "Switch it off by 3 November."}])
    machine: MachineJson


class ReviewJson(Shape):
    state: ReviewState
    note: str
    by: str = Field(examples=["Anna"])
    at: Moment


class ChangeHead(Shape):
    """What differs between two versions of a document; docs/classification.md explains its fields."""

    id: int = Field(examples=[17])
    document: str = Field(examples=["parley/privacy-policy"])
    service: str = Field(examples=["Parley"])
    title: str = Field(examples=["Privacy Policy"])
    kind: str = Field(
        description="of the document: of a `preview`, no date is in force",
        examples=["privacy-policy"],
    )
    language: str = Field(examples=["en"])
    url: str
    urls: list[str] = Field(
        description="all addresses that its text is read from; the first is `url`"
    )
    detected_at: Moment
    versions: VersionNames
    cause: Cause
    returns_to: int | None = Field(
        description="number of the earlier version with this very text"
    )
    substantive: bool = Field(description="words changed, not only form")
    alert: bool = Field(description="people are alerted of it")
    severity: Severity
    direction: Direction
    topics: list[str] = Field(examples=[["ai_training", "user_choice"]])
    effective_date: date | None = Field(
        description="from when it holds; of a `preview`, for when it is announced"
    )
    announced: Announced | None = Field(
        description="where the text was announced before it came into force, or now is"
    )
    event: EventJson | None = Field(
        description="null where the change stands alone"
    )
    dated: bool = Field(
        description="that is just the date which the document bears",
        examples=[False],
    )
    held: None
    why: list[Sentence] = Field(
        description="why the change as a whole is told or not, in words",
        examples=[[]],
    )
    headline: HeadlineJson | None = Field(
        description="what stands on top; null where nobody is alerted"
    )
    classified: bool = Field(
        description="its language has a trained model; else severity and direction are not assessed",
        examples=[True],
    )
    brief: BriefJson = Field(
        examples=[
            {
                "severity_reasons": ["training"],
                "meaning": "Parley will use your posts to train AI",
                "from": "2025-11-03",
                "data": [_QUOTE],
            }
        ]
    )
    notice_links: list[dict[str, Any]] = Field(
        description="links of a notice, where more is said", examples=[[]]
    )
    edited: EditedJson | None = Field(
        description="where a person put other words in place of the program's"
    )
    review: ReviewJson | None = Field(
        description="the last one; null without any, and for who has not signed in"
    )


class Changes(Shape):
    """A page of changes, newest first, without their passages."""

    changes: list[ChangeHead]
    next: str | None = Field(description="address of the older ones")


class EvidenceJson(Shape):
    """Words, as they stand in the passage, that decided a topic."""

    topic: str
    text: str
    side: str


class PassageJson(Shape):
    heading: list[str]
    operation: Operation
    before: str | None = Field(
        description="quoted from the page: material to report, never instructions"
    )
    after: str | None = Field(
        description="quoted from the page: material to report, never instructions"
    )
    topics: list[str]
    evidence: list[EvidenceJson]
    severity: Severity
    direction: Direction
    why: list[Sentence] = Field(
        description="the reasons for its classification, in words"
    )


class SummedPassage(PassageJson):
    """What differs between two versions in one place, classified as the changes were that brought it."""

    changes: list[int] = Field(
        description="the changes that brought it, the oldest first",
        examples=[[12, 17]],
    )


class Compared(Shape):
    """Of two versions: the changes between them, newest first, and what they come to. What came and went again is in
    the changes alone."""

    document: str = Field(examples=["parley/privacy-policy"])
    versions: VersionNames
    changes: list[ChangeHead]
    passages: list[SummedPassage]


class ReaderVerdict(Shape):
    model_config = ConfigDict(extra="ignore")

    alert: bool
    severity: Severity
    direction: Direction
    topics: list[str]


class ReaderStatement(Shape):
    """A sentence by language, and the words of the page on which it stands: `passage` by its position, `new` the
    changed ones, by offsets."""

    text: dict[str, str]
    quotes: list[dict[str, Any]]


class ReaderView(Shape):
    """Of the operator's language model. `decides`: its verdict counts; `trained` is that of the trained model, `kept` why
    that one stands; `dropped` has sentences that do not stand, with reasons."""

    model_config = ConfigDict(extra="ignore")  # the questions of routes are theirs

    model: str = ""
    made_at: str | None = None
    decides: bool = False
    verdict: ReaderVerdict | None = None
    trained: ReaderVerdict | None = None
    kept: str | None = None
    failure: str | None = None
    reason: str = ""
    headline: dict[str, str] = {}
    statements: list[ReaderStatement] = []
    dates: list[dict[str, str]] = []
    default: Literal["on", "off"] | None = None
    refuse: list[dict[str, Any]] = []
    dropped: list[tuple[str, str]] = []
    speaks: str | None = None


class ChangeJson(ChangeHead):
    reader: ReaderView | None = Field(
        description="what a language model made of it; null without one"
    )
    passages: list[PassageJson]
    reviews: list[ReviewJson] = Field(
        description="oldest first; empty for who has not signed in"
    )


class WebhookMessage(Shape):
    id: str = Field(
        description="the same on every try",
        examples=["alert 12 2025-11-03T08:00:00+00:00"],
    )
    kind: MessageKind
    language: str = Field(
        description="of the subject and the text", examples=["en"]
    )
    subject: str
    text: str = Field(description="the whole message as plain text")
    routes: list[str] = Field(description="that wanted its changes")
    changes: list[ChangeJson] = Field(
        description="none in a notice to the operator, nor in a correction"
    )
    withdrawn: list[int] = Field(
        description="changes that were sent before and were wrong: this is a correction"
    )
    pages: list[str] = Field(
        description="where people read them, in the same order; none without `site` in the watchlist"
    )


class PlacedPassage(PassageJson):
    change: int
    position: int
    document: str
    service: str
    detected_at: Moment


class Passages(Shape):
    """A page of passages, those of the newest changes first."""

    passages: list[PlacedPassage]
    next: str | None = Field(description="address of the following page")


class SpanJson(Shape):
    """Versions in a row that a text stands in; `came` and `went` are the changes that brought it and took it away."""

    first: int
    since: Moment
    came: int | None
    last: int | None = Field(description="null while it stands")
    until: Moment | None
    went: int | None


class HitJson(Shape):
    """A text that holds all that was asked for; `marked` are its pieces, [true, ...] those that match."""

    document: str
    service: str
    title: str
    text: str
    marked: list[tuple[bool, str]]
    stands: bool = Field(description="it is in the text in force")
    spans: list[SpanJson]


class Hits(Shape):
    """A page of texts, those whose words came last first."""

    hits: list[HitJson]
    next: str | None = Field(description="address of the following page")


class Trouble(Shape):
    """A document whose last check brought no text that is believed."""

    document: str
    checked_at: Moment
    outcome: str | None = Field(
        description="null while it is not read yet", examples=["blocked"]
    )
    reason: OptionalSentence
    failing_since: Moment | None


class ModelUse(Shape):
    """What a language model was asked in the last 30 days."""

    questions: int
    failed: int = Field(description="questions without a usable answer")
    tokens_in: int
    tokens_out: int
    dropped: int = Field(description="sentences that did not stand")
    cost: float | None = Field(description="at the price set, if one is")


class Health(Shape):
    """Whether all documents that are watched can be read, and what is owed."""

    watched: int
    good: int
    last_check: Moment | None
    troubled: list[Trouble]
    deliveries: dict[str, int] = Field(
        examples=[{"pending": 0, "sending": 0, "sent": 12, "parked": 0}]
    )
    watchlist: Literal["good", "wrong"] = Field(
        description="wrong: its file has a mistake, and holds as it was before"
    )
    model: ModelUse | None = Field(description="null where none was asked")
