"""How often the job looks for due work, in the notations of cron and systemd."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

_MINUTES = (
    5,
    10,
    15,
    20,
    30,
)  # divisors of an hour
_HOURS = (1, 2, 3, 4, 6, 8, 12)  # of a day


class CannotSchedule(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Interval:
    """`every` minutes from `offset` past: installations do not all start on the hour."""

    every: int
    offset: int

    @classmethod
    def parse(cls, text: str, seed: str) -> Interval:
        """ "15m", "1h" or "1d"; `seed` gives the offset. Raises `CannotSchedule`."""
        match = re.fullmatch(r"([1-9]\d?)([mhd])", text)
        number, unit = (int(match[1]), match[2]) if match else (0, "")
        allowed = {"m": _MINUTES, "h": _HOURS, "d": (1,)}.get(unit, ())
        if number not in allowed:
            minutes, hours = (
                ", ".join(f"{n}m" for n in _MINUTES),
                ", ".join(f"{n}h" for n in _HOURS),
            )
            raise CannotSchedule(
                f"found every = {text!r}; the job can come every {minutes}, {hours} or 1d"
            )
        every = number * {"m": 1, "h": 60, "d": 24 * 60}[unit]
        return cls(every, zlib.crc32(seed.encode()) % min(every, 60))

    @property
    def cron(self) -> str:
        if self.every < 60:
            return f"{self.offset}-59/{self.every} * * * *"
        return f"{self.offset} {_hours(self.every // 60, '*/{}', '6')} * * *"

    @property
    def calendar(self) -> str:
        """systemd's OnCalendar."""
        if self.every < 60:
            return f"*-*-* *:{self.offset:02}/{self.every}:00"
        return f"*-*-* {_hours(self.every // 60, '00/{}', '06')}:{self.offset:02}:00"

    @property
    def spread(self) -> int:
        """Seconds: a tenth of the interval, at most five minutes."""
        return min(self.every * 6, 300)


def _hours(hours: int, stepped: str, daily: str) -> str:
    if hours == 1:
        return "*"
    return daily if hours == 24 else stepped.format(hours)
