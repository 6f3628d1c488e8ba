"""What one check may cost, so that a slow server or a long chain of redirects holds up no crawl.

Our own pauses between a document's requests do not count.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

from scrapy import Request

from crawler.failures import CheckEnded
from foundation.vocabulary import Outcome
from messages import Message


class Budget:
    """Seconds of one check or of reading one robots.txt."""

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
