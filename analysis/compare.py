"""From two texts of a document to what a change between them is."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.blocks import Page
from analysis.change import Comparison


def compare(
    before: Page,
    after: Page,
    *,
    language: str | None = None,
    document: str | None = None,
    own_topics: Mapping[str, object] | None = None,
) -> Comparison:
    """Compare two texts of one document. `document` is its title or kind, where known."""
    raise NotImplementedError
