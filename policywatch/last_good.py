"""What a program that stays reads again and again: its watchlist, and who is told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Generic, TypeVar

from policywatch.problems import WatchlistError

_Read = TypeVar("_Read")


class LastGood(Generic[_Read]):
    """What `read` brings now; where it raises `WatchlistError`, what it brought last, and the reason is said, once."""

    def __init__(self, read: Callable[[], _Read]) -> None:
        """Raises `WatchlistError` where it is wrong from the start."""
        self._read = read
        self._good = read()
        self._said: str | None = None

    def __call__(self) -> _Read:
        """Read it again."""
        try:
            self._good = self._read()
            self._said = None
        except WatchlistError as failure:
            if str(failure) != self._said:
                self._said = str(failure)
                sys.stderr.write(f"policywatch: {failure}\nuntil this is put right, the file holds as it was before\n")
                sys.stderr.flush()
        return self._good
