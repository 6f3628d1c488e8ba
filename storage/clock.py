"""The clock: the default of every `now` argument, and when a day begins."""

from __future__ import annotations

from datetime import UTC, date, datetime, time


def utc_now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


def midnight(day: date) -> datetime:
    """The day's beginning in UTC."""
    return datetime.combine(day, time(), UTC)
