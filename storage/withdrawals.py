"""Withdrawn versions: a person took them back. Their texts count for nothing; their captures stay as evidence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption
from sqlmodel import Field, Session, SQLModel, col, select

_SHOWN = "policywatch_withdrawn_too"
_CRITERIA: list[ExecutableOption] = []


class Withdrawal(SQLModel, table=True):
    __tablename__ = "withdrawals"

    version_id: int = Field(primary_key=True, foreign_key="versions.id")
    change_id: int | None = Field(
        default=None, foreign_key="changes.id", unique=True
    )
    reason: str
    withdrawn_at: datetime


def leave_out_withdrawn(table: type[SQLModel], id_: Any, withdrawn: Any) -> None:
    """Every SELECT leaves out rows whose `id_` is among the `withdrawn`, except inside `with_withdrawn`. They are few,
    so lists still use their indexes.
    """
    others = id_.not_in(select(withdrawn).where(withdrawn.is_not(None)))
    _CRITERIA.append(with_loader_criteria(table, others, include_aliases=True))


@event.listens_for(Session, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    if (
        state.is_select
        and not state.is_column_load
        and not state.session.info.get(_SHOWN)
    ):
        state.statement = state.statement.options(*_CRITERIA)


@contextmanager
def with_withdrawn(session: Session) -> Iterator[None]:
    shown = session.info.get(_SHOWN, False)
    session.info[_SHOWN] = True
    try:
        yield
    finally:
        session.info[_SHOWN] = shown


def withdrawals(session: Session, version_ids: list[int]) -> dict[int, Withdrawal]:
    wanted = select(Withdrawal).where(col(Withdrawal.version_id).in_(version_ids))
    return {row.version_id: row for row in session.exec(wanted)}


def withdrawal_of_change(session: Session, change_id: int) -> Withdrawal | None:
    return session.exec(
        select(Withdrawal).where(Withdrawal.change_id == change_id)
    ).first()
