"""How the documents of a watchlist are read."""

from __future__ import annotations

from analysis.text.lexicon import OwnTopic
from policywatch import sandbox
from policywatch.config.watchlist import Watchlist
from policywatch.ingest.extraction import ExtractionConfig, Review, unreviewed


def manners(watchlist: Watchlist, review: Review = unreviewed) -> dict[str, ExtractionConfig]:
    """By document."""
    topics = tuple(
        OwnTopic(name, tuple(entry.phrases), tuple(entry.languages)) for name, entry in watchlist.topics.items()
    )
    return {
        entry.id: ExtractionConfig(
            entry.title, entry.language, tuple(entry.select), tuple(entry.remove), topics, sandbox.run, review
        )
        for entry in watchlist.documents
    }
