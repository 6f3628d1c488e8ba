"""When a route tells people: at once, or gathered into a digest at a time of the day or week."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TIME_OF_DAY = "(?:[01]?[0-9]|2[0-3]):[0-5][0-9]"
_WRITTEN = re.compile(rf"(?:daily|weekly (?P<day>[a-z]+)) (?P<at>{TIME_OF_DAY})")


@dataclass(frozen=True, slots=True)
class AtOnce:
    """As soon as the change is read."""

    def __str__(self) -> str:
        return "at once"


@dataclass(frozen=True, slots=True)
class Daily:
    """Once a day at `at`, in the route's time zone."""

    at: time

    def __str__(self) -> str:
        return f"daily {self.at:%H:%M}"

    def last(self, now: datetime, zone: tzinfo) -> datetime:
        """The latest moment, not after `now`, at which a digest was due."""
        return _last(now, zone, self.at, days=range(7))


@dataclass(frozen=True, slots=True)
class Weekly:
    """Once a week; `day` counts from 0, Monday."""

    day: int
    at: time

    def __str__(self) -> str:
        return f"weekly {DAYS[self.day]} {self.at:%H:%M}"

    def last(self, now: datetime, zone: tzinfo) -> datetime:
        """The latest moment, not after `now`, at which a digest was due."""
        return _last(now, zone, self.at, days=(self.day,))


When = AtOnce | Daily | Weekly


def parse_when(written: str) -> When:
    """Raises `ValueError` with a sentence that says what may be written."""
    text = " ".join(written.lower().split())
    if text == "at once":
        return AtOnce()
    found = _WRITTEN.fullmatch(text)
    day = found["day"] if found else None
    if found is None or (day is not None and day not in DAYS):
        raise ValueError(
            f'found {written!r}; allowed: "at once", "daily HH:MM", "weekly DAY HH:MM", such as "weekly monday 08:00"'
        )
    at = time_of_day(found["at"])
    return Daily(at) if day is None else Weekly(DAYS.index(day), at)


def time_of_day(written: str) -> time:
    """Of what `TIME_OF_DAY` matches."""
    hour, minute = written.split(":")
    return time(int(hour), int(minute))


def zone(name: str) -> ZoneInfo:
    """Raises `ValueError` where there is no such time zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as failure:
        raise ValueError(f"found {name!r}; write a time zone such as Europe/Paris or UTC") from failure


def _last(now: datetime, zone: tzinfo, at: time, days: range | tuple[int, ...]) -> datetime:
    # A wall-clock time that summer time skips is taken an hour later, one that it repeats is taken the first time:
    # either way once a day.
    day = now.astimezone(zone).date() + timedelta(days=1)
    while True:
        moment = datetime.combine(day, at, tzinfo=zone).astimezone(now.tzinfo)
        if day.weekday() in days and moment <= now:
            return moment
        day -= timedelta(days=1)
