"""What lists say of documents, looked up for the documents of one page only."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from storage.change_list import words_changed
from storage.changes import Change
from storage.versions import Version


class DocumentFacts(NamedTuple):
    """How many versions a document has, and when its words last changed."""

    versions: int = 0
    changed_at: datetime | None = None


def document_facts(session: Session, ids: Collection[str]) -> dict[str, DocumentFacts]:
    """By document, for every one asked for."""
    numbers = select(Version.document_id, func.max(Version.number)).where(col(Version.document_id).in_(ids))
    made = dict(session.exec(numbers.group_by(col(Version.document_id))).all())
    newest = select(Change.document_id, func.max(Change.detected_at)).where(
        col(Change.document_id).in_(ids), words_changed()
    )
    changed = dict(session.exec(newest.group_by(col(Change.document_id))).all())
    return {id_: DocumentFacts(made.get(id_, 0), changed.get(id_)) for id_ in ids}
