"""Imports: how far the history of a document was taken from an archive."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, Session, SQLModel

from storage.columns import Utc


class Import(SQLModel, table=True):
    """Written in the transaction of the versions that it marks as taken; only what is later is taken again."""

    __tablename__ = "imports"

    document_id: str = Field(primary_key=True, foreign_key="documents.id")
    commit: str  # the last one that was dealt with, whether it made a version or not
    recorded_at: datetime = Field(sa_type=Utc)


def last_import(session: Session, document_id: str) -> Import | None:
    """None where nothing was ever imported."""
    return session.get(Import, document_id)


def mark(session: Session, document_id: str, commit: str, recorded_at: datetime) -> None:
    """Everything up to this commit is done."""
    session.merge(Import(document_id=document_id, commit=commit, recorded_at=recorded_at))
