"""Whether the store is as it was written: file, rows, references, and the captures, which are evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from math import inf
from time import monotonic
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter
from sqlalchemy import Boolean, Float, exists, func, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel
from sqlmodel.main import default_registry

from storage.checks import Outcome
from storage.database import Database, all_tables
from storage.deliveries import State
from storage.errors import with_advice
from storage.notices import NoticeKind
from storage.paragraphs import digest, index_rows, is_of, of_pack, paragraph_ids, stored_words, texts_of
from storage.verification import Damage, capture_damage, evidence_damage
from storage.versions import Cause
from storage.wal import truncation

_MOST = 20  # of one kind that are named; one bad page of a file can spoil thousands of rows
_SECONDS = 1  # that a daily look at the file may take; ten years of checks would take ten
_SAMPLE = 64  # captures of a daily look
_PART = 500  # rows at a time


class _Block(BaseModel):
    text: str


class _Page(BaseModel):
    blocks: list[_Block]


class _Quote(BaseModel):
    text: str
    side: Literal["before", "after"] = "after"


class _Brief(BaseModel):
    meaning: str | None = None
    default: Literal["on", "off"] | None = None
    data: list[_Quote] = []
    purposes: list[_Quote] = []
    recipients: list[_Quote] = []
    refuse: list[_Quote] = []
    excluded: list[_Quote] = []
    irreversible: list[_Quote] = []
    regions: list[_Quote] = []


_SEVERITY = Literal["high", "medium", "low", "none"]
_DIRECTION = Literal["expands", "limits", "clarifies", "mixed", "none"]
# what the values of a column must be, where its type says less
_SHAPES: dict[str, Any] = {
    "changes.brief": _Brief,
    "changes.cause": Cause,
    "changes.direction": _DIRECTION,
    "changes.severity": _SEVERITY,
    "checks.outcome": Outcome | None,
    "deliveries.kind": Literal["alert", "digest", "notice"],
    "deliveries.state": State,
    "notices.kind": NoticeKind,
    "passages.direction": _DIRECTION,
    "passages.marks": list[tuple[Literal["same", "removed", "added"], str]],
    "passages.operation": Literal["added", "removed", "reworded", "moved"],
    "passages.severity": _SEVERITY,
    "versions.cause": Cause,
    "versions.page": _Page,
}
all_tables()
_CAPTURES, _CHANGES, _VERSIONS, _PASSAGES, _TOPICS, _INTERVALS = (
    SQLModel.metadata.tables[name]
    for name in ("captures", "changes", "versions", "passages", "change_topics", "paragraph_intervals")
)


def daily_look(database: Database, day: int) -> Iterator[Damage]:
    """What can be found at a bounded cost: in the tables of a SQLite file and in some captures, others each day."""
    yield from run_check(database, lambda session: _structure(session, day))
    with database.reading() as session:
        ids = list(session.scalars(select(_CAPTURES.c.id).order_by(_CAPTURES.c.id)))
    start = day * _SAMPLE % max(1, len(ids))
    sample = [*ids[start:], *ids[:start]][:_SAMPLE]
    yield from run_check(database, lambda session: capture_damage(session, sample))


def all_damage(database: Database) -> Iterator[Damage]:
    """All that can be found; the whole store is read for it. It comes before anything else writes to the store."""
    if problem := truncation(database):
        yield Damage("database", problem)
    yield from run_check(database, _structure)
    for check in (_schema, _references, _owners, _numbers, _topics, _rows, evidence_damage, _paragraphs, _words):
        yield from run_check(database, check)


def run_check(database: Database, check: Callable[[Session], Iterator[Damage]]) -> Iterator[Damage]:
    """In a session of its own, for PostgreSQL ends one at its first failure."""
    damage: list[Damage] = []
    with database.reading() as session:
        try:
            damage += islice(check(session), _MOST + 1)
        except DBAPIError as failure:
            damage.append(Damage("database", with_advice(failure.orig)))
        except ValueError:  # of what can't be read; `_rows` says where
            pass
    yield from damage[:_MOST]
    if len(damage) > _MOST:
        yield Damage("database", "and more of that kind")


def _structure(session: Session, day: int | None = None) -> Iterator[Damage]:
    """Of a SQLite file: all of it, or on a `day` the tables that there is time for, each day from another one on."""
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
            yield from (Damage("database", f"its file: {line}") for line in lines if line != "ok")
    except DBAPIError:
        if monotonic() <= until:
            raise
    finally:
        driver.set_progress_handler(None, 0)


def _schema(session: Session) -> Iterator[Damage]:
    stored = inspect(session.connection())
    for table in SQLModel.metadata.sorted_tables:
        if not stored.has_table(table.name):
            yield Damage(table.name, "the table is missing")
            continue
        indexes = {index["name"] for index in stored.get_indexes(table.name)}
        for name in sorted({str(index.name) for index in table.indexes} - indexes):
            yield Damage(table.name, f"its index {name} is missing")


def _references(session: Session) -> Iterator[Damage]:
    for table in SQLModel.metadata.sorted_tables:
        document = table.c.get("document_id")
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
            other = key.column.table.alias()
            lost = select(key.parent, key.parent if document is None else document).where(
                key.parent.is_not(None), ~exists().where(other.c[key.column.name] == key.parent)
            )
            for value, of in session.execute(lost.distinct()):
                problem = f"{table.name}.{key.parent.name} names {key.column.table.name} {value}, which is missing"
                yield Damage(table.name if document is None else of, problem)


def _owners(session: Session) -> Iterator[Damage]:
    """What belongs together is of one document."""
    tables = SQLModel.metadata.tables
    pairs = (
        ("versions", "capture_id", "captures"),
        ("checks", "capture_id", "captures"),
        ("checks", "version_id", "versions"),
        ("changes", "version_id", "versions"),
    )
    for name, column, other_name in pairs:
        table, other = tables[name], tables[other_name]
        crossed = select(table.c.document_id, table.c.id, other.c.id).join(other, other.c.id == table.c[column])
        for document, id_, named in session.execute(crossed.where(other.c.document_id != table.c.document_id)):
            yield Damage(document, f"{name} {id_} names {other_name} {named}, which is another document's")


def _numbers(session: Session) -> Iterator[Damage]:
    """Versions are numbered from 1, the passages of a change from 0; and each version but the first has a change."""
    document, number = _VERSIONS.c.document_id, _VERSIONS.c.number
    numbers = select(document, func.count(), func.min(number), func.max(number)).group_by(document)
    for of, count, first, last in session.execute(numbers):
        if (first, last) != (1, count):
            yield Damage(of, f"of its versions up to {last} there are {count}")
    has_change = exists().where(_CHANGES.c.version_id == _VERSIONS.c.id)
    for of, missing in session.execute(select(document, number).where(number > 1, ~has_change)):
        yield Damage(of, f"version {missing} has no change")
    change, position = (_CHANGES.c.document_id, _CHANGES.c.id), _PASSAGES.c.position
    positions = select(*change, func.count(), func.min(position), func.max(position)).group_by(*change)
    for of, id_, count, first, last in session.execute(positions.join(_PASSAGES, _PASSAGES.c.change_id == change[1])):
        if (first, last) != (0, count - 1):
            yield Damage(of, f"of the passages of change {id_} some are missing")


def _topics(session: Session) -> Iterator[Damage]:
    listed = {(row.change_id, row.topic) for row in session.execute(select(_TOPICS))}
    for id_, document, topics in session.execute(select(_CHANGES.c.id, _CHANGES.c.document_id, _CHANGES.c.topics)):
        own = {(id_, topic) for topic in topics if isinstance(topic, str)}
        if not own <= listed:
            yield Damage(document, f"change {id_} can't be found by all of its topics")
        listed -= own
    for id_, topic in listed:
        yield Damage("change_topics", f"change {id_} is found by {topic}, which is not among its topics")


def _rows(session: Session) -> Iterator[Damage]:
    """Each value is read and validated by itself, past the model, which would stop at the first that can't be read."""
    dialect = session.connection().dialect
    models = {mapper.class_.__tablename__: mapper.class_ for mapper in default_registry.mappers}
    for table in SQLModel.metadata.sorted_tables:
        name, fields = table.name, models[table.name].model_fields
        columns = [each for each in table.columns if each is not table.c.get("body")]  # `capture_damage` reads it
        readers = {
            each.name: each.type.dialect_impl(dialect).result_processor(dialect, None)
            for each in columns
            if not isinstance(each.type, Boolean | Float)
        }
        shapes = {
            each.name: TypeAdapter(_SHAPES.get(f"{name}.{each.name}", fields[each.name].annotation)) for each in columns
        }
        raw = select(*(text(f'"{each.name}"') for each in columns)).select_from(table)
        for row in session.execute(raw, execution_options={"yield_per": _PART}).mappings():
            for column, shape in shapes.items():
                value, reader = row[column], readers.get(column)
                try:
                    shape.validate_python(reader(value) if reader and value is not None else value)
                except (ValueError, TypeError):
                    key = " ".join(str(row[each.name]) for each in table.primary_key)
                    yield Damage(str(row.get("document_id") or name), f"{name} {key}: its {column} can't be understood")


def _paragraphs(session: Session) -> Iterator[Damage]:
    """They are made from the versions, and say the same."""
    for document in session.scalars(select(_VERSIONS.c.document_id).distinct()).all():
        try:
            wanted = _intervals(session, document)
        except (ValueError, TypeError, AttributeError, KeyError):
            continue  # `_rows` says what is wrong with a page
        digests = {id_: key for key, id_ in paragraph_ids(session, document).items()}
        rows = session.execute(select(*_INTERVALS.c).where(*is_of(document)))
        if wanted != {(digests.get(id_), first, last) for id_, first, last in rows}:
            yield Damage(
                document, "its paragraphs, which search and dates are taken from, are not those of its versions"
            )


def _intervals(session: Session, document: str) -> set[tuple[str, int, int | None]]:
    ended: set[tuple[str, int, int | None]] = set()
    standing: dict[str, int] = {}
    pages = select(_VERSIONS.c.number, _VERSIONS.c.page).where(_VERSIONS.c.document_id == document)
    for number, page in session.execute(pages.order_by(_VERSIONS.c.number), execution_options={"yield_per": 20}):
        digests = {key for each in texts_of(page) if (key := digest(each))}
        ended |= {(key, standing.pop(key), number - 1) for key in standing.keys() - digests}
        standing |= dict.fromkeys(digests - standing.keys(), number)
    return ended | {(key, first, None) for key, first in standing.items()}


def _words(session: Session) -> Iterator[Damage]:
    """The index of words is what the paragraphs would make it."""
    is_sqlite = session.connection().dialect.name == "sqlite"
    ids = _misindexed_sqlite(session) if is_sqlite else _misindexed_postgresql(session)
    owners = {session.scalar(select(of_pack("document_id", id_))) for id_ in ids[:_PART]}
    for document in sorted(owner or "paragraph_words" for owner in owners):
        yield Damage(document, "search does not find its paragraphs by the words that they have")


def _misindexed_sqlite(session: Session) -> list[int]:
    """The index holds no text: it is compared, word by word, with one that is made anew."""
    connection = session.connection()
    index = "fts5(words, content='', columnsize=0, tokenize='ascii')"  # as the migration makes it
    connection.exec_driver_sql(f"CREATE VIRTUAL TABLE temp.fresh USING {index}")
    for pack in stored_words(session):
        connection.exec_driver_sql("INSERT INTO temp.fresh (rowid, words) VALUES (?, ?)", index_rows(connection, pack))
    for name, schema, of in (("stored", "main", "paragraph_words"), ("wanted", "temp", "fresh")):
        connection.exec_driver_sql(f"CREATE VIRTUAL TABLE temp.{name} USING fts5vocab({schema}, {of}, instance)")
    columns = 'doc, term, "offset"'
    stored, wanted = f"SELECT {columns} FROM temp.stored", f"SELECT {columns} FROM temp.wanted"  # noqa: S608  # our own
    differing = f"SELECT doc FROM ({stored} EXCEPT {wanted}) UNION SELECT doc FROM ({wanted} EXCEPT {stored})"  # noqa: S608
    return list(connection.exec_driver_sql(differing).scalars())


def _misindexed_postgresql(session: Session) -> list[int]:
    connection = session.connection()
    last_id = "(SELECT last_id FROM paragraph_packs WHERE first_id <= paragraph_id ORDER BY first_id DESC LIMIT 1)"
    orphans = f"SELECT paragraph_id FROM paragraph_words WHERE coalesce({last_id}, 0) < paragraph_id"  # noqa: S608
    ids = list(connection.exec_driver_sql(orphans).scalars())
    pack = "unnest(%s::bigint[], %s::text[]) AS pack (id, wanted) LEFT JOIN paragraph_words ON paragraph_id = id"
    differing = f"SELECT id FROM {pack} WHERE words IS DISTINCT FROM wanted::tsvector"  # noqa: S608
    for each in stored_words(session):
        rows = index_rows(connection, each)
        ids += connection.exec_driver_sql(differing, tuple(map(list, zip(*rows, strict=True)))).scalars()
    return ids
