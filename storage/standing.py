"""What the texts in force answer: of each document, as it was worked out last, with the state of the store it is of."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy
from sqlmodel import Field, Session, SQLModel, col, func, select

from foundation.vocabulary import Cause
from storage.changes import Change
from storage.clock import midnight
from storage.columns import CompressedJson, in_parts
from storage.versions import Version


class StandingRow(SQLModel, table=True):
    """Worked out again where `state` is another one by now."""

    __tablename__ = "standing_answers"

    document_id: str = Field(primary_key=True, foreign_key="documents.id")
    state: str
    answers: Any = Field(sa_type=CompressedJson)


class TextsOfDay(NamedTuple):
    """Of a document, by the numbers of versions: the one in force at the end of a day, the newest known then, and the
    day from which that holds, where it is announced only. `state` differs where their texts or history do.
    """

    in_force: int
    newest: int
    announced: date | None
    captured_at: datetime  # of the one in force
    state: str


def texts_of_day(
    session: Session, ids: Collection[str], day: date
) -> dict[str, TextsOfDay]:
    until = midnight(day + timedelta(days=1))
    document_id, number = col(Version.document_id), col(Version.number)
    known: dict[str, TextsOfDay] = {}
    for part in in_parts([*ids]):
        of_day = document_id.in_(part), col(Version.captured_at) < until
        counted = (
            sqlalchemy.select(
                document_id,
                func.max(number).label("newest"),
                func.count().label("versions"),
                func.max(Version.id).label("last_id"),
                func.max(Version.entry).label("last_entry"),
            )
            .where(*of_day)
            .group_by(document_id)
            .subquery()
        )
        newest_of_each = sqlalchemy.select(counted, col(Version.captured_at)).join(
            Version,
            (document_id == counted.c.document_id) & (number == counted.c.newest),
        )
        ahead = _ahead(session, part, until, day)
        for id_, newest, *state, captured_at in session.execute(newest_of_each):
            in_force, begins = (newest, captured_at), None
            if id_ in ahead:
                pending, begins = ahead[id_]
                before = select(number, Version.captured_at).where(
                    *of_day, document_id == id_, number < pending
                )
                row = session.exec(before.order_by(number.desc()).limit(1)).first()
                if row is None:  # the first text is an announced one
                    row, begins = (newest, until), None
                in_force = row
            mark = "/".join(map(str, (*state, newest, in_force[0], begins)))
            known[id_] = TextsOfDay(in_force[0], newest, begins, in_force[1], mark)
    return known


def _ahead(
    session: Session, ids: Collection[str], until: datetime, day: date
) -> dict[str, tuple[int, date]]:
    """By document, the first version that does not hold yet, and from when it will."""
    begins = col(Change.effective_date)
    pending = (
        sqlalchemy.select(col(Version.document_id), col(Version.number), begins)
        .join(Change, col(Change.version_id) == col(Version.id))
        .where(
            col(Change.document_id).in_(ids),
            begins > day,
            col(Version.captured_at) < until,
        )
        .order_by(col(Version.number).desc())
    )
    return {id_: (number, day) for id_, number, day in session.execute(pending)}


class VersionAndChange(NamedTuple):
    """The change of the page that made it, where one did."""

    number: int
    version_id: int
    captured_at: datetime
    cause: str
    change_id: int | None
    effective_date: date | None


def version_chain(session: Session, document_id: str) -> dict[int, VersionAndChange]:
    """Oldest first."""
    wanted = (
        sqlalchemy.select(
            col(Version.number),
            col(Version.id),
            col(Version.captured_at),
            col(Version.cause),
            col(Change.id),
            col(Change.effective_date),
        )
        .select_from(Version)
        .join(
            Change,
            (col(Change.version_id) == col(Version.id))
            & (col(Change.cause) != Cause.EXTRACTION),
            isouter=True,
        )
        .where(col(Version.document_id) == document_id)
        .order_by(col(Version.number))
    )
    return {row[0]: VersionAndChange(*row) for row in session.execute(wanted)}


def stored_answers(session: Session, ids: Collection[str]) -> dict[str, StandingRow]:
    wanted = select(StandingRow)
    return {
        row.document_id: row
        for part in in_parts([*ids])
        for row in session.exec(wanted.where(col(StandingRow.document_id).in_(part)))
    }


def stored_states(session: Session) -> dict[str, str]:
    """By document."""
    return dict(session.exec(select(StandingRow.document_id, StandingRow.state)).all())
