"""The history of a document that turned out to be another's duplicate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from sqlmodel import Session

from crawler.targets import Fetched
from messages import Message
from policywatch.ingest.archived import ArchivedText, Imported
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.sources.source import import_past, is_new
from storage.captures import captures_from, intact
from storage.database import Database
from storage.errors import DamagedCapture, DamagedValue
from storage.versions import Import, Version, versions


@dataclass(frozen=True, slots=True)
class Duplicate:
    """`document` of this store, whose texts become those of the document `kept`."""

    database: Database
    document: str
    kept: str

    @property
    def archive(self) -> str:
        return f"duplicate {self.document}"

    def texts(self, since: Import | None) -> Iterator[ArchivedText]:
        with self.database.reading() as session:
            rows = earlier_versions(session, self.document, self.kept)
        for row in rows:
            if is_new(row.captured_at, since):
                load = partial(self._page, row.capture_id)
                mark, at = f"{row.number}", row.captured_at
                yield ArchivedText(mark, at, load, self.archive, self.document)

    def _page(self, capture_id: int) -> Fetched | Message:
        try:
            with self.database.reading() as session:
                first, *others = intact(captures_from(session, capture_id))
                if others:  # an imported text has one address
                    return Message("archive.no_text")
                return Fetched(
                    self.kept,
                    first.url,
                    first.final_url,
                    first.status,
                    [(name, value) for name, value in first.headers],
                    first.mime,
                    first.charset,
                    first.body,
                )
        except (DamagedCapture, DamagedValue):
            return Message("archive.no_text")


def earlier_versions(session: Session, document: str, kept: str) -> list[Version]:
    """Of `document`, from before the first text that was seen of `kept` itself, oldest first."""
    own = [row for row in versions(session, kept) if not row.imported]
    return [
        row
        for row in versions(session, document)
        if not own or row.captured_at < own[0].captured_at
    ]


def merge_history(
    database: Database, document: str, kept: str, config: ExtractionConfig
) -> Imported:
    """Each stretch between two versions that were imported before is an import of its own. Done again after it was
    stopped, it goes on.
    """
    source, total = Duplicate(database, document, kept), Imported()
    while True:
        done = import_past(database, source, kept, config)
        total.versions += done.versions
        total.changes += done.changes
        if not done.versions + done.same:
            return total
