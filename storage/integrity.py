"""Whether the store is as it was written: file, references, values, evidence, paragraphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, islice
from math import inf
from time import monotonic

from sqlalchemy import inspect
from sqlalchemy import select as select_columns
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from storage.captures import Capture
from storage.columns import ROWS
from storage.database import Database, all_tables
from storage.errors import with_advice
from storage.paragraphs import ParagraphInterval, ParagraphPack, digest, is_of, texts_of
from storage.verification import Damage, capture_damage, evidence_damage, sample_of_day
from storage.versions import Version
from storage.wal import truncation

# one bad page of a file can spoil thousands of rows
_MOST = 20
# ten years of checks would take ten
_SECONDS = 1


def daily_look(database: Database, day: int) -> Iterator[Damage]:
    """At bounded cost: tables of a SQLite file and some captures, others each day."""
    yield from run_check(database, lambda session: _structure(session, day))
    with database.reading() as session:
        ids = list(session.exec(select(Capture.id).order_by(col(Capture.id))))
    sample = sample_of_day(ids, day)
    yield from run_check(database, lambda session: capture_damage(session, sample))


def all_damage(database: Database) -> Iterator[Damage]:
    """The whole store, before anything else writes to it."""
    if problem := truncation(database):
        yield Damage("database", problem)
    for check in (
        _schema,
        _structure,
        _references,
        _values,
        evidence_damage,
        _paragraphs,
    ):
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
        except ValueError:  # reported by `_values`
            pass
    yield from damage[:_MOST]
    if len(damage) > _MOST:
        yield Damage("database", "and more of that kind")


def _schema(session: Session) -> Iterator[Damage]:
    from storage.schema_upgrade import missing_parts

    for column in missing_parts(session.connection()) or ():
        yield Damage("database", f"it lacks {column}, which its schema has")


def _structure(session: Session, day: int | None = None) -> Iterator[Damage]:
    """Of a SQLite file: everything, or on a `day` as many tables as there is time for."""
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    checks, until = ["integrity_check"], inf
    if day is not None:
        names = inspect(connection).get_table_names()
        start, until = day % len(names), monotonic() + _SECONDS
        checks = [f"quick_check('{name}')" for name in names[start:] + names[:start]]
    driver.set_progress_handler(lambda: monotonic() > until, 100_000)
    try:
        for check in checks:
            lines = connection.exec_driver_sql(f"PRAGMA {check}").scalars().all()
            yield from (
                Damage("database", f"its file: {line}")
                for line in lines
                if line != "ok"
            )
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
                table, f"row {row} of {table} names one of {other}, which is missing"
            )


def _values(session: Session) -> Iterator[Damage]:
    """As the program reads them, except bodies (`capture_damage`)."""
    for table in all_tables():
        columns = [
            column for column in table.columns if column is not table.c.get("body")
        ]
        try:
            for _ in session.execute(
                select_columns(*columns), execution_options={"yield_per": ROWS}
            ):
                pass
        except (ValueError, TypeError):
            for key in session.execute(select_columns(*table.primary_key)).all():
                row = zip(table.primary_key, key, strict=True)
                try:
                    session.execute(
                        select_columns(*columns).where(
                            *(column == value for column, value in row)
                        )
                    ).all()
                except (ValueError, TypeError):
                    yield Damage(
                        table.name, f"its row {' '.join(map(str, key))} can't be read"
                    )


def _paragraphs(session: Session) -> Iterator[Damage]:
    """Derived from the versions, so they must match."""
    for document in session.exec(select(Version.document_id).distinct()).all():
        try:
            is_whole = _stored_intervals(session, document) == _intervals(
                session, document
            )
        except (
            ValueError,
            TypeError,
            AttributeError,
            KeyError,
        ):  # of an unreadable page
            is_whole = False
        if not is_whole:
            problem = "its paragraphs, which search and dates are taken from, are not those of its versions"
            yield Damage(
                document, f"{problem}; `policywatch read --again` makes them anew"
            )


_Intervals = set[tuple[str | None, int, int | None]]  # digest, first and last version


def _stored_intervals(session: Session, document: str) -> _Intervals:
    digests: dict[int, str | None] = {}
    packs = select(ParagraphPack.first_id, ParagraphPack.digests, ParagraphPack.texts)
    for first, stored, texts in session.exec(
        packs.where(ParagraphPack.document_id == document)
    ):
        keys = [digest(each) for each in texts]
        if stored == bytes.fromhex("".join(key or "" for key in keys)):
            digests |= zip(count(first), keys, strict=False)
    rows = session.exec(select(ParagraphInterval).where(*is_of(document)))
    return {(digests.get(row.paragraph_id), row.first, row.last) for row in rows}


def _intervals(session: Session, document: str) -> _Intervals:
    ended: _Intervals = set()
    standing: dict[str, int] = {}
    pages = select(Version.number, Version.page).where(Version.document_id == document)
    for number, page in session.exec(
        pages.order_by(col(Version.number)), execution_options={"yield_per": 20}
    ):
        digests = {key for each in texts_of(page) if (key := digest(each))}
        ended |= {
            (key, standing.pop(key), number - 1) for key in standing.keys() - digests
        }
        standing |= dict.fromkeys(digests - standing.keys(), number)
    return ended | {(key, first, None) for key, first in standing.items()}
