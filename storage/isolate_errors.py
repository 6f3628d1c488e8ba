"""Errors of the program with one document, kept apart from the others (docs/decisions/0030)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import InternalError, OperationalError

from storage.errors import StorageError

# A full disk, a server that is gone or refuses everything: no document fares better than another.
STORE_LOST = (OSError, OperationalError, InternalError, StorageError)


@contextmanager
def isolate_errors(errors: list[Exception]) -> Iterator[None]:
    """Around the work on one document: an unexpected error is added to `errors`, for the caller
    to raise when the other documents are done."""
    try:
        yield
    except STORE_LOST:
        raise
    except Exception as error:  # noqa: BLE001
        errors.append(error)
