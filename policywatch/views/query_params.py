"""Query parameters, with the same names on pages, in feeds, API and terminal."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from sqlmodel import Session

from foundation.vocabulary import (
    Direction,
    Graded,
    ReviewState,
    Severity,
    this_and_above,
)
from storage.change_list import ChangeFilter, ChangesPage, Cursor, changes_page
from storage.columns import MAX_BIGINT, MAX_INTEGER


def _place(text: str) -> str:
    Cursor.parse(text)
    return text


DocumentId = Annotated[
    str,
    Field(
        pattern=r"^[^\x00]+$", max_length=200, examples=["parley/privacy-policy"]
    ),
]
Number = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
# PostgreSQL refuses NUL
Word = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
_Few = Field(max_length=20)  # a page links to itself without each of them
Words = Annotated[list[Word], _Few]
Place = Annotated[str, AfterValidator(_place)]
Limit = Annotated[int, Field(ge=1, le=200, description="at most so many")]
EARLIEST, LATEST = date(1970, 1, 1), date(2999, 12, 31)
Day = Annotated[date, Field(ge=EARLIEST, le=LATEST)]


class Params(BaseModel):
    """Empty fields count as missing."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        lists = {
            name: [each for each in value if each != ""]
            for name, value in given.items()
            if type(value) is list
        }
        return {
            name: value
            for name, value in (given | lists).items()
            if value not in ("", [])
        }

    @property
    def as_query(self) -> dict[str, list[str]]:
        """Without the place in a list and defaults."""
        narrowing = self.model_dump(
            mode="json", exclude={"cursor", "newer", "limit"}, exclude_defaults=True
        )
        lists = (
            (name, value if isinstance(value, list) else [value])
            for name, value in narrowing.items()
        )
        return {
            name: ["true" if each is True else str(each) for each in values]
            for name, values in lists
        }


class ChangesQuery(Params):
    """Which changes."""

    service: Words = Field(
        [], description="name of a service; several: any of them"
    )
    document: Words = Field([], description="id of a document")
    kind: Words = Field([], description="of the document, like terms")
    topic: Words = Field([], description="a topic, like ai_training")
    severity: Graded | None = Field(None, description="this and above")
    direction: Annotated[list[Direction], _Few] = Field(
        [], description="for the reader's privacy"
    )
    language: Words = Field([], description="of the document, like en")
    since: Day | None = Field(None, description="first day of detection, UTC")
    until: Day | None = Field(None, description="last day of detection, UTC")
    effective_from: Day | None = Field(
        None, description="first day of the date in force"
    )
    effective_to: Day | None = Field(
        None, description="last day of the date in force"
    )
    cosmetic: bool = Field(
        False, description="also changes of form only, and of our reading"
    )
    state: Annotated[list[ReviewState], _Few] = Field(
        [], description="of the review; for who signed in only"
    )
    noted: bool = Field(False, description="only those with an editor's note")

    @property
    def filter(self) -> ChangeFilter:
        asked = self.model_dump(
            include=set(ChangesQuery.model_fields), exclude_defaults=True
        )
        if self.severity:
            asked["severity"] = this_and_above(self.severity)
        return ChangeFilter(**asked)


class ChangesPaged(ChangesQuery):
    """A page of the list of changes, for programs and the terminal."""

    cursor: Place | None = Field(None, description="as `next` has it")
    limit: Limit = 50

    def page(self, session: Session, *, by_event: bool = False) -> ChangesPage:
        before = Cursor.parse(self.cursor) if self.cursor else None
        return changes_page(
            session, self.filter, before=before, limit=self.limit, by_event=by_event
        )


class SearchQuery(Params):
    """The words, where to look for them, and the place to go on from."""

    q: str = Field(
        "",
        max_length=300,
        pattern=r"^[^\x00]*$",
        description='words, and "words in a row"',
    )
    service: Words = Field([], description="name of a service")
    document: Words = Field([], description="id of a document")
    language: Words = Field([], description="of the document, like en")
    since: Day | None = Field(
        None, description="first day on which the words came, UTC"
    )
    until: Day | None = Field(
        None, description="last day on which the words came, UTC"
    )
    standing: bool = Field(False, description="only in the texts in force")
    cursor: int | None = Field(
        None, ge=1, le=MAX_BIGINT, description="older than this place"
    )

    @property
    def places(self) -> dict[str, Any]:
        """Where to look, as `search` takes it."""
        return self.model_dump(
            include=set(SearchQuery.model_fields) - {"q", "cursor"}
        )


_Text = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]
_Headline = Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")]


class EditEntry(BaseModel):
    """What a person puts in place of the machine's words: `headline` and `note` by language."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    headline: dict[str, _Headline] = {}
    note: dict[str, _Text] = {}
    severity: Severity | None = None
    topics: Words | None = None


class ReviewEntry(Params):
    """A review as a person writes it."""

    state: ReviewState
    note: _Text = ""
    by: Word
