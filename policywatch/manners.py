"""How the documents of a watchlist are read."""

from __future__ import annotations

from analysis.text.lexicon import OwnTopic
from analysis.versions.manner import Manner, Review, unreviewed
from policywatch import sandbox
from policywatch.watchlist import Watchlist


def manners(watchlist: Watchlist, review: Review = unreviewed) -> dict[str, Manner]:
    """By document."""
    topics = tuple(
        OwnTopic(name, tuple(entry.phrases), tuple(entry.languages)) for name, entry in watchlist.topics.items()
    )
    return {
        entry.id: Manner(
            entry.title, entry.language, tuple(entry.select), tuple(entry.remove), topics, sandbox.run, review
        )
        for entry in watchlist.documents
    }
