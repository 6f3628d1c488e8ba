"""The list of passages of filtered changes, in pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import String, and_, cast, not_, or_
from sqlmodel import Session, col, select

from storage.change_list import ChangeFilter, Cursor, after_place, conditions
from storage.changes import Change, StoredPassage
from storage.columns import parsed_id
from storage.documents import Document


class PassagePlace(NamedTuple):
    """As text for addresses."""

    change: Cursor
    position: int

    def __str__(self) -> str:
        return f"{self.change}~{self.position}"

    @classmethod
    def parse(cls, text: str) -> PassagePlace:
        """Raises `ValueError` for anything that `str` did not make."""
        change, _, place = text.rpartition("~")
        position = parsed_id(place)
        if position is None:
            raise ValueError(f"not a place in a list of passages: {text!r}")
        return cls(Cursor.parse(change), position)


@dataclass(frozen=True, slots=True)
class ListedPassage:
    passage: StoredPassage
    document: Document
    detected_at: datetime


@dataclass(frozen=True, slots=True)
class PassagesPage:
    """Newest change first, in reading order."""

    rows: list[ListedPassage]
    older: PassagePlace | None = None


def passages_page(
    session: Session,
    wanted: ChangeFilter,
    *,
    before: PassagePlace | None = None,
    limit: int = 50,
) -> PassagesPage:
    """Topics are the passage's."""
    question = (
        select(StoredPassage, Document, Change.detected_at)
        .join(Change, col(Change.id) == col(StoredPassage.change_id))
        .join(Document, col(Document.id) == col(Change.document_id))
        .where(*conditions(session, wanted))
        .order_by(
            col(Change.detected_at).desc(),
            col(Change.id).desc(),
            col(StoredPassage.position),
        )
    )
    if wanted.topic:
        names = cast(col(StoredPassage.topics), String)
        question = question.where(
            or_(
                *(
                    names.contains(json.dumps(topic), autoescape=True)
                    for topic in wanted.topic
                )
            )
        )
    if before is not None:
        this = and_(
            col(Change.id) == before.change.id,
            col(StoredPassage.position) <= before.position,
        )
        question = question.where(after_place(before.change), not_(this))
    found = session.exec(question.limit(limit + 1)).all()
    rows = [ListedPassage(*each) for each in found[:limit]]
    last = rows[-1] if len(found) > limit else None
    place = (
        PassagePlace(
            Cursor(last.detected_at, last.passage.change_id), last.passage.position
        )
        if last
        else None
    )
    return PassagesPage(rows, place)
