"""What the page of a change shows, and that of two versions compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlmodel import Session

from analysis.model import Comparison
from analysis.page_json import page_from_json
from policywatch.ingest.drafts import ChangeDraft, change_columns, draft_change
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.inline_diff import Section, flagged_first
from policywatch.second_opinion import SecondOpinion, second_opinion
from storage.announced import Announcement, announcements
from storage.captures import Capture, addresses, capture_records
from storage.changes import Change, StoredPassage, change, neighbours, passages
from storage.documents import Document, document, previews
from storage.errors import UnknownDocument
from storage.versions import UnknownVersion, Version, current_version, numbered_version, version_heads


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage's text stands: the version, the number of its block, and the blocks around it."""

    version: Version
    block: int
    before: str
    after: str


class Placed:
    """Passages in a reader's order, with where each stands in the two texts."""

    def __init__(self, found: Sequence[StoredPassage], title: str, before: Version, after: Version | None) -> None:
        self.counts = dict(Counter(passage.operation for passage in found))
        self.flagged, self.others = flagged_first(found, title)
        self._before, self._after = before, after

    @property
    def other_passages(self) -> int:
        """How many were not flagged."""
        return sum(section.places for section in self.others)

    def cited(self, section: Section) -> Version | None:
        """The version that a quotation of the section's words is from."""
        return self._after if section.passages[0].after is not None else self._before

    def place(self, section: Section) -> Place | None:
        """Of the first of its passages whose text can be found again; nowhere where the later text has no page."""
        if self._after is None:
            return None
        for passage in section.passages:
            later = passage.after is not None
            version, texts = (self._after, self._later) if later else (self._before, self._earlier)
            at = texts.get((passage.after if later else passage.before) or "")
            if at is not None:
                return Place(version, *at)
        return None

    @cached_property
    def _later(self) -> dict[str, tuple[int, str, str]]:
        return _around(self._after.page) if self._after is not None else {}

    @cached_property
    def _earlier(self) -> dict[str, tuple[int, str, str]]:
        return _around(self._before.page)


def _around(page: dict[str, Any]) -> dict[str, tuple[int, str, str]]:
    """By each block's text its number and the texts before and after it; of equal ones the first."""
    texts = ["", *(str(block["text"]) for block in page["blocks"]), ""]
    found: dict[str, tuple[int, str, str]] = {}
    for i in range(1, len(texts) - 1):
        found.setdefault(texts[i], (i - 1, texts[i - 1], texts[i + 1]))
    return found


@dataclass(frozen=True, slots=True)
class ChangeView:
    """All of one change; `second` is what a language model made of it, where the operator has one."""

    change: Change
    document: Document
    before: Version
    after: Version
    returned: Version | None
    announced: Announcement | None
    captures: list[Capture]  # of the later text: one of each of the document's addresses
    placed: Placed
    older: Change | None
    newer: Change | None
    second: SecondOpinion | None

    @property
    def addresses(self) -> list[str]:
        """Where the document stands."""
        return addresses(self.captures, self.document.url)


@dataclass(frozen=True, slots=True)
class Sides:
    """Two versions to be compared; `replaced` is the document of the first where it is another."""

    document: Document
    replaced: Document
    before: Version
    after: Version


@dataclass(frozen=True, slots=True)
class CompareView(Sides):
    """What differs between any two versions."""

    found: Comparison
    placed: Placed

    @property
    def change(self) -> Change:
        """As it would be stored, found when the later text was captured."""
        return Change(cause="page", detected_at=self.after.captured_at, **change_columns(self.found))


def change_view(session: Session, change_id: int) -> ChangeView:
    """Raises `UnknownChange`."""
    row = change(session, change_id)
    before, after = session.get_one(Version, row.before_id), session.get_one(Version, row.version_id)
    returned = version_heads(session, [row.returns_to])[row.returns_to] if row.returns_to is not None else None
    of, (older, newer) = document(session, row.document_id), neighbours(session, row)
    return ChangeView(
        change=row,
        document=of,
        before=before,
        after=after,
        returned=returned,
        announced=announcements(session, [row]).get(change_id),
        captures=capture_records(session, after.capture_id),
        placed=Placed(passages(session, change_id), of.title, before, after),
        older=older,
        newer=newer,
        second=second_opinion(session, change_id),
    )


def two_versions(session: Session, document_id: str, first: int, second: int) -> Sides:
    """The older of the two versions comes first, however they are named.

    Raises `UnknownDocument` or `UnknownVersion`.
    """
    row = document(session, document_id)
    before, after = (numbered_version(session, document_id, number) for number in sorted((first, second)))
    return Sides(row, row, before, after)


def announced_text(session: Session, document_id: str) -> Sides:
    """An announced text against the one that it will replace.

    Raises `UnknownDocument` where nothing says what that is, and `UnknownVersion` where one of them was not read yet.
    """
    for announced, replaced in previews(session):
        if announced.id == document_id:
            now, then = current_version(session, replaced.id), current_version(session, announced.id)
            if now is None or then is None:
                raise UnknownVersion(f"{document_id} can't be compared before both texts were read")
            return Sides(announced, replaced, now, then)
    raise UnknownDocument(document_id, [announced.id for announced, _ in previews(session)])


def draft_of(sides: Sides) -> ChangeDraft:
    """What differs; takes long for long texts, and no session. Raises `TooCostly`."""
    texts = page_from_json(sides.before.page), page_from_json(sides.after.page)
    return draft_change(ExtractionConfig(sides.document.title, sides.document.language).compare(*texts))


def compare_view(sides: Sides, found: ChangeDraft) -> CompareView:
    """What the page shows of it."""
    placed = Placed(found.passages, sides.document.title, sides.before, sides.after)
    return CompareView(sides.document, sides.replaced, sides.before, sides.after, found.comparison, placed)
