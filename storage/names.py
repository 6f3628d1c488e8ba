"""Which of the names that a filter asks for exist."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session, col, select

from storage.changes import ChangeTopic
from storage.documents import Document

_COLUMNS = {
    "service": col(Document.service),
    "document": col(Document.id),
    "language": col(Document.language),
    "topic": col(ChangeTopic.topic),
}
NAMED = tuple(_COLUMNS)


def unknown_name(session: Session, field: str, names: Iterable[str]) -> str | None:
    """The first of the names that no row has in that field, one of `NAMED`."""
    column = _COLUMNS[field]
    for name in dict.fromkeys(names):
        # PostgreSQL knows no text with a NUL
        if "\x00" in name or session.exec(select(column).where(column == name).limit(1)).first() is None:
            return name
    return None
