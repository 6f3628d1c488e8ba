"""Readings: what the operator's language model answered. Each question is asked once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import JSON, Column, String, true
from sqlmodel import Field, Session, SQLModel, col, delete, func, select

from storage.changes import Change
from storage.columns import in_parts


class ModelReading(SQLModel, table=True):
    """None if unusable, which `failure` explains."""

    __tablename__ = (
        "second_readings"  # the first release's name, as is its column's
    )

    question: str = Field(sa_column=Column("passage", String, primary_key=True))
    model: str = Field(primary_key=True)
    made_at: datetime = Field(index=True)
    answer: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    failure: str | None = None
    tokens_in: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    tokens_out: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class Usage(NamedTuple):
    questions: int
    failed: int
    tokens_in: int
    tokens_out: int


def usage_since(
    session: Session, when: datetime, until: datetime | None = None
) -> Usage:
    made_at = ModelReading.made_at
    asked = select(
        func.count(),
        func.count(col(ModelReading.failure)),
        func.coalesce(func.sum(ModelReading.tokens_in), 0),
        func.coalesce(func.sum(ModelReading.tokens_out), 0),
    ).where(made_at >= when, made_at < until if until else true())
    return Usage(*session.exec(asked).one())


def dropped_since(
    session: Session, when: datetime, until: datetime | None = None
) -> int:
    at = Change.detected_at
    wanted = select(Change.brief).where(at >= when, at < until if until else true())
    return sum(
        len((brief.get("reader") or {}).get("dropped", ()))
        for brief in session.exec(wanted)
    )


def newest_answers(
    session: Session, questions: Collection[str]
) -> dict[str, dict[str, Any]]:
    """By question, of whichever model."""
    answers: dict[str, dict[str, Any]] = {}
    for part in in_parts([*questions]):
        rows = select(ModelReading).where(col(ModelReading.question).in_(part))
        for row in session.exec(rows.order_by(col(ModelReading.made_at))):
            if row.answer:
                answers[row.question] = row.answer
    return answers


def answered_by(
    session: Session, model: str, questions: Collection[str]
) -> set[str]:
    return {
        row.question
        for part in in_parts([*questions])
        for row in session.exec(
            select(ModelReading).where(
                ModelReading.model == model, col(ModelReading.question).in_(part)
            )
        )
        if row.answer
    }


def forget_readings(session: Session, questions: Collection[str]) -> None:
    session.exec(
        delete(ModelReading).where(col(ModelReading.question).in_(questions))
    )
