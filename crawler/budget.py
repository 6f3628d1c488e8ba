"""What one check may cost, so that no server holds a crawl for longer, however slowly it answers and wherever it leads.

The seconds of answers count, redirects with the pauses before them, and what a server asks us to wait before a retry.
The pauses between a document's own requests do not: they are ours.
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
    """Of one check, or of reading one robots.txt; it stands in `request.meta["budget"]`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._left = seconds

    def charge(self, seconds: float) -> None:
        self._left -= seconds

    @asynccontextmanager
    async def spending(self, host: str) -> AsyncIterator[None]:
        """Charge what takes place inside, and end it where nothing is left: raises `CheckEnded`."""
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
    """What a browser asks for while it renders a page has the browser's deadline."""
    budget: Budget = request.meta.get("budget") or Budget(
        request.meta["download_timeout"]
    )
    return budget


def is_redirected(request: Request) -> bool:
    return bool(request.meta.get("redirect_times"))
