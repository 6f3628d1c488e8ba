"""Scrapy's download handler: politeness around the guarded client (docs/decisions/0006)."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes

from crawler.budget import budget_of, is_redirected
from crawler.extensions import pauses_of
from crawler.failures import DownloadFailed, TemporaryFailure
from foundation.addresses import ForbiddenAddress, host_of
from foundation.http_client import (
    HttpFailure,
    HttpResponse,
    exchange,
    is_passing_name_failure,
)
from messages import Message, system_error, verbatim
from storage.database import Database


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
    match failure.cause:
        case "late":
            return TemporaryFailure(Message("network.late", host=host, seconds=seconds))
        case "large":
            return too_large(limit)
        case "broken_off":
            return TemporaryFailure(Message("network.broken_off", host=host))
        case "encoding":
            return DownloadFailed(
                Message("network.encoding", host=host, named=failure.detail)
            )
        case "compressed":
            return TemporaryFailure(Message("network.compressed", host=host))
        case "http":
            return DownloadFailed(Message("network.http", host=host))
    return _not_reached(failure, host)


def _not_reached(failure: HttpFailure, host: str) -> DownloadFailed:
    match failure.cause:
        case "private":
            assert isinstance(failure.error, ForbiddenAddress)
            named, address = failure.error.host, failure.error.address
            where = (
                named
                if named == address
                else Message("network.private_at", host=named, address=address)
            )
            return DownloadFailed(
                Message("network.private", where=where), reached=False
            )
        case "certificate":
            return DownloadFailed(
                Message("network.certificate", host=host, why=failure.detail),
                reached=False,
            )
        case "no_tls":
            return DownloadFailed(Message("network.no_tls", host=host), reached=False)
        case "tls":
            return DownloadFailed(
                Message("network.tls", host=host, why=failure.detail), reached=False
            )
        case "name":
            kind = (
                TemporaryFailure if is_passing_name_failure(failure) else DownloadFailed
            )
            return kind(Message("network.name", host=host), reached=False)
        case "connection":
            cause = (
                system_error(failure.errno)
                if failure.errno
                else verbatim(str(failure.error))
            )
            return TemporaryFailure(
                Message("network.connection", host=host, why=cause), reached=False
            )
    return DownloadFailed(Message("network.address"), reached=False)
