"""Retellings: what a language model made of a change, in one language; asked for once, whatever came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from storage.alerts import Alert
from storage.columns import Utc


class Retelling(SQLModel, table=True):
    """`text` is a machine's, no quotation; None where there was no usable answer, for which `failure` says why."""

    __tablename__ = "retellings"

    change_id: int = Field(primary_key=True, foreign_key="changes.id")
    language: str = Field(primary_key=True)
    model: str
    made_at: datetime = Field(sa_type=Utc)
    text: str | None = None
    failure: str | None = None


def retelling(session: Session, change_id: int, language: str) -> str | None:
    """The paragraph, where there is one."""
    found = session.get(Retelling, (change_id, language))
    return found.text if found else None


def retold(session: Session, change_id: int) -> dict[str, str]:
    """All paragraphs of a change, by language."""
    rows = session.exec(select(Retelling).where(Retelling.change_id == change_id).order_by(col(Retelling.language)))
    return {row.language: row.text for row in rows if row.text is not None}


def last_retelling(session: Session) -> Retelling | None:
    """The newest, also one that came to nothing."""
    return session.exec(select(Retelling).order_by(col(Retelling.made_at).desc()).limit(1)).first()


def never_retold(session: Session, languages: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Changes that people are about to be told of and the language, by route; oldest first, each once."""
    waiting = select(Alert.change_id, Alert.route).where(col(Alert.planned_at).is_(None)).order_by(col(Alert.id))
    wanted = ((change_id, languages[route]) for change_id, route in session.exec(waiting) if route in languages)
    for change_id, language in dict.fromkeys(wanted):
        if session.get(Retelling, (change_id, language)) is None:
            yield change_id, language
