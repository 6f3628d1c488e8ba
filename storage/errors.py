"""What can go wrong with the store, with messages that an operator can act on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.exc import InternalError, OperationalError

from messages import Message


class StorageError(Exception):
    pass


# by the low byte of SQLite's error codes
_ADVICE = {
    sqlite3.SQLITE_CANTOPEN: "its file and folder must be there, and writable",
    sqlite3.SQLITE_READONLY: "its file and folder must be writable",
    sqlite3.SQLITE_PERM: "its file and folder must be writable",
    sqlite3.SQLITE_FULL: "make room on the disk",
    sqlite3.SQLITE_IOERR: "is the disk full, or does it fail?",
    sqlite3.SQLITE_BUSY: "another program is writing to it for long: wait for it, or end it",
    sqlite3.SQLITE_NOTADB: "move that file away, or name another one",
    sqlite3.SQLITE_CORRUPT: "its file is damaged: put back a backup of it",
}

# by psycopg's class, for those without a hint
_ADVICE_OF_SERVER = {
    "ConnectionTimeout": "is the host right, and does a firewall let it be reached?",
    "ReadOnlySqlTransaction": "is it a copy that is only read, or has its disk filled?",
    "LockNotAvailable": _ADVICE[sqlite3.SQLITE_BUSY],
}


def with_advice(failure: BaseException | None) -> str:
    advice = _ADVICE.get(
        getattr(failure, "sqlite_errorcode", -1) & 0xFF,
        _ADVICE_OF_SERVER.get(type(failure).__name__),
    )
    diagnosis = getattr(failure, "diag", None)
    lines = (diagnosis and diagnosis.message_primary) or str(failure)
    message = "; ".join(line.strip() for line in lines.splitlines())
    return f"{message}; {advice}" if advice else message


def cannot_write(failure: BaseException | None) -> bool:
    code = getattr(failure, "sqlite_errorcode", -1) & 0xFF
    return code in {
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
    }


class DatabaseUnavailable(StorageError):
    """The URL is shown without its password."""


class WrongAddress(DatabaseUnavailable):
    """It can't be understood, or is of an unknown kind."""


class NewerDatabase(StorageError):
    def __init__(self, schema: str) -> None:
        super().__init__(
            f"the database has schema {schema}, which this version of policywatch does not know: it was written by a "
            "newer one. Update policywatch, or put back the copy that was made before the upgrade. Nothing was changed."
        )


class UnknownSchema(StorageError):
    """No migration applies."""

    def __init__(self, schema: str, missing: Sequence[str]) -> None:
        lacks = f", but lacks {', '.join(missing[:5])}" if missing else ""
        more = f" and {len(missing) - 5} more columns" if len(missing) > 5 else ""
        super().__init__(
            f"the database says that it has schema {schema}{lacks}{more}: it was written by a policywatch of before the "
            "first release, or edited. It can't be upgraded, but name a new database in the watchlist, and "
            "`policywatch import store ADDRESS` takes what this one captured. Nothing was changed."
        )


class OlderDatabase(StorageError):
    def __init__(self, schema: str, needed: str, *, can_write: bool) -> None:
        advice = (
            "run `policywatch database upgrade`, which copies a SQLite file first"
        )
        if not can_write:
            advice = "it can't be written here: upgrade it where it can, or a copy of it, by `policywatch database upgrade`"
        super().__init__(
            f"the database is of an older policywatch: it has schema {schema}, and {needed} is needed; {advice}. "
            "Nothing was changed."
        )


class DamagedValue(ValueError):
    def __init__(
        self,
        message: str = "something that is stored is damaged; `policywatch database check` says what",
    ) -> None:
        super().__init__(message)


class DamagedText(DamagedValue):
    def __init__(self, number: int, document_id: str) -> None:
        super().__init__(
            f"{document_id}: the text of version {number} is not the one that was extracted from its capture; "
            "`policywatch verify` says more",
        )


class DamagedCapture(Exception):
    """Not a `StorageError`: the other captures are fine."""

    def __init__(self, capture_id: int, document_id: str) -> None:
        self.reason = Message("mistake.damaged", capture=capture_id)
        more = "`policywatch database check` lists all damage."
        super().__init__(f"{document_id}: {self.reason} {more}")


class Busy(StorageError):
    """Another run is at work."""


class LostLease(StorageError):
    def __init__(self) -> None:
        super().__init__(
            "the database was out of reach for too long, or this process was stopped, so that another may be at work "
            "on the same documents; what was finished is kept, and the rest is done by the next run"
        )


class Unknown(StorageError):
    pass


class UnknownDocument(Unknown):
    def __init__(self, document: str, known: list[str]) -> None:
        near = (
            f"; known are: {', '.join(known)}"
            if known
            else "; the store is empty, nothing was checked yet"
        )
        super().__init__(f"there is no document {document!r}{near}")
        self.document = document


class Withdrawn(Unknown):
    def __init__(self, what: str, document: str, at: datetime, reason: str) -> None:
        why = f": {reason}" if reason else ""
        super().__init__(
            f"{what} of {document} was withdrawn on {at:%Y-%m-%d %H:%M} UTC{why}"
        )
        self.document, self.at, self.reason = document, at, reason


# every document would fail
STORE_LOST = (OSError, OperationalError, InternalError, StorageError)


@contextmanager
def isolate_errors(errors: list[Exception]) -> Iterator[None]:
    """One document apart from the others: the caller raises it when they are done."""
    try:
        yield
    except STORE_LOST:
        raise
    except Exception as error:  # noqa: BLE001
        errors.append(error)
