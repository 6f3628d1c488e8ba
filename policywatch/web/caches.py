"""What was made or read lately, kept in memory for whoever asks next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

from fastapi import Request
from sqlmodel import Session, col, func, select

from storage.captures import capture
from storage.changes import Change
from storage.checks import Check
from storage.database import Database
from storage.reviews import Review

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_PIECE = 2**18  # bytes


class Recent(Generic[K, V]):
    """The last used, thread-safe: as much as adds up to `most`, and the last one in any case."""

    def __init__(self, most: int, size: Callable[[V], int] = lambda _: 1) -> None:
        self._most, self._size = most, size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def keep(self, key: K, value: V) -> V:
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > 1 and self._most < sum(
                map(self._size, self._values.values())
            ):
                self._values.popitem(last=False)
        return value

    def forget(self, key: K) -> None:
        with self._lock:
            self._values.pop(key, None)


class AnswerCache:
    """Valid until the store has a newer check, change or review, and a minute at most."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent = Recent[str, tuple[object, bytes, datetime]](32)

    def get(
        self, request: Request, make: Callable[[Session], tuple[bytes, datetime]]
    ) -> tuple[bytes, datetime]:
        """The body, and when its content last changed."""
        key, minute = f"{request.url}", int(monotonic() / 60)
        with self._database.reading() as session:
            newest = (
                session.exec(select(func.max(col(table.id)))).one()
                for table in (Check, Change, Review)
            )
            state = (minute, *newest)
            kept = self._recent.get(key)
            if kept is None or kept[0] != state:
                kept = (state, *make(session))
        return self._recent.keep(key, kept)[1:]


class CaptureBodies:
    """Bytes of captures, sent in pieces: a slow client holds a piece in memory, not a page."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent = Recent[int, bytes](64 * 2**20, len)
        self._lock = Lock()

    def opened(self, capture_id: int) -> tuple[int, Iterator[bytes]]:
        """Its size and pieces, between which it may be evicted and read again. Raises `DamagedCapture`."""
        size = len(self._body(capture_id))
        return size, (
            self._body(capture_id)[start : start + _PIECE]
            for start in range(0, size, _PIECE)
        )

    def _body(self, capture_id: int) -> bytes:
        with self._lock:  # of many simultaneous requests, one reads
            body = self._recent.get(capture_id)
            if body is None:
                with self._database.reading() as session:
                    body = self._recent.keep(
                        capture_id, capture(session, capture_id).body
                    )
            return body
