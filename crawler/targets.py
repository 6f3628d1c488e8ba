"""What a crawl is given: targets, settings, and how to read what it fetches."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from foundation.vocabulary import Outcome, Robots
from messages import Message

if TYPE_CHECKING:  # the process that reads pages needs none, and it loads slowly
    from sqlmodel import Session

    from storage.captures import Capture
    from storage.checks import Check
    from storage.database import Database


@dataclass(frozen=True)
class Target:
    """A document to be checked. What the last checks left (validators, waits, text) is read from the store."""

    document: str
    url: str
    language: str
    more: tuple[str, ...] = ()  # the addresses of its further parts, in reading order
    robots: Robots = "obey"
    allow_private: bool = False  # this URL's host may have a private address; a host that it redirects to may not
    render: bool = False  # a browser runs the page's scripts before it is read
    expand: bool = False  # and opens what a click opens in its text

    @property
    def addresses(self) -> tuple[str, ...]:
        """All parts' addresses."""
        return (self.url, *self.more)


@dataclass(frozen=True)
class CrawlSettings:
    """Times in seconds, sizes in bytes."""

    contact: str  # goes into the User-Agent
    delay: float = (
        5  # from the end of a request to the start of the next one to the same host
    )
    confirm_delay: float = 20  # before a new text is fetched once more
    timeout: float = 60  # for a whole request, from the name lookup to the last byte
    check_timeout: float = (
        600  # for all answers of a check, with its redirects and retries
    )
    max_size: int = 20 * 2**20  # of a body, both as sent and as decompressed
    retry_waits: tuple[float, ...] = (
        10,
        60,
    )  # before each retry of a failure that may pass
    patience: float = 120  # a Retry-After up to this is waited for; a longer one is left to a later run
    longest_crawl_delay: float = 120  # what a robots.txt can ask for at most


@dataclass(frozen=True)
class Fetched:
    """A page as it was received."""

    document: str
    url: str
    final_url: str
    status: int
    headers: list[tuple[str, str]]  # in order, without the values of cookies
    mime: str
    charset: str | None  # as the server declared it
    body: bytes  # decoded from its content encoding

    def reads_as(self, other: Fetched) -> bool:
        """They differ in nothing that is read."""
        mine, its = (
            (page.body, page.final_url, page.mime, page.charset)
            for page in (self, other)
        )
        return mine == its

    def capture(self, at: datetime, source: str | None = None) -> Capture:
        """To be kept; `source` is the archive that it is from."""
        from storage.captures import Capture  # see above

        return Capture(
            document_id=self.document,
            fetched_at=at,
            source=source,
            url=self.url,
            final_url=self.final_url,
            status=self.status,
            headers=self.headers,
            mime=self.mime,
            charset=self.charset,
            sha256=hashlib.sha256(self.body).hexdigest(),
            size=len(self.body),
            body=self.body,
        )


class Fingerprint(NamedTuple):
    """Of a page's text (None: there is none that can be read), and of its markup with that text."""

    text: str | None
    markup: str | None = None


FingerprintOf = Callable[
    [Fetched, Fingerprint], Fingerprint
]  # of a page, given that of the answer before


class Differing(NamedTuple):
    """What two answers of one moment differ in, where most of their text is the same: the passages that only one of
    them has, and whether the second one does. `place` is what the place is known by."""

    passages: dict[str, bool]
    reason: Message
    place: tuple[str, str]


# of two answers that differ (a page for each part of a document; the first has None for one that was not modified): in
# what, or why they are not accepted
Settle = Callable[[Sequence[Fetched | None], Sequence[Fetched]], Differing | Message]
Progress = Callable[
    [int, int, str], None
]  # how many are done, of how many, and the last one; at first none


def never_settled(
    _first: Sequence[Fetched | None], _second: Sequence[Fetched]
) -> Message:
    """For a caller that knows nothing of what pages say."""
    return Message("answer.unstable")


Isolate = Callable[
    ..., Any
]  # calls a function that reads markup; None where the markup is too much for it


def directly(function: Callable[..., Any], *args: Any) -> Any:
    """Here, without any isolation: for tests, and for a caller that trusts what it reads."""
    return function(*args)


class Finish(Protocol):
    """Gives a check its outcome, with what follows from that for its document; `until` its server wants to be left
    alone."""

    def __call__(
        self,
        session: Session,
        check: Check,
        outcome: Outcome,
        reason: Message | None,
        until: datetime | None,
        /,
    ) -> None: ...


def only_outcome(
    session: Session,
    check: Check,
    outcome: Outcome,
    reason: Message | None,
    _until: datetime | None,
) -> None:
    """For a caller that keeps no health of documents."""
    check.outcome, check.reason = outcome.value, reason
    session.add(check)


@dataclass(frozen=True)
class CrawlJob:
    """All that the spider needs. `POLICYWATCH_JOB` of Scrapy's settings is a function that returns one."""

    database: (
        Database | None
    )  # None for a page that is only tried: it is asked once, and nothing is known of it
    targets: Sequence[Target]
    fingerprint_of: FingerprintOf  # called once for each body, in a thread
    settle: Settle = never_settled
    isolate: Isolate = directly
    finish: Finish = only_outcome
