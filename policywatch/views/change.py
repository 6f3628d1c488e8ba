"""A change as pages, terminal, feeds and JSON show it: typed, with all that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from storage.announced import Announcement, announcements
from storage.captures import Capture, addresses, capture_records
from storage.changes import Change, StoredPassage, change, passages
from storage.documents import Document, document
from storage.versions import Version, version_heads


@dataclass(frozen=True, slots=True)
class ShownChange:
    """One change; `captures` are those of the later text, one of each of the document's addresses."""

    change: Change
    document: Document
    before: Version
    after: Version
    returned: Version | None
    announced: Announcement | None
    captures: list[Capture]
    passages: list[StoredPassage]

    @property
    def addresses(self) -> list[str]:
        return addresses(self.captures, self.document.url)


def change_view(session: Session, change_id: int) -> ShownChange:
    """The versions are without their texts. Raises `UnknownChange`."""
    row = change(session, change_id)
    heads = version_heads(
        session, [row.before_id, row.version_id, row.returns_to or row.version_id]
    )
    after = heads[row.version_id]
    return ShownChange(
        change=row,
        document=document(session, row.document_id),
        before=heads[row.before_id],
        after=after,
        returned=heads[row.returns_to] if row.returns_to is not None else None,
        announced=announcements(session, [row]).get(change_id),
        captures=capture_records(session, after.capture_id),
        passages=passages(session, change_id),
    )
