"""The Internet Archive: copies of a page, as its source, in place of a page that fails, or as its history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from itertools import islice
from typing import Any, ClassVar

import requests
import wayback
from requests import PreparedRequest, RequestException
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import RetryError
from requests.utils import get_encoding_from_headers
from scrapy import Request
from scrapy.http import Response
from wayback.exceptions import (
    BlockedByRobotsError,
    BlockedSiteError,
    MementoPlaybackError,
    RateLimitError,
    WaybackException,
)

from crawler.failures import CheckEnded, block_page, refusal
from crawler.items import fetched
from crawler.targets import CrawlSettings, Fetched, Fingerprint, FingerprintOf
from foundation.http_client import HttpFailure, fetch
from foundation.vocabulary import UNANSWERED, Outcome
from messages import Message
from policywatch.config.schema import DocumentEntry
from policywatch.ingest.archived import ArchivedText
from policywatch.ingest.extraction import isolated
from policywatch.sources.repository import ArchiveUnreachable
from policywatch.sources.source import ArchiveChecks, ArchiveFailed, is_new
from storage.captures import INTERNET_ARCHIVE
from storage.checks import (
    VALID,
    checks_by_id,
    from_source,
    newest_check,
)
from storage.clock import utc_now
from storage.database import Database
from storage.documents import document, is_silent
from storage.versions import Import, current_version

PUBLIC = "https://web.archive.org"
_NEWEST = 5  # some can't be played back
_TROUBLES = {500, 502, 503, 504}
_OF_THE_WIRE = {"content-encoding", "transfer-encoding", "content-length"}
_OF_A_COPY = {
    "memento-datetime",
    "x-archive-wayback-runtime-error",
}  # headers of answers about one copy


class _Adapter(BaseAdapter):
    """Sends the library's requests through our own client."""

    def __init__(self, address: str, settings: CrawlSettings) -> None:
        super().__init__()
        self.address = address.rstrip("/")
        self.settings = settings

    def send(
        self, request: PreparedRequest, *_args: Any, **_kwargs: Any
    ) -> requests.Response:
        asked = request.url or ""
        try:
            received = fetch(
                self.address + asked.removeprefix(PUBLIC),
                headers={
                    name: str(value) for name, value in request.headers.items()
                },
                seconds=self.settings.timeout,
                max_size=self.settings.max_size,
                allow_private=True,
            )
        except HttpFailure as failure:
            passes = failure.cause in {"connection", "broken_off"}
            raise (RequestsConnectionError if passes else RequestException)(
                str(failure)
            ) from failure
        response = requests.Response()
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

    def close(self) -> None: ...


@contextmanager
def connected(
    address: str, settings: CrawlSettings, *, retries: int = 0
) -> Iterator[wayback.WaybackClient]:
    """Of the archive, or of a server with its interface. Turns `ArchiveFailed` into `ArchiveUnreachable`."""
    session = wayback.WaybackSession(
        retries=retries,
        timeout=settings.timeout,
        user_agent=f"policywatch (+{settings.contact})",
    )
    session.trust_env = False  # neither proxies nor credentials
    session.adapters.clear()  # no redirect leads elsewhere
    session.mount(f"{PUBLIC}/", _Adapter(address, settings))
    with wayback.WaybackClient(session) as client:
        try:
            yield client
        except ArchiveFailed as failure:
            problem = f"{failure.reason} What was read is kept; the same command goes on there"
            raise ArchiveUnreachable(problem, failure.reason) from failure


@contextmanager
def explained() -> Iterator[None]:
    """Raises `CheckEnded` where a copy can't be had, `ArchiveFailed` where the archive does not answer."""
    try:
        yield
    except RateLimitError as failure:
        until = utc_now() + timedelta(seconds=failure.retry_after or 60)
        raise _failed(failure, Outcome.BLOCKED, not_before=until) from failure
    except (BlockedByRobotsError, BlockedSiteError) as failure:
        raise ArchiveFailed(
            Outcome.GONE, Message("archive.excluded"), final_url=PUBLIC
        ) from failure
    except MementoPlaybackError as failure:
        raise CheckEnded(Outcome.FAILED, _problem(failure)) from failure
    except (WaybackException, RequestException, UnicodeDecodeError) as failure:
        raise _failed(failure) from failure


def _failed(
    failure: Exception,
    outcome: Outcome = Outcome.FAILED,
    *,
    not_before: datetime | None = None,
) -> ArchiveFailed:
    # the pause is for the archive's host
    return ArchiveFailed(
        outcome, _problem(failure), final_url=PUBLIC, not_before=not_before
    )


def _problem(failure: Exception) -> Message:
    return Message("archive.failed", problem=str(failure)[:300])


def _address(copy: wayback.CdxRecord) -> str:
    """Public."""
    return f"{PUBLIC}/web/{copy.timestamp:%Y%m%d%H%M%S}/{copy.original}"


@dataclass(frozen=True, slots=True)
class Copies:
    """Of a page, with a successful status."""

    client: wayback.WaybackClient
    document: str
    url: str

    def listed(self, **options: Any) -> Iterator[wayback.CdxRecord]:
        """Oldest first. Raises `CheckEnded`."""
        with explained():
            yield from self.client.search(
                self.url,
                filter_field="statuscode:200",
                skip_malformed_results=False,  # we read addresses ourselves
                **options,
            )

    def newest(self, after: datetime | None) -> list[wayback.CdxRecord]:
        """Newest first, made after a time. Raises `CheckEnded`."""
        since = after + timedelta(seconds=1) if after is not None else None
        listed = islice(self.listed(limit=-_NEWEST, from_date=since), _NEWEST)
        return sorted(listed, key=lambda copy: copy.timestamp, reverse=True)

    def page(self, copy: wayback.CdxRecord) -> Fetched:
        """As the page's server sent it. Raises `CheckEnded`, also for a login or challenge page."""
        with explained():
            memento = self.client.get_memento(copy, follow_redirects=False)
            body = memento.content
        headers = memento.headers
        request = Request(
            self.url, meta={"received_headers": list(headers.items())}
        )
        answer = Response(
            memento.url, memento.status_code, dict(headers), body, request=request
        )
        if ended := refusal(answer, None) or block_page(self.url, answer, isolated):
            raise ended
        return fetched(self.document, self.url, answer)

    def text(self, copy: wayback.CdxRecord, mark: str = "") -> ArchivedText:
        address, load = _address(copy), partial(self._page_or_reason, copy)
        source = f"{INTERNET_ARCHIVE}, {address}"
        return ArchivedText(mark, copy.timestamp, load, source, address)

    def _page_or_reason(self, copy: wayback.CdxRecord) -> Fetched | Message:
        """Raises `ArchiveFailed`."""
        try:
            return self.page(copy)
        except ArchiveFailed:
            raise
        except CheckEnded as ended:
            return ended.reason


@dataclass(frozen=True, slots=True)
class PastCopies:
    """Of a period, at most one in each `every`."""

    archive: ClassVar = INTERNET_ARCHIVE
    copies: Copies
    since: datetime | None
    until: datetime | None
    every: timedelta

    def texts(self, since: Import | None) -> Iterator[ArchivedText]:
        """Without repetitions. Raises `CheckEnded`, `ArchiveFailed`."""
        mark = f"{self.since} {self.until} {self.every}"
        if since is not None and since.commit != mark:  # of another period
            since = None
        is_long = self.every >= timedelta(days=1)
        last: wayback.CdxRecord | None = None
        for copy in self.copies.listed(
            from_date=self.since,
            to_date=self.until,
            **({"collapse": "timestamp:8"} if is_long else {}),
        ):
            if last is not None and (
                copy.timestamp < last.timestamp + self.every
                or copy.digest == last.digest
            ):
                continue
            last = copy
            if is_new(copy.timestamp, since):
                yield self.copies.text(copy, mark)


def silent(
    database: Database, entries: Sequence[DocumentEntry], checks: Sequence[int]
) -> list[DocumentEntry]:
    """That failed in `checks` as often as the operator's `after` says, and that the archive may stand in for."""
    with database.reading() as session:
        failing = {
            row.document_id
            for row in checks_by_id(session, checks)
            if row.outcome in UNANSWERED
        }
        allowed = [
            entry for entry in entries if entry.fallback and entry.id in failing
        ]
        return [
            entry for entry in allowed if is_silent(document(session, entry.id))
        ]


def read_copies(
    database: Database,
    entries: Sequence[DocumentEntry],
    address: str,
    settings: CrawlSettings,
    fingerprint_of: FingerprintOf,
    mistakes: list[Exception],
) -> Iterator[tuple[str, list[int]]]:
    """The newest copy of each page, if later than what is known."""
    resting: list[Exception] = []
    with connected(address, settings) as client:
        for entry in entries:
            checks = ArchiveChecks(
                database,
                entry.id,
                INTERNET_ARCHIVE,
                resting,
                entry.source == "page",
            )
            copies = Copies(client, entry.id, entry.addresses[0])
            read = partial(
                _read_newest, copies=copies, fingerprint_of=fingerprint_of
            )
            yield entry.id, checks.attempt(read, mistakes)


def _read_newest(
    checks: ArchiveChecks, *, copies: Copies, fingerprint_of: FingerprintOf
) -> list[int]:
    id_ = checks.document_id
    with checks.database.reading() as session:
        current = current_version(session, id_)
        last = newest_check(session, id_, from_source(INTERNET_ARCHIVE))
        own = newest_check(session, id_, from_source(None), VALID)
    times = [
        *([current.captured_at] if current else []),
        *([own.checked_at] if own else []),
    ]
    last_met = last.final_url if last is not None else None
    refused: CheckEnded | None = None
    for copy in copies.newest(max(times, default=None)):
        if _address(copy) == last_met:
            break
        try:
            page = copies.page(copy)
        except ArchiveFailed:
            raise
        except CheckEnded as ended:  # the copy before may do
            refused = refused or ended
            continue
        if (
            current is not None
            and fingerprint_of(page, Fingerprint(None)).text == current.fingerprint
        ):
            return [checks.end(Outcome.UNCHANGED, address=_address(copy))]
        return [checks.take(copies.text(copy), page)]
    if refused is not None:
        raise refused
    if current is None and last is None:
        raise CheckEnded(Outcome.GONE, Message("archive.no_copy"))
    return [checks.repeat(last_met)]
