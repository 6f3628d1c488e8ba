"""Captures: the bytes that checks brought. Evidence: written once, never edited."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import JSON, ColumnElement
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
from storage.columns import Compressed, Utc
from storage.errors import DamagedCapture, DamagedValue

OPEN_TERMS_ARCHIVE, INTERNET_ARCHIVE = (
    "Open Terms Archive",
    "Internet Archive",
)  # what their sources begin with
REFILTERED = (
    "x-archive-refiltered",
    "yes",
)  # a header: by the archive's word only its reading changed


class Capture(SQLModel, table=True):
    """Kept for what became a version or was set aside; a page that says the same as before leaves only its check."""

    __tablename__ = "captures"

    id: int = Field(default=None, primary_key=True)
    document_id: str = Field(foreign_key="documents.id", index=True)
    # of the further parts of a document with several addresses: the capture of its first part, which checks and
    # versions name
    head_id: int | None = Field(default=None, foreign_key="captures.id", index=True)
    # where an archive published it, when the archive recorded it
    fetched_at: datetime = Field(sa_type=Utc)
    # the archive that it is from, its name before the first comma; None: the service itself answered so
    source: str | None = None
    url: str
    final_url: str
    status: int
    # as received, in order
    headers: list[tuple[str, str]] = Field(default=[], sa_type=JSON)
    mime: str
    charset: str | None = None  # as the server declared it
    sha256: str
    size: int  # of the body, bytes, as decoded from its transfer and content encodings
    body: bytes = Field(sa_type=Compressed)
    # of the chain, which has its hashes; `add_capture` knows it
    # parts, which name the first one
    entry: int = Field(
        default=None, foreign_key="chain_entries.number", unique=True, nullable=False
    )

    @property
    def is_refiltered(self) -> bool:
        return REFILTERED in map(tuple, self.headers)

    def files(self) -> dict[str, bytes]:
        """What proves it, as files by their names: the body as received, the headers, and all else but the time."""
        headers = "".join(f"{name}: {value}\n" for name, value in self.headers)
        names = (
            "source",
            "url",
            "final_url",
            "status",
            "mime",
            "charset",
            "size",
            "sha256",
        )
        facts = json.dumps({name: getattr(self, name) for name in names}, indent=1)
        contents = {
            "body": self.body,
            "headers": headers.encode(),
            "json": facts.encode(),
        }
        return {
            f"capture-{self.entry}.{ending}": content
            for ending, content in contents.items()
        }

    def entry_text(self, number: int, previous: str) -> str:
        self.entry = number
        hashes = {
            name: sha256(content).hexdigest() for name, content in self.files().items()
        }
        comment = f"captured {entry_time(self.fetched_at)}"
        return entry_text(number, previous, comment, hashes)


def add_capture(session: Session, added: Capture) -> None:
    added.entry = add_entry(session, added.entry_text)
    session.add(added)
    session.flush()


def remove_captures(session: Session, of_them: ColumnElement[bool], about: str) -> None:
    """Delete captures that nothing refers to any more, and say so in the chain."""
    removed = col(ChainEntry.number).in_(select(Capture.entry).where(of_them))
    note(session, "removed", about, entry_hashes(session, removed))
    session.exec(delete(Capture).where(of_them, col(Capture.head_id).is_not(None)))
    session.exec(delete(Capture).where(of_them))


def share_since(session: Session, since: datetime) -> float:
    """The part of all captures' bytes that was fetched since then, from 0 to 1."""
    size = func.sum(col(Capture.size))
    recent, whole = session.exec(
        select(size.filter(col(Capture.fetched_at) >= since), size)
    ).one()
    return float((recent or 0) / whole) if whole else 0.0


def capture(session: Session, id_: int) -> Capture:
    """The capture that a check or a version names; the foreign key says that it exists. Raises `DamagedCapture`."""
    try:
        return session.get_one(Capture, id_)
    except DamagedValue as failure:
        document = session.exec(
            select(Capture.document_id).where(Capture.id == id_)
        ).one()
        raise DamagedCapture(id_, document) from failure


def captures_from(session: Session, head_id: int) -> list[Capture]:
    """A capture with those of the document's further parts, in the order in which they are read."""
    further = (
        select(Capture.id).where(Capture.head_id == head_id).order_by(col(Capture.id))
    )
    return [capture(session, id_) for id_ in (head_id, *session.exec(further))]


def intact(captures: Iterable[Capture]) -> Sequence[Capture]:
    """The captures, if all are as they were fetched; else raises `DamagedCapture`."""
    parts = list(captures)
    for each in parts:
        if sha256(each.body).hexdigest() != each.sha256:
            raise DamagedCapture(each.id, each.document_id)
    return parts


def newest_captures(session: Session, document: str) -> list[Capture]:
    """The captures of the document's parts that were kept last, believed or not, without their bytes; maybe none."""
    heads = select(Capture.id).where(
        Capture.document_id == document, col(Capture.head_id).is_(None)
    )
    head = session.exec(heads.order_by(col(Capture.id).desc()).limit(1)).first()
    return capture_records(session, head) if head is not None else []


def addresses(captures: Sequence[Capture], url: str) -> list[str]:
    return [each.url for each in captures] if len(captures) > 1 else [url]


def capture_records(session: Session, head_id: int) -> list[Capture]:
    """What is known of a capture and of those of the document's further parts, without their bytes."""
    without_bytes = defer(Capture.body)  # type: ignore[arg-type]  # the attribute of a class is its column
    wanted = (
        select(Capture)
        .where((Capture.id == head_id) | (Capture.head_id == head_id))
        .order_by(col(Capture.id))
    )
    return list(session.exec(wanted.options(without_bytes)))
