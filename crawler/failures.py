"""Why a check brought no page, with reasons that a person understands."""

from __future__ import annotations

from datetime import datetime

from scrapy.exceptions import IgnoreRequest

from foundation.vocabulary import Outcome
from messages import Message


class CheckEnded(IgnoreRequest):
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
    """One request brought no usable answer."""

    def __init__(self, reason: Message, *, reached: bool = True) -> None:
        """`reached`: the server answered; otherwise none of its pages can be fetched."""
        super().__init__(Outcome.FAILED, reason)
        self.reached = reached


class TemporaryFailure(DownloadFailed):
    """Worth a retry."""
