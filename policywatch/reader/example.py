"""A change of our own words, to try a model on."""

from __future__ import annotations

from analysis.model import Comparison, Passage
from policywatch.ingest.drafts import ChangeDraft, draft_change
from policywatch.reader.prompt import Subject

SUBJECT = Subject("Harbour", "Privacy policy", "privacy-policy", "en")


def example() -> ChangeDraft:
    return draft_change(
        Comparison(
            True,
            passages=(
                Passage(
                    ("How we use your posts",),
                    "reworded",
                    "We use your posts to show them to the people whom you choose.",
                    "We use your posts to show them to the people whom you choose and, from 1 March 2027, to train "
                    "our AI models, unless you switch this off under Settings > Privacy > AI.",
                ),
                Passage(
                    ("How long we keep messages",),
                    "reworded",
                    "Messages that you delete are gone after 30 days.",
                    "Messages that you delete are gone after 90 days.",
                ),
            ),
        )
    )
