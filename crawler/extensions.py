"""Time: what one check may cost, so that a slow server or a long chain of redirects holds up no crawl, and the pauses
that servers ask for, kept in Scrapy's download slots, as AutoThrottle does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from time import monotonic
from typing import Self

from scrapy import Request, signals
from scrapy.core.downloader import Slot
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.failures import CheckEnded
from foundation.addresses import host_of
from foundation.vocabulary import Outcome
from messages import Message
from storage.clock import LONGEST_PAUSE, retry_after

_PAUSING = frozenset({429, 503})


class Budget:
    """Seconds of one check or of reading one robots.txt; our own pauses between requests do not count."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._left = seconds

    def charge(self, seconds: float) -> None:
        self._left -= seconds

    @asynccontextmanager
    async def spending(self, host: str) -> AsyncIterator[None]:
        """Raises `CheckEnded` when nothing is left."""
        began, late = (
            monotonic(),
            Message("check.late", host=host, seconds=self.seconds),
        )
        if self._left <= 0:
            raise CheckEnded(Outcome.FAILED, late)
        try:
            async with asyncio.timeout(self._left):
                yield
        except TimeoutError as failure:
            raise CheckEnded(Outcome.FAILED, late) from failure
        finally:
            self.charge(monotonic() - began)


def budget_of(request: Request) -> Budget:
    """A browser's requests have the browser's deadline."""
    budget: Budget = request.meta.get("budget") or Budget(
        request.meta["download_timeout"]
    )
    return budget


def is_redirected(request: Request) -> bool:
    return bool(request.meta.get("redirect_times"))


class HostPauses:
    """A short pause holds the host's slot, a long one ends its requests in this crawl."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._patience = timedelta(
            seconds=crawler.settings.getfloat("RETRY_AFTER_PATIENCE")
        )
        self._closed: dict[str, datetime] = {}  # host: until when
        # before the slot starts its next request
        crawler.signals.connect(
            self.response_downloaded, signal=signals.response_downloaded
        )

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def response_downloaded(self, response: Response, request: Request) -> None:
        pause = self._pause(response)
        if pause is None:
            return
        if pause > self._patience:
            self._closed[host_of(request.url)] = self._now() + pause
            return
        budget_of(request).charge(pause.total_seconds())
        if slot := self._slot(request):
            slot.lastseen = monotonic() + pause.total_seconds()

    def request_ended(self, request: Request) -> None:
        """Scrapy counts the delay from the start of a request."""
        if slot := self._slot(request):
            slot.lastseen = monotonic()

    def delay_of(self, request: Request) -> float:
        """In seconds."""
        slot = self._slot(request)
        return slot.delay if slot is not None else 0

    def refuse(self, request: Request) -> None:
        """Raises `CheckEnded`."""
        until = self._closed.get(host_of(request.url))
        if until is None:
            return
        if slot := self._slot(request):
            slot.lastseen = 0  # the next one is refused without a wait
        raise CheckEnded(
            Outcome.BLOCKED,
            asked_to_wait(host_of(request.url), until),
            not_before=until,
        )

    def is_short(self, response: Response) -> bool:
        pause = self._pause(response)
        return pause is not None and pause <= self._patience

    def until(self, response: Response) -> datetime | None:
        """None if it asked for no pause."""
        pause = self._pause(response)
        return None if pause is None else self._now() + pause

    def _pause(self, response: Response) -> timedelta | None:
        if response.status not in _PAUSING:
            return None
        pause = retry_after(
            (response.headers.get("Retry-After") or b"").decode("latin-1"),
            self._now(),
        )
        return None if pause is None else min(pause, LONGEST_PAUSE)

    def _now(self) -> datetime:
        now: datetime = self._crawler.settings["CLOCK"]()
        return now

    def _slot(self, request: Request) -> Slot | None:
        downloader = self._crawler.engine.downloader
        return downloader.slots.get(downloader.get_slot_key(request))


def pauses_of(crawler: Crawler) -> HostPauses:
    pauses = crawler.get_extension(HostPauses)
    assert pauses is not None, "crawler/settings.py names it"
    return pauses


def asked_to_wait(host: str, until: datetime) -> Message:
    return Message("answer.wait", host=host, until=f"{until:%Y-%m-%d %H:%M}")
