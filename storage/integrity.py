"""Whether the store is as it was written: file, references, values, evidence."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from math import inf
from time import monotonic
from typing import Any

from sqlalchemy import LargeBinary, func, inspect, type_coerce
from sqlalchemy import select as select_columns
from sqlalchemy.exc import DBAPIError, NoResultFound
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from storage.captures import Capture, capture
from storage.chain import (
    BEGINNING,
    ChainEntry,
    Timestamp,
    entry_name,
    entry_time,
    last_timestamp,
)
from storage.checks import Check
from storage.columns import ROWS, decompressed
from storage.database import Database, all_tables
from storage.errors import DamagedCapture, DamagedValue, with_advice
from storage.versions import Version, text_name, with_withdrawn

# one bad page of a file can spoil thousands of rows
_MOST = 20
# ten years of checks would take ten
_SECONDS = 1


def daily_look(database: Database, day: int) -> Iterator[Damage]:
    """At bounded cost, of others each day."""
    yield from run_check(database, lambda session: _structure(session, day))
    with database.reading() as session:
        ids = list(session.exec(select(Capture.id).order_by(col(Capture.id))))
    sample = sample_of_day(ids, day)
    yield from run_check(database, lambda session: capture_damage(session, sample))


def all_damage(database: Database) -> Iterator[Damage]:
    for check in (_schema, _structure, _references, _values, evidence_damage):
        yield from run_check(database, check)


def run_check(
    database: Database, check: Callable[[Session], Iterator[Damage]]
) -> Iterator[Damage]:
    """In a session of its own: PostgreSQL aborts one at its first failure."""
    damage: list[Damage] = []
    with database.reading() as session:
        try:
            damage += islice(check(session), _MOST + 1)
        except DBAPIError as failure:
            damage.append(Damage("database", with_advice(failure.orig)))
        except ValueError:
            pass
    yield from damage[:_MOST]
    if len(damage) > _MOST:
        yield Damage("database", "and more of that kind")


def _schema(session: Session) -> Iterator[Damage]:
    from storage.schema_upgrade import missing_parts

    for column in missing_parts(session.connection()) or ():
        yield Damage("database", f"it lacks {column}, which its schema has")


def _structure(session: Session, day: int | None = None) -> Iterator[Damage]:
    """On a `day` as many tables as there is time for."""
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        return
    driver: Any = connection.connection.driver_connection
    checks, until = ["integrity_check"], inf
    if day is not None:
        names = inspect(connection).get_table_names()
        start, until = day % len(names), monotonic() + _SECONDS
        checks = [
            f"quick_check('{name}')" for name in names[start:] + names[:start]
        ]
    driver.set_progress_handler(lambda: monotonic() > until, 100_000)
    try:
        for check in checks:
            for line in (
                connection.exec_driver_sql(f"PRAGMA {check}").scalars().all()
            ):
                if line != "ok":
                    yield Damage("database", f"its file: {line}")
    except DBAPIError:
        if monotonic() <= until:
            raise
    finally:
        driver.set_progress_handler(None, 0)


def _references(session: Session) -> Iterator[Damage]:
    """PostgreSQL enforces them."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        for table, row, other, _ in connection.exec_driver_sql(
            "PRAGMA foreign_key_check"
        ):
            yield Damage(
                table,
                f"row {row} of {table} names one of {other}, which is missing",
            )


def _values(session: Session) -> Iterator[Damage]:
    for table in all_tables():
        body = table.c.get("body")
        rows = select_columns(*(each for each in table.columns if each is not body))
        try:
            deque(session.execute(rows, execution_options={"yield_per": ROWS}), 0)
        except (ValueError, TypeError):
            for key in session.execute(select_columns(*table.primary_key)).all():
                pairs = zip(table.primary_key, key, strict=True)
                try:
                    is_row = (column == value for column, value in pairs)
                    session.execute(rows.where(*is_row)).all()
                except (ValueError, TypeError):
                    name = " ".join(map(str, key))
                    yield Damage(table.name, f"its row {name} can't be read")


_SAMPLE = 64  # rows of a daily look
_DIFFERS = (
    "time is not that of the fetch",
    "place in the chain is another",
    "bytes are not those that were fetched",
    "headers are not those that were fetched",
    "address, status, type, size or hash is not that of what was fetched",
)


@dataclass(frozen=True, slots=True)
class Damage:
    about: str
    problem: str


def sample_of_day(ids: Sequence[int], day: int) -> Sequence[int]:
    start = day * _SAMPLE % max(1, len(ids))
    return [*ids[start:], *ids[:start]][:_SAMPLE]


def evidence_damage(session: Session) -> Iterator[Damage]:
    yield from _chain_damage(session)
    yield from capture_damage(session)
    yield from text_damage(session)


def _chain_damage(session: Session) -> Iterator[Damage]:
    captured: set[int] = set()
    texts: dict[int, list[str]] = {}
    removed: set[str] = set()
    replaced: set[str] = set()
    previous, last, is_whole = BEGINNING, 0, True
    for entry in session.exec(
        select(ChainEntry)
        .order_by(col(ChainEntry.number))
        .execution_options(yield_per=ROWS)
    ):
        if is_whole and entry.lines[1:2] != [f"{previous}  {entry_name(last)}"]:
            is_whole = False
            broken = (
                f"the chain is broken between {entry_name(last)} and {entry.name}"
            )
            yield Damage(
                "chain",
                f"{broken}: an entry is missing, or {entry_name(last)} is another than was written",
            )
        if any(name.startswith("capture-") for name in entry.names):
            captured.add(entry.number)
        elif text_name(entry.number) in entry.names:
            texts[entry.number] = entry.names
            replaced.update(entry.names)
        else:
            removed.update(entry.names)
        previous, last = entry.sha256, entry.number
    captured.difference_update(session.exec(select(col(Capture.entry))))
    for name in map(entry_name, sorted(captured)):
        if name not in removed:
            yield Damage(
                "chain",
                f"the capture of {name} is missing, and no entry says that it was removed",
            )
    with with_withdrawn(session):
        stored = {*session.exec(select(Version.entry))}
    for number, names in texts.items():
        is_gone = not removed.isdisjoint(names)
        if not (number in stored or entry_name(number) in replaced or is_gone):
            yield Damage("chain", f"the text of {entry_name(number)} is missing")
    for number in session.exec(
        select(Timestamp.entry).where(Timestamp.entry > last)
    ):
        yield Damage(
            "chain",
            f"{entry_name(number)}, which has a timestamp, is missing: the chain ends at {last}",
        )


def text_damage(
    session: Session, only: Sequence[int | None] | None = None
) -> Iterator[Damage]:
    renamed = select(ChainEntry).where(
        col(ChainEntry.text).like("# entry %: renamed %")
    )
    renames = session.exec(renamed.order_by(col(ChainEntry.number))).all()
    parts = select(Capture.id, Capture.head_id, Capture.entry, Capture.document_id)
    page = type_coerce(Version.page, LargeBinary)
    wanted = (
        select(Version, page, ChainEntry)
        .options(defer(Version.page))
        .outerjoin(ChainEntry, col(ChainEntry.number) == Version.entry)
        .order_by(col(Version.id))
    )
    if only is not None:
        wanted = wanted.where(col(Version.id).in_(only))
        heads = select(Version.capture_id).where(col(Version.id).in_(only))
        parts = parts.where(
            col(Capture.id).in_(heads) | col(Capture.head_id).in_(heads)
        )
    captures: dict[int | None, set[tuple[str, str]]] = defaultdict(set)
    with with_withdrawn(session):
        for id_, head, number, document in session.exec(parts):
            captures[head or id_].add((entry_name(number), document))
        rows = session.exec(wanted.execution_options(yield_per=ROWS))
        for version, stored, entry in rows:
            problem = (
                "has no entry in the chain; `policywatch read --again` writes it"
                if entry is None
                else _text_problem(
                    version, stored, entry, captures[version.capture_id], renames
                )
            )
            if problem:
                text = f"the text of version {version.number} {problem}"
                yield Damage(version.document_id, text)


def _text_problem(
    version: Version,
    stored: bytes,
    entry: ChainEntry,
    captures: Collection[tuple[str, str]],
    renames: Sequence[ChainEntry],
) -> str | None:
    what, _, document = entry.comment.partition(", of ")
    for rename in renames:
        old, _, new = rename.comment.partition(", of ")[2].partition(" to ")
        if rename.number > entry.number and old == document:
            document = new
    try:
        digest = sha256(decompressed(stored)).hexdigest()
    except DamagedValue:
        digest = ""
    if f"{digest}  {text_name(entry.number)}" not in entry.lines:
        return "is not the one that was extracted"
    if what != f"text {entry_time(version.captured_at)}":
        return "has another time than the chain says"
    if {document} != {version.document_id, *(name for _, name in captures)}:
        return "or its capture is of another document than the chain says"
    others = {*entry.names} - {text_name(entry.number)}
    former = others - {name for name, _ in captures}
    is_known = all(name.startswith("entry-") for name in former)
    if (
        len(others) != len(captures) + len(former)
        or len(former) > 1
        or not is_known
    ):
        return "is of another capture than the chain says"
    return None


def unsigned_since(session: Session) -> datetime | None:
    last = last_timestamp(session)
    fetched = select(func.min(Check.checked_at)).select_from(Check).join(Capture)
    unsigned = Capture.entry > (last.entry if last else 0)
    return session.exec(fetched.where(unsigned)).one()


def missing_digests(digests: Collection[str], session: Session) -> Iterator[Damage]:
    left = {*digests}
    for entry in session.exec(select(ChainEntry).execution_options(yield_per=ROWS)):
        left.discard(entry.sha256)
    for gone in sorted(left):
        yield Damage(
            "chain",
            f"no entry has the SHA-256 {gone}: the chain was cut before it, or written anew",
        )


def capture_damage(
    session: Session, only: Sequence[int] | None = None
) -> Iterator[Damage]:
    wanted = select(Capture.id, Capture.document_id).order_by(col(Capture.id))
    if only is not None:
        wanted = wanted.where(col(Capture.id).in_(only))
    for id_, document in session.exec(wanted).all():
        for what in _differences(session, id_):
            yield Damage(document, f"capture {id_} is damaged: its {what}")


def _differences(session: Session, id_: int) -> list[str]:
    try:
        row = capture(session, id_)
        entry = session.get_one(ChainEntry, row.entry)
        previous = entry.lines[1].partition("  ")[0]
        written = row.entry_text(entry.number, previous).splitlines()
    except DamagedCapture:
        return [_DIFFERS[2]]
    except (NoResultFound, ValueError, TypeError, IndexError):
        return ["time, headers or entry can't be read"]
    session.expunge(row)
    lines = zip(_DIFFERS, written, entry.lines, strict=False)
    differences = [what for what, now, then in lines if now != then]
    if not differences and written != entry.lines:
        return ["entry is not the one that was written"]
    return differences
