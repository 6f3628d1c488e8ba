"""Full text search over every paragraph of every version: FTS5 on SQLite, tsvector on PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

import sqlalchemy
from sqlalchemy import BigInteger, Select, column, exists, table, text, tuple_
from sqlmodel import Session, col, select

from storage.changes import Change
from storage.clock import midnight
from storage.documents import Document
from storage.paragraphs import (
    ParagraphInterval,
    ParagraphPack,
    earliest_id,
    of_pack,
    place_of,
)
from storage.tokenizer import IndexedWord, forms_of, words
from storage.versions import Version

_MOST_PHRASES = 16
# more are filtered afterwards
_MOST_PLACES = 300
_QUOTED = re.compile(r'"([^"]*)"|“([^”]*)”|«([^»]*)»|(\S+)')


class Phrase(NamedTuple):
    """With `begins`, the last is a prefix. Any of `forms` matches too."""

    words: tuple[str, ...]
    begins: bool = False
    forms: frozenset[str] = frozenset()


def phrases(session: Session, asked: str) -> tuple[Phrase, ...]:
    """Every word in any of its forms, every "quoted phrase" as it is; `cooki*` is a prefix. Any input is valid."""
    found: dict[tuple[Phrase, str], None] = {}
    for match in _QUOTED.finditer(asked[:1000]):
        written = next(group for group in match.groups() if group is not None)
        row, begins = list(words(written)), written.endswith("*")
        is_word = match[4] and len(row) == 1 and not begins
        if row:
            alone = written[row[0].start : row[0].end] if is_word else ""
            found[Phrase(tuple(word.folded for word in row), begins), alone] = None
    few = [*found][:_MOST_PHRASES]
    return tuple(
        phrase._replace(forms=forms_of(session, word)) if word else phrase
        for phrase, word in few
    )


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """`since` and `until` are UTC days on which words appeared; `standing` keeps only texts in force."""

    services: Collection[str] = ()
    documents: Collection[str] = ()
    languages: Collection[str] = ()
    since: date | None = None
    until: date | None = None
    standing: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """`came` is the change that added it (None: in the first version), `went` the one that removed it."""

    first: int
    since: datetime
    came: int | None
    last: int | None
    until: datetime | None = None
    went: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """True for pieces that match."""

    id: int
    document: Document
    text: str
    marked: list[tuple[bool, str]]
    spans: list[Span]

    @property
    def stands(self) -> bool:
        return self.spans[-1].last is None


@dataclass(frozen=True, slots=True)
class SearchPage:
    """The hits added last first; `total` counts from this page on."""

    hits: list[Hit]
    older: int | None = None
    total: int = 0


def search(
    session: Session,
    asked: str,
    wanted: SearchFilter = SearchFilter(),
    *,
    before: int | None = None,
    limit: int = 20,
) -> SearchPage:
    """With every word and phrase."""
    terms = phrases(session, asked)
    if not terms:
        return SearchPage([])
    documents = _documents(session, wanted)
    if documents is not None and not documents:
        return SearchPage([])
    question = _question(session, terms, documents, wanted, before)
    found = list(session.execute(question.limit(limit + 1)).scalars())
    hits = _hits(session, found[:limit], terms)
    if len(found) <= limit:
        return SearchPage(hits, None, len(found))
    counted = sqlalchemy.select(sqlalchemy.func.count()).select_from(
        question.order_by(None).subquery()
    )
    return SearchPage(hits, found[limit - 1], session.execute(counted).scalar_one())


def _documents(session: Session, wanted: SearchFilter) -> list[str] | None:
    if not (wanted.services or wanted.documents or wanted.languages):
        return None
    ids = select(Document.id)
    if wanted.services:
        ids = ids.where(col(Document.service).in_(wanted.services))
    if wanted.documents:
        ids = ids.where(col(Document.id).in_(wanted.documents))
    if wanted.languages:
        ids = ids.where(col(Document.language).in_(wanted.languages))
    return list(session.exec(ids))


def _question(
    session: Session,
    terms: Sequence[Phrase],
    documents: list[str] | None,
    wanted: SearchFilter,
    before: int | None,
) -> Select[int]:
    if documents is not None and len(documents) <= _MOST_PLACES:
        places = [place_of(each) for each in documents]
        terms, documents = [*terms, Phrase((places[0],), forms=frozenset(places))], None
    if session.get_bind().dialect.name == "sqlite":
        id_ = column("rowid", BigInteger)
        matches = text("paragraph_words MATCH :question").bindparams(
            question=_for_sqlite(terms)
        )
    else:
        id_ = column("paragraph_id", BigInteger)
        matches = text("words @@ CAST(:question AS tsquery)").bindparams(
            question=_for_postgresql(terms)
        )
    question = (
        sqlalchemy.select(id_)
        .select_from(table("paragraph_words", id_))
        .where(matches)
        .order_by(id_.desc())
    )
    if before is not None:
        question = question.where(id_ < before)
    if wanted.until is not None:
        question = question.where(
            id_ < earliest_id(midnight(wanted.until + timedelta(days=1)))
        )
    if wanted.since is not None:
        question = question.where(id_ >= earliest_id(midnight(wanted.since)))
    if wanted.standing:
        current = col(ParagraphInterval.last).is_(None)
        question = question.where(
            exists().where(col(ParagraphInterval.paragraph_id) == id_, current)
        )
    if documents is not None:
        question = question.where(of_pack("document_id", id_).in_(documents))
    return question


def _for_sqlite(terms: Sequence[Phrase]) -> str:
    clauses = []
    for each in terms:
        row = f'"{" ".join(each.words)}"{"*" if each.begins else ""}'
        clauses.append(" OR ".join([row, *(f'"{form}"' for form in each.forms)]))
    return " AND ".join(f"({clause})" for clause in clauses)


def _for_postgresql(terms: Sequence[Phrase]) -> str:
    clauses = []
    for each in terms:
        row = " <-> ".join(f"'{word}'" for word in each.words) + (
            ":*" if each.begins else ""
        )
        clauses.append(" | ".join([f"({row})", *(f"'{form}'" for form in each.forms)]))
    return " & ".join(f"({clause})" for clause in clauses)


def _hits(session: Session, ids: Sequence[int], terms: Sequence[Phrase]) -> list[Hit]:
    paragraph = col(ParagraphInterval.paragraph_id)
    intervals = select(ParagraphInterval, of_pack("first_id", paragraph)).where(
        paragraph.in_(ids)
    )
    stood = session.exec(intervals.order_by(col(ParagraphInterval.first))).all()
    packs = select(ParagraphPack.first_id, ParagraphPack.texts, Document).join(Document)
    packs = packs.where(col(ParagraphPack.first_id).in_({first for _, first in stood}))
    held = {first: (texts, document) for first, texts, document in session.exec(packs)}
    texts = {
        each.paragraph_id: held[first][0][each.paragraph_id - first]
        for each, first in stood
    }
    documents = {each.paragraph_id: held[first][1] for each, first in stood}
    spans = _spans(session, [(each, held[first][1].id) for each, first in stood])
    return [
        Hit(id_, documents[id_], texts[id_], marked(texts[id_], terms), spans[id_])
        for id_ in ids
    ]


def _spans(
    session: Session, stood: Sequence[tuple[ParagraphInterval, str]]
) -> dict[int, list[Span]]:
    borders = {(of, each.first) for each, of in stood}
    borders |= {(of, each.last + 1) for each, of in stood if each.last is not None}
    known = (
        select(Version.document_id, Version.number, Version.captured_at, Change.id)
        .join(Change, col(Change.version_id) == col(Version.id), isouter=True)
        .where(tuple_(col(Version.document_id), col(Version.number)).in_(borders))
    )
    at = {
        (document, number): (moment, change)
        for document, number, moment, change in session.exec(known)
    }
    found: dict[int, list[Span]] = {}
    for each, of in stood:
        since, came = at[of, each.first]
        until, went = (
            at.get((of, each.last + 1), (None, None))
            if each.last is not None
            else (None, None)
        )
        span = Span(each.first, since, came, each.last, until, went)
        found.setdefault(each.paragraph_id, []).append(span)
    return found


def marked(paragraph: str, terms: Sequence[Phrase]) -> list[tuple[bool, str]]:
    """True for pieces that match a phrase."""
    have = list(words(paragraph))
    places = sorted(place for phrase in terms for place in _places(have, phrase))
    pieces: list[tuple[bool, str]] = []
    at = 0
    for start, end in places:
        if end <= at:
            continue
        start = max(start, at)
        pieces += [(False, paragraph[at:start]), (True, paragraph[start:end])]
        at = end
    return [piece for piece in [*pieces, (False, paragraph[at:])] if piece[1]]


def _places(have: Sequence[IndexedWord], phrase: Phrase) -> list[tuple[int, int]]:
    size = len(phrase.words)
    found = []
    for index in range(len(have) - size + 1):
        run = tuple(word.folded for word in have[index : index + size])
        is_prefix = (
            phrase.begins
            and run[:-1] == phrase.words[:-1]
            and run[-1].startswith(phrase.words[-1])
        )
        if run == phrase.words or is_prefix or run[0] in phrase.forms:
            found.append((have[index].start, have[index + size - 1].end))
    return found


_AROUND = 180  # characters on each side


def excerpt(hit: Hit) -> list[tuple[bool, str]]:
    """Cuts what is far from all matches."""
    last = len(hit.marked) - 1
    return [
        (
            is_match,
            text
            if is_match
            else _cut(text, is_first=number == 0, is_last=number == last),
        )
        for number, (is_match, text) in enumerate(hit.marked)
    ]


def _cut(text: str, *, is_first: bool, is_last: bool) -> str:
    if len(text) <= 2 * _AROUND:
        return text
    head = "" if is_first else text[:_AROUND].rsplit(" ", 1)[0]
    tail = "" if is_last else text[-_AROUND:].split(" ", 1)[-1]
    return f"{head} … {tail}"
