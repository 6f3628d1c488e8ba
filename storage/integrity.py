"""Whether the store is as it was written: file, rows, references, and the captures, which are evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from time import monotonic
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter
from sqlalchemy import Boolean, Float, LargeBinary, Table, exists, func, inspect, select, text, type_coerce
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

from storage.alerts import Alert
from storage.captures import Capture
from storage.changes import Change, ChangeTopic, StoredPassage
from storage.checks import Check, Outcome
from storage.columns import decompressed
from storage.database import Database
from storage.deliveries import Delivery, DeliveryItem, State
from storage.documents import Document
from storage.errors import with_advice
from storage.notices import Notice, NoticeKind
from storage.paragraphs import Paragraph, ParagraphInterval, digest, place_of, texts_of, vector
from storage.second_readings import SecondReading
from storage.tokenizer import words
from storage.versions import Cause, Import, Version
from storage.wal import truncation

_MOST = 20  # of one kind that are named; one bad page of a file can spoil thousands of rows
_SECONDS = 10  # that a daily look at the file may take
_SAMPLE = 64  # captures of a daily look
_PART = 500  # rows at a time

_TABLES: tuple[type[SQLModel], ...] = (
    *(Alert, Capture, Change, ChangeTopic, Check, Delivery, DeliveryItem, Document, Import, Notice, Paragraph),
    *(SecondReading, ParagraphInterval, StoredPassage, Version),
)


class _Block(BaseModel):
    text: str
    kind: str = ""
    heading: list[str] = []
    links: list[dict[str, str]] = []


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


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


_CAPTURES, _CHANGES, _CHECKS, _VERSIONS = _table(Capture), _table(Change), _table(Check), _table(Version)
_PARAGRAPHS, _STANDINGS = _table(Paragraph), _table(ParagraphInterval)
_PASSAGES, _TOPICS = _table(StoredPassage), _table(ChangeTopic)


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is not as it was written; `about` is the document that it touches, else a table or the file."""

    about: str
    problem: str


def daily_look(database: Database, day: int) -> Iterator[Damage]:
    """What can be found at a bounded cost: in the structure of a SQLite file, and in some captures, others each day."""
    until = monotonic() + _SECONDS
    yield from _looked(database, lambda session: _structure(session, "quick_check", until))
    with database.reading() as session:
        ids = list(session.scalars(select(_CAPTURES.c.id).order_by(_CAPTURES.c.id)))
    start = day * _SAMPLE % max(1, len(ids))
    chosen = [*ids[start : start + _SAMPLE], *ids[: max(0, min(start, start + _SAMPLE - len(ids)))]]
    yield from _looked(database, lambda session: _captures(session, chosen))


def all_damage(database: Database) -> Iterator[Damage]:
    """All that can be found; the whole store is read for it. It comes before anything else writes to the store."""
    looks: tuple[Callable[[Session], Iterator[Damage]], ...] = (
        lambda _session: _log(database),
        lambda session: _structure(session, "integrity_check"),
        *(_schema, _references, _owners, _numbers, _topics, _rows, _captures, _paragraphs, _words),
    )
    for look in looks:
        yield from _looked(database, look)


def _looked(database: Database, look: Callable[[Session], Iterator[Damage]]) -> Iterator[Damage]:
    """A session for each, for PostgreSQL ends one at its first failure."""
    found: list[Damage] = []
    with database.reading() as session:
        try:
            found += islice(look(session), _MOST + 1)
        except DBAPIError as failure:
            found.append(Damage("database", with_advice(failure.orig)))
        except ValueError:  # of what can't be read; `_rows` says where
            pass
    yield from found[:_MOST]
    if len(found) > _MOST:
        yield Damage("database", "and more of that kind")


def _log(database: Database) -> Iterator[Damage]:
    if problem := truncation(database):
        yield Damage("database", problem)


def _structure(session: Session, check: str, until: float | None = None) -> Iterator[Damage]:
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    if until is not None:
        driver.set_progress_handler(lambda: monotonic() > until, 100_000)
    try:
        lines = connection.exec_driver_sql(f"PRAGMA {check}").scalars().all()
    except DBAPIError:
        if until is None or monotonic() <= until:
            raise
        return  # too large for a daily look
    finally:
        driver.set_progress_handler(None, 0)
    yield from (Damage("database", f"its file: {line}") for line in lines if line != "ok")


def _schema(session: Session) -> Iterator[Damage]:
    there = inspect(session.connection())
    for table in SQLModel.metadata.sorted_tables:
        if not there.has_table(table.name):
            yield Damage(table.name, "the table is missing")
            continue
        indexes = {each["name"] for each in there.get_indexes(table.name)}
        for index in sorted(str(each.name) for each in table.indexes if each.name not in indexes):
            yield Damage(table.name, f"its index {index} is missing")


def _references(session: Session) -> Iterator[Damage]:
    for table in SQLModel.metadata.sorted_tables:
        of = table.c.document_id if "document_id" in table.c else None
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
            other = key.column.table.alias()
            lost = select(key.parent, key.parent if of is None else of).where(
                key.parent.is_not(None), ~exists().where(other.c[key.column.name] == key.parent)
            )
            for value, document in session.execute(lost.distinct()):
                about = table.name if of is None else document
                yield Damage(
                    about, f"{table.name}.{key.parent.name} names {key.column.table.name} {value}, which is missing"
                )


def _owners(session: Session) -> Iterator[Damage]:
    """What belongs together is of one document."""
    pairs = (
        (_VERSIONS, "capture_id", _CAPTURES),
        (_CHECKS, "capture_id", _CAPTURES),
        (_CHECKS, "version_id", _VERSIONS),
        (_CHANGES, "version_id", _VERSIONS),
    )
    for table, name, other in pairs:
        crossed = select(table.c.document_id, table.c.id, other.c.id).join(other, other.c.id == table.c[name])
        for document, id_, named in session.execute(crossed.where(other.c.document_id != table.c.document_id)):
            yield Damage(document, f"{table.name} {id_} names {other.name} {named}, which is another document's")


def _numbers(session: Session) -> Iterator[Damage]:
    """Versions are numbered from 1, the passages of a change from 0; and each version but the first has a change."""
    document, number = _VERSIONS.c.document_id, _VERSIONS.c.number
    counted = select(document, func.count(), func.min(number), func.max(number)).group_by(document)
    for of, count, first, last in session.execute(counted):
        if (first, last) != (1, count):
            yield Damage(of, f"of its versions up to {last} there are {count}")
    changed = exists().where(_CHANGES.c.version_id == _VERSIONS.c.id)
    for of, missing in session.execute(select(document, number).where(number > 1, ~changed)):
        yield Damage(of, f"version {missing} has no change")
    change, place = (_CHANGES.c.document_id, _CHANGES.c.id), _PASSAGES.c.position
    counted = select(*change, func.count(), func.min(place), func.max(place)).group_by(*change)
    for of, id_, count, first, last in session.execute(counted.join(_PASSAGES, _PASSAGES.c.change_id == change[1])):
        if (first, last) != (0, count - 1):
            yield Damage(of, f"of the passages of change {id_} some are missing")


def _topics(session: Session) -> Iterator[Damage]:
    listed = {(row.change_id, row.topic) for row in session.execute(select(_TOPICS))}
    for id_, document, topics in session.execute(select(_CHANGES.c.id, _CHANGES.c.document_id, _CHANGES.c.topics)):
        named = {(id_, topic) for topic in topics if isinstance(topic, str)}
        if not named <= listed:
            yield Damage(document, f"change {id_} can't be found by all of its topics")
        listed -= named
    for id_, topic in listed:
        yield Damage("change_topics", f"change {id_} is found by {topic}, which is not among its topics")


def _annotation(model: type[SQLModel], name: str) -> Any:
    return model.model_fields[name].annotation


def _rows(session: Session) -> Iterator[Damage]:
    dialect = session.connection().dialect
    for model in _TABLES:
        table = _table(model)
        columns = [each for each in table.columns if each is not table.c.get("body")]  # `_captures` looks at it
        readers = {
            each.name: each.type.dialect_impl(dialect).result_processor(dialect, None)
            for each in columns
            if not isinstance(each.type, Boolean | Float)
        }
        shapes = {
            each.name: TypeAdapter(_SHAPES.get(f"{table.name}.{each.name}", _annotation(model, each.name)))
            for each in columns
        }
        raw = select(*(text(f'"{each.name}"') for each in columns)).select_from(table)
        for row in session.execute(raw, execution_options={"yield_per": _PART}).mappings():
            for name, shape in shapes.items():
                value, reader = row[name], readers.get(name)
                try:
                    shape.validate_python(reader(value) if reader and value is not None else value)
                except (ValueError, TypeError):
                    key = " ".join(str(row[each.name]) for each in table.primary_key)
                    about = row.get("document_id") or table.name
                    yield Damage(str(about), f"{table.name} {key}: its {name} can't be understood")


def _captures(session: Session, only: Sequence[int | None] | None = None) -> Iterator[Damage]:
    of = _CAPTURES.c
    wanted = select(of.id, of.document_id, of.sha256, of.size, type_coerce(of.body, LargeBinary))
    if only is not None:
        wanted = wanted.where(of.id.in_(only))
    for id_, document, digest_, size, kept in session.execute(wanted, execution_options={"yield_per": 20}):
        try:
            bytes_ = decompressed(kept)
            intact = len(bytes_) == size and sha256(bytes_).hexdigest() == digest_
        except ValueError:
            intact = False
        if not intact:
            yield Damage(document, f"capture {id_} is damaged: its bytes are not those that were fetched")


def _paragraphs(session: Session) -> Iterator[Damage]:
    """They are made from the versions, and say the same."""
    of = _VERSIONS.c
    for document in session.scalars(select(of.document_id).distinct()).all():
        stood: set[tuple[str, int, int | None]] = set()
        standing: dict[str, int] = {}
        pages = select(of.number, of.page).where(of.document_id == document).order_by(of.number)
        try:
            for number, page in session.execute(pages, execution_options={"yield_per": 20}):
                now = {key for each in texts_of(page) if (key := digest(each))}
                stood |= {(key, standing.pop(key), number - 1) for key in standing.keys() - now}
                standing |= dict.fromkeys(now - standing.keys(), number)
        except (ValueError, TypeError, AttributeError, KeyError):
            continue  # `_rows` says what is wrong with a page
        stood |= {(key, first, None) for key, first in standing.items()}
        kept = select(_PARAGRAPHS.c.text, _PARAGRAPHS.c.digest, _STANDINGS.c.first, _STANDINGS.c.last)
        mine = kept.join(_STANDINGS, _STANDINGS.c.paragraph_id == _PARAGRAPHS.c.id)
        mine = mine.where(_STANDINGS.c.document_id == document)
        rows = session.execute(mine).all()
        if stood != {tuple(row[1:]) for row in rows} or any(digest(row[0]) != row[1] for row in rows):
            yield Damage(
                document, "its paragraphs, which search and dates are taken from, are not those of its versions"
            )


_TEXTS = select(_PARAGRAPHS.c.id, _PARAGRAPHS.c.document_id, _PARAGRAPHS.c.text)


def _words(session: Session) -> Iterator[Damage]:
    """The index of words is what today's paragraphs would make it."""
    find = _misindexed_sqlite if session.connection().dialect.name == "sqlite" else _misindexed_postgresql
    ids = find(session)
    of = select(_PARAGRAPHS.c.id, _PARAGRAPHS.c.document_id).where(_PARAGRAPHS.c.id.in_(ids[:_PART]))
    owners = dict(session.execute(of).tuples().all())
    for document in sorted({owners.get(id_, "paragraph_words") for id_ in ids}):
        yield Damage(document, "search does not find its paragraphs by the words that they have")


def _misindexed_sqlite(session: Session) -> list[int]:
    """The index holds no text: it is compared, word by word, with one that is made anew."""
    connection = session.connection()
    index = "fts5(words, place, content='', columnsize=0, tokenize='ascii')"  # as the migration makes it
    connection.exec_driver_sql(f"CREATE VIRTUAL TABLE temp.fresh USING {index}")
    for id_, document, content in session.execute(_TEXTS).all():
        row = {"id": id_, "words": " ".join(word.folded for word in words(content)), "place": place_of(document)}
        connection.execute(text("INSERT INTO temp.fresh (rowid, words, place) VALUES (:id, :words, :place)"), row)
    for name, schema, of in (("there", "main", "paragraph_words"), ("wanted", "temp", "fresh")):
        connection.exec_driver_sql(f"CREATE VIRTUAL TABLE temp.{name} USING fts5vocab({schema}, {of}, instance)")
    columns = 'doc, term, col, "offset"'
    one, other = f"SELECT {columns} FROM temp.there", f"SELECT {columns} FROM temp.wanted"  # noqa: S608  # our own
    differs = f"SELECT doc FROM ({one} EXCEPT {other}) UNION SELECT doc FROM ({other} EXCEPT {one})"  # noqa: S608
    return list(connection.exec_driver_sql(differs).scalars())


def _misindexed_postgresql(session: Session) -> list[int]:
    connection = session.connection()
    strange = "SELECT paragraph_id FROM paragraph_words EXCEPT SELECT id FROM paragraphs"
    ids = list(connection.exec_driver_sql(strange).scalars())
    kept = text("SELECT words = CAST(:words AS tsvector) FROM paragraph_words WHERE paragraph_id = :id")
    for id_, document, content in session.execute(_TEXTS).all():
        expected = vector([word.folded for word in words(content)], place_of(document))
        if not connection.execute(kept, {"id": id_, "words": expected}).scalar():
            ids.append(id_)
    return ids
