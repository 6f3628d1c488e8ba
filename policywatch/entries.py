"""Entries of documents that the store owns: added, edited or imported there."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import Watchlist
from storage.database import Database
from storage.documents import Document, edited
from storage.journal import Action, Actor, enter

_FACTS = {"service", "title", "kind", "language"}  # in columns too


class DocumentEdits(NamedTuple):
    """On the pages: a document's entry if added or taken over there, whether paused, and ignored passages."""

    id: str
    entry: dict[str, Any] | None
    overrides: bool
    paused: bool
    ignored: tuple[tuple[str, str], ...]


def edits(database: Database) -> list[DocumentEdits]:
    with database.reading() as session:
        return [
            DocumentEdits(
                row.id,
                row.entry,
                row.overrides,
                row.paused,
                tuple(
                    (heading, text)
                    for click in row.ignored or ()
                    for heading, text in click["passages"]
                ),
            )
            for row in edited(session)
        ]


def stored_entry(row: Document | DocumentEdits) -> DocumentEntry | None:
    return (
        DocumentEntry.model_validate(row.entry | {"id": row.id}) if row.entry else None
    )


def with_additions(watchlist: Watchlist, database: Database) -> Watchlist:
    """With documents added on the pages, without paused ones, with ignored passages; the file's entries win, except
    over those that were taken over from it.
    """
    rows = edits(database)
    entries = {row.id: entry for row in rows if (entry := stored_entry(row))}
    overriding = {row.id for row in rows if row.entry and row.overrides}
    entries |= {
        entry.id: entry for entry in watchlist.documents if entry.id not in overriding
    }
    paused = {row.id for row in rows if row.paused}
    return watchlist.model_copy(
        update={
            "documents": [each for id_, each in entries.items() if id_ not in paused],
            "ignored": {row.id: row.ignored for row in rows if row.ignored},
            "of_file": frozenset(entry.id for entry in watchlist.documents),
        }
    )


def put_entry(
    session: Session,
    entry: DocumentEntry,
    actor: Actor,
    at: datetime,
    *,
    before: DocumentEntry | None = None,
) -> None:
    """The store owns it from then on; `before` is that of the file, whose place it takes."""
    row = session.get(Document, entry.id)
    after = entry.model_dump(exclude_unset=True)
    facts = {"url": entry.addresses[0], **entry.model_dump(include=_FACTS)}
    former = before.model_dump(exclude_unset=True) if before else row and row.entry
    if row is None:
        row = Document(id=entry.id, added_at=at, **facts)
        session.add(row)
    elif row.url != facts["url"]:
        row.forget_validators()
    for name, value in facts.items():
        setattr(row, name, value)
    row.entry, row.retired = after, row.paused
    row.overrides = row.overrides or before is not None
    session.flush()
    if former:
        changed = {
            name for name in {*former, *after} if former.get(name) != after.get(name)
        }
        old, new = (
            {name: values.get(name) for name in sorted(changed)}
            for values in (former, after)
        )
        enter(session, actor, Action.EDIT, row.id, at=at, before=old, after=new)
    else:
        new = {"url": row.url}
        enter(session, actor, Action.ADD, row.id, at=at, after=new)
