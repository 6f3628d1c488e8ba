"""Bytes of captures, sent in pieces: a slow client holds a piece in memory, not a page."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from threading import Lock

from storage.captures import capture
from storage.database import Database

_PIECE = 2**18  # bytes
_KEPT = 64 * 2**20  # bytes of recently sent captures


class CaptureBodies:
    """Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent: OrderedDict[int, bytes] = OrderedDict()
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
            body = self._recent.pop(capture_id, None)
            if body is None:
                with self._database.reading() as session:
                    body = capture(session, capture_id).body
            self._recent[capture_id] = body
            while (
                len(self._recent) > 1 and sum(map(len, self._recent.values())) > _KEPT
            ):
                self._recent.popitem(last=False)
            return body
