"""Where the passages of a change stand in its two texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from notifier.summary import Quoted
from policywatch.views.between import Step
from policywatch.views.passages import Section, flagged_first
from policywatch.web.layout import MarkedStretch, anchors, redline
from storage.changes import StoredPassage
from storage.paragraphs import anchor, texts_of
from storage.versions import Version


@dataclass(frozen=True, slots=True)
class Place:
    """A version, and the id of a block on its page."""

    version: Version
    anchor: str


@dataclass(frozen=True, slots=True)
class Surroundings(Place):
    """With the texts of the neighbouring blocks."""

    before: str
    after: str


class PlacedPassages:
    """Passages in reading order, with their places in the two texts."""

    def __init__(
        self,
        passages: Sequence[StoredPassage],
        title: str,
        before: Version,
        after: Version | None,
        brought: Mapping[int, Sequence[Step]] | None = None,
    ) -> None:
        self.passages = passages
        self.brought = (
            brought or {}
        )  # by position, the changes that a passage belongs to, if several
        self.counts = dict(Counter(passage.operation for passage in passages))
        self.flagged, self.others = flagged_first(passages, title)
        self._before, self._after = before, after
        # by position, the click by which it is ignored; None where nothing can be
        self.ignored: Mapping[int, dict[str, Any]] | None = None

    @property
    def other_passages(self) -> int:
        return sum(section.places for section in self.others)

    def cited(self, section: Section) -> Version | None:
        """The version that the section's words are quoted from."""
        return (
            self._after if section.passages[0].after is not None else self._before
        )

    def place(self, section: Section) -> Surroundings | None:
        """Of its first passage whose text is found; None if the later text has no page."""
        if self._after is None:
            return None
        for passage in section.passages:
            is_later = passage.after is not None
            version, texts = (
                (self._after, self._later)
                if is_later
                else (self._before, self._earlier)
            )
            at = texts.get((passage.after if is_later else passage.before) or "")
            if at is not None:
                return Surroundings(version, *at)
        return None

    def quoted(self, quote: Quoted, *, gone: bool) -> Place | None:
        """Of words of the summary (`gone`: in the earlier text); None if ambiguous."""
        version = self._before if gone else self._after
        if version is None:
            return None
        passage = next(
            (each for each in self.passages if each.position == quote.passage), None
        )
        text = passage and (passage.before if gone else passage.after)
        lines = text.split("\n") if text else texts_of(version.page)
        with_words = [line for line in lines if quote.text in line]
        is_unclear = not text and len(with_words) != 1
        id_ = None if is_unclear else anchor((with_words or lines)[0])
        return Place(version, id_) if id_ else None

    @property
    def has_later(self) -> bool:
        return self._after is not None

    @property
    def whole(self) -> list[MarkedStretch]:
        """The later text with all passages; empty without a page of it."""
        if self._after is None:
            return []
        return redline(self.passages, self._before.page, self._after.page)

    @cached_property
    def _later(self) -> dict[str, tuple[str, str, str]]:
        return _surroundings(self._after.page) if self._after is not None else {}

    @cached_property
    def _earlier(self) -> dict[str, tuple[str, str, str]]:
        return _surroundings(self._before.page)


def _surroundings(page: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """By each block's text, its id and its neighbours; of equal texts the first."""
    texts = ["", *texts_of(page), ""]
    places: dict[str, tuple[str, str, str]] = {}
    for i, id_ in enumerate(anchors(page), start=1):
        places.setdefault(texts[i], (id_, texts[i - 1], texts[i + 1]))
    return places
