"""Reviews: the operator's judgement of a change. Entries are only added."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Field, Session, SQLModel, col, delete, func, select
from sqlmodel.sql.expression import SelectOfScalar

from foundation.vocabulary import ReviewState
from storage.changes import Change, change
from storage.columns import Utc
from storage.events import event_changes
from storage.journal import Action, Actor, enter


class Review(SQLModel, table=True):
    """The last one counts."""

    __tablename__ = "reviews"

    id: int = Field(default=None, primary_key=True)
    change_id: int = Field(foreign_key="changes.id", index=True)
    state: str
    note: str
    by: str
    at: datetime = Field(sa_type=Utc)


def add_review(
    session: Session,
    change_id: int,
    state: ReviewState,
    *,
    note: str,
    by: str,
    at: datetime,
    actor: Actor,
    event: bool = False,
) -> list[int]:
    """Of the change, or of all changes of its `event`; the ids of those. Raises `UnknownChange`."""
    asked = change(session, change_id)
    ids = [change_id]
    if event and asked.event_id is not None:
        ids = event_changes(session, [asked.event_id])[asked.event_id]
    last = last_reviews(session, ids)
    for id_ in ids:
        before = {
            "change": id_,
            "state": last[id_].state if id_ in last else ReviewState.NEW.value,
        }
        enter(
            session,
            actor,
            Action.REVIEW,
            change(session, id_).document_id,
            at=at,
            before=before,
            after={"state": state.value, "by": by},
        )
        session.add(Review(change_id=id_, state=state.value, note=note, by=by, at=at))
    return ids


def reviews_of(session: Session, change_id: int) -> list[Review]:
    return list(
        session.exec(
            select(Review).where(Review.change_id == change_id).order_by(col(Review.id))
        )
    )


def last_reviews(session: Session, change_ids: Collection[int]) -> dict[int, Review]:
    rows = session.exec(
        select(Review).where(
            col(Review.id).in_(_last()), col(Review.change_id).in_(change_ids)
        )
    )
    return {row.change_id: row for row in rows}


def is_in_state(
    states: Collection[str], of: type[Change] = Change
) -> ColumnElement[bool]:
    reviewed = select(Review.change_id).where(col(Review.id).in_(_last()))
    if ReviewState.NEW in states:
        return col(of.id).not_in(reviewed.where(col(Review.state).not_in(states)))
    return col(of.id).in_(reviewed.where(col(Review.state).in_(states)))


def forget_reviews(session: Session, change_id: int) -> None:
    session.exec(delete(Review).where(col(Review.change_id) == change_id))


def _last() -> SelectOfScalar[int]:
    return select(func.max(Review.id)).group_by(col(Review.change_id))
