"""Keeps an error with one document apart from the others (docs/decisions/0030)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import InternalError, OperationalError

from storage.errors import StorageError

# every document would fail
STORE_LOST = (OSError, OperationalError, InternalError, StorageError)


@contextmanager
def isolate_errors(errors: list[Exception]) -> Iterator[None]:
    """The caller raises what is in `errors` when the other documents are done."""
    try:
        yield
    except STORE_LOST:
        raise
    except Exception as error:  # noqa: BLE001
        errors.append(error)
