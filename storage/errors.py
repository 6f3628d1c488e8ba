"""What can go wrong with the store, each with a message that an operator can act on."""

from __future__ import annotations


class StorageError(Exception):
    """The store can't be used as asked."""


class DatabaseUnavailable(StorageError):
    """The database can't be reached or opened; the URL is shown without its password."""


class WrongAddress(DatabaseUnavailable):
    """The database's address can't be understood, or is of a kind that is not known."""


class NewerDatabase(StorageError):
    """The database was written by a newer version of the program."""


class Busy(StorageError):
    """Another run is at work on this database."""


class UnknownDocument(StorageError):
    """No document of that id is known."""

    def __init__(self, document: str, known: list[str]) -> None:
        near = f"; known are: {', '.join(known)}" if known else "; the store is empty, nothing was checked yet"
        super().__init__(f"there is no document {document!r}{near}")
        self.document = document


class UnknownChange(StorageError):
    """No change of that number is stored."""
