"""Captures of a document in a store from before the first release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from crawler.targets import Fetched
from messages import Message
from policywatch.ingest.archived import ArchivedText
from policywatch.sources.source import is_new
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

    def texts(self, since: Import | None) -> Iterator[ArchivedText]:
        source = f"{self.archive}, {self.name}"
        for id_, at in self.captures:
            if is_new(at, since):
                load = partial(self._page, id_)
                yield ArchivedText(f"{id_}", at, load, source, self.name)

    def _page(self, id_: int) -> Fetched | Message:
        try:
            return Fetched(self.document, **self.store.answer(id_))
        except DamagedValue:
            return Message("archive.no_text")
