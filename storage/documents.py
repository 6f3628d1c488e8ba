"""Documents: the pages that are or were watched, with what the next request needs to know."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from storage.columns import Utc
from storage.errors import UnknownDocument


class Document(SQLModel, table=True):
    """A document of the watchlist. It stays, retired, when the watchlist drops it, for its history does too."""

    __tablename__ = "documents"

    id: str = Field(primary_key=True)
    service: str
    title: str
    kind: str
    url: str
    language: str
    added_at: datetime = Field(sa_type=Utc)
    retired: bool = False
    # Validators belong to the answer whose text is the current version, never to one that was set aside: a 304 must
    # mean "still the text that we show".
    etag: str | None = None
    last_modified: str | None = None
    # No request before this time: the server said so with Retry-After.
    not_before: datetime | None = Field(default=None, sa_type=Utc)
    # Checks in a row that brought no believable text, since when, and when the operator was last told.
    failures: int = 0
    failing_since: datetime | None = Field(default=None, sa_type=Utc)
    told_at: datetime | None = Field(default=None, sa_type=Utc)


def declare(session: Session, declared: Iterable[Document]) -> None:
    """Make the table hold exactly these documents as watched ones; the others are retired, not deleted."""
    wanted = {document.id: document for document in declared}
    known = {document.id: document for document in session.exec(select(Document))}
    for gone in known.keys() - wanted.keys():
        known[gone].retired = True
    for id_, document in wanted.items():
        row = known.get(id_)
        if row is None:
            session.add(document)
            continue
        if row.url != document.url:
            row.etag = row.last_modified = row.not_before = None
        row.retired = False
        for name in ("service", "title", "kind", "url", "language"):
            setattr(row, name, getattr(document, name))


def document(session: Session, id_: str) -> Document:
    """Raise `UnknownDocument` where there is none."""
    row = session.get(Document, id_)
    if row is None:
        raise UnknownDocument(id_, [document.id for document in watched(session)])
    return row


def watched(session: Session) -> list[Document]:
    """The documents of the watchlist, by id."""
    return list(session.exec(select(Document).where(col(Document.retired).is_(False)).order_by(col(Document.id))))


def known(session: Session) -> list[Document]:
    """The documents that are or were watched, by service and id."""
    return list(session.exec(select(Document).order_by(col(Document.service), col(Document.id))))
