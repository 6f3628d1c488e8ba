"""The chain: an entry for each capture, extracted text, day of checks and messages (`storage/days.py`), and each thing
taken away or changed on purpose, with the hash of the entry before.

An entry is a text for `sha256sum --check`: a comment (what, when), the hash of the entry before, then those of its
files, so that a stranger can recompute the chain without this program (docs/evidence.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256

from sqlalchemy import insert
from sqlalchemy.orm import defer
from sqlmodel import Field, Session, SQLModel, col, select

from storage.clock import utc_now
from storage.columns import Compressed, Condition
from storage.database import AdvisoryLock, take

BEGINNING = "0" * 64  # the hash before the first entry


class ChainEntry(SQLModel, table=True):
    """Never edited or deleted."""

    __tablename__ = "chain_entries"

    number: int = Field(primary_key=True)
    text: str

    @property
    def name(self) -> str:
        return entry_name(self.number)

    @property
    def sha256(self) -> str:
        return _sha256(self.text)

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def comment(self) -> str:
        return self.lines[0].partition(": ")[2]

    @property
    def names(self) -> list[str]:
        """Files of a capture; or a text and entries of its captures; or entries whose captures were removed."""
        return [line.partition("  ")[2] for line in self.lines[2:]]


class Timestamp(SQLModel, table=True):
    __tablename__ = "timestamps"

    entry: int = Field(primary_key=True, foreign_key="chain_entries.number")
    made_at: datetime  # by the authority's clock
    response: bytes = Field(sa_type=Compressed)


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def entry_name(number: int) -> str:
    return f"entry-{number}"


def entry_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def entry_text(
    number: int, previous: str, comment: str, hashes: Mapping[str, str]
) -> str:
    """Where the capture of the entry before is removed, its line stands twice: as the link, and as what was removed."""
    named = [(entry_name(number - 1), previous), *hashes.items()]
    lines = "".join(f"{digest}  {name}\n" for name, digest in named)
    return f"# entry {number}: {comment}\n{lines}"


def add_entry(session: Session, text_of: Callable[[int, str], str]) -> int:
    number, previous = next_link(session)
    entry = {"number": number, "text": text_of(number, previous)}
    session.connection().execute(insert(ChainEntry), entry)
    return number


def note(
    session: Session, what: str, about: str, hashes: Mapping[str, str] | None = None
) -> None:
    comment = f"{what} {utc_now():%Y-%m-%dT%H:%M:%SZ}, of {about}"
    add_entry(session, partial(entry_text, comment=comment, hashes=hashes or {}))


def next_link(session: Session) -> tuple[int, str]:
    """For this session alone until the transaction ends."""
    take(session, AdvisoryLock.CHAIN)
    session.flush()  # what the entry's subject refers to may be new, too
    newest = select(ChainEntry.number, ChainEntry.text).order_by(
        col(ChainEntry.number).desc()
    )
    # not through the session, which costs three times as much
    head = session.connection().execute(newest.limit(1)).first()
    return (head.number + 1, _sha256(head.text)) if head else (1, BEGINNING)


def entry_hashes(session: Session, of_them: Condition) -> dict[str, str]:
    wanted = select(ChainEntry).where(of_them).order_by(col(ChainEntry.number))
    return {entry.name: entry.sha256 for entry in session.exec(wanted)}


def last_entry(session: Session) -> ChainEntry | None:
    return session.exec(
        select(ChainEntry).order_by(col(ChainEntry.number).desc()).limit(1)
    ).first()


def head_line(session: Session) -> str | None:
    head = last_entry(session)
    return f"{head.name}, SHA-256 {head.sha256}" if head else None


def last_timestamp(session: Session) -> Timestamp | None:
    """Without its response, which may be damaged."""
    newest = select(Timestamp).order_by(col(Timestamp.entry).desc()).limit(1)
    return session.exec(newest.options(defer(Timestamp.response))).first()  # type: ignore[arg-type]


def proof_of(
    session: Session, number: int
) -> tuple[list[ChainEntry], Timestamp | None]:
    """Up to the next timestamped one, which proves it; only this one if there is none yet."""
    later = (
        select(Timestamp)
        .where(Timestamp.entry >= number)
        .order_by(col(Timestamp.entry))
        .limit(1)
    )
    stamp = session.exec(later).first()
    between = col(ChainEntry.number).between(
        number, stamp.entry if stamp else number
    )
    return list(
        session.exec(
            select(ChainEntry).where(between).order_by(col(ChainEntry.number))
        )
    ), stamp
