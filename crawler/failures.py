"""Why a check brought no page, each with a reason that a person understands."""

from __future__ import annotations

from datetime import datetime

from scrapy.exceptions import IgnoreRequest

from foundation.vocabulary import Outcome
from messages import Message


class CheckEnded(IgnoreRequest):
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
        self.reason = reason
        self.status = status
        self.final_url = final_url
        self.not_before = not_before


class DownloadFailed(CheckEnded):
    """One request brought no answer, or none that can be used."""

    def __init__(self, reason: Message, *, reached: bool = True) -> None:
        """`reached`: the server was there; otherwise none of its pages can be fetched."""
        super().__init__(Outcome.FAILED, reason)
        self.reached = reached


class TemporaryFailure(DownloadFailed):
    """It may pass by itself, so the request is worth a retry."""
