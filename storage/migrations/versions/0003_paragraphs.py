"""Each paragraph of a document once, with the versions that it stands in, and the index of its words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.columns import CompressedJson, Utc
from storage.paragraphs import index_texts, texts_of

revision = "0003"
down_revision = "0002"


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


def _fill() -> None:
    connection = op.get_bind()
    versions = sa.table(
        "versions",
        sa.column("id"),
        sa.column("document_id"),
        sa.column("number"),
        sa.column("captured_at", Utc()),
        sa.column("page", CompressedJson()),
    )
    ordered = sa.select(versions.c.id).order_by(versions.c.document_id, versions.c.number)
    for id_ in connection.execute(ordered).scalars().all():
        row = connection.execute(sa.select(versions).where(versions.c.id == id_)).one()
        index_texts(connection, row.document_id, row.number, row.captured_at, texts_of(row.page))
