"""The words of messages, one data file a language, checked against this schema when it is loaded."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

_FOLDER = Path(__file__).parent / "languages"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Counted(_Strict):
    """A sentence about `{count}` things, for one and for several."""

    one: str
    other: str

    def of(self, count: int) -> str:
        """The sentence for this count."""
        return (self.one if count == 1 else self.other).format(count=count)


class Dates(_Strict):
    """`pattern` holds {day}, {month} and {year}; `first` is how the first day of a month is written."""

    months: Annotated[list[str], Field(min_length=12, max_length=12)]
    pattern: str
    first: str


class Severities(_Strict):
    """How much a change weighs."""

    high: str
    medium: str
    low: str


class Directions(_Strict):
    """What a change means from the reader's privacy."""

    expands: str
    limits: str
    clarifies: str  # what it also is where nothing speaks for any other
    mixed: str
    none: str  # of pages; a message says nothing of it


class Operations(_Strict):
    """What happened to a passage."""

    added: str
    removed: str
    reworded: str
    moved: str


class Subject(_Strict):
    """The parts of a subject line, after the service, the title and the topics."""

    default_on: str
    default_off: str
    starting: str  # {date}
    since: str  # {date}, instead, where it is past
    dated: str  # {date}; instead, where the day is just that of the document
    announced_for: str  # {date}; instead, where the text is only announced
    limits: str
    returned: str
    announced: str  # {date}
    digest: Counted
    digest_empty: str
    notices: Counted
    test: str  # {subject}


class SeverityReasons(_Strict):
    """Why a change is high: a clause for each convention of the analysis that makes it so."""

    training: str
    sale: str
    promise_gone: str
    choice_gone: str


class BriefWords(_Strict):
    """The questions that a brief answers."""

    meaning: str
    starting: str
    since: str  # instead, where the day is past
    dated: str  # instead, where the day is just that of the document
    announced_for: str  # instead, where the text is only announced
    default: str
    on: str
    off: str
    data: str
    purposes: str
    recipients: str
    refuse: str
    excluded: str
    irreversible: str
    regions: str
    notice_links: str
    was_excluded: str  # said of what an earlier text left out: a promise that is gone, not one that holds
    no_longer: str  # words that stood in the changed place; another place may have them yet
    gone: str
    retold: str


class Sentences(_Strict):
    """Everything else that a message says."""

    about: str
    severity: str
    severity_reasons: str
    direction: str
    returned: str
    announced: str  # {date}
    found: str  # {date}
    start_of_page: str  # stands for the heading of a passage above the first heading
    flagged: str
    unflagged: Counted
    only_unflagged: Counted
    left_out: Counted
    items_left_out: Counted
    whole: str
    page: str
    stored: str
    original_language: str  # {language}
    digest_lead: str
    digest_empty: str
    notices_lead: str
    routes: str
    times: str  # {count}
    places: str  # {count}; behind what happened to a passage that stands in several places
    footer: str
    test_lead: str
    test_sample: str


class NoticeWords(_Strict):
    """What the operator hears. {document}, {since} (a day and an hour), {reason} (of a check in this language, of a
    delivery in the words of its server)."""

    unreadable: str  # also {outcome}
    never_read: str  # {outcome}; of a document of which no check ever brought a text that was believed
    also: str  # {also}: the other documents of a server that asked for a pause
    recovered: str
    held: str
    parked: str  # {sent}, {address}, {route}, {reason}
    template: str  # {reason}
    restless: str  # {since}
    reason: str  # {reason}
    since: str  # {day}, {hour}
    outcomes: dict[str, str]
    to_do: dict[str, str]  # by outcome; {document}
    accept: str  # {document}
    retry: str
    mend: str
    sent: dict[str, str]  # "alert", "digest", "notice"


class Words(_Strict):
    """One language."""

    name: str
    colon: str  # what stands between a label and its value
    semicolon: str  # what stands between the members of a list
    quoted: str  # {text}, in the quotation marks of the language
    trained: str  # the topic ai_training, where people's data or content newly trains AI
    languages: dict[str, str]  # names of the languages that documents are in
    topics: dict[str, str]
    dates: Dates
    severities: Severities
    directions: Directions
    operations: Operations
    subject: Subject
    severity_reasons: SeverityReasons
    brief: BriefWords
    say: Sentences
    notices: NoticeWords

    def date(self, day: date) -> str:
        """The day as a person writes it."""
        number = self.dates.first if day.day == 1 else str(day.day)
        return self.dates.pattern.format(day=number, month=self.dates.months[day.month - 1], year=day.year)

    def moment(self, at: datetime) -> str:
        """Day and hour, in UTC."""
        return self.notices.since.format(day=self.date(at.date()), hour=f"{at:%H:%M}")

    def lead(self, brief: Mapping[str, Any]) -> str:
        """What stands before the meaning of a stored brief, where its words are those of the earlier text."""
        return f"{self.brief.gone}{self.colon}" if brief.get("meaning_side") == "before" else ""

    def question(self, key: str, *, gone: bool) -> str:
        """What stands before the quotations that answer it; that they are no longer said, once for all of them."""
        label: str = self.brief.was_excluded if gone and key == "excluded" else getattr(self.brief, key)
        return f"{label} ({self.brief.no_longer})" if gone else label

    def why_high(self, brief: Mapping[str, Any]) -> str:
        """The conventions that make the change of a stored brief high, in words; nothing where none does."""
        return self.semicolon.join(said for name, said in self.severity_reasons if name in brief["severity_reasons"])

    def direction(self, name: str) -> str:
        """What a change means for the reader's privacy; nothing for "none"."""
        return "" if name == "none" else str(getattr(self.directions, name))

    def topic(self, name: str) -> str:
        """A topic in plain words; one that an operator made up is its own name."""
        return self.topics.get(name, name.replace("_", " "))

    def topics_of(self, names: Iterable[str], brief: Mapping[str, Any]) -> list[str]:
        """The topics of a change; that data trains AI is said only where that makes it high, not of a ban."""
        trained = "training" in brief["severity_reasons"]
        return [self.trained if trained and name == "ai_training" else self.topic(name) for name in names]


def languages() -> tuple[str, ...]:
    """The languages that messages can be written in."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.toml")))


@cache
def words(language: str) -> Words:
    """Raises `ValueError` (pydantic's) where the file leaves something out or holds something unknown."""
    with (_FOLDER / f"{language}.toml").open("rb") as file:
        loaded = Words.model_validate(tomllib.load(file))
    missing = set() if language == "en" else words("en").topics.keys() - loaded.topics.keys()
    if missing:
        raise ValueError(f"languages/{language}.toml has no words for {', '.join(sorted(missing))}")
    return loaded
