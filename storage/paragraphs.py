"""Paragraphs: each text of a document once, with the versions that contain it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, islice
from math import inf
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    delete,
    insert,
    or_,
    update,
)
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, func, select

from storage.columns import CompressedJson, Condition, add_to_unique, in_parts
from storage.database import AdvisoryLock, take
from storage.documents import Document
from storage.tokenizer import folded_words, split_words, write_forms
from storage.versions import Version, renumber

Mentions = Callable[[str], Mapping[str, int]]  # mentions by topic

# ids of one second; still exact as floats
_IN_A_SECOND = 2**20
_TOGETHER = 100  # paragraphs of a pack
# many rows, for which statements of SQLAlchemy take longer than the database
_INSERT_WORDS = {
    "sqlite": "INSERT INTO paragraph_words (rowid, words) VALUES (?, ?)",
    "postgresql": "INSERT INTO paragraph_words (paragraph_id, words) VALUES (%s, CAST(%s AS tsvector))",
}
_INSERT_INTERVALS = {
    "sqlite": "INSERT INTO paragraph_intervals (paragraph_id, first) VALUES (?, ?)",
    "postgresql": "INSERT INTO paragraph_intervals (paragraph_id, first) VALUES (%s, %s)",
}
_DIGEST = 16  # bytes
_ANCHOR = 12  # no two texts of a page share them by chance
_ROW_ID = BigInteger().with_variant(
    Integer, "sqlite"
)  # SQLite clusters a table only by exactly INTEGER PRIMARY KEY
_NUMBER_IN_FRONT = re.compile(
    r"^\W*(?:\(?(?:\d{1,3}(?:\.\d{1,3})*|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s+)?"
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


class ParagraphPack(SQLModel, table=True):
    """With consecutive ids, which grow with time: rows of their own would take twice the space."""

    __tablename__ = "paragraph_packs"

    first_id: int = Field(sa_type=_ROW_ID, primary_key=True)
    last_id: int = Field(sa_type=BigInteger)
    document_id: str = Field(foreign_key="documents.id", index=True)
    digests: bytes
    counts: dict[str, list[int]] = Field(sa_type=CompressedJson)
    is_counted: bool = False
    texts: list[str] = Field(sa_type=CompressedJson)


class PackWords(NamedTuple):
    document_id: str
    first_id: int
    words: list[list[str]]


class ParagraphInterval(SQLModel, table=True):
    """`last` is None while the newest version contains it."""

    __tablename__ = "paragraph_intervals"
    __table_args__ = {"sqlite_with_rowid": False}

    paragraph_id: int = Field(sa_type=BigInteger, primary_key=True)
    first: int = Field(primary_key=True)
    last: int | None = None


def digest(text: str) -> str | None:
    """None without a letter or digit."""
    plain = plain_words(text)
    return (
        hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()[: 2 * _DIGEST]
        if plain
        else None
    )


def plain_words(text: str) -> str:
    """Without signs between them and a number in front."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    folded = text.casefold()
    return " ".join(
        split_words(_NUMBER_IN_FRONT.sub("", folded, count=1))
        or split_words(folded)
    )


def anchor(text: str) -> str | None:
    """Of words, not a number, so that links survive re-extraction."""
    key = digest(text)
    return f"t{key[:_ANCHOR]}" if key else None


def earliest_id(moment: datetime) -> int:
    return max(0, int(moment.astimezone(UTC).timestamp())) * _IN_A_SECOND


def index_version(session: Session, version: Version, mentions: Mentions) -> None:
    """For a document's newest version; for others `reindex`."""
    session.flush()
    document_id = version.document_id
    later = select(Version.id).where(
        Version.document_id == document_id, Version.number > version.number
    )
    if session.exec(later.limit(1)).first() is not None:
        return
    index = _Index(session, document_id, paragraph_ids(session, document_id))
    if index.ids:
        stands = col(ParagraphInterval.last).is_(None), *is_of(document_id)
        index.standing = {
            *session.exec(select(ParagraphInterval.paragraph_id).where(*stands))
        }
    index.add(version.number, version.captured_at, version.page)
    if version.number > 1:
        count_mentions(session, document_id, mentions)


def texts_of(page: Any) -> list[str]:
    """PostgreSQL can't store NUL."""
    return [
        str(block["text"]).replace("\0", "\ufffd")
        for block in page.get("blocks", ())
    ]


@dataclass
class _Index:
    session: Session
    document_id: str
    ids: dict[str, int] = field(default_factory=dict)
    standing: set[int] = field(default_factory=set)

    def add(self, number: int, moment: datetime, page: Any) -> None:
        connection = self.session.connection()
        texts = {key: each for each in texts_of(page) if (key := digest(each))}
        if unseen := {
            key: each for key, each in texts.items() if key not in self.ids
        }:
            # else two that begin in one second could get the same ids
            take(self.session, AdvisoryLock.PARAGRAPHS)
            first = earliest_id(moment)
            of_second = col(ParagraphPack.first_id).between(
                first, first + _IN_A_SECOND - 1
            )
            last = select(func.max(ParagraphPack.last_id)).where(of_second)
            first = max(first, (connection.execute(last).scalar() or 0) + 1)
            language = self.session.get_one(Document, self.document_id).language
            write_paragraphs(connection, self.document_id, language, first, unseen)
            self.ids |= zip(unseen, count(first))
        current = {self.ids[key] for key in texts}
        id_, last_number = (
            col(ParagraphInterval.paragraph_id),
            ParagraphInterval.last,
        )
        for part in in_parts([*self.standing - current]):
            ended = id_.in_(part), col(last_number).is_(None)
            connection.execute(
                update(ParagraphInterval).where(*ended).values(last=number - 1)
            )
        if rows := [(each, number) for each in sorted(current - self.standing)]:
            connection.exec_driver_sql(
                _INSERT_INTERVALS[connection.dialect.name], rows
            )
        self.standing = current


def write_paragraphs(
    connection: Connection,
    document_id: str,
    language: str,
    first_id: int,
    texts: Mapping[str, str],
) -> None:
    split = [split_words(each) for each in texts.values()]
    write_forms(connection, language, split)
    words = folded_words([*texts.values()], split)
    rows = []
    rest = iter(texts.items())
    for start in range(0, len(texts), _TOGETHER):
        pack = dict(islice(rest, _TOGETHER))
        counts = [len(each) for each in words[start : start + _TOGETHER]]
        row = {
            "first_id": first_id + start,
            "last_id": first_id + start + len(pack) - 1,
            "document_id": document_id,
            "digests": bytes.fromhex("".join(pack)),
            "texts": [*pack.values()],
            "counts": {"words": counts},
            "is_counted": False,
        }
        rows.append(row)
    connection.execute(insert(ParagraphPack), rows)
    write_words(connection, PackWords(document_id, first_id, words))


def place_of(document_id: str) -> str:
    """A word that no text has."""
    return f"·{hashlib.sha256(document_id.encode()).hexdigest()[:20]}"


def write_words(connection: Connection, pack: PackWords) -> None:
    connection.exec_driver_sql(
        _INSERT_WORDS[connection.dialect.name], index_rows(connection, pack)
    )


def index_rows(connection: Connection, pack: PackWords) -> list[tuple[int, str]]:
    place = place_of(pack.document_id)
    rows = enumerate(pack.words, pack.first_id)
    if connection.dialect.name == "sqlite":
        return [(id_, " ".join([*words, place])) for id_, words in rows]
    return [(id_, _vector(words, place)) for id_, words in rows]


def _vector(words: Sequence[str], place: str) -> str:
    positions: dict[str, list[str]] = {place: []}
    for position, word in enumerate(words, 1):
        positions.setdefault(word, []).append(str(position))
    return " ".join(
        f"'{word}':{','.join(at)}" if at else f"'{word}'"
        for word, at in positions.items()
    )


def count_mentions(session: Session, document_id: str, mentions: Mentions) -> None:
    for pack in _uncounted(session, document_id):
        pack.counts = pack.counts | _mentions_by_topic(pack.texts, mentions)
        pack.is_counted = True
    session.flush()


def _uncounted(session: Session, document_id: str) -> Sequence[ParagraphPack]:
    of_it = select(ParagraphPack).where(ParagraphPack.document_id == document_id)
    return session.exec(of_it.where(col(ParagraphPack.is_counted).is_(False))).all()


def _mentions_by_topic(
    texts: Sequence[str], mentions: Mentions
) -> dict[str, list[int]]:
    counts: dict[str, list[int]] = {}
    for place, each in enumerate(texts):
        for topic, times in mentions(each).items():
            counts.setdefault(topic, [0] * len(texts))[place] = times
    return counts


def reindex(
    session: Session, document_id: str, mentions: Mentions | None = None
) -> None:
    session.flush()
    _forget(session.connection(), document_id)
    versions = select(Version.number, Version.captured_at, Version.page).where(
        Version.document_id == document_id
    )
    index, number = _Index(session, document_id), 0
    for number, *version in session.exec(
        versions.order_by(col(Version.number)), execution_options={"yield_per": 1}
    ):
        index.add(number, *version)
    if mentions and number > 1:
        count_mentions(session, document_id, mentions)


def _forget(connection: Connection, document_id: str) -> None:
    if (
        connection.dialect.name == "sqlite"
    ):  # a contentless index must be told what it forgets
        statement = "INSERT INTO paragraph_words (paragraph_words, rowid, words) VALUES ('delete', ?, ?)"
        for pack in stored_words(connection, document_id):
            connection.exec_driver_sql(statement, index_rows(connection, pack))
    else:
        statement = "DELETE FROM paragraph_words USING paragraph_packs WHERE paragraph_id BETWEEN first_id AND last_id"
        connection.exec_driver_sql(
            f"{statement} AND document_id = %s", (document_id,)
        )
    connection.execute(delete(ParagraphInterval).where(_of_document(document_id)))
    connection.execute(
        delete(ParagraphPack).where(col(ParagraphPack.document_id) == document_id)
    )


def make_room(session: Session, document_id: str, number: int) -> None:
    renumber(session, document_id, since=number, by=1)
    of_document = _of_document(document_id)
    for column in (ParagraphInterval.last, ParagraphInterval.first):
        add_to_unique(session, column, 1, number, of_document)


def stored_words(
    connection: Connection | Session, document_id: str | None = None
) -> Iterator[PackWords]:
    packs = select(
        ParagraphPack.document_id, ParagraphPack.first_id, ParagraphPack.texts
    )
    if document_id is not None:
        packs = packs.where(ParagraphPack.document_id == document_id)
    for document, first, texts in connection.execute(
        packs, execution_options={"yield_per": _TOGETHER}
    ):
        split = [split_words(each) for each in texts]
        yield PackWords(document, first, folded_words(texts, split))


def of_pack(name: str, paragraph_id: Any) -> Any:
    pack = aliased(ParagraphPack)
    before = select(getattr(pack, name)).where(pack.first_id <= paragraph_id)
    return before.order_by(col(pack.first_id).desc()).limit(1).scalar_subquery()


def paragraph_ids(session: Session, document_id: str) -> dict[str, int]:
    packs = select(ParagraphPack.first_id, ParagraphPack.digests).where(
        ParagraphPack.document_id == document_id
    )
    return {
        digests[at : at + _DIGEST].hex(): first + at // _DIGEST
        for first, digests in session.exec(packs)
        for at in range(0, len(digests), _DIGEST)
    }


def is_of(document_id: str) -> tuple[Condition, ...]:
    id_, first_id = col(ParagraphInterval.paragraph_id), col(ParagraphPack.first_id)
    # the planner begins with the intervals
    is_near = first_id > id_ - _TOGETHER
    return (
        id_.between(first_id, ParagraphPack.last_id),
        is_near,
        col(ParagraphPack.document_id) == document_id,
    )


def _of_document(document_id: str) -> Condition:
    ids = select(ParagraphInterval.paragraph_id).where(*is_of(document_id))
    return col(ParagraphInterval.paragraph_id).in_(
        ids.correlate(None)
    )  # else evaluated for each row


class Since(NamedTuple):
    number: int
    captured_at: datetime


def blame(session: Session, version: Version) -> list[Since | None]:
    """For each block; None without letters."""
    known = paragraph_ids(session, version.document_id)
    ids = [known.get(digest(each) or "", 0) for each in texts_of(version.page)]
    paragraph = col(ParagraphInterval.paragraph_id)
    first, last = col(ParagraphInterval.first), col(ParagraphInterval.last)
    stood = (
        select(paragraph, first, Version.captured_at)
        .select_from(ParagraphInterval)
        .join(Version, col(Version.number) == first)
        .where(
            Version.document_id == version.document_id,
            first <= version.number,
            or_(last.is_(None), last >= version.number),
        )
    )
    since = {
        id_: Since(number, captured_at)
        for part in in_parts(ids)
        for id_, number, captured_at in session.exec(
            stood.where(paragraph.in_(part))
        )
    }
    return [since.get(id_) for id_ in ids]


class TextHistory:
    def __init__(self, session: Session, document_id: str) -> None:
        packs = select(ParagraphPack.first_id, ParagraphPack.texts).where(
            ParagraphPack.document_id == document_id
        )
        self._words = {
            first + place: plain_words(text).replace(" ", "")
            for first, texts in session.exec(packs)
            for place, text in enumerate(texts)
        }
        self._stood: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
        interval = (
            ParagraphInterval.paragraph_id,
            ParagraphInterval.first,
            col(ParagraphInterval.last),
        )
        for id_, first, last in session.exec(
            select(*interval).where(*is_of(document_id))
        ):
            self._stood[id_].append((first, last))

    def runs(self, text: str) -> list[tuple[int, int | None]]:
        """Oldest first; None as the last one while the words stand."""
        words = plain_words(text).replace(" ", "")
        stood = sorted(
            (first, last or inf)
            for id_, paragraph in self._words.items()
            if words in paragraph
            for first, last in self._stood[id_]
        )
        runs: list[tuple[int, float]] = []
        for first, last in stood:
            if runs and first <= runs[-1][1] + 1:
                runs[-1] = runs[-1][0], max(last, runs[-1][1])
            else:
                runs.append((first, last))
        return [(first, None if last == inf else int(last)) for first, last in runs]


@dataclass(frozen=True, slots=True)
class Point:
    number: int
    captured_at: datetime
    words: int
    mentions: dict[str, int] = field(default_factory=dict)


def course(
    session: Session, document_id: str, mentions: Mentions | None = None
) -> list[Point]:
    """Oldest first. `mentions` is for a document with a single version."""
    changes: dict[int, Counter[str]] = defaultdict(Counter)
    packs = select(ParagraphPack.first_id, ParagraphPack.counts).where(
        ParagraphPack.document_id == document_id
    )
    counts = dict(session.exec(packs).all())
    if mentions:
        for pack in _uncounted(session, document_id):
            its = _mentions_by_topic(pack.texts, mentions)
            counts[pack.first_id] = pack.counts | its
    for start, id_, first, last in session.exec(
        select(
            ParagraphPack.first_id,
            ParagraphInterval.paragraph_id,
            ParagraphInterval.first,
            ParagraphInterval.last,
        ).where(*is_of(document_id))
    ):
        for name, times in counts[start].items():
            changes[first][name] += times[id_ - start]
            if last is not None:
                changes[last + 1][name] -= times[id_ - start]
    versions = select(Version.number, Version.captured_at).where(
        Version.document_id == document_id
    )
    points, total = [], Counter[str]()
    for number, moment in session.exec(versions.order_by(col(Version.number))):
        total.update(changes[number])
        topics = {
            topic: times
            for topic, times in total.items()
            if times and topic != "words"
        }
        points.append(Point(number, moment, total["words"], topics))
    return points
