"""Mistakes of the program with one document: they hold up no other (docs/decisions/0030)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import InternalError, OperationalError

from storage.errors import StorageError

# a full disk, a server that is gone or takes nothing more: no document fares better
LOST = (OSError, OperationalError, InternalError, StorageError)


@contextmanager
def apart(mistakes: list[Exception]) -> Iterator[None]:
    """Around the work on one document: what nobody expected is added to `mistakes`, for the caller to raise when the
    others are done."""
    try:
        yield
    except LOST:
        raise
    except Exception as mistake:  # noqa: BLE001
        mistakes.append(mistake)
