"""The Internet Archive: which public copies of a page it has, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import BytesIO
from itertools import islice
from typing import Any

import wayback
from requests import PreparedRequest, RequestException, Response
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import RetryError
from requests.utils import get_encoding_from_headers
from scrapy import Request
from scrapy.http import Response as Answer
from wayback.exceptions import (
    BlockedByRobotsError,
    BlockedSiteError,
    MementoPlaybackError,
    RateLimitError,
    WaybackException,
)

from crawler.block_detection import block_page, refusal
from crawler.failures import CheckEnded
from crawler.items import fetched
from crawler.targets import CrawlSettings, Fetched
from foundation.http_client import HttpFailure, fetch
from foundation.vocabulary import Outcome
from messages import Message
from policywatch.ingest.extraction import isolated
from policywatch.sources.repository import ArchiveUnreachable
from storage.clock import utc_now

PUBLIC = "https://web.archive.org"
_NEWEST = 5  # copies that are tried, for some can't be played back
_TROUBLES = {500, 502, 503, 504}
_OF_THE_WIRE = {"content-encoding", "transfer-encoding", "content-length"}
_OF_A_COPY = {
    "memento-datetime",
    "x-archive-wayback-runtime-error",
}  # headers of answers about one copy


class ArchiveFailed(CheckEnded):
    """The archive does not answer now, or not as it should; copies may be there all the same."""

    def __init__(
        self,
        reason: Message,
        outcome: Outcome = Outcome.FAILED,
        pause: timedelta | None = None,
    ) -> None:
        until = utc_now() + pause if pause is not None else None
        super().__init__(
            outcome, reason, final_url=PUBLIC, not_before=until
        )  # which is the host that has to wait


class _Adapter(BaseAdapter):
    """Sends what the client asks of the public archive to `address`, through our own client."""

    def __init__(self, address: str, settings: CrawlSettings) -> None:
        super().__init__()
        self.address = address.rstrip("/")
        self.settings = settings

    def send(self, request: PreparedRequest, *_args: Any, **_kwargs: Any) -> Response:
        asked = request.url or ""
        try:
            received = fetch(
                self.address + asked.removeprefix(PUBLIC),
                headers={name: str(value) for name, value in request.headers.items()},
                seconds=self.settings.timeout,
                max_size=self.settings.max_size,
                allow_private=True,  # the address is the operator's own word
            )
        except HttpFailure as failure:
            passes = failure.cause in {"connection", "broken_off"}
            raise (RequestsConnectionError if passes else RequestException)(
                str(failure)
            ) from failure
        response = Response()
        response.status_code, response.raw = received.status, BytesIO(received.body)
        response.headers.update(
            (name, value)
            for name, value in received.headers
            if name.lower() not in _OF_THE_WIRE
        )
        response.encoding = get_encoding_from_headers(response.headers)
        response.url, response.request = asked, request
        if (
            "/cdx/" in asked
            and "html" in response.headers.get("Content-Type", "")
            and response.ok
        ):
            raise RequestException("its index answered with a page")
        if response.status_code in _TROUBLES and not _OF_A_COPY & {
            *map(str.lower, response.headers)
        }:
            raise RetryError(f"it answered with {response.status_code}")
        return response

    def close(self) -> None:
        """Nothing stays open."""


@contextmanager
def connected(
    address: str, settings: CrawlSettings, *, retries: int = 0
) -> Iterator[wayback.WaybackClient]:
    """A client of the archive, or of another server with its interface; it keeps the archive's rate limits. Raises
    `ArchiveUnreachable` for an `ArchiveFailed` that nobody has dealt with."""
    session = wayback.WaybackSession(
        retries=retries,
        timeout=settings.timeout,
        user_agent=f"policywatch (+{settings.contact})",
    )
    session.trust_env = False  # neither proxies nor credentials
    session.adapters.clear()  # so that no redirect leads elsewhere
    session.mount(f"{PUBLIC}/", _Adapter(address, settings))
    with wayback.WaybackClient(session) as client:
        try:
            yield client
        except ArchiveFailed as failure:
            problem = f"{failure.reason} What was read is kept; the same command goes on there"
            raise ArchiveUnreachable(problem, failure.reason) from failure


@contextmanager
def explained() -> Iterator[None]:
    """Raises `CheckEnded` where a copy can't be had, `ArchiveFailed` where the archive itself does not answer."""
    try:
        yield
    except RateLimitError as failure:
        pause = timedelta(seconds=failure.retry_after or 60)
        raise ArchiveFailed(_problem(failure), Outcome.BLOCKED, pause) from failure
    except (BlockedByRobotsError, BlockedSiteError) as failure:
        raise ArchiveFailed(Message("archive.excluded"), Outcome.GONE) from failure
    except MementoPlaybackError as failure:
        raise CheckEnded(Outcome.FAILED, _problem(failure)) from failure
    except (WaybackException, RequestException, UnicodeDecodeError) as failure:
        raise ArchiveFailed(_problem(failure)) from failure


def _problem(failure: Exception) -> Message:
    return Message("archive.failed", problem=str(failure)[:300])


_WELL: dict[str, Any] = {
    "filter_field": "statuscode:200",
    "skip_malformed_results": False,
}  # addresses are ours


def copies(
    client: wayback.WaybackClient,
    url: str,
    since: datetime | None,
    until: datetime | None,
    *,
    every: timedelta,
) -> list[wayback.CdxRecord]:
    """Those that the page's server answered well, oldest first; at most one in each span of `every`, and none that has
    the bytes of the one before. Raises `CheckEnded`."""
    by_day = {"collapse": "timestamp:8"} if every >= timedelta(days=1) else {}
    rare: list[wayback.CdxRecord] = []
    with explained():
        for record in client.search(
            url, from_date=since, to_date=until, **_WELL, **by_day
        ):
            if not rare or (
                record.timestamp >= rare[-1].timestamp + every
                and record.digest != rare[-1].digest
            ):
                rare.append(record)
    return rare


def newest_copies(
    client: wayback.WaybackClient, url: str, after: datetime | None
) -> list[wayback.CdxRecord]:
    """Some, newest first, that were made after a time. Raises `CheckEnded`."""
    since = after + timedelta(seconds=1) if after is not None else None
    with explained():
        found = list(
            islice(
                client.search(url, limit=-_NEWEST, from_date=since, **_WELL), _NEWEST
            )
        )
    return sorted(found, key=lambda record: record.timestamp, reverse=True)


def memento_url(record: wayback.CdxRecord) -> str:
    """Where everybody can see the copy."""
    return f"{PUBLIC}/web/{record.timestamp:%Y%m%d%H%M%S}/{record.original}"


def page_of(
    client: wayback.WaybackClient, record: wayback.CdxRecord, document: str, url: str
) -> Fetched:
    """The page as its server sent it to the archive. Raises `CheckEnded` where it can't be had, or is a wall."""
    with explained():
        memento = client.get_memento(record, follow_redirects=False)
        body = memento.content
    request = Request(url, meta={"received_headers": list(memento.headers.items())})
    answer = Answer(
        memento.url, memento.status_code, dict(memento.headers), body, request=request
    )
    if ended := refusal(answer, None) or block_page(url, answer, isolated):
        raise ended
    return fetched(document, url, answer)
