"""The watchlist of a long-running program: reloaded when edited; the last good one stays."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from policywatch.config.errors import WatchlistError
from policywatch.logs import log

T = TypeVar("T")
_REST = 1.0  # seconds
_LOOKS = 30


class Reloadable(Generic[T]):
    """What `read` makes of a file, again when the file or `also` changes. A `WatchlistError` is logged once."""

    def __init__(
        self,
        file: Path,
        read: Callable[[], T],
        also: Callable[[], object] = lambda: None,
    ) -> None:
        """Raises `WatchlistError`."""
        self._file, self._also = file, also
        self._read = read
        self._stamp = (
            _stamp(file),
            also(),
        )  # a write meanwhile changes it
        self._good = read()
        self._lock = Lock()
        self.problem: str | None = None  # of an outdated value

    def __call__(self) -> T:
        with self._lock:
            stamp = _stamp(self._file), self._also()
            if stamp != self._stamp:
                self._stamp = stamp
                self._read_again()
            return self._good

    def _read_again(self) -> None:
        try:
            self._good = self._read()
            self.problem = None
        except WatchlistError as failure:
            if str(failure) != self.problem:
                self.problem = str(failure)
                log.warning(
                    "%s; until this is fixed, the last good version of the file applies",
                    failure,
                )


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def at_rest(file: Path) -> Path:
    """Once it was not written for a second, or after half a minute: a half-written watchlist may lack routes."""
    for _ in range(_LOOKS):
        try:
            age = time.time() - file.stat().st_mtime
        except OSError:
            break
        if not 0 <= age < _REST:
            break
        time.sleep(_REST - age)
    return file
