"""Words for search, made here so that both databases agree."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection, Index, insert, tuple_
from sqlmodel import Field, Session, SQLModel, col, select

from storage.columns import in_parts

MOST = 16_000  # of a paragraph; PostgreSQL knows no later position
LONGEST = 64  # characters of a word that count
STEMMERS = {"en": "english", "fr": "french", "de": "german"}
# bytes; PostgreSQL allows a mebibyte
_ROOM = 900_000
_PLACE = 5  # bytes that PostgreSQL adds
_MOST_OF_A_SIGN = 131  # bytes: half of the longest word with its place

# without spaces: each character is a word
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
_WORD = re.compile(rf"[^\W_{_WIDE}]+|[{_WIDE}]")
_SIGNS = {code: " " for code in range(128) if not chr(code).isalnum()}


class IndexedWord(NamedTuple):
    folded: str
    start: int
    end: int


def words(text: str) -> Iterator[IndexedWord]:
    """As many as are indexed; "what's" is "what", "s"."""
    room = _ROOM
    for match in islice(_WORD.finditer(text), MOST):
        folded = fold(match.group())
        room -= len(folded.encode()) + _PLACE
        if room < 0:
            return
        yield IndexedWord(folded, match.start(), match.end())


def folded_words(
    texts: Sequence[str], split: Sequence[Sequence[str]]
) -> list[list[str]]:
    """`split` are the texts' `split_words`; each distinct word is folded once."""
    folded = {word: fold(word) for word in set().union(*split)}
    return [
        [word.folded for word in words(text)]
        if _MOST_OF_A_SIGN * len(text) > _ROOM
        else [folded[word] for word in its_words]
        for text, its_words in zip(texts, split, strict=True)
    ]


def split_words(text: str) -> list[str]:
    return text.translate(_SIGNS).split() if text.isascii() else _WORD.findall(text)


def stem(word: str, language: str) -> str:
    from snowballstemmer import stemmer  # loads slowly; only new words need it

    return fold(stemmer(STEMMERS[language]).stemWord(word.casefold()))


def fold(word: str) -> str:
    """ "Straße" is "strasse"."""
    if word.isascii():
        return word[:LONGEST].lower()
    plain = unicodedata.normalize("NFKD", word.casefold())
    folded = "".join(
        sign for sign in plain if sign.isalnum() and not unicodedata.combining(sign)
    )
    return unicodedata.normalize("NFC", folded)[:LONGEST] or word[:LONGEST]


class WordForm(SQLModel, table=True):
    __tablename__ = "word_forms"
    __table_args__ = (
        Index("ix_word_forms_stem", "language", "stem"),
        {"sqlite_with_rowid": False},
    )

    language: str = Field(primary_key=True)
    word: str = Field(primary_key=True)
    stem: str


def write_forms(
    connection: Connection, language: str, split: Sequence[Sequence[str]]
) -> None:
    """`split` are texts' `split_words`."""
    if (language := language[:2]) not in STEMMERS:
        return
    distinct = {word.casefold() for word in set().union(*split)}
    words = sorted(
        word for word in distinct if word.isalpha() and len(word) < LONGEST
    )
    for part in in_parts(words):
        known = select(WordForm.word).where(
            WordForm.language == language, col(WordForm.word).in_(part)
        )
        if unknown := set(part) - {*connection.execute(known).scalars()}:
            rows = [
                {"language": language, "word": word, "stem": stem(word, language)}
                for word in sorted(unknown)
            ]
            connection.execute(insert(WordForm), rows)


def forms_of(session: Session, word: str) -> frozenset[str]:
    stems = [(language, stem(word, language)) for language in STEMMERS]
    forms = select(WordForm.word).where(
        tuple_(WordForm.language, WordForm.stem).in_(stems)
    )
    return frozenset(map(fold, session.exec(forms)))
