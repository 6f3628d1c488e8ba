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
    __tablename__ = "standing_answers"

    document_id: str = Field(primary_key=True, foreign_key="documents.id")
    state: str
    answers: Any = Field(sa_type=CompressedJson)


class TextsOfDay(NamedTuple):
    """Numbers of versions: in force at the end of a day, and the newest known then, with the day from which that holds
    where it is announced only.
    """

    in_force: int
    newest: int
    announced: date | None
    captured_at: datetime
    state: str


def texts_of_day(
    session: Session, ids: Collection[str], day: date
) -> dict[str, TextsOfDay]:
    until = midnight(day + timedelta(days=1))
    document_id, number = col(Version.document_id), col(Version.number)
    at, begins = col(Version.captured_at), col(Change.effective_date)
    known: dict[str, TextsOfDay] = {}
    for part in in_parts([*ids]):
        of_day = document_id.in_(part), at < until
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
        is_newest = (document_id == counted.c.document_id) & (
            number == counted.c.newest
        )
        # the first version of each that does not hold yet, and from when it will
        pending = sqlalchemy.select(document_id, number, begins).join(
            Change, col(Change.version_id) == Version.id
        )
        pending = pending.where(*of_day, begins > day).order_by(number.desc())
        ahead = {
            id_: (first, when) for id_, first, when in session.execute(pending)
        }
        newest_of_each = sqlalchemy.select(counted, at).join(Version, is_newest)
        for id_, newest, *state, captured_at in session.execute(newest_of_each):
            in_force, announced = (newest, captured_at), None
            if id_ in ahead:
                first, announced = ahead[id_]
                before = select(number, at).where(
                    document_id == id_, number < first
                )
                row = session.exec(before.order_by(number.desc()).limit(1)).first()
                if row is None:
                    row, announced = (newest, until), None
                in_force = row
            mark = "/".join(map(str, (*state, newest, in_force[0], announced)))
            known[id_] = TextsOfDay(
                in_force[0], newest, announced, in_force[1], mark
            )
    return known


class VersionAndChange(NamedTuple):
    number: int
    version_id: int
    captured_at: datetime
    cause: str
    change_id: int | None
    effective_date: date | None


def version_chain(
    session: Session, document_id: str
) -> dict[int, VersionAndChange]:
    is_of_page = Change.cause != Cause.EXTRACTION
    wanted = (
        sqlalchemy.select(
            *map(
                col,
                (
                    Version.number,
                    Version.id,
                    Version.captured_at,
                    Version.cause,
                    Change.id,
                    Change.effective_date,
                ),
            )
        )
        .join(
            Change,
            (col(Change.version_id) == Version.id) & is_of_page,
            isouter=True,
        )
        .where(col(Version.document_id) == document_id)
        .order_by(col(Version.number))
    )
    return {row[0]: VersionAndChange(*row) for row in session.execute(wanted)}


def stored_answers(
    session: Session, ids: Collection[str]
) -> dict[str, StandingRow]:
    wanted = select(StandingRow)
    return {
        row.document_id: row
        for part in in_parts([*ids])
        for row in session.exec(
            wanted.where(col(StandingRow.document_id).in_(part))
        )
    }


def stored_states(session: Session) -> dict[str, str]:
    return dict(
        session.exec(select(StandingRow.document_id, StandingRow.state)).all()
    )
