"""Each paragraph of a document once, with the versions that it stands in, and the index of its words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.columns import CompressedJson, Utc
from storage.paragraphs import digest, earliest_id, place_of, texts_of, write_words
from storage.tokenizer import words

revision = "0003"
down_revision = "0002"

_SECOND = timedelta(seconds=1)


def upgrade() -> None:
    op.create_table(
        "paragraphs",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("mentions", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("document_id", "digest"),
    )
    op.create_table(
        "standings",
        sa.Column("paragraph_id", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=True),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["paragraph_id"], ["paragraphs.id"]),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"]),
        sa.PrimaryKeyConstraint("paragraph_id", "first"),
    )
    op.create_index("ix_standings_of_document", "standings", ["document_id", "last", "first"])
    if op.get_bind().dialect.name == "sqlite":
        # our own words go in, so that nothing is left to a tokenizer, and no second copy of the text is kept
        op.execute(
            "CREATE VIRTUAL TABLE paragraph_words USING fts5(words, place, content='', columnsize=0, tokenize='ascii')"
        )
    else:
        op.execute(
            "CREATE TABLE paragraph_words ("
            "paragraph_id BIGINT PRIMARY KEY REFERENCES paragraphs ON DELETE CASCADE, words TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX ix_paragraph_words ON paragraph_words USING gin (words)")
    _fill()


# As the tables are here: today's code knows columns that later migrations add. How a text is told from another and
# folded is today's, for today's code looks it up.
_VERSIONS = sa.table(
    "versions",
    sa.column("id"),
    sa.column("document_id"),
    sa.column("number"),
    sa.column("captured_at", Utc()),
    sa.column("page", CompressedJson()),
)
_PARAGRAPHS = sa.table("paragraphs", *map(sa.column, ("id", "document_id", "digest", "text", "words")))
_STANDINGS = sa.table("standings", *map(sa.column, ("paragraph_id", "first", "last", "document_id")))


def _fill() -> None:
    connection = op.get_bind()
    ordered = sa.select(_VERSIONS.c.id).order_by(_VERSIONS.c.document_id, _VERSIONS.c.number)
    ids: dict[str, int] = {}  # of the document's paragraphs, by their digest
    standing: set[str] = set()
    document = None
    for id_ in connection.execute(ordered).scalars().all():
        row = connection.execute(sa.select(_VERSIONS).where(_VERSIONS.c.id == id_)).one()
        if row.document_id != document:
            document, ids, standing = row.document_id, {}, set()
        now = {key: each for each in texts_of(row.page) if (key := digest(each))}
        for key in standing - now.keys():
            gone = (_STANDINGS.c.paragraph_id == ids[key]) & _STANDINGS.c.last.is_(None)
            connection.execute(_STANDINGS.update().where(gone).values(last=row.number - 1))
        _write(connection, row, {key: each for key, each in now.items() if key not in ids}, ids)
        for key in now.keys() - standing:
            place = {"paragraph_id": ids[key], "first": row.number, "last": None, "document_id": document}
            connection.execute(_STANDINGS.insert().values(place))
        standing = set(now)


def _write(connection: sa.Connection, version: Any, unseen: dict[str, str], ids: dict[str, int]) -> None:
    first = earliest_id(version.captured_at)
    same_time = (_PARAGRAPHS.c.id >= first) & (_PARAGRAPHS.c.id < earliest_id(version.captured_at + _SECOND))
    taken = connection.execute(sa.select(sa.func.max(_PARAGRAPHS.c.id)).where(same_time)).scalar()
    found = []
    for id_, (key, each) in enumerate(unseen.items(), first if taken is None else taken + 1):
        folded = [word.folded for word in words(each)]
        row = {"id": id_, "document_id": version.document_id, "digest": key, "text": each, "words": len(folded)}
        connection.execute(_PARAGRAPHS.insert().values(row))
        found.append((id_, folded))
        ids[key] = id_
    if found:
        write_words(connection, place_of(version.document_id), found)
