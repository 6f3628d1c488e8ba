"""When a route sends: at once, after a person's review, or as a digest at a time of day or week; and its quiet hours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
TIME_OF_DAY = "(?:[01]?[0-9]|2[0-3]):[0-5][0-9]"
_WRITTEN = re.compile(rf"(?:daily|weekly (?P<day>[a-z]+)) (?P<at>{TIME_OF_DAY})")


@dataclass(frozen=True, slots=True)
class AtOnce:
    def __str__(self) -> str:
        return "at once"


@dataclass(frozen=True, slots=True)
class AfterReview(AtOnce):
    """An alert is due once a person reviewed its change, and as it is when `wait` is over."""

    wait: timedelta = timedelta(hours=24)

    def __str__(self) -> str:
        return "after review"


@dataclass(frozen=True, slots=True)
class Digest:
    """Daily, or weekly on a `day` (0 is Monday)."""

    at: time
    day: int | None = None

    def __str__(self) -> str:
        return (
            f"daily {self.at:%H:%M}"
            if self.day is None
            else f"weekly {DAYS[self.day]} {self.at:%H:%M}"
        )

    def last(self, now: datetime, zone: tzinfo) -> datetime:
        day = now.astimezone(zone).date() + timedelta(days=1)
        while (moment := self._on(day, zone, now)) is None or moment > now:
            day -= timedelta(days=1)
        return moment

    def next(self, since: datetime, zone: tzinfo) -> datetime:
        day = since.astimezone(zone).date()
        while (moment := self._on(day, zone, since)) is None or moment < since:
            day += timedelta(days=1)
        return moment

    def _on(self, day: date, zone: tzinfo, like: datetime) -> datetime | None:
        # a time skipped by summer time is taken an hour later, a repeated one the first time
        if self.day not in (None, day.weekday()):
            return None
        return datetime.combine(day, self.at, tzinfo=zone).astimezone(like.tzinfo)


When = AtOnce | Digest


def parse_when(written: str) -> When:
    """Raises `ValueError`."""
    text = " ".join(written.lower().split())
    if text == "at once":
        return AtOnce()
    if text == "after review":
        return AfterReview()
    found = _WRITTEN.fullmatch(text)
    day = found["day"] if found else None
    if found is None or (day is not None and day not in DAYS):
        raise ValueError(
            f'found {written!r}; allowed: "at once", "after review", "daily HH:MM", "weekly DAY HH:MM", such as '
            '"weekly monday 08:00"'
        )
    return Digest(
        time_of_day(found["at"]), None if day is None else DAYS.index(day)
    )


def time_of_day(written: str) -> time:
    hour, minute = written.split(":")
    return time(int(hour), int(minute))


def zone(name: str) -> ZoneInfo:
    """Raises `ValueError`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as failure:
        raise ValueError(
            f"found {name!r}; write a time zone such as Europe/Paris or UTC"
        ) from failure


_SPAN = re.compile(rf"(?P<start>{TIME_OF_DAY})\s*-\s*(?P<end>{TIME_OF_DAY})")


@dataclass(frozen=True, slots=True)
class Quiet:
    """Of the route's zone; past midnight if `end` is earlier."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def until(self, now: datetime, zone: tzinfo) -> datetime | None:
        here = now.astimezone(zone)
        clock = here.time()
        late = clock >= self.start
        if (
            not (late or clock < self.end)
            if self.start > self.end
            else not self.start <= clock < self.end
        ):
            return None
        day = here.date() + timedelta(
            days=1 if late and self.start > self.end else 0
        )
        for fold in (
            0,
            1,
        ):  # the hour repeated when summer time ends has two ends
            end = datetime.combine(
                day, self.end.replace(fold=fold), tzinfo=zone
            ).astimezone(now.tzinfo)
            if end > now:
                return end
        return None


def parse_quiet(written: str) -> Quiet:
    """Raises `ValueError`."""
    found = _SPAN.fullmatch(written.strip())
    quiet = (
        Quiet(time_of_day(found["start"]), time_of_day(found["end"]))
        if found
        else None
    )
    if quiet is None or quiet.start == quiet.end:
        raise ValueError(
            f'found {written!r}; write "HH:MM-HH:MM", for instance "22:00-07:00"'
        )
    return quiet
