"""How long a failed delivery waits, and when it is given up."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST = timedelta(minutes=1)
FACTOR = 3
LONGEST = timedelta(hours=6)
_GIVEN_UP_AFTER = timedelta(days=1)  # from the first failed attempt
_LEAST_TRIES = 6  # two attempts in more than a day, for a laptop
LONGEST_RETRY_AFTER = timedelta(days=1)
_SPREAD = 0.2  # simultaneous failures do not retry together


def is_hopeless(attempts: int, since: datetime, now: datetime) -> bool:
    return attempts >= _LEAST_TRIES and now - since >= _GIVEN_UP_AFTER


def pause(failures: int) -> timedelta:
    """Of an address, after consecutive failed messages."""
    return timedelta(seconds=1) * int(4 ** min(failures - 1, 6))


def wait(attempts: int, asked: timedelta | None, chance: float) -> timedelta:
    """`asked` is the server's Retry-After, `chance` from 0 to 1 the jitter."""
    if asked is not None:
        return max(min(asked, LONGEST_RETRY_AFTER), timedelta(seconds=1)) * (
            1 + _SPREAD / 2 * chance
        )
    grown: timedelta = min(FIRST * int(FACTOR ** min(attempts - 1, 10)), LONGEST)
    return grown * (1 - _SPREAD + 2 * _SPREAD * chance)
