"""What a crawl is given and what it brings: targets, settings, fetched pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from messages import Message
from storage.clock import LONGEST_PAUSE, utc_now
from storage.database import Database


@dataclass(frozen=True)
class Target:
    """A document to be checked. What the last checks left (validators, waits, text) is read from the store."""

    document: str
    url: str
    language: str
    more: tuple[str, ...] = ()  # the addresses of its further parts, in the order in which they are read
    robots: Literal["obey", "ignore"] = "obey"
    allow_private: bool = False  # this URL's host may lie at a private address; no other host that it redirects to may
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
    delay: float = 5  # from the end of a request to the start of the next one to the same host
    confirm_delay: float = 20  # before a new text is asked for once more
    timeout: float = 60  # for one request in all, from the name's look-up to the last byte
    max_size: int = 20 * 2**20  # of a body, both as sent and as decompressed
    max_redirects: int = 5
    retry_waits: tuple[float, ...] = (10, 60)  # before each new attempt after a failure that may pass
    patience: float = 120  # a Retry-After up to this is waited for; a longer one is left to a later run
    longest_pause: timedelta = LONGEST_PAUSE  # what a Retry-After can ask for at most
    longest_crawl_delay: float = 120  # what a robots.txt can ask for at most
    hosts_at_once: int = 16


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


FingerprintOf = Callable[[Fetched], str | None]
# why two answers (one for each part of a document) that differ are not believed; None for what is not at hand
WhyUnstable = Callable[[Sequence[Fetched | None], Sequence[Fetched]], Message]


def plainly_unstable(_first: Sequence[Fetched | None], _second: Sequence[Fetched]) -> Message:
    """For who knows nothing of what pages say."""
    return Message("answer.unstable")


Progress = Callable[[int, int, str], None]  # how many are done, of how many, and the last of them; at first none


@dataclass(frozen=True)
class Job:
    """All that the spider needs. `POLICYWATCH_JOB` of Scrapy's settings is a function that returns one."""

    database: Database
    targets: Sequence[Target]
    settings: CrawlSettings
    fingerprint_of: FingerprintOf
    why_unstable: WhyUnstable = plainly_unstable
    now: Callable[[], datetime] = utc_now
    progress: Progress | None = None
