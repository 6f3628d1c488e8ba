"""Scrapy's download handler: politeness around the guarded client (docs/decisions/0006)."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes

from crawler.extensions import budget_of, is_redirected, pauses_of
from crawler.failures import DownloadFailed, TemporaryFailure
from foundation.addresses import ForbiddenAddress, host_of
from foundation.http_client import (
    FailureCause,
    HttpFailure,
    HttpResponse,
    exchange,
    is_passing_name_failure,
)
from messages import Message, system_error, verbatim
from storage.database import Database

_LOOK = 0.05  # seconds
_PASSING = {"broken_off", "compressed", "connection", "late"}
_ANSWERED = {"broken_off", "compressed", "encoding", "http", "large", "late"}


class GuardedDownloadHandler(BaseDownloadHandler):
    """Raises `DownloadFailed`, `LostLease`. Keeps the raw headers in `request.meta["received_headers"]`."""

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._max_size = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self._pauses = pauses_of(crawler)
        self._connections = asyncio.Semaphore(
            crawler.settings.getint("CONCURRENT_HOSTS")
        )
        job = getattr(crawler.spider, "job", None)  # `scrapy shell` has none
        self._database: Database | None = job and job.database
        self._hosts: defaultdict[str, asyncio.Lock] = defaultdict(
            asyncio.Lock
        )  # several slots may share one

    async def download_request(self, request: Request) -> Response:
        """Follows no redirect."""
        self._pauses.refuse(request)
        if is_redirected(request):
            budget_of(request).charge(self._pauses.delay_of(request))
        try:
            async with self._hosts[host_of(request.url)], self._connections:
                # not a browser's, which has a deadline
                if "budget" in request.meta:
                    await self._wait_for_reading()
                if self._database is not None:
                    self._database.before_request(self._pauses.delay_of(request))
                received = await self._exchange(request)
        finally:
            self._pauses.request_ended(request)
        request.meta["received_headers"] = received.headers
        headers = Headers()
        for name, value in received.headers:
            if name.lower() != "content-encoding":
                headers.appendlist(name, value)
        response_class = responsetypes.from_args(
            headers=headers, url=request.url, body=received.body
        )
        return response_class(
            request.url, received.status, headers=headers, body=received.body
        )

    async def _wait_for_reading(self) -> None:
        """While fetched pages take too much memory: Scrapy asks so only of the scheduler, where no request stays."""
        slot = self.crawler.engine.scraper.slot
        while slot is not None and slot.needs_backout():
            await asyncio.sleep(_LOOK)

    async def _exchange(self, request: Request) -> HttpResponse:
        host, seconds = host_of(request.url), request.meta["download_timeout"]
        try:
            async with budget_of(request).spending(host):
                return await exchange(
                    request.url,
                    method=request.method,
                    headers=request.headers.to_tuple_list(),
                    body=request.body or None,
                    seconds=seconds,
                    max_size=self._max_size,
                    allow_private=request.meta.get("private_host") == host,
                )
        except HttpFailure as failure:
            raise _explained(failure, host, seconds, self._max_size) from failure


def too_large(limit: int) -> DownloadFailed:
    if limit >= 2**20:
        size = Message("size.mega", number=f"{limit / 2**20:.1f}")
    else:
        size = Message("size.kilo", number=f"{limit / 1024:.1f}")
    return DownloadFailed(Message("network.large", size=size))


def _explained(
    failure: HttpFailure, host: str, seconds: float, limit: int
) -> DownloadFailed:
    cause, why = failure.cause, failure.detail
    reasons: dict[FailureCause, Message] = {
        "address": Message("network.address"),
        "broken_off": Message("network.broken_off", host=host),
        "certificate": Message("network.certificate", host=host, why=why),
        "compressed": Message("network.compressed", host=host),
        "connection": Message("network.connection", host=host, why=_words(failure)),
        "encoding": Message("network.encoding", host=host, named=why),
        "http": Message("network.http", host=host),
        "large": too_large(limit).reason,
        "late": Message("network.late", host=host, seconds=seconds),
        "name": Message("network.name", host=host),
        "no_tls": Message("network.no_tls", host=host),
        "private": Message("network.private", where=_where(failure)),
        "tls": Message("network.tls", host=host, why=why),
    }
    passes = cause in _PASSING or is_passing_name_failure(failure)
    kind = TemporaryFailure if passes else DownloadFailed
    return kind(reasons[cause], reached=cause in _ANSWERED)


def _words(failure: HttpFailure) -> Message:
    return (
        system_error(failure.errno)
        if failure.errno
        else verbatim(f"{failure.error}")
    )


def _where(failure: HttpFailure) -> str | Message:
    error = failure.error
    if not isinstance(error, ForbiddenAddress):
        return ""
    if error.host == error.address:
        return error.host
    return Message("network.private_at", host=error.host, address=error.address)
