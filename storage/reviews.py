"""Reviews: the operator's judgement of a change. Entries are only added."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel, col, delete, func, select
from sqlmodel.sql.expression import SelectOfScalar

from foundation.vocabulary import Cause, ReviewState
from storage.changes import Change, change, event_changes
from storage.columns import Condition
from storage.journal import Action, Actor, enter


class Review(SQLModel, table=True):
    """The last one gives the state of a change, and the words in place of the machine's.

    `edit` may have `headline` and `note` by language, `severity` and `topics`; `by` and `at` are of who edited.
    """

    __tablename__ = "reviews"

    id: int = Field(default=None, primary_key=True)
    change_id: int = Field(foreign_key="changes.id", index=True)
    state: str
    note: str
    by: str
    at: datetime
    edit: dict[str, Any] | None = Field(
        default=None, sa_type=JSON(none_as_null=True)
    )


def reviewed_together(
    session: Session, change_id: int, *, event: bool
) -> list[int]:
    """The change, or all changes of its event. Raises `Unknown`."""
    asked = change(session, change_id)
    if not event or asked.event_id is None:
        return [change_id]
    return event_changes(session, [asked.event_id])[asked.event_id]


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
    edit: Mapping[str, Any] | None = None,
) -> list[int]:
    """Of the change, or of all changes of its `event`; the ids of those. Without an `edit` the last one stands.
    Raises `Unknown`.
    """
    ids = reviewed_together(session, change_id, event=event)
    if edit:
        edit = {**edit, "by": by, "at": at.isoformat()}
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
            after={"state": state.value, "by": by}
            | ({"edit": edit} if edit else {}),
        )
        former = last[id_].edit if id_ in last else None
        review = Review(
            change_id=id_,
            state=state.value,
            note=note,
            by=by,
            at=at,
            edit=former if edit is None else dict(edit) or None,
        )
        session.add(review)
        put_edit(change(session, id_), review)
    return ids


def machine_values(change: Change) -> dict[str, Any]:
    """As it was classified, whatever a person made of it."""
    edit = change.brief.get("edit")
    return (
        edit["machine"]
        if edit
        else {
            name: getattr(change, name) for name in ("severity", "topics", "alert")
        }
    )


def put_edit(change: Change, review: Review | None) -> None:
    """A person's words take the place of the machine's, which are kept in the brief; also after the change was
    classified again.
    """
    machine = machine_values(change)
    brief = {name: value for name, value in change.brief.items() if name != "edit"}
    values = dict(machine)
    if review is not None and review.edit:
        brief["edit"] = {**review.edit, "machine": machine}
        values |= {
            name: review.edit[name]
            for name in ("severity", "topics")
            if name in review.edit
        }
        if "severity" in review.edit:
            is_theirs = change.cause != Cause.EXTRACTION
            values["alert"] = is_theirs and values["severity"] != "none"
    for name, value in values.items():
        setattr(change, name, value)
    change.brief = brief


def reviews_of(session: Session, change_id: int) -> list[Review]:
    return list(
        session.exec(
            select(Review)
            .where(Review.change_id == change_id)
            .order_by(col(Review.id))
        )
    )


def last_reviews(
    session: Session, change_ids: Collection[int]
) -> dict[int, Review]:
    rows = session.exec(
        select(Review).where(
            col(Review.id).in_(_last()), col(Review.change_id).in_(change_ids)
        )
    )
    return {row.change_id: row for row in rows}


def is_in_state(states: Collection[str], of: type[Change]) -> Condition:
    reviewed = select(Review.change_id).where(col(Review.id).in_(_last()))
    if ReviewState.NEW in states:
        return col(of.id).not_in(reviewed.where(col(Review.state).not_in(states)))
    return col(of.id).in_(reviewed.where(col(Review.state).in_(states)))


def has_public_note(of: type[Change]) -> Condition:
    note = col(Review.edit)["note"].as_string()
    noted = select(Review.change_id).where(
        col(Review.id).in_(_last()), note.is_not(None)
    )
    return col(of.id).in_(noted)


def forget_reviews(session: Session, change_id: int) -> None:
    session.exec(delete(Review).where(col(Review.change_id) == change_id))


def _last() -> SelectOfScalar[int]:
    return select(func.max(Review.id)).group_by(col(Review.change_id))
