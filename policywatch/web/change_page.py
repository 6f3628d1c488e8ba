"""What the page of a change shows, and those of two versions compared and of a text that needs review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlmodel import Session

from analysis.model import Comparison
from analysis.page_json import page_from_json
from analysis.text.normal import fingerprint
from foundation.vocabulary import Cause
from notifier.presentation import Quoted
from policywatch.ingest.approve import held_text
from policywatch.ingest.drafts import ChangeDraft, change_columns, draft_change
from policywatch.ingest.extraction import ExtractionConfig, differences
from policywatch.views.between import Step, sum_of
from policywatch.views.change import change_view
from policywatch.views.passages import Section, flagged_first
from policywatch.web.layout import anchors
from storage.change_list import event_of
from storage.changes import Change, StoredPassage, neighbours
from storage.documents import Document, document, previews
from storage.errors import UnknownDocument
from storage.paragraphs import anchor, texts_of
from storage.reviews import reviews_of
from storage.versions import (
    BeforeFirstText,
    UnknownVersion,
    Version,
    current_version,
    numbered_version,
    version_on,
    versions,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where words stand: the version, and the id of their block on its page."""

    version: Version
    anchor: str


@dataclass(frozen=True, slots=True)
class Surroundings(Place):
    """With the texts of the blocks around that block."""

    before: str
    after: str


class PlacedPassages:
    """Passages in a reader's order, with where each stands in the two texts."""

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
        )  # by position, the changes that a passage came with, where it is of several
        self.counts = dict(Counter(passage.operation for passage in passages))
        self.flagged, self.others = flagged_first(passages, title)
        self._before, self._after = before, after

    @property
    def other_passages(self) -> int:
        return sum(section.places for section in self.others)

    def cited(self, section: Section) -> Version | None:
        """The version that a quotation of the section's words is from."""
        return self._after if section.passages[0].after is not None else self._before

    def place(self, section: Section) -> Surroundings | None:
        """Of the first of its passages whose text can be found again; nowhere where the later text has no page."""
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
        """Of words of the summary; `gone`: of the earlier text. Nowhere where nothing says which of several blocks."""
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

    @cached_property
    def _later(self) -> dict[str, tuple[str, str, str]]:
        return _surroundings(self._after.page) if self._after is not None else {}

    @cached_property
    def _earlier(self) -> dict[str, tuple[str, str, str]]:
        return _surroundings(self._before.page)


def _surroundings(page: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """By each block's text its id and the texts before and after it; of equal ones the first."""
    texts = ["", *texts_of(page), ""]
    places: dict[str, tuple[str, str, str]] = {}
    for i, id_ in enumerate(anchors(page), start=1):
        places.setdefault(texts[i], (id_, texts[i - 1], texts[i + 1]))
    return places


def change_page(session: Session, change_id: int) -> dict[str, Any]:
    """A change, its passages in place, and the changes of the document around it. Raises `UnknownChange`."""
    view = change_view(session, change_id)
    placed = PlacedPassages(view.passages, view.document.title, view.before, view.after)
    older, newer = neighbours(session, view.change)
    trail, event = reviews_of(session, change_id), event_of(session, view.change)
    return {
        "view": view,
        "placed": placed,
        "older": older,
        "newer": newer,
        "event": event,
        "reviews": trail,
        "trouble": None,
    }


@dataclass(frozen=True, slots=True)
class Sides:
    """Two versions to be compared; `replaced` is the document of the first where it is another."""

    document: Document
    replaced: Document
    before: Version
    after: Version

    def compare(self) -> ChangeDraft:
        """Takes long for long texts, and no session. Two texts of one document are not classified: the changes between
        them are."""
        texts = page_from_json(self.before.page), page_from_json(self.after.page)
        if self.replaced.id == self.document.id:
            return draft_change(
                Comparison(substantive=True, passages=differences(*texts))
            )
        config = ExtractionConfig(self.document.title, self.document.language)
        return draft_change(config.compare(*texts))


def two_versions(
    session: Session, document_id: str, first: int | date, second: int | date
) -> Sides:
    """Of two versions, by number or by a day on which they were in force, the older one comes first.

    Raises `UnknownDocument`, `UnknownVersion` or `BeforeFirstText`.
    """
    row = document(session, document_id)
    numbers = (
        at if isinstance(at, int) else version_on(session, document_id, at)
        for at in (first, second)
    )
    before, after = (
        numbered_version(session, document_id, number) for number in sorted(numbers)
    )
    return Sides(row, row, before, after)


def announced_text(session: Session, document_id: str) -> Sides:
    """An announced text against the one that it will replace.

    Raises `UnknownDocument` where nothing says what that is, and `UnknownVersion` where one of them was not read yet.
    """
    for announced, replaced in previews(session):
        if announced.id == document_id:
            now, then = (
                current_version(session, replaced.id),
                current_version(session, announced.id),
            )
            if now is None or then is None:
                raise UnknownVersion(
                    f"{document_id} can't be compared before both texts were read"
                )
            return Sides(announced, replaced, now, then)
    raise UnknownDocument(
        document_id, [announced.id for announced, _ in previews(session)]
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """The versions of a document that can be compared, oldest first, and the two that are."""

    versions: Sequence[Version]
    before: Version
    after: Version


def comparison_choice(
    session: Session, document_id: str, sides: Sides | None = None
) -> Choice | None:
    """Without `sides`, the last two; None where there are no two."""
    heads = versions(session, document_id)
    if len(heads) < 2:
        return None
    return Choice(heads, *((sides.before, sides.after) if sides else heads[-2:]))


def versions_page(
    sides: Sides, choice: Choice | None, steps: Sequence[Step], draft: ChangeDraft
) -> dict[str, Any]:
    """What differs between two versions of a document, and the changes that brought it."""
    whole = sum_of(steps, draft.passages, sides.before.page, sides.after.page)
    numbers = range(sides.before.number + 1, sides.after.number + 1)
    return {
        "begun": [
            each
            for each in choice.versions
            if each.number in numbers and each.cause == Cause.REPLACED
        ]
        if choice
        else [],
        "texts": sides,
        "document": sides.document,
        "choice": choice,
        "steps": whole.steps,
        "shown": {
            step.version.number
            for brought in whole.brought.values()
            for step in brought
        },
        "placed": PlacedPassages(
            whole.passages,
            sides.document.title,
            sides.before,
            sides.after,
            whole.brought,
        ),
    }


def too_early_page(
    session: Session, document_id: str, problem: BeforeFirstText
) -> dict[str, Any]:
    """Of a day of which no text is known."""
    return {
        "document": document(session, document_id),
        "choice": comparison_choice(session, document_id),
        "problem": problem,
    }


def announced_page(sides: Sides, draft: ChangeDraft) -> dict[str, Any]:
    """What an announced text will change; `change` as it would be stored, when that text was captured."""
    return {
        "texts": sides,
        "document": sides.document,
        "placed": PlacedPassages(
            draft.passages, sides.document.title, sides.before, sides.after
        ),
        "alert": draft.comparison.alert,
        "change": Change(
            cause="page",
            detected_at=sides.after.captured_at,
            **change_columns(draft.comparison),
        ),
    }


def review_page(
    session: Session, document_id: str, config: ExtractionConfig
) -> dict[str, Any]:
    """A text that needs review: why, and what it would change; `placed` is None where there is nothing to compare it
    with. `fingerprint` goes with the form, so that no other text is accepted than the one that was shown.

    Raises `UnknownDocument`, `NothingHeld`, and `UnreadablePage` where the capture gives no text now.
    """
    row = document(session, document_id)
    check, held = held_text(session, document_id, config)
    placed = None
    if held.draft is not None and held.before is not None:
        placed = PlacedPassages(held.draft.passages, row.title, held.before, None)
    return {
        "document": row,
        "check": check,
        "text": held.page,
        "placed": placed,
        "fingerprint": fingerprint(held.page.blocks),
        "word_count": sum(len(block.text.split()) for block in held.page.blocks),
    }
