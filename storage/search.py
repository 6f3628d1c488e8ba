"""Full text search over every paragraph of every version: FTS5 on SQLite, tsvector on PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

import sqlalchemy
from sqlalchemy import BigInteger, column, exists, table, text, tuple_
from sqlmodel import Session, col, select

from storage.changes import Change
from storage.clock import midnight
from storage.documents import Document, matching
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
_MOST_PLACES = 300
_QUOTED = re.compile(r'"([^"]*)"|“([^”]*)”|«([^»]*)»|(\S+)')


class Phrase(NamedTuple):
    """With `begins`, the last is a prefix."""

    words: tuple[str, ...]
    begins: bool = False
    forms: frozenset[str] = frozenset()


def phrases(session: Session, asked: str) -> tuple[Phrase, ...]:
    """A word in any of its forms, a "quoted phrase" as it is; `cooki*` is a prefix."""
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
class Span:
    """`came` added it (None: the first version), `went` removed it."""

    first: int
    since: datetime
    came: int | None
    last: int | None
    until: datetime | None = None
    went: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
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
    """`total` counts from this page on."""

    hits: list[Hit]
    older: int | None = None
    total: int = 0


def search(
    session: Session,
    asked: str,
    *,
    service: Collection[str] = (),
    document: Collection[str] = (),
    language: Collection[str] = (),
    since: date | None = None,
    until: date | None = None,
    standing: bool = False,
    before: int | None = None,
    limit: int = 20,
) -> SearchPage:
    """Without `service`, `document` or `language` in all; `standing`: only in texts in force."""
    terms = sought = phrases(session, asked)
    if not terms:
        return SearchPage([])
    among = matching(services=service, documents=document, languages=language)
    documents = (
        session.exec(select(Document.id).where(*among)).all() if among else ()
    )
    if among and not documents:
        return SearchPage([])
    by_place = 0 < len(documents) <= _MOST_PLACES
    if by_place:
        places = [place_of(each) for each in documents]
        sought = (*terms, Phrase((places[0],), forms=frozenset(places)))
    if session.get_bind().dialect.name == "sqlite":
        id_, matches = (
            column("rowid", BigInteger),
            "paragraph_words MATCH :question",
        )
        written = _written(sought, '"', " + ", "*", " OR ", " AND ")
    else:
        id_, matches = (
            column("paragraph_id", BigInteger),
            "words @@ CAST(:question AS tsquery)",
        )
        written = _written(sought, "'", " <-> ", ":*", " | ", " & ")
    question = (
        sqlalchemy.select(id_)
        .select_from(table("paragraph_words", id_))
        .where(text(matches).bindparams(question=written))
        .order_by(id_.desc())
    )
    if before is not None:
        question = question.where(id_ < before)
    if until is not None:
        question = question.where(
            id_ < earliest_id(midnight(until + timedelta(days=1)))
        )
    if since is not None:
        question = question.where(id_ >= earliest_id(midnight(since)))
    if standing:
        current = col(ParagraphInterval.last).is_(None)
        question = question.where(
            exists().where(col(ParagraphInterval.paragraph_id) == id_, current)
        )
    if documents and not by_place:
        question = question.where(of_pack("document_id", id_).in_(documents))
    found = list(session.execute(question.limit(limit + 1)).scalars())
    hits = _hits(session, found[:limit], terms)
    if len(found) <= limit:
        return SearchPage(hits, None, len(found))
    counted = sqlalchemy.select(sqlalchemy.func.count()).select_from(
        question.order_by(None).subquery()
    )
    return SearchPage(hits, found[limit - 1], session.execute(counted).scalar_one())


def _written(
    terms: Sequence[Phrase],
    quote: str,
    then: str,
    begins: str,
    either: str,
    both: str,
) -> str:
    clauses = []
    for each in terms:
        words, forms = (
            [f"{quote}{word}{quote}" for word in some]
            for some in (each.words, each.forms)
        )
        phrase = then.join(words) + (begins if each.begins else "")
        clauses.append(f"({either.join([f'({phrase})', *forms])})")
    return both.join(clauses)


def _hits(
    session: Session, ids: Sequence[int], terms: Sequence[Phrase]
) -> list[Hit]:
    paragraph, first = (
        col(ParagraphInterval.paragraph_id),
        col(ParagraphPack.first_id),
    )
    intervals = select(ParagraphInterval, of_pack("first_id", paragraph)).where(
        paragraph.in_(ids)
    )
    stood = session.exec(intervals.order_by(col(ParagraphInterval.first))).all()
    packs = select(first, ParagraphPack.texts, Document).join(Document)
    held = {
        id_: (texts, document)
        for id_, texts, document in session.exec(
            packs.where(first.in_({pack for _, pack in stood}))
        )
    }
    # the versions with which each begins, and after which it ended
    borders = {
        (held[pack][1].id, number)
        for each, pack in stood
        for number in (each.first, each.last and each.last + 1)
        if number is not None
    }
    known = (
        select(Version.document_id, Version.number, Version.captured_at, Change.id)
        .join(Change, col(Change.version_id) == Version.id, isouter=True)
        .where(tuple_(col(Version.document_id), col(Version.number)).in_(borders))
    )
    at = {
        (document, number): (moment, change)
        for document, number, moment, change in session.exec(known)
    }
    hits: dict[int, Hit] = {}
    for each, pack in stood:
        texts, document = held[pack]
        id_ = each.paragraph_id
        if id_ not in hits:
            text = texts[id_ - pack]
            hits[id_] = Hit(id_, document, text, marked(text, terms), [])
        since, came = at[document.id, each.first]
        ended = (document.id, each.last + 1) if each.last is not None else None
        until, went = at.get(ended, (None, None)) if ended else (None, None)
        span = Span(each.first, since, came, each.last, until, went)
        hits[id_].spans.append(span)
    return [hits[id_] for id_ in ids]


def marked(paragraph: str, terms: Sequence[Phrase]) -> list[tuple[bool, str]]:
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
