"""Forms of a word ("train", "training") by stem, computed once for each word of the store."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Index, insert, tuple_
from sqlmodel import Field, Session, SQLModel, col, select

from storage.columns import in_parts
from storage.tokenizer import LONGEST, STEMMERS, fold, split_words, stem


class WordForm(SQLModel, table=True):
    """Without case but with accents."""

    __tablename__ = "word_forms"
    __table_args__ = (
        Index("ix_word_forms_stem", "language", "stem"),
        {"sqlite_with_rowid": False},
    )

    language: str = Field(primary_key=True)
    word: str = Field(primary_key=True)
    stem: str


def write_forms(connection: Connection, language: str, texts: Iterable[str]) -> None:
    if (language := language[:2]) not in STEMMERS:  # of "en-GB"
        return
    distinct = {word.casefold() for word in set(split_words(" ".join(texts)))}
    words = sorted(word for word in distinct if word.isalpha() and len(word) < LONGEST)
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
    """All words of the store with the same stem in one of the languages, folded."""
    stems = [(language, stem(word, language)) for language in STEMMERS]
    forms = select(WordForm.word).where(
        tuple_(col(WordForm.language), col(WordForm.stem)).in_(stems)
    )
    return frozenset(map(fold, session.exec(forms)))
