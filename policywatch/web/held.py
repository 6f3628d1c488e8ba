"""What the page of a held text shows: why it was not believed, and what it would change."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from analysis.model import Page
from analysis.text.normal import fingerprint
from policywatch.ingest.approve import held_text
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.web.one_change import Placed
from storage.checks import Check
from storage.documents import Document, document


@dataclass(frozen=True, slots=True)
class HeldView:
    """`placed` is None where there is nothing to compare the text with; `seen` says which one the visitor looked at."""

    document: Document
    check: Check
    page: Page
    placed: Placed | None

    @property
    def seen(self) -> str:
        """Goes with the form, so that no other text is taken than the one that was shown."""
        return fingerprint(self.page.blocks)

    @property
    def words(self) -> int:
        """How long the held text is."""
        return sum(len(block.text.split()) for block in self.page.blocks)


def held_view(session: Session, document_id: str, config: ExtractionConfig) -> HeldView:
    """Raises `UnknownDocument`, `NothingHeld`, and `UnreadablePage` where the capture gives no text now."""
    row = document(session, document_id)
    check, found = held_text(session, document_id, config)
    placed = None
    if found.draft is not None and found.before is not None:
        placed = Placed(found.draft.passages, row.title, found.before, None)
    return HeldView(row, check, found.page, placed)
