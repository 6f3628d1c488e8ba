"""Second readings: what a language model of the operator's said of a passage, kept apart from the classification."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel, col, delete, func, select

from storage.changes import passages
from storage.columns import Utc


class SecondReading(SQLModel, table=True):
    """`answer` is a machine's; None where there was no usable one, for which `failure` says why."""

    __tablename__ = "second_readings"

    passage: str = Field(primary_key=True)  # its `passage_key`
    model: str = Field(primary_key=True)
    made_at: datetime = Field(sa_type=Utc, index=True)
    answer: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    failure: str | None = None


class PassageWords(Protocol):
    """A passage, stored or not yet."""

    @property
    def heading(self) -> Sequence[str]: ...
    @property
    def before(self) -> str | None: ...
    @property
    def after(self) -> str | None: ...


def passage_key(passage: PassageWords) -> str:
    """The same for the same words under the same heading, in whichever document."""
    return hashlib.sha256(
        json.dumps([*passage.heading, passage.before, passage.after]).encode()
    ).hexdigest()


def second_readings(session: Session, change_id: int) -> list[SecondReading]:
    """The newest answer about each passage of a change that has one, in reading order."""
    keys = dict.fromkeys(map(passage_key, passages(session, change_id)))
    wanted = (
        select(SecondReading)
        .where(col(SecondReading.passage).in_(keys))
        .order_by(col(SecondReading.made_at))
    )
    newest = {
        row.passage: row for row in session.exec(wanted) if row.answer is not None
    }
    return [newest[key] for key in keys if key in newest]


def last_second_reading(session: Session) -> SecondReading | None:
    """The newest, also one that came to nothing."""
    return session.exec(
        select(SecondReading).order_by(col(SecondReading.made_at).desc()).limit(1)
    ).first()


def asked_since(session: Session, when: datetime) -> int:
    return session.exec(
        select(func.count()).where(col(SecondReading.made_at) > when)
    ).one()


def forget_second_readings(session: Session, change_id: int) -> None:
    """Also where another document has the same words: its change is shown without them then."""
    keys = [*map(passage_key, passages(session, change_id))]
    session.exec(delete(SecondReading).where(col(SecondReading.passage).in_(keys)))
