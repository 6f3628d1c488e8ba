"""Statistics of documents, for the documents of one page of a list."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from storage.change_list import words_changed
from storage.changes import Change
from storage.versions import Version


class DocumentStats(NamedTuple):
    """How many versions a document has, and when its words last changed."""

    versions: int = 0
    changed_at: datetime | None = None


def document_stats(session: Session, ids: Collection[str]) -> dict[str, DocumentStats]:
    """By document, for each of these ids."""
    counts = select(Version.document_id, func.count()).where(col(Version.document_id).in_(ids))
    versions = dict(session.exec(counts.group_by(col(Version.document_id))).all())
    times = select(Change.document_id, func.max(Change.detected_at)).where(words_changed())
    times = times.where(col(Change.document_id).in_(ids)).group_by(col(Change.document_id))
    changed = dict(session.exec(times).all())
    return {id_: DocumentStats(versions.get(id_, 0), changed.get(id_)) for id_ in ids}
