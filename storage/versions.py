"""Versions: the text of a document at a time, from a check or an imported history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    Column,
    Index,
    String,
    UniqueConstraint,
    event,
    exists,
)
from sqlalchemy.orm import ORMExecuteState, aliased, defer, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption
from sqlmodel import Field, Session, SQLModel, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from foundation.vocabulary import Cause
from storage.captures import Capture
from storage.chain import (
    ChainEntry,
    add_entry,
    entry_hashes,
    entry_text,
    entry_time,
)
from storage.clock import midnight
from storage.columns import CompressedJson, Condition, add_to_unique, json_bytes
from storage.documents import Document, matching
from storage.errors import Unknown, Withdrawn

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


class Version(SQLModel, table=True):
    """The capture can give its `page` again."""

    __tablename__ = "versions"
    __table_args__ = (
        UniqueConstraint("document_id", "number"),
        # Covering: rows hold large texts.
        Index(
            "ix_versions_of_document",
            "document_id",
            "captured_at",
            "number",
            "entry",
        ),
    )

    id: int = Field(default=None, primary_key=True)
    document_id: str = Field(foreign_key="documents.id")
    number: int
    capture_id: int = Field(foreign_key="captures.id", index=True)
    captured_at: datetime
    cause: str = Cause.PAGE.value
    fingerprint: str = Field(index=True)
    # rules and selectors; after a colon, the declared language
    extractor: str = Field(sa_column=Column("reader", String, nullable=False))
    source: str | None = None
    # with a history, never alerted
    imported: bool = False
    page: Any = Field(sa_type=CompressedJson)
    alternating: list[str] = Field(default=[], sa_type=JSON)
    entry: int | None = Field(
        default=None, foreign_key="chain_entries.number", index=True, unique=True
    )


leave_out_withdrawn(Version, col(Version.id), col(Withdrawal.version_id))


class Import(SQLModel, table=True):
    __tablename__ = "imports"

    document_id: str = Field(primary_key=True, foreign_key="documents.id")
    archive: str = Field(primary_key=True)
    commit: str  # the last read, whether it made a version or not; for the Internet Archive, what was asked
    recorded_at: datetime


def enter_text(session: Session, version: Version) -> None:
    head, number = version.capture_id, col(ChainEntry.number)
    parts = (col(Capture.id) == head) | (col(Capture.head_id) == head)
    of_them = number.in_(select(Capture.entry).where(parts))
    hashes = entry_hashes(session, of_them | (number == version.entry))
    digest = sha256(json_bytes(version.page)).hexdigest()
    comment = f"text {entry_time(version.captured_at)}, of {version.document_id}"
    version.entry = add_entry(
        session,
        lambda number, previous: entry_text(
            number, previous, comment, {**hashes, text_name(number): digest}
        ),
    )


def text_name(entry: int) -> str:
    return f"text-{entry}.json"


def archive_name(source: str | None) -> str | None:
    return source and source.partition(",")[0]


OURS = col(Version.imported).is_(False)
IMPORTED = col(Version.imported).is_(True)
FROM_PAGE = col(Version.source).is_(None)  # of the service itself


def current_version(
    session: Session, document_id: str, *conditions: Condition | bool
) -> Version | None:
    of_it = select(Version).where(Version.document_id == document_id, *conditions)
    return session.exec(of_it.order_by(col(Version.number).desc()).limit(1)).first()


def _heads(*conditions: Condition | bool) -> SelectOfScalar[Version]:
    """Without pages, so that a long history fits in little memory."""
    return select(Version).where(*conditions).options(defer(Version.page))


def is_read_as(extractor: str, language: str) -> bool:
    return extractor.rpartition(":")[2] == language


class InForce(NamedTuple):
    version_id: int
    fingerprint: str
    extractor: str
    url: str
    final_url: str
    # url, final URL, type, charset and digest; None for several parts
    source: tuple[str, str, str, str | None, str] | None


def in_force(
    session: Session, ids: Collection[str] | None = None
) -> dict[str, InForce]:
    part = aliased(Capture)
    of_it = col(Version.document_id) == Document.id
    last = select(func.max(Version.number)).where(of_it).correlate(Document)
    wanted = (
        select(Version, Capture, exists().where(col(part.head_id) == Capture.id))
        .options(defer(Version.page), defer(Capture.body))  # type: ignore[arg-type]  # a class's attribute is its column
        .join(Capture, col(Capture.id) == Version.capture_id)
        .join(Document, of_it & (col(Version.number) == last.scalar_subquery()))
    )
    if ids is not None:
        wanted = wanted.where(col(Document.id).in_(ids))
    found = {}
    for version, capture, has_parts in session.exec(wanted):
        url, final_url = capture.url, capture.final_url
        source = (url, final_url, capture.mime, capture.charset, capture.sha256)
        found[version.document_id] = InForce(
            version.id,
            version.fingerprint,
            version.extractor,
            url,
            final_url,
            None if has_parts else source,
        )
    return found


def versions(session: Session, document_id: str) -> list[Version]:
    of_it = _heads(Version.document_id == document_id)
    return list(session.exec(of_it.order_by(col(Version.number))))


def versions_of_document(
    session: Session,
    document_id: str,
    *,
    before: int | None = None,
    limit: int = 50,
) -> list[Version]:
    """Newest first."""
    wanted = _heads(Version.document_id == document_id)
    if before is not None:
        wanted = wanted.where(Version.number < before)
    return list(
        session.exec(wanted.order_by(col(Version.number).desc()).limit(limit))
    )


def stored_versions(
    session: Session, *, after: int, limit: int, **filters: Collection[str]
) -> list[Version]:
    wanted = select(Version).where(Version.id > after)
    if among := matching(**filters):
        ids = select(Document.id).where(*among)
        wanted = wanted.where(col(Version.document_id).in_(ids))
    return list(session.exec(wanted.order_by(col(Version.id)).limit(limit)))


def state_of_texts(session: Session, document_id: str) -> str:
    rows = [
        (version.number, version.fingerprint, version.extractor)
        for version in versions(session, document_id)
    ]
    return sha256(repr(rows).encode()).hexdigest()


def numbers_around(
    session: Session, document_id: str, number: int
) -> tuple[int | None, int | None]:
    return session.exec(
        select(
            func.max(Version.number).filter(col(Version.number) < number),
            func.min(Version.number).filter(col(Version.number) > number),
        ).where(Version.document_id == document_id)
    ).one()


def next_number(session: Session, document_id: str, current: Version | None) -> int:
    """None is given twice."""
    following = current.number + 1 if current else 1
    taken = select(Version.number).where(
        Version.document_id == document_id, Version.number >= following
    )
    with with_withdrawn(session):
        numbers = set(session.exec(taken))
    return following if following not in numbers else max(numbers) + 1


def pages_before(
    session: Session, document_id: str, number: int, most: int
) -> list[dict[str, Any]]:
    """Oldest first."""
    earlier = Version.document_id == document_id, Version.number < number
    newest = (
        select(Version.page).where(*earlier).order_by(col(Version.number).desc())
    )
    return [*session.exec(newest.limit(most))][::-1]


def imported_around(
    session: Session, document_id: str, at: datetime | None
) -> tuple[Version | None, Version | None]:
    until = [Version.captured_at <= at] if at is not None else []
    last = current_version(session, document_id, IMPORTED, *until)
    number = last.number if last else 0
    later = _heads(Version.document_id == document_id, Version.number > number)
    return last, session.exec(later.order_by(col(Version.number)).limit(1)).first()


def last_import(session: Session, document_id: str, archive: str) -> Import | None:
    return session.get(Import, (document_id, archive))


def mark_imported(
    session: Session,
    document_id: str,
    archive: str,
    commit: str,
    recorded_at: datetime,
) -> None:
    session.merge(
        Import(
            document_id=document_id,
            archive=archive,
            commit=commit,
            recorded_at=recorded_at,
        )
    )


def renumber(session: Session, document_id: str, *, since: int, by: int) -> None:
    session.flush()
    add_to_unique(
        session, Version.number, by, since, Version.document_id == document_id
    )


def withdrawn_texts(session: Session, document_id: str) -> dict[str, int]:
    """Except texts that stand in another version."""
    withdrawn = withdrawn_versions(session, document_id)
    if not withdrawn:
        return {}
    same = select(Version.fingerprint).where(Version.document_id == document_id)
    standing = {*session.exec(same)}
    return {
        version.fingerprint: version.capture_id
        for version, _ in withdrawn
        if version.fingerprint not in standing
    }


def withdrawn_versions(
    session: Session, document_id: str
) -> list[tuple[Version, Withdrawal]]:
    wanted = (
        select(Version, Withdrawal)
        .join(Withdrawal)
        .where(Version.document_id == document_id)
        .options(defer(Version.page))
        .order_by(col(Version.number))
    )
    with with_withdrawn(session):
        return list(session.exec(wanted).all())


def numbered_version(session: Session, document_id: str, number: int) -> Version:
    """Raises `Unknown`, `Withdrawn`."""
    this = Version.document_id == document_id, Version.number == number
    row = session.exec(select(Version).where(*this)).first()
    if row is not None:
        return row
    with with_withdrawn(session):
        row = session.exec(_heads(*this)).first()
    if row is None:
        raise Unknown(f"{document_id} has no version {number}")
    withdrawal = session.get_one(Withdrawal, row.id)
    raise Withdrawn(
        f"version {number}", document_id, withdrawal.withdrawn_at, withdrawal.reason
    )


class BeforeFirstText(Unknown):
    def __init__(self, document_id: str, day: date, first: date) -> None:
        super().__init__(
            f"no text of {document_id} is known of {day}: the first is of {first}"
        )
        self.day, self.first = day, first


def version_on(session: Session, document_id: str, day: date) -> int:
    """Raises `BeforeFirstText`, `Unknown`."""
    until = midnight(day + timedelta(days=1))
    version = current_version(session, document_id, Version.captured_at < until)
    if version is None:
        first = first_captured_at(session, document_id).date()
        raise BeforeFirstText(document_id, day, first)
    return version.number


def first_captured_at(session: Session, document_id: str) -> datetime:
    """Raises `Unknown`."""
    of_document = Version.document_id == document_id
    first = session.exec(
        select(func.min(Version.captured_at)).where(of_document)
    ).one()
    if first is None:
        raise Unknown(f"no text of {document_id} was read yet")
    return first


def version_heads(session: Session, ids: Iterable[int]) -> dict[int, Version]:
    """Withdrawn ones included, for another document may be compared with them."""
    wanted = _heads(col(Version.id).in_({*ids}))
    with with_withdrawn(session):
        return {version.id: version for version in session.exec(wanted)}
