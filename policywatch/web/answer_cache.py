from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from time import monotonic

from fastapi import Request
from sqlmodel import Session, col, func, select

from storage.changes import Change
from storage.checks import Check
from storage.database import Database
from storage.reviews import Review

_KEPT = 32  # answers


class AnswerCache:
    """Valid until the store has a newer check, change or review, and a minute at most."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._answers: OrderedDict[str, tuple[object, bytes, datetime]] = OrderedDict()

    def get(
        self, request: Request, make: Callable[[Session], tuple[bytes, datetime]]
    ) -> tuple[bytes, datetime]:
        """The body, and when its content last changed."""
        key, minute = f"{request.url}", int(monotonic() / 60)
        with self._database.reading() as session:
            check = session.exec(select(func.max(col(Check.id)))).one()
            change = session.exec(select(func.max(col(Change.id)))).one()
            review = session.exec(select(func.max(col(Review.id)))).one()
            state = (minute, check, change, review)
            with self._lock:
                kept = self._answers.get(key)
            if kept is None or kept[0] != state:
                kept = (state, *make(session))
        with self._lock:
            self._answers[key] = kept
            self._answers.move_to_end(key)
            while len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
        return kept[1:]
