"""Paragraphs: each text of a document once, with the versions that contain it.

Indexed in the transaction that writes a version, and rebuilt by `reindex`: search, "since when does this stand here"
and the chart of a document over the years read no version.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    Integer,
    String,
    cast,
    delete,
    insert,
    or_,
    text,
    update,
)
from sqlmodel import Field, Session, SQLModel, col, func, select

from storage.columns import CompressedJson
from storage.documents import Document
from storage.tokenizer import folded_words, stems
from storage.versions import Version

Mentions = Callable[[str], Mapping[str, int]]  # how often a text mentions each topic

_IN_A_SECOND = 2**20  # paragraphs that can begin at one time; with the seconds still exact where numbers are floats
_NEW_IDS = 0x706F6C6963790003  # "policy", 3: among the advisory locks of a PostgreSQL database
_PART = 500  # bound values in a statement
_TOGETHER = 100  # texts that are compressed as one
_ROW_ID = BigInteger().with_variant(Integer, "sqlite")  # whose tables are in the order of a key of this very type
_NUMBER_IN_FRONT = re.compile(r"^\W*(?:\(?(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s+)?")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_SIGNS = re.compile(r"[\W_]+")


class Paragraph(SQLModel, table=True):
    """Its `id` grows with the time from which the text stands, so that the index of words is in the order of time."""

    __tablename__ = "paragraphs"

    id: int = Field(sa_type=_ROW_ID, primary_key=True)
    document_id: str = Field(foreign_key="documents.id", index=True)
    digest: str  # of what must be the same for the text to be the same; once in a document
    words: int
    mentions: dict[str, int] | None = Field(default=None, sa_type=JSON)  # by topic; None: not counted


class ParagraphTexts(SQLModel, table=True):
    """Texts of a document's paragraphs whose ids follow each other; one by one they would not compress."""

    __tablename__ = "paragraph_texts"

    first_id: int = Field(sa_type=_ROW_ID, primary_key=True, foreign_key="paragraphs.id")
    texts: list[str] = Field(sa_type=CompressedJson)
    language: str  # of their stems: the document's when the texts came


class ParagraphInterval(SQLModel, table=True):
    """Versions in a row, by their numbers, that contain a paragraph; `last` is None while the newest one does."""

    __tablename__ = "paragraph_intervals"
    __table_args__ = {"sqlite_with_rowid": False}

    paragraph_id: int = Field(sa_type=BigInteger, primary_key=True, foreign_key="paragraphs.id")
    first: int = Field(primary_key=True)
    last: int | None = None


def digest(text: str) -> str | None:
    """Equal for texts with the same words, whatever their case, the signs between them and a number in front.

    None for a text without a letter or digit.
    """
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
    plain = _SIGNS.sub(" ", _NUMBER_IN_FRONT.sub("", folded, count=1)).strip() or _SIGNS.sub(" ", folded).strip()
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()[:32] if plain else None


def earliest_id(moment: datetime) -> int:
    """Below the ids of paragraphs that stand from that time on, above those from before."""
    return max(0, int(moment.astimezone(UTC).timestamp())) * _IN_A_SECOND


def index_version(session: Session, version: Version, mentions: Mentions | None = None) -> None:
    """Index a document's newest version; a version that comes before others is left to `reindex`."""
    session.flush()
    later = select(Version.id).where(Version.document_id == version.document_id, col(Version.number) > version.number)
    if session.exec(later.limit(1)).first() is None:
        _index(session, version.document_id, version.number, version.captured_at, version.page, mentions)


def texts_of(page: Any) -> list[str]:
    """The texts of `Version.page`. PostgreSQL can't store the NUL that an old page may contain."""
    return [str(block["text"]).replace("\0", "\ufffd") for block in page.get("blocks", ())]


def _index(
    session: Session, document_id: str, number: int, moment: datetime, page: Any, mentions: Mentions | None
) -> None:
    texts = {key: each for each in texts_of(page) if (key := digest(each))}
    connection = session.connection()
    standing = (
        select(Paragraph.digest, Paragraph.id)
        .join(ParagraphInterval, _of_paragraph())
        .where(Paragraph.document_id == document_id, col(ParagraphInterval.last).is_(None))
    )
    current: dict[str, int] = dict(connection.execute(standing).all())
    for part in _parts([id_ for key, id_ in current.items() if key not in texts]):
        ended = col(ParagraphInterval.paragraph_id).in_(part), col(ParagraphInterval.last).is_(None)
        connection.execute(update(ParagraphInterval).where(*ended).values(last=number - 1))
    new = [key for key in texts if key not in current]
    ids: dict[str, int] = {}
    for part in _parts(new):
        known = select(Paragraph.digest, Paragraph.id).where(Paragraph.document_id == document_id)
        ids |= dict(connection.execute(known.where(col(Paragraph.digest).in_(part))).all())
    if unseen := {key: texts[key] for key in new if key not in ids}:
        ids |= _write(connection, document_id, moment, unseen, mentions)
    rows = [{"paragraph_id": ids[key], "first": number, "last": None} for key in new]
    if rows:
        connection.execute(insert(ParagraphInterval), rows)


def _write(
    connection: Connection, document_id: str, moment: datetime, texts: Mapping[str, str], mentions: Mentions | None
) -> dict[str, int]:
    if connection.dialect.name == "postgresql":  # else two that begin at one time could get the same ids
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _NEW_IDS})
    first = earliest_id(moment)
    same_time = select(func.max(Paragraph.id)).where(
        col(Paragraph.id) >= first, col(Paragraph.id) < first + _IN_A_SECOND
    )
    last = connection.execute(same_time).scalar()
    ids = {key: id_ for id_, key in enumerate(texts, first if last is None else last + 1)}
    language = connection.execute(select(Document.language).where(Document.id == document_id)).scalar_one()
    entries = {ids[key]: index_entry(each, document_id, language) for key, each in texts.items()}
    rows = [
        {
            "id": ids[key],
            "document_id": document_id,
            "digest": key,
            "words": len(entries[ids[key]].words),
            "mentions": dict(mentions(each)) if mentions else None,
        }
        for key, each in texts.items()
    ]
    connection.execute(insert(Paragraph), rows)
    connection.execute(insert(ParagraphTexts), rows_of_texts(min(ids.values()), [*texts.values()], language))
    write_words(connection, entries)
    return ids


def rows_of_texts(first_id: int, texts: Sequence[str], language: str) -> list[dict[str, Any]]:
    """Of `ParagraphTexts`, for paragraphs whose ids follow each other."""
    starts = range(0, len(texts), _TOGETHER)
    return [
        {"first_id": first_id + start, "texts": texts[start : start + _TOGETHER], "language": language}
        for start in starts
    ]


def place_of(document_id: str) -> str:
    """A word that no text has, by which the index of words knows the paragraphs of a document."""
    return f"d{hashlib.sha256(document_id.encode()).hexdigest()[:20]}"


class IndexEntry(NamedTuple):
    """What the index of words holds of a paragraph: its words in order, and its document's place with its stems."""

    words: Sequence[str]
    marks: Sequence[str]


def index_entry(paragraph: str, document_id: str, language: str) -> IndexEntry:
    words = folded_words(paragraph)
    return IndexEntry(words, [place_of(document_id), *stems(paragraph, language, len(words))])


def write_words(connection: Connection, entries: Mapping[int, IndexEntry]) -> None:
    """Index paragraphs, by their ids."""
    if connection.dialect.name == "sqlite":
        statement = text("INSERT INTO paragraph_words (rowid, words, marks) VALUES (:id, :words, :marks)")
        rows = [{"id": id_, **fts_columns(entry)} for id_, entry in entries.items()]
    else:
        statement = text("INSERT INTO paragraph_words (paragraph_id, words) VALUES (:id, CAST(:words AS tsvector))")
        rows = [{"id": id_, "words": vector(entry)} for id_, entry in entries.items()]
    connection.execute(statement, rows)


def fts_columns(entry: IndexEntry) -> dict[str, str]:
    """What SQLite keeps of a paragraph."""
    return {name: " ".join(values) for name, values in entry._asdict().items()}


def vector(entry: IndexEntry) -> str:
    """What PostgreSQL keeps of a paragraph."""
    positions: dict[str, list[str]] = {}
    for position, word in enumerate(entry.words, 1):
        positions.setdefault(word, []).append(str(position))
    return " ".join([*(f"'{word}':{','.join(at)}" for word, at in positions.items()), *(f"'{m}'" for m in entry.marks)])


def reindex(session: Session, document_id: str, mentions: Mentions | None = None) -> None:
    """Index all versions of a document anew, after texts were read again or inserted between others."""
    session.flush()
    _forget(session.connection(), document_id)
    ids = select(Version.id).where(Version.document_id == document_id).order_by(col(Version.number))
    for id_ in session.exec(ids).all():  # one page at a time in memory
        row = select(Version.number, Version.captured_at, Version.page).where(Version.id == id_)
        _index(session, document_id, *session.exec(row).one(), mentions)


def _forget(connection: Connection, document_id: str) -> None:
    if connection.dialect.name == "sqlite":  # an index without contents has to be told what it forgets
        statement = text(
            "INSERT INTO paragraph_words (paragraph_words, rowid, words, marks) VALUES ('delete', :id, :words, :marks)"
        )
        for id_, *indexed in [*stored_texts(connection, document_id)]:
            connection.execute(statement, {"id": id_, **fts_columns(index_entry(*indexed))})
    for key in (ParagraphTexts.first_id, ParagraphInterval.paragraph_id):
        connection.execute(delete(key.class_).where(col(key).in_(_ids_of(document_id))))  # type: ignore[attr-defined]
    connection.execute(delete(Paragraph).where(col(Paragraph.document_id) == document_id))


def counted(session: Session, document_id: str, mentions: Mentions) -> Mentions:
    """The same, with the answers for all texts of a document at hand: `reindex` asks for them in a transaction."""
    cached = lru_cache(maxsize=None)(mentions)
    for id_ in session.exec(select(Version.id).where(Version.document_id == document_id)).all():
        for each in texts_of(session.exec(select(Version.page).where(Version.id == id_)).one()):
            cached(each)
    return cached


def move_on(session: Session, document_id: str, number: int) -> None:
    """Follow the versions from `number` on, which are numbered one higher now; the version that came before them is
    left to `reindex`."""
    of_document = col(ParagraphInterval.paragraph_id).in_(_ids_of(document_id))
    first, last = col(ParagraphInterval.first), col(ParagraphInterval.last)
    session.exec(update(ParagraphInterval).where(of_document, last >= number).values(last=last + 1))
    # by way of negative numbers: each row alone must be a key at every moment
    session.exec(update(ParagraphInterval).where(of_document, first >= number).values(first=-first))
    session.exec(update(ParagraphInterval).where(of_document, first < 0).values(first=1 - first))


def stored_texts(
    connection: Connection | Session, document_id: str | None = None
) -> Iterator[tuple[int, str, str, str]]:
    """Each paragraph's id, text, document and language, of one document or of all."""
    rows = select(ParagraphTexts.first_id, ParagraphTexts.texts, Paragraph.document_id, ParagraphTexts.language)
    rows = rows.join(Paragraph, col(Paragraph.id) == col(ParagraphTexts.first_id))
    rows = rows if document_id is None else rows.where(Paragraph.document_id == document_id)
    for first, texts, document, language in connection.execute(rows, execution_options={"yield_per": _TOGETHER}):
        yield from ((id_, each, document, language) for id_, each in enumerate(texts, first))


def paragraph_texts(session: Session, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Texts with their languages, by the ids of paragraphs."""
    before = select(func.max(ParagraphTexts.first_id)).where(col(ParagraphTexts.first_id) <= Paragraph.id)
    places = select(Paragraph.id, before.correlate(Paragraph).scalar_subquery()).where(col(Paragraph.id).in_(ids))
    firsts = dict(session.exec(places).all())
    rows = session.exec(select(ParagraphTexts).where(col(ParagraphTexts.first_id).in_({*firsts.values()})))
    rows_by_id = {row.first_id: row for row in rows}
    of = {id_: rows_by_id[first] for id_, first in firsts.items()}
    return {id_: (row.texts[id_ - row.first_id], row.language) for id_, row in of.items()}


def _ids_of(document_id: str) -> Any:
    return select(Paragraph.id).where(Paragraph.document_id == document_id)


def _of_paragraph() -> Any:
    return col(ParagraphInterval.paragraph_id) == col(Paragraph.id)


class Since(NamedTuple):
    """The version from which on a text has stood without a break, up to the version that was asked about."""

    number: int
    captured_at: datetime


def blame(session: Session, version: Version) -> list[Since | None]:
    """For each block of a version since when it stands there; None for blocks without a letter."""
    number = version.number
    at = (
        select(Paragraph.digest, ParagraphInterval.first, Version.captured_at)
        .join(ParagraphInterval, _of_paragraph())
        .join(Version, col(Version.number) == col(ParagraphInterval.first))
        .where(Paragraph.document_id == version.document_id, Version.document_id == version.document_id)
        .where(col(ParagraphInterval.first) <= number)
        .where(or_(col(ParagraphInterval.last).is_(None), col(ParagraphInterval.last) >= number))
    )
    since = {key: Since(first, moment) for key, first, moment in session.exec(at)}
    return [since.get(digest(each) or "") for each in texts_of(version.page)]


@dataclass(frozen=True, slots=True)
class Point:
    """A version in a document's course: how many words it has, and how often its text mentions each topic."""

    number: int
    captured_at: datetime
    words: int
    mentions: dict[str, int] = field(default_factory=dict)


def course(session: Session, document_id: str) -> list[Point]:
    """All versions, oldest first. A text that stands twice in one counts once."""
    # what comes with each version, less what goes
    word_counts: Counter[int] = Counter()
    topic_counts: dict[int, Counter[str]] = defaultdict(Counter)
    parsed = lru_cache(maxsize=None)(lambda stored: json.loads(stored or "{}") or {})  # most paragraphs are alike
    first, last = ParagraphInterval.first, ParagraphInterval.last
    intervals = select(first, last, Paragraph.words, cast(col(Paragraph.mentions), String))
    joined = intervals.join(Paragraph, _of_paragraph()).where(Paragraph.document_id == document_id)
    for came, went, word_count, mentions in session.execute(joined):
        for number, sign in ((came, 1), (went + 1 if went is not None else None, -1)):
            if number is not None:
                word_counts[number] += sign * word_count
                for topic, count in parsed(mentions).items():
                    topic_counts[number][topic] += sign * count
    versions = select(Version.number, Version.captured_at).where(Version.document_id == document_id)
    points, length, topics = [], 0, Counter[str]()
    for number, moment in session.execute(versions.order_by(col(Version.number))):
        length += word_counts[number]
        if number in topic_counts:
            topics.update(topic_counts[number])
        points.append(Point(number, moment, length, {topic: count for topic, count in topics.items() if count}))
    return points


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + _PART] for start in range(0, len(values), _PART))
