"""What a program that stays reads again and again: its watchlist, and who is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from policywatch.config.errors import WatchlistError
from policywatch.logs import log

_Read = TypeVar("_Read")
_REST = 1.0  # seconds
_LOOKS = 30


class LastGood(Generic[_Read]):
    """What `read` brings now; where it raises `WatchlistError`, what it brought last, and the reason is said, once.

    It is read again only where `stamp` brings another value than before; without a stamp each time.
    """

    def __init__(self, read: Callable[[], _Read], stamp: Callable[[], Hashable] = object) -> None:
        """Raises `WatchlistError` where it is wrong from the start."""
        self._read = read
        self._stamp = stamp
        self._seen = stamp()  # before it is read: what is written meanwhile has another
        self._good = read()
        self._lock = Lock()
        self.wrong: str | None = None  # why what was read last does not hold

    def __call__(self) -> _Read:
        """Read it again."""
        with self._lock:
            stamp = self._stamp()
            if stamp != self._seen:
                self._seen = stamp
                self._read_again()
            return self._good

    def _read_again(self) -> None:
        try:
            self._good = self._read()
            self.wrong = None
        except WatchlistError as failure:
            if str(failure) != self.wrong:
                self.wrong = str(failure)
                log.warning("%s; until this is fixed, the last good version of the file applies", failure)


def at_rest(file: Path) -> Path:
    """The file, when it was not written for a second, or after half a minute: who has it half written may have left out
    the routes, and what they are to hear would be told to nobody."""
    for _ in range(_LOOKS):
        try:
            since = time.time() - file.stat().st_mtime
        except OSError:
            break
        if not 0 <= since < _REST:
            break
        time.sleep(_REST - since)
    return file


def stamp_of(file: Path) -> Hashable:
    """Another one after the file was written, put in the place of another, or taken away."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
