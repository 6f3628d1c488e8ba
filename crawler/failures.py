"""Why a check brought no page, each with a reason that a person understands."""

from __future__ import annotations

from datetime import datetime

from messages import Message
from storage.checks import Outcome


class CrawlError(Exception):
    """Something expected went wrong with one document."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason)
        self.reason = reason


class NoPage(CrawlError):
    """The check ends here, without a page."""

    def __init__(
        self,
        outcome: Outcome,
        reason: Message,
        *,
        status: int | None = None,
        final_url: str | None = None,
        not_before: datetime | None = None,
    ) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.status = status
        self.final_url = final_url
        self.not_before = not_before


class DownloadFailed(CrawlError):
    """One request brought no answer, or none that can be used."""

    def __init__(self, reason: Message, *, temporary: bool = False, reached: bool = True) -> None:
        """`temporary`: it may pass by itself. `reached`: the server was there; otherwise no page of it can be had."""
        super().__init__(reason)
        self.temporary = temporary
        self.reached = reached


class ForbiddenAddress(OSError):
    """A name or an address that leads into a private network; an OSError, as whoever connects expects one."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"{host} lies at {address}")
        self.host = host
        self.address = address
