"""What the page of a held text shows: why it was not believed, and what it would change."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from analysis.accepting import held_comparison
from analysis.blocks import Page
from analysis.change import Comparison
from analysis.manner import Manner
from analysis.normal import fingerprint
from analysis.reading import stored_passages
from policywatch.web.one_change import Placed
from storage.checks import Check
from storage.documents import Document, document
from storage.versions import Version, current_version


@dataclass(frozen=True, slots=True)
class HeldView:
    """`found` is None where the text would be the first version; `seen` says which text the visitor looked at."""

    document: Document
    check: Check
    page: Page
    found: Comparison | None
    placed: Placed | None
    current: Version | None

    @property
    def seen(self) -> str:
        """Goes with the form, so that no other text is taken than the one that was shown."""
        return fingerprint(self.page.blocks)

    @property
    def words(self) -> int:
        """How long the held text is."""
        return sum(len(block.text.split()) for block in self.page.blocks)


def held_view(session: Session, document_id: str, manner: Manner) -> HeldView:
    """Raises `UnknownDocument`, `NothingHeld`, and `UnreadablePage` where the capture gives no text now."""
    row = document(session, document_id)
    check, page, found = held_comparison(session, document_id, manner)
    current = current_version(session, document_id)
    placed = None
    if found is not None and current is not None:
        placed = Placed(stored_passages(0, found.passages), row.title, current, None)
    return HeldView(row, check, page, found, placed, current)
