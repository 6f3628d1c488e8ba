"""What the actions share, as a dependency."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from crawler.targets import Fetched
from policywatch.config.recipients import Recipients
from policywatch.config.watchlist import Watchlist
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.web.access import Access, SignUps
from policywatch.web.caches import AnswerCache, CaptureBodies, Recent
from policywatch.web.comparisons import Comparisons
from storage.database import Database


@dataclass(frozen=True, slots=True)
class WatchlistState:
    """`problem` says why the watchlist can't be read now; the rest is then from before."""

    watchlist: Watchlist = field(default_factory=Watchlist)
    configs: Mapping[str, ExtractionConfig] = field(default_factory=dict)
    recipients: Recipients = field(default_factory=Recipients)
    problem: str | None = None

    def config(self, document_id: str) -> ExtractionConfig:
        """404 for a document that is not watched."""
        if document_id not in self.configs:
            raise HTTPException(404)
        return self.configs[document_id]


@dataclass(frozen=True, slots=True)
class Backend:
    """`state` is called each time, for the watchlist may be edited."""

    database: Database
    access: Access
    state: Callable[[], WatchlistState]
    now: Callable[[], datetime]
    bodies: CaptureBodies
    feeds: AnswerCache
    comparisons: Comparisons = field(default_factory=Comparisons)
    sign_ups: SignUps = field(default_factory=SignUps)
    question: Lock = field(default_factory=Lock)  # held while a model answers
    # pages tried before they were added, by names that only those forms know; of up to 20 MB each
    tried: Recent[str, Fetched] = field(default_factory=lambda: Recent(4))

    @property
    def watchlist(self) -> Watchlist:
        return self.state().watchlist


def backend_of(request: Request) -> Backend:
    backend: Backend = request.app.state.backend
    return backend


Using = Annotated[Backend, Depends(backend_of)]
