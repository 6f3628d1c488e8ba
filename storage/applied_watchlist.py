"""The watchlist that the last run applied: an edited one makes the next run work, though nothing is due."""

from __future__ import annotations

from sqlmodel import Field, Session, SQLModel

_ONLY = 1


class AppliedWatchlist(SQLModel, table=True):
    """One row; none before the first run."""

    __tablename__ = "applied_watchlist"

    id: int = Field(default=_ONLY, primary_key=True)
    digest: str


def applied_digest(session: Session) -> str | None:
    row = session.get(AppliedWatchlist, _ONLY)
    return row.digest if row else None


def mark_applied(session: Session, digest: str) -> None:
    if applied_digest(session) != digest:
        session.merge(AppliedWatchlist(digest=digest))
