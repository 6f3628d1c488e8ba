"""Quiet hours: when immediate alerts of a route wait."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from notifier.when import TIME_OF_DAY, time_of_day

_WRITTEN = re.compile(rf"(?P<start>{TIME_OF_DAY})\s*-\s*(?P<end>{TIME_OF_DAY})")


@dataclass(frozen=True, slots=True)
class Quiet:
    """Of the route's zone; past midnight if `end` is earlier."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def until(self, now: datetime, zone: tzinfo) -> datetime | None:
        """None outside."""
        here = now.astimezone(zone)
        clock = here.time()
        late = clock >= self.start
        if (
            not (late or clock < self.end)
            if self.start > self.end
            else not self.start <= clock < self.end
        ):
            return None
        day = here.date() + timedelta(days=1 if late and self.start > self.end else 0)
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
    """Raises `ValueError` with the allowed forms."""
    found = _WRITTEN.fullmatch(written.strip())
    quiet = (
        Quiet(time_of_day(found["start"]), time_of_day(found["end"])) if found else None
    )
    if quiet is None or quiet.start == quiet.end:
        raise ValueError(
            f'found {written!r}; write "HH:MM-HH:MM", for instance "22:00-07:00"'
        )
    return quiet
