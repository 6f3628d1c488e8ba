"""How long a delivery that failed waits, and when it is given up."""

from __future__ import annotations

from datetime import timedelta

FIRST = timedelta(minutes=1)
FACTOR = 3
LONGEST = timedelta(hours=6)
GIVEN_UP_AFTER = timedelta(days=1)  # of tries, from the first one that failed
LONGEST_RETRY_AFTER = timedelta(days=1)
_SPREAD = 0.2  # so that many that failed together don't come back together


def wait(attempts: int, asked: timedelta | None, chance: float) -> timedelta:
    """After so many attempts (from 1); `asked` is the server's Retry-After, `chance` from 0 to 1 decides the jitter."""
    if asked is not None:
        return max(min(asked, LONGEST_RETRY_AFTER), timedelta(seconds=1)) * (1 + _SPREAD / 2 * chance)
    grown: timedelta = min(FIRST * int(FACTOR ** min(attempts - 1, 10)), LONGEST)
    return grown * (1 - _SPREAD + 2 * _SPREAD * chance)
