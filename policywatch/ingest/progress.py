"""How far reading a document's versions again came, kept with the document until all documents are read again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Self

from sqlmodel import Session, col, select

import analysis
import messages
from policywatch.ingest.extraction import ExtractionConfig
from storage.documents import Document
from storage.versions import Version

_RULES = (".py", ".toml", ".csv")


@dataclass(frozen=True, slots=True)
class Progress:
    """After a version: by what it was read (`how`), what its fingerprint was before, and what was counted until then.

    `is_indexed` once the document's versions are all read and their paragraphs indexed anew.
    """

    how: str
    version_id: int
    was: str
    counts: dict[str, int]
    is_indexed: bool = False

    @classmethod
    def of(cls, session: Session, document_id: str, how: str, rows: Sequence[Version]) -> Self | None:
        """None where nothing is read yet, or not by the same rules and selectors."""
        row = session.get(Document, document_id)
        found = cls(**row.rereading) if row is not None and row.rereading else None
        is_known = found is not None and found.how == how and any(row.id == found.version_id for row in rows)
        return found if is_known else None

    def keep(self, session: Session, document_id: str) -> None:
        """In the transaction that writes what was read."""
        session.get_one(Document, document_id).rereading = asdict(self)


def how_read(manner: ExtractionConfig) -> str:
    """Another one after any change of the program's rules, or of the watchlist's word on the document."""
    return hashlib.sha256(f"{_rules()} {manner!r}".encode()).hexdigest()[:16]


@cache
def _rules() -> str:
    digest = hashlib.sha256()
    for package in (analysis, messages):
        assert package.__file__ is not None
        for file in sorted(Path(package.__file__).parent.rglob("*")):
            if file.suffix in _RULES:
                digest.update(file.read_bytes())
    return digest.hexdigest()


def forget(session: Session) -> None:
    """All is read again: the next time begins anew."""
    for row in session.exec(select(Document).where(col(Document.rereading).is_not(None))):
        row.rereading = None
