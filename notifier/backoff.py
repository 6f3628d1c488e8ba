"""How long a delivery that failed waits, and when it is given up."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST = timedelta(minutes=1)
FACTOR = 3
LONGEST = timedelta(hours=6)
_GIVEN_UP_AFTER = timedelta(days=1)  # of tries, from the first one that failed
_LEAST_TRIES = 6  # before it is given up: a job that comes once a day, or a laptop, tries twice in more than a day
LONGEST_RETRY_AFTER = timedelta(days=1)
_SPREAD = 0.2  # so that many that failed together don't come back together


def is_hopeless(attempts: int, since: datetime, now: datetime) -> bool:
    """Whether a delivery whose first try failed at `since` is given up after so many attempts."""
    return attempts >= _LEAST_TRIES and now - since >= _GIVEN_UP_AFTER


def pause(failures: int) -> timedelta:
    """That an address gets nothing else, after so many messages to it failed one after the other."""
    return timedelta(seconds=1) * int(4 ** min(failures - 1, 6))


def wait(attempts: int, asked: timedelta | None, chance: float) -> timedelta:
    """After so many attempts (from 1); `asked` is the server's Retry-After, `chance` from 0 to 1 decides the jitter."""
    if asked is not None:
        return max(min(asked, LONGEST_RETRY_AFTER), timedelta(seconds=1)) * (
            1 + _SPREAD / 2 * chance
        )
    grown: timedelta = min(FIRST * int(FACTOR ** min(attempts - 1, 10)), LONGEST)
    return grown * (1 - _SPREAD + 2 * _SPREAD * chance)
