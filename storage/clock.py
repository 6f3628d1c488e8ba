"""The clock: the default of every `now`, times that are ahead of it, and Retry-After."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime

AHEAD = timedelta(minutes=5)  # by which clocks of machines may differ
LONGEST_PAUSE = timedelta(days=7)
_LONGEST = timedelta(days=10)  # any longer wait could overflow a datetime


def utc_now() -> datetime:
    return datetime.now(UTC)


def is_ahead(written: datetime, now: datetime) -> bool:
    return written > now + AHEAD


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def retry_after(written: str | None, now: datetime) -> timedelta | None:
    """In seconds or as a date; None if malformed."""
    if written is None:
        return None
    if written.strip().isdecimal():
        return timedelta(seconds=min(float(written), _LONGEST.total_seconds()))
    try:
        until = parsedate_to_datetime(written)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(until - now, timedelta(0))
