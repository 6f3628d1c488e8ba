"""Routes that the store owns: added on the pages, or imported."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel, select


class StoredRoute(SQLModel, table=True):
    """`entry` holds addresses as they were written: secrets, which nothing may show or log."""

    __tablename__ = "routes"

    name: str = Field(primary_key=True)
    entry: dict[str, Any] = Field(sa_type=JSON, repr=False)


def stored_routes(session: Session) -> list[StoredRoute]:
    return list(session.exec(select(StoredRoute).order_by(StoredRoute.name)))
