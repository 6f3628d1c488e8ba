"""Paragraphs: each text of a document once, with the versions that it stands in.

Made from the versions in the transaction that writes them, and rebuilt by `reindex`. It answers what search,
"since when does this stand here" and the course of a document over the years ask, without opening a version.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    Index,
    String,
    UniqueConstraint,
    and_,
    cast,
    delete,
    insert,
    or_,
    text,
    update,
)
from sqlmodel import Field, Session, SQLModel, col, func, select

from storage.tokenizer import words
from storage.versions import Version

Mentions = Callable[[str], Mapping[str, int]]  # how often a text mentions each topic

_IN_A_SECOND = 2**20  # paragraphs that can begin at one time; with the seconds still exact where numbers are floats
_PART = 500  # bound values in a statement
_NUMBER_IN_FRONT = re.compile(r"^\W*(?:\(?(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s+)?")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_SIGNS = re.compile(r"[\W_]+")


class Paragraph(SQLModel, table=True):
    """Its `id` grows with the time from which the text stands, so that the index of words is in the order of time."""

    __tablename__ = "paragraphs"
    __table_args__ = (UniqueConstraint("document_id", "digest"),)

    id: int = Field(sa_type=BigInteger, primary_key=True)
    document_id: str = Field(foreign_key="documents.id")
    digest: str  # of what must be the same for the text to be the same
    text: str
    words: int
    mentions: dict[str, int] | None = Field(default=None, sa_type=JSON)  # by topic; None: nobody has looked


class Standing(SQLModel, table=True):
    """A run of versions, by their numbers, that a paragraph stands in; `last` is None while it does."""

    __tablename__ = "standings"
    __table_args__ = (Index("ix_standings_of_document", "document_id", "last", "first"),)

    paragraph_id: int = Field(sa_type=BigInteger, primary_key=True, foreign_key="paragraphs.id")
    first: int = Field(primary_key=True)
    last: int | None = None
    document_id: str = Field(foreign_key="documents.id")


def digest(text: str) -> str | None:
    """Equal for texts with the same words, whatever their case, the signs between them and a number in front.

    None for a text without a letter or digit.
    """
    said = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
    plain = _SIGNS.sub(" ", _NUMBER_IN_FRONT.sub("", said, count=1)).strip() or _SIGNS.sub(" ", said).strip()
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()[:32] if plain else None


def earliest_id(moment: datetime) -> int:
    """Below the ids of paragraphs that stand from that time on, above those from before."""
    return max(0, int(moment.astimezone(UTC).timestamp())) * _IN_A_SECOND


def index_version(session: Session, version: Version, mentions: Mentions | None = None) -> None:
    """Note what stands in a document's newest version, and what stands no more; of one that comes before others
    `reindex` does."""
    session.flush()
    later = select(Version.id).where(Version.document_id == version.document_id, col(Version.number) > version.number)
    if session.exec(later.limit(1)).first() is not None:
        return
    index_texts(
        session.connection(), version.document_id, version.number, version.captured_at, texts_of(version.page), mentions
    )


def texts_of(page: Any) -> list[str]:
    """The texts of a version's page, as `Version.page` keeps it. An old one may hold a NUL, no text to PostgreSQL."""
    return [str(block["text"]).replace("\0", "\ufffd") for block in page.get("blocks", ())]


def index_texts(
    connection: Connection,
    document_id: str,
    number: int,
    moment: datetime,
    texts: Iterable[str],
    mentions: Mentions | None = None,
) -> None:
    """As `index_version`, for texts that are not in a session."""
    now = {key: each for each in texts if (key := digest(each))}
    standing = (
        select(Paragraph.digest, Paragraph.id)
        .join(Standing, col(Standing.paragraph_id) == col(Paragraph.id))
        .where(Standing.document_id == document_id, col(Standing.last).is_(None))
    )
    open_ = dict(connection.execute(standing).all())
    gone = [id_ for key, id_ in open_.items() if key not in now]
    for part in _parts(gone):
        connection.execute(
            update(Standing)
            .where(col(Standing.paragraph_id).in_(part), col(Standing.last).is_(None))
            .values(last=number - 1)
        )
    new = {key: each for key, each in now.items() if key not in open_}
    ids = _kept(connection, document_id, new) if new else {}
    unseen = {key: each for key, each in new.items() if key not in ids}
    if unseen:
        ids |= _write(connection, document_id, moment, unseen, mentions)
    if ids:
        rows = [{"paragraph_id": ids[key], "first": number, "last": None, "document_id": document_id} for key in new]
        connection.execute(insert(Standing), rows)


def _kept(connection: Connection, document_id: str, wanted: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in _parts(list(wanted)):
        known = select(Paragraph.digest, Paragraph.id).where(
            Paragraph.document_id == document_id, col(Paragraph.digest).in_(part)
        )
        found |= dict(connection.execute(known).all())
    return found


def _write(
    connection: Connection, document_id: str, moment: datetime, unseen: Mapping[str, str], mentions: Mentions | None
) -> dict[str, int]:
    first = earliest_id(moment)
    same_time = select(func.max(Paragraph.id)).where(
        col(Paragraph.id) >= first, col(Paragraph.id) < first + _IN_A_SECOND
    )
    taken = connection.execute(same_time).scalar()
    start = first if taken is None else taken + 1
    rows, found = [], []
    for id_, (key, each) in enumerate(unseen.items(), start):
        folded = [word.folded for word in words(each)]
        rows.append(
            {
                "id": id_,
                "document_id": document_id,
                "digest": key,
                "text": each,
                "words": len(folded),
                "mentions": dict(mentions(each)) if mentions else None,
            }
        )
        found.append((id_, folded))
    connection.execute(insert(Paragraph), rows)
    write_words(connection, place_of(document_id), found)
    return {str(row["digest"]): int(str(row["id"])) for row in rows}


def place_of(document_id: str) -> str:
    """A word that no text has, by which the index of words knows the paragraphs of a document."""
    return f"d{hashlib.sha256(document_id.encode()).hexdigest()[:20]}"


def write_words(connection: Connection, place: str, found: Sequence[tuple[int, list[str]]]) -> None:
    """Let paragraphs be found by their folded words; `place` is that of their document."""
    if connection.dialect.name == "sqlite":
        statement = text("INSERT INTO paragraph_words (rowid, words, place) VALUES (:id, :words, :place)")
        connection.execute(statement, [{"id": i, "words": " ".join(each), "place": place} for i, each in found])
        return
    statement = text("INSERT INTO paragraph_words (paragraph_id, words) VALUES (:id, CAST(:words AS tsvector))")
    connection.execute(statement, [{"id": i, "words": vector(each, place)} for i, each in found])


def vector(folded: Sequence[str], place: str) -> str:
    """What PostgreSQL keeps of a paragraph."""
    places: dict[str, list[str]] = {}
    for position, word in enumerate(folded, 1):
        places.setdefault(word, []).append(str(position))
    return " ".join([*(f"'{word}':{','.join(at)}" for word, at in places.items()), f"'{place}'"])


def _forget_words(connection: Connection, place: str, rows: Sequence[tuple[int, str]]) -> None:
    if connection.dialect.name == "sqlite":  # an index without contents wants to be told what it forgets
        statement = text(
            "INSERT INTO paragraph_words (paragraph_words, rowid, words, place) VALUES ('delete', :id, :words, :place)"
        )
        for id_, each in rows:
            folded = " ".join(word.folded for word in words(each))
            connection.execute(statement, {"id": id_, "words": folded, "place": place})
        return
    for part in _parts([id_ for id_, _ in rows]):
        connection.execute(text("DELETE FROM paragraph_words WHERE paragraph_id = ANY(:ids)"), {"ids": part})


def reindex(session: Session, document_id: str, mentions: Mentions | None = None) -> None:
    """Make a document's paragraphs anew from its versions, after texts were read again or others came in between."""
    session.flush()
    connection = session.connection()
    connection.execute(delete(Standing).where(col(Standing.document_id) == document_id))
    ids = select(Version.id).where(Version.document_id == document_id).order_by(col(Version.number))
    for id_ in session.exec(ids).all():
        found = select(Version.number, Version.captured_at, Version.page).where(Version.id == id_)
        number, moment, page = session.exec(found).one()
        index_texts(connection, document_id, number, moment, texts_of(page), mentions)
    orphans = select(Paragraph.id, Paragraph.text).where(
        Paragraph.document_id == document_id, ~select(Standing).where(_stands()).exists()
    )
    rows = [(id_, said) for id_, said in connection.execute(orphans)]
    _forget_words(connection, place_of(document_id), rows)
    for part in _parts([id_ for id_, _ in rows]):
        connection.execute(delete(Paragraph).where(col(Paragraph.id).in_(part)))
    if mentions is not None:
        _count_again(connection, document_id, mentions)


def counted(session: Session, document_id: str, mentions: Mentions) -> Mentions:
    """The same, with the answers for all texts of a document at hand: `reindex` asks for them in a transaction."""
    known = lru_cache(maxsize=None)(mentions)
    for id_ in session.exec(select(Version.id).where(Version.document_id == document_id)).all():
        for said in texts_of(session.exec(select(Version.page).where(Version.id == id_)).one()):
            known(said)
    return known


def move_on(session: Session, document_id: str, number: int) -> None:
    """The versions from `number` on are numbered one higher now; what came before them is for `reindex` to say."""
    its = col(Standing.document_id) == document_id
    session.exec(update(Standing).where(its, col(Standing.last) >= number).values(last=col(Standing.last) + 1))
    # by way of negative numbers: each row alone must be a key at every moment
    session.exec(update(Standing).where(its, col(Standing.first) >= number).values(first=-col(Standing.first)))
    session.exec(update(Standing).where(its, col(Standing.first) < 0).values(first=1 - col(Standing.first)))


def _stands() -> Any:
    return col(Standing.paragraph_id) == col(Paragraph.id)


def _count_again(connection: Connection, document_id: str, mentions: Mentions) -> None:
    kept = select(Paragraph.id, Paragraph.text, Paragraph.mentions).where(Paragraph.document_id == document_id)
    for id_, said, counted in connection.execute(kept).all():
        found = dict(mentions(said))
        if found != counted:
            connection.execute(update(Paragraph).where(col(Paragraph.id) == id_).values(mentions=found))


class Since(NamedTuple):
    """The version from which on a text has stood without a break, up to the version that was asked about."""

    number: int
    captured_at: datetime


def blame(session: Session, version: Version) -> list[Since | None]:
    """For each block of a version since when it stands there; None for blocks without a letter."""
    at = (
        select(Paragraph.digest, Standing.first, Version.captured_at)
        .join(Standing, _stands())
        .join(
            Version,
            and_(col(Version.document_id) == col(Standing.document_id), col(Version.number) == col(Standing.first)),
        )
        .where(
            Standing.document_id == version.document_id,
            col(Standing.first) <= version.number,
            or_(col(Standing.last).is_(None), col(Standing.last) >= version.number),
        )
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
    length: Counter[int] = Counter()  # what comes with each version, less what goes
    topics: dict[int, Counter[str]] = {}
    counted: dict[str, dict[str, int]] = {}  # texts of JSON that were read: most are alike
    spans = select(Standing.first, Standing.last, Paragraph.words, cast(col(Paragraph.mentions), String))
    mine = spans.join(Paragraph, _stands()).where(Standing.document_id == document_id)
    for first, last, words_, said in session.execute(mine):
        length[first] += words_
        if last is not None:
            length[last + 1] -= words_
        mentions = counted.get(said or "")
        if mentions is None:
            mentions = counted[said or ""] = json.loads(said or "{}") or {}
        for topic, number in mentions.items():
            topics.setdefault(first, Counter())[topic] += number
            if last is not None:
                topics.setdefault(last + 1, Counter())[topic] -= number
    versions = (
        select(Version.number, Version.captured_at)
        .where(Version.document_id == document_id)
        .order_by(col(Version.number))
    )
    points, now, standing = [], 0, Counter[str]()
    for number, moment in session.execute(versions):
        now += length[number]
        if number in topics:
            standing.update(topics[number])
        points.append(Point(number, moment, now, {topic: count for topic, count in standing.items() if count}))
    return points


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + _PART] for start in range(0, len(values), _PART))
