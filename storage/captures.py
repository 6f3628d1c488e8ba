"""Captures: the bytes that checks brought. Evidence: written once, never edited."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import JSON
from sqlalchemy.orm import defer
from sqlmodel import Field, Session, SQLModel, col, delete, func, select

from storage.chain import (
    ChainEntry,
    add_entry,
    entry_hashes,
    entry_text,
    entry_time,
    note,
)
from storage.columns import Compressed, Condition
from storage.errors import DamagedCapture, DamagedValue

OPEN_TERMS_ARCHIVE, INTERNET_ARCHIVE = (
    "Open Terms Archive",
    "Internet Archive",
)
REFILTERED = (
    "x-archive-refiltered",
    "yes",
)  # the archive says that only its extraction changed

_FACTS = [
    "source",
    "url",
    "final_url",
    "status",
    "mime",
    "charset",
    "size",
    "sha256",
]


class Capture(SQLModel, table=True):
    """Kept for texts that became a version or were set aside; an unchanged page leaves only its check."""

    __tablename__ = "captures"

    id: int = Field(default=None, primary_key=True)
    document_id: str = Field(foreign_key="documents.id", index=True)
    # for further parts of a document: the capture of its first part
    head_id: int | None = Field(default=None, foreign_key="captures.id", index=True)
    # in an archive: when the archive recorded it
    fetched_at: datetime
    # the archive's name up to the first comma; None: the service itself
    source: str | None = None
    url: str
    final_url: str
    status: int
    headers: list[tuple[str, str]] = Field(default=[], sa_type=JSON)
    mime: str
    charset: str | None = None
    sha256: str
    size: int
    body: bytes = Field(sa_type=Compressed)
    entry: int = Field(
        default=None,
        foreign_key="chain_entries.number",
        unique=True,
        nullable=False,
    )

    @property
    def is_refiltered(self) -> bool:
        return REFILTERED in map(tuple, self.headers)

    def files(self) -> dict[str, bytes]:
        """By file name: body, headers, and all other facts but the time."""
        headers = "".join(f"{name}: {value}\n" for name, value in self.headers)
        facts = {name: getattr(self, name) for name in _FACTS}
        name = f"capture-{self.entry}"
        return {
            f"{name}.body": self.body,
            f"{name}.headers": headers.encode(),
            f"{name}.json": json.dumps(facts, indent=1).encode(),
        }

    def entry_text(self, number: int, previous: str) -> str:
        self.entry = number
        hashes = {
            name: sha256(content).hexdigest()
            for name, content in self.files().items()
        }
        comment = f"captured {entry_time(self.fetched_at)}"
        return entry_text(number, previous, comment, hashes)


def add_capture(session: Session, added: Capture) -> None:
    added.entry = add_entry(session, added.entry_text)
    session.add(added)
    session.flush()


def remove_captures(session: Session, of_them: Condition, about: str) -> None:
    """Of captures that nothing refers to."""
    removed = col(ChainEntry.number).in_(select(Capture.entry).where(of_them))
    note(session, "removed", about, entry_hashes(session, removed))
    session.exec(delete(Capture).where(of_them, col(Capture.head_id).is_not(None)))
    session.exec(delete(Capture).where(of_them))


def share_since(session: Session, since: datetime) -> float:
    size = func.sum(Capture.size)
    recent, whole = session.exec(
        select(size.filter(col(Capture.fetched_at) >= since), size)
    ).one()
    return float((recent or 0) / whole) if whole else 0.0


def capture(session: Session, id_: int) -> Capture:
    """Raises `DamagedCapture`."""
    try:
        return session.get_one(Capture, id_)
    except DamagedValue as failure:
        of_it = select(Capture.document_id).where(Capture.id == id_)
        raise DamagedCapture(id_, session.exec(of_it).one()) from failure


def captures_from(session: Session, head_id: int) -> list[Capture]:
    further = select(Capture.id).where(Capture.head_id == head_id)
    ids = head_id, *session.exec(further.order_by(col(Capture.id)))
    return [capture(session, id_) for id_ in ids]


def intact(captures: Iterable[Capture]) -> Sequence[Capture]:
    """Raises `DamagedCapture`."""
    parts = list(captures)
    for each in parts:
        if sha256(each.body).hexdigest() != each.sha256:
            raise DamagedCapture(each.id, each.document_id)
    return parts


def newest_captures(session: Session, document: str) -> list[Capture]:
    """Of all parts, without bodies."""
    heads = select(func.max(Capture.id)).where(
        Capture.document_id == document, col(Capture.head_id).is_(None)
    )
    head = session.exec(heads).one()
    return capture_records(session, head) if head is not None else []


def capture_addresses(captures: Sequence[Capture], url: str) -> list[str]:
    return [each.url for each in captures] if len(captures) > 1 else [url]


def capture_records(session: Session, head_id: int) -> list[Capture]:
    """With further parts, without bodies."""
    without_bytes = defer(Capture.body)  # type: ignore[arg-type]  # a class's attribute is its column
    parts = (Capture.id == head_id) | (Capture.head_id == head_id)
    wanted = select(Capture).where(parts).order_by(col(Capture.id))
    return list(session.exec(wanted.options(without_bytes)))
