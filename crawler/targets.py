"""What a crawl is given: targets, settings, and how to read what it fetches; and which URLs are asked.

What a host's name resolves to is checked on connecting (foundation/addresses.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from yarl import URL

from foundation.vocabulary import Outcome, Robots
from messages import Message

if TYPE_CHECKING:  # loads slowly, and the process that reads pages needs none
    from sqlmodel import Session

    from storage.captures import Capture
    from storage.checks import Check
    from storage.database import Database

WEB_PORTS = frozenset({80, 443})


def port_of(url: str) -> int | None:
    return URL(url, encoded=True).port


def objection(url: str, ports: frozenset[int] | None = None) -> Message | None:
    """As the end of a sentence ("... which is not a web address"); None if it may be asked. Without `ports`, any port
    will do.
    """
    try:
        parsed = URL(url, encoded=True)
        host, port = parsed.host, parsed.port
        (parsed.raw_host or "").encode("idna")  # as the resolver will
    except ValueError:  # also UnicodeError
        return Message("objection.unclear")
    if parsed.scheme not in {"http", "https"}:
        return Message("objection.scheme")
    if not host:
        return Message("objection.host")
    if parsed.user is not None or parsed.password is not None:
        return Message("objection.password")
    if ports is not None and port not in ports:
        return Message("objection.port", port=port or 0)
    return None


@dataclass(frozen=True)
class Target:
    document: str
    url: str
    language: str
    more: tuple[str, ...] = ()  # further parts, in reading order
    robots: Robots = "obey"
    allow_private: bool = False  # only this URL's host
    render: bool = False  # in a browser
    expand: bool = False  # what a click opens in the text

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.url, *self.more)


@dataclass(frozen=True)
class CrawlSettings:
    """Times in seconds, sizes in bytes."""

    contact: str  # for the User-Agent
    delay: float = 5  # from a request's end
    confirm_delay: float = 20  # before a new text is fetched again
    timeout: float = 60  # from name lookup to last byte
    check_timeout: float = 600  # for all answers of a check
    max_size: int = 20 * 2**20  # as sent and as decompressed
    retry_waits: tuple[float, ...] = (
        10,
        60,
    )  # before each retry
    patience: float = 120  # longest Retry-After waited for
    longest_crawl_delay: float = 120  # of a robots.txt


@dataclass(frozen=True)
class Fetched:
    document: str
    url: str
    final_url: str
    status: int
    headers: list[tuple[str, str]]  # without values of cookies
    mime: str
    charset: str | None  # as declared
    body: bytes  # without content encoding

    def reads_as(self, other: Fetched) -> bool:
        """In all that extraction uses."""
        mine, its = (
            (page.body, page.final_url, page.mime, page.charset)
            for page in (self, other)
        )
        return mine == its

    def capture(self, at: datetime, source: str | None = None) -> Capture:
        """`source` is its archive."""
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
    """`text` is None if unreadable; `markup` includes that text."""

    text: str | None
    markup: str | None = None


FingerprintOf = Callable[
    [Fetched, Fingerprint], Fingerprint
]  # of a page, given that of the answer before


class Differing(NamedTuple):
    """Of two answers that share most of their text: passages of only one, and whether the second has them. `place`
    identifies it.
    """

    passages: dict[str, bool]
    reason: Message
    place: tuple[str, ...]


# of two answers (a page for each part; None in the first: not modified), or why they are not accepted
Settle = Callable[
    [Sequence[Fetched | None], Sequence[Fetched]], Differing | Message
]
Progress = Callable[
    [int, int, str], None
]  # done, total, and the last one; first called with none


def never_settled(
    _first: Sequence[Fetched | None], _second: Sequence[Fetched]
) -> Message:
    return Message("answer.unstable")


Isolate = Callable[..., Any]  # None if too costly


def directly(function: Callable[..., Any], *args: Any) -> Any:
    """For tests and trusted markup."""
    return function(*args)


# `until` ends the server's pause
Finish: TypeAlias = (
    "Callable[[Session, Check, Outcome, Message | None, datetime | None], None]"
)


def only_outcome(
    session: Session,
    check: Check,
    outcome: Outcome,
    reason: Message | None,
    _until: datetime | None,
) -> None:
    check.outcome, check.reason = outcome.value, reason
    session.add(check)


@dataclass(frozen=True)
class CrawlJob:
    """Scrapy's setting `POLICYWATCH_JOB` is a function that returns one."""

    database: Database | None  # None for a page on trial
    targets: Sequence[Target]
    fingerprint_of: FingerprintOf  # once for each body, in a thread
    settle: Settle = never_settled
    isolate: Isolate = directly
    finish: Finish = only_outcome
