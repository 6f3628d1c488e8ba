"""Turns: one request at a time to a host, with a delay; several hosts side by side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from crawler.failures import NoPage
from messages import Message
from storage.checks import Outcome


@dataclass
class _Host:
    delay: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # first come, first served
    free_at: float = 0  # on the event loop's clock
    paused_until: float = 0  # on the same; for whoever need not keep the delay
    closed_until: datetime | None = None


class Hosts:
    """Who may ask which host when. Scrapy's own slots know no Retry-After and no Crawl-delay."""

    def __init__(self, delay: float, at_once: int) -> None:
        """`delay` in seconds, from the end of a request to the start of the next one."""
        self._delay = delay
        self._room = asyncio.Semaphore(at_once)
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, host: str, *, delayed: bool = True) -> AsyncIterator[None]:
        """Wait for one's turn and hold it during the request; raises `NoPage` if the host asked to be left alone.

        Not `delayed`: a piece of a page that is being visited; they follow one another at once, and who comes after the
        last one keeps the delay.
        """
        one = self._host(host)
        async with one.lock:
            await self._wait(one, delayed=delayed)
            if one.closed_until is not None:
                raise NoPage(Outcome.BLOCKED, asked_to_wait(host, one.closed_until), not_before=one.closed_until)
            async with self._room:
                try:
                    yield
                finally:
                    one.free_at = max(one.free_at, asyncio.get_running_loop().time() + one.delay)

    def slow_down(self, host: str, delay: float) -> None:
        """Keep at least this delay with the host, from now on."""
        one = self._host(host)
        one.delay = max(one.delay, delay)

    def pause(self, host: str, seconds: float) -> None:
        """Nobody asks the host for so long."""
        one = self._host(host)
        one.paused_until = max(one.paused_until, asyncio.get_running_loop().time() + seconds)

    def close(self, host: str, until: datetime) -> None:
        """Nobody asks the host again in this crawl."""
        self._host(host).closed_until = until

    def _host(self, host: str) -> _Host:
        return self._hosts.setdefault(host, _Host(self._delay))

    @staticmethod
    async def _wait(one: _Host, *, delayed: bool) -> None:
        loop = asyncio.get_running_loop()
        while True:  # a pause may be added while we wait
            rest = max(one.paused_until, one.free_at if delayed else 0) - loop.time()
            if rest <= 0:
                return
            await asyncio.sleep(rest)


def asked_to_wait(host: str, until: datetime) -> Message:
    """The reason of a check that was not made because the host asked for a pause."""
    return Message("answer.wait", host=host, until=f"{until:%Y-%m-%d %H:%M}")
