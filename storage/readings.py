"""Readings: what the operator's language model answered. Each question is asked once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import JSON, Column, String
from sqlmodel import Field, Session, SQLModel, col, delete, func, select

from storage.changes import Change
from storage.columns import Utc


class ModelReading(SQLModel, table=True):
    """None if unusable, which `failure` explains."""

    __tablename__ = "second_readings"  # the first release's name, as is its column's

    question: str = Field(sa_column=Column("passage", String, primary_key=True))
    model: str = Field(primary_key=True)
    made_at: datetime = Field(sa_type=Utc, index=True)
    answer: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    failure: str | None = None
    tokens_in: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    tokens_out: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class Usage(NamedTuple):
    questions: int
    tokens_in: int
    tokens_out: int


def usage_since(session: Session, when: datetime) -> Usage:
    asked = select(
        func.count(),
        func.sum(ModelReading.tokens_in),
        func.sum(ModelReading.tokens_out),
    ).where(col(ModelReading.made_at) >= when)
    questions, given, taken = session.exec(asked).one()
    return Usage(questions, given or 0, taken or 0)


def dropped_since(session: Session, when: datetime) -> int:
    """Sentences that did not stand."""
    briefs = session.exec(select(Change.brief).where(col(Change.detected_at) >= when))
    return sum(len((brief.get("reader") or {}).get("dropped", ())) for brief in briefs)


def forget_readings(session: Session, questions: Collection[str]) -> None:
    session.exec(delete(ModelReading).where(col(ModelReading.question).in_(questions)))
