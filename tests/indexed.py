"""Whether a store's paragraphs, from which search and dates are taken, are those of its versions."""

from __future__ import annotations

from itertools import count

from sqlmodel import Session, col, select

from storage.database import Database
from storage.paragraphs import (
    ParagraphInterval,
    ParagraphPack,
    digest,
    is_of,
    texts_of,
)
from storage.versions import Version

# digest, first and last version
Intervals = set[tuple[str | None, int, int | None]]


def assert_indexed(database: Database) -> None:
    with database.reading() as session:
        for document in session.exec(select(Version.document_id).distinct()).all():
            assert stored(session, document) == worked_out(session, document), (
                document
            )


def stored(session: Session, document: str) -> Intervals:
    digests: dict[int, str | None] = {}
    packs = select(ParagraphPack).where(ParagraphPack.document_id == document)
    for pack in session.exec(packs):
        keys = [digest(text) for text in pack.texts]
        assert pack.digests.hex() == "".join(key or "" for key in keys)
        digests |= zip(count(pack.first_id), keys, strict=False)
    rows = session.exec(select(ParagraphInterval).where(*is_of(document)))
    return {(digests.get(row.paragraph_id), row.first, row.last) for row in rows}


def worked_out(session: Session, document: str) -> Intervals:
    ended: Intervals = set()
    standing: dict[str, int] = {}
    pages = select(Version.number, Version.page).where(
        Version.document_id == document
    )
    for number, page in session.exec(pages.order_by(col(Version.number))):
        digests = {key for text in texts_of(page) if (key := digest(text))}
        ended |= {
            (key, standing.pop(key), number - 1)
            for key in standing.keys() - digests
        }
        standing |= dict.fromkeys(digests - standing.keys(), number)
    return ended | {(key, first, None) for key, first in standing.items()}
