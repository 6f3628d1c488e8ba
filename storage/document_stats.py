"""Statistics of the documents of one page of a list."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from storage.change_list import words_changed
from storage.changes import Change
from storage.versions import Version


class DocumentStats(NamedTuple):
    """`changed_at`: its words."""

    versions: int = 0
    newest: int | None = None
    changed_at: datetime | None = None


def document_stats(session: Session, ids: Collection[str]) -> dict[str, DocumentStats]:
    of_versions = col(Version.document_id)
    counted = select(of_versions, func.count(), func.max(Version.number)).where(
        of_versions.in_(ids)
    )
    numbers = {
        id_: (count, newest)
        for id_, count, newest in session.exec(counted.group_by(of_versions))
    }
    times = select(Change.document_id, func.max(Change.detected_at)).where(
        words_changed()
    )
    times = times.where(col(Change.document_id).in_(ids)).group_by(
        col(Change.document_id)
    )
    changed = dict(session.exec(times).all())
    stats = {}
    for id_ in ids:
        count, newest = numbers.get(id_, (0, None))
        stats[id_] = DocumentStats(count, newest, changed.get(id_))
    return stats
