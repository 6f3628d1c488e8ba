"""Comparisons on a visitor's request. Long texts keep a processor busy for a minute, so few run at a time, none twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Annotated

from fastapi import Query, Request

from analysis.model import Comparison
from analysis.page_json import page_from_json
from policywatch.ingest.drafts import ChangeDraft, draft_change
from policywatch.ingest.extraction import ExtractionConfig, differences
from policywatch.views.query_params import Day, Number
from policywatch.web.caches import Recent
from storage.documents import Document
from storage.versions import Version

WAIT = 10  # seconds
_AT_ONCE = 2  # for visitors, and as many for people who signed in
# a version, by number or by a day on which it was in force; the newest where the later one is left out
From = Annotated[Number | Day, Query(alias="from", union_mode="left_to_right")]
To = Annotated[Number | Day | None, Query(alias="to", union_mode="left_to_right")]


@dataclass(frozen=True, slots=True)
class Sides:
    """`replaced` is the document of the first version."""

    document: Document
    replaced: Document
    before: Version
    after: Version

    def compare(self) -> ChangeDraft:
        """Slow for long texts. Texts of one document are not classified, as their changes are."""
        texts = page_from_json(self.before.page), page_from_json(self.after.page)
        if self.replaced.id == self.document.id:
            return draft_change(
                Comparison(substantive=True, passages=differences(*texts))
            )
        config = ExtractionConfig(self.document.title, self.document.language)
        return draft_change(config.compare(*texts))


class TooManyComparisons(Exception):
    """As many are being made as may be."""


class Comparisons:
    """Thread-safe."""

    def __init__(self) -> None:
        self._turns = {
            signed_in: BoundedSemaphore(_AT_ONCE) for signed_in in (False, True)
        }
        self._recent = Recent[tuple[object, ...], ChangeDraft](16)

    @contextmanager
    def turn(self, request: Request) -> Iterator[None]:
        """Raises `TooManyComparisons`: waiting would take a thread from quick pages."""
        turns = self._turns[request.state.signed_in]
        if not turns.acquire(blocking=False):
            raise TooManyComparisons
        try:
            yield
        finally:
            turns.release()

    def compared(self, sides: Sides, request: Request) -> ChangeDraft:
        """Call without an open session. Raises `TooManyComparisons`."""
        versions = (
            (version.id, version.fingerprint)
            for version in (sides.before, sides.after)
        )
        key = (*versions, sides.document.language, sides.document.title)
        draft = self._recent.get(key)
        if draft is None:
            with self.turn(request):
                draft = self._recent.keep(key, sides.compare())
        return draft
