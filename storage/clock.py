"""The clock: the default of every `now` argument, what it can't have written, and when a server may be asked again."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime

AHEAD = timedelta(minutes=5)  # by which clocks of several machines may differ
LONGEST_PAUSE = timedelta(days=7)  # what a server's Retry-After can ask for at most
_LONGEST = timedelta(
    days=10
)  # more seconds than that are none that a calendar must hold


def utc_now() -> datetime:
    return datetime.now(UTC)


def is_ahead(written: datetime, now: datetime) -> bool:
    """Written under a wrong clock, for it was past then: nothing waits for such a time to come."""
    return written > now + AHEAD


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def retry_after(written: str | None, now: datetime) -> timedelta | None:
    """The wait that a Retry-After header asks for, in seconds or up to a date; None where it makes no sense."""
    if written is None:
        return None
    if written.strip().isdecimal():
        return timedelta(seconds=min(float(written), _LONGEST.total_seconds()))
    try:
        until = parsedate_to_datetime(written)
    except (ValueError, OverflowError):  # a year beyond all bounds is the latter
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(until - now, timedelta(0))
