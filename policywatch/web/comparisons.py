"""Texts that are compared because a visitor asks for it. Anybody may, and two long ones keep a processor busy for a
minute: so it is done for few at a time, and not twice for the same two."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import Annotated

from fastapi import Query

from policywatch.ingest.drafts import ChangeDraft
from policywatch.web.change_page import Sides
from policywatch.web.query_params import Day, Number

WAIT = 10  # seconds after which a visitor may ask again
_AT_ONCE = 2
_PATIENCE = 5  # seconds; most comparisons end before
_REMEMBERED = 16  # pairs
# a version of a document, by its number or by a day on which it was in force
From = Annotated[Number | Day, Query(alias="from", union_mode="left_to_right")]
To = Annotated[Number | Day, Query(alias="to", union_mode="left_to_right")]


class TooManyComparisons(Exception):
    """As many are being made as may be."""


class Comparisons:
    """What one app compares; for several threads."""

    def __init__(self) -> None:
        self._turns = BoundedSemaphore(_AT_ONCE)
        self._lock = Lock()
        self._recent: OrderedDict[tuple[object, ...], ChangeDraft] = OrderedDict()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Raises `TooManyComparisons`."""
        if not self._turns.acquire(timeout=_PATIENCE):
            raise TooManyComparisons
        try:
            yield
        finally:
            self._turns.release()

    def compared(self, sides: Sides) -> ChangeDraft:
        """What differs. No session is to be open meanwhile. Raises `TooManyComparisons`."""
        versions = ((version.id, version.fingerprint) for version in (sides.before, sides.after))
        key = (*versions, sides.document.language, sides.document.title)
        with self._lock:
            draft = self._recent.pop(key, None)
        if draft is None:
            with self.turn():
                draft = sides.compare()
        with self._lock:
            self._recent[key] = draft  # the last, again
            while len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)
        return draft
