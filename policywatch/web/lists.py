"""What lists of changes show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlmodel import Session

from storage.changes import Change, change, changes_before, passage_counts
from storage.documents import Document, document

PAGE = 30  # changes on one page


@dataclass(frozen=True, slots=True)
class Entry:
    """A change in a list; `counts` are its passages by operation."""

    change: Change
    document: Document
    counts: dict[str, int]

    @property
    def meaning(self) -> str | None:
        """One sentence of the page's own words, where a brief could be made."""
        said = self.change.brief.get("meaning")
        return str(said) if said else None


@dataclass(frozen=True, slots=True)
class ChangeList:
    """Changes by day, and the id to go on from if there are older ones."""

    days: list[tuple[date, list[Entry]]]
    older: int | None


def change_list(session: Session, *, before_id: int | None, everything: bool) -> ChangeList:
    """A page of the newest changes. Raises `UnknownChange` where `before_id` names none."""
    before = change(session, before_id) if before_id is not None else None
    found = changes_before(session, before, limit=PAGE + 1, everything=everything)
    shown = entries(session, found[:PAGE])
    days = [(day, list(run)) for day, run in groupby(shown, key=lambda entry: entry.change.detected_at.date())]
    return ChangeList(days, found[PAGE - 1].id if len(found) > PAGE else None)


def entries(session: Session, changes: Sequence[Change]) -> list[Entry]:
    """Changes with what a list says of them."""
    counted = passage_counts(session, [each.id for each in changes if each.id is not None])
    documents = {id_: document(session, id_) for id_ in {each.document_id for each in changes}}
    return [Entry(each, documents[each.document_id], counted.get(each.id or 0, {})) for each in changes]
