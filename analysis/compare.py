"""From two texts of a document to what a change between them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.blocks import Page
from analysis.change import Comparison
from analysis.diff import passages


@dataclass(frozen=True, slots=True)
class OwnTopic:
    """A topic that a user declares: flagged where one of its phrases stands in changed words.

    `languages` (two-letter codes) restricts it to pages in these; empty means all.
    """

    name: str
    phrases: tuple[str, ...]
    languages: tuple[str, ...] = ()


def compare(
    before: Page,
    after: Page,
    *,
    language: str | None = None,
    document: str | None = None,
    own_topics: Sequence[OwnTopic] = (),
    believed: bool = False,
) -> Comparison:
    """Compare two texts of one document. `document` is its title or kind, where known.

    With `believed` a person has said that both are the document's: nothing is held, whatever the texts look like.
    """
    found = passages(before, after)
    return Comparison(substantive=any(passage.operation != "moved" for passage in found), passages=found)
