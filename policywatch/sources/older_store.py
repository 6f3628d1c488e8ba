"""Captures of a document in a store from before the first release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from crawler.targets import Fetched
from messages import Message
from policywatch.ingest.archived import ArchivedText
from policywatch.sources.source import newer
from storage.errors import DamagedValue
from storage.older_stores import OldCapture, OlderStore
from storage.versions import Import


@dataclass(frozen=True, slots=True)
class StoredPages:
    """`name` is the store's."""

    archive: ClassVar = "earlier store"
    store: OlderStore
    captures: Sequence[OldCapture]
    document: str
    name: str

    def records(self, since: Import | None) -> Sequence[OldCapture]:
        return newer(self.captures, since)

    def texts(self, records: Sequence[OldCapture]) -> Iterator[ArchivedText]:
        for row in records:
            page: Fetched | Message
            try:
                page = Fetched(self.document, **self.store.answer(row.id))
            except DamagedValue:
                page = Message("archive.no_text")
            source = f"{self.archive}, {self.name}"
            yield ArchivedText(f"{row.id}", row.recorded_at, page, source, self.name)
