"""Passages that come and go: blocks that lately appeared on a document's page or left it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, delete, select

from storage.checks import Check
from storage.columns import Condition
from storage.paragraphs import digest

# turns after which a passage alternates: it came, went and came again
ALTERNATES = 3


class AlternatingPassage(SQLModel, table=True):
    """A block of a page. A turn is a valid check at which it appeared or was gone."""

    __tablename__ = "alternating_passages"

    document_id: str = Field(primary_key=True, foreign_key="documents.id")
    key: str = Field(primary_key=True)  # `storage.paragraphs.digest` of its text
    text: str
    stands: bool  # since the last turn
    is_away: bool = (
        False  # its presence on the page and in the text in force differ
    )
    turns: int = 0
    since: datetime  # first turn
    turned_at: datetime
    check_id: int = Field(foreign_key="checks.id", index=True)  # last turn
    longest: int = 0  # seconds between two turns

    @property
    def only_differs(self) -> bool:
        """It never turned between checks: only one of two answers to the same check had it."""
        return self.turns == ALTERNATES and self.turned_at == self.since


def note_differing(
    session: Session, check: Check, passages: Mapping[str, bool]
) -> None:
    """Passages that only one of a check's two answers has, and whether its text has them: they alternate at once. Those
    of former answers go, or a word that is new each time would fill the table.
    """
    known = turns_of(session, check.document_id)
    found = {
        key: (text, stands)
        for text, stands in passages.items()
        if (key := digest(text)) is not None
    }
    for key, row in known.items():
        if key not in found and row.only_differs:
            session.delete(row)
    for key, (text, stands) in found.items():
        row = known.get(key) or AlternatingPassage(
            document_id=check.document_id,
            key=key,
            text=text,
            stands=stands,
            since=check.checked_at,
            turned_at=check.checked_at,
            check_id=check.id,
        )
        row.turns = max(row.turns, ALTERNATES)
        row.turned_at, row.check_id = check.checked_at, check.id
        session.add(row)


def turns_of(session: Session, document_id: str) -> dict[str, AlternatingPassage]:
    """By key, alternating or not."""
    wanted = select(AlternatingPassage).where(
        AlternatingPassage.document_id == document_id
    )
    return {row.key: row for row in session.exec(wanted)}


def take_turns_back(
    session: Session,
    document_id: str,
    check_id: int,
    at: datetime,
    standing: Collection[str | None],
) -> None:
    """Undo the turns to the text that this check brought `at` a time, and those back. `standing` are the keys of the
    text in force again.
    """
    for row in turns_of(session, document_id).values():
        if row.check_id < check_id:
            continue
        row.turns -= 1 if row.check_id == check_id else 2
        if row.since >= at or row.turns <= 0:
            session.delete(row)
        else:
            row.stands, row.is_away = row.key in standing, False
            session.add(row)


def forget_turns(session: Session, until: datetime) -> None:
    session.exec(
        delete(AlternatingPassage).where(col(AlternatingPassage.turned_at) <= until)
    )


def alternating_passages(
    session: Session, ids: Collection[str], *, away: bool = False
) -> list[AlternatingPassage]:
    """By document, the longest known first. `away`: also those not yet known to alternate whose presence on the page
    and in the text in force differ.
    """
    alternates: Condition = col(AlternatingPassage.turns) >= ALTERNATES
    if away:
        alternates |= AlternatingPassage.is_away
    wanted = select(AlternatingPassage).where(
        col(AlternatingPassage.document_id).in_(ids), alternates
    )
    by = (
        AlternatingPassage.document_id,
        AlternatingPassage.since,
        AlternatingPassage.key,
    )
    return list(session.exec(wanted.order_by(*map(col, by))))
