"""Entries of documents and routes that the store owns: added, edited or imported there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlmodel import Session

from messages import Message
from policywatch.config.errors import WatchlistError
from policywatch.config.schema import DocumentEntry, FileSection, RouteEntry
from policywatch.config.watchlist import Watchlist, filter_problems, unmatched
from storage.database import Database
from storage.documents import Document, edited
from storage.journal import Action, Actor, enter
from storage.routes import StoredRoute, stored_routes


class DocumentEdits(NamedTuple):
    """On the pages: a document's entry if added or taken over there, whether paused, and ignored passages."""

    id: str
    entry: dict[str, Any] | None
    overrides: bool
    paused: bool
    ignored: tuple[tuple[str, str], ...]


class Additions(NamedTuple):
    """What the store adds to the watchlist."""

    documents: list[DocumentEdits]
    routes: list[RouteEntry]


def additions(database: Database) -> Additions:
    with database.reading() as session:
        documents = [
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
        return Additions(documents, [*map(route_entry, stored_routes(session))])


def route_entry(row: StoredRoute) -> RouteEntry:
    entry = RouteEntry.model_validate(row.entry)
    entry.stands_in(FileSection(Path("the routes of the pages"), (), row.name))
    return entry


def stored_entry(row: Document | DocumentEdits) -> DocumentEntry | None:
    return (
        DocumentEntry.model_validate(row.entry | {"id": row.id})
        if row.entry
        else None
    )


def with_additions(watchlist: Watchlist, database: Database) -> Watchlist:
    """With documents and routes added on the pages, without paused ones, with ignored passages; the file's entries win,
    except over those that were taken over from it. Raises `WatchlistError` if the file's routes name what nobody has.
    """
    rows, routes = additions(database)
    entries = {row.id: entry for row in rows if (entry := stored_entry(row))}
    overriding = {row.id for row in rows if row.entry and row.overrides}
    entries |= {
        entry.id: entry
        for entry in watchlist.documents
        if entry.id not in overriding
    }
    whole = watchlist.model_copy(update={"documents": [*entries.values()]})
    if problems := [*filter_problems(whole)]:
        raise WatchlistError(problems)
    paused = {row.id for row in rows if row.paused}
    of_file = {route.name for route in watchlist.routes}
    return watchlist.model_copy(
        update={
            "routes": [
                *watchlist.routes,
                *(route for route in routes if route.name not in of_file),
            ],
            "documents": [
                each for id_, each in entries.items() if id_ not in paused
            ],
            "ignored": {row.id: row.ignored for row in rows if row.ignored},
            "of_file": frozenset(of_file).union(
                entry.id for entry in watchlist.documents
            ),
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
    former = (
        before.model_dump(exclude_unset=True)
        if before
        else row.entry
        if row
        else None
    )
    if row is None:
        row = Document(**entry.declared, added_at=at)
        session.add(row)
    elif row.url != entry.addresses[0]:
        row.forget_validators()
    for name, value in entry.declared.items():
        setattr(row, name, value)
    row.entry, row.retired = after, row.paused
    row.overrides = row.overrides or before is not None
    session.flush()
    _enter(session, actor, row.id, at, former, after, new={"url": row.url})


def put_route(
    session: Session,
    entry: RouteEntry,
    name_of: Callable[[str], str],
    actor: Actor,
    at: datetime,
    *,
    former: str | None = None,
) -> None:
    """In the place of that called `former`. The journal has the addresses by their names, which hold no secret."""

    def shown(values: Mapping[str, Any]) -> dict[str, Any]:
        return {**values, "to": [*map(name_of, values["to"])]}

    row = session.get(StoredRoute, former or entry.name)
    before = shown(row.entry) if row else None
    if row is not None:
        session.delete(row)
        session.flush()
    after = entry.model_dump(exclude_unset=True)
    session.add(StoredRoute(name=entry.name, entry=after))
    _enter(session, actor, entry.name, at, before, shown(after), new={})


def _enter(
    session: Session,
    actor: Actor,
    id_: str,
    at: datetime,
    former: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    *,
    new: Mapping[str, Any],
) -> None:
    """What differs, or of an added one what is `new`."""
    if not former:
        enter(session, actor, Action.ADD, id_, at=at, after=new)
        return
    changed = {
        name for name in {*former, *after} if former.get(name) != after.get(name)
    }
    before, edited_to = (
        {name: values.get(name) for name in sorted(changed)}
        for values in (former, after)
    )
    enter(session, actor, Action.EDIT, id_, at=at, before=before, after=edited_to)


def named_by_route(
    watchlist: Watchlist,
    row: Document | DocumentEntry,
    instead: Sequence[DocumentEntry] = (),
) -> Message | None:
    """Why a document can't go, nor be `instead`: a route names it, its service, language or kind, and no other has it."""
    others = [entry for entry in watchlist.documents if entry.id != row.id]
    before, after = (
        [
            (route, key, value)
            for route, key, value, _ in unmatched(
                watchlist.model_copy(update={"documents": [*others, *these]})
            )
        ]
        for these in ([row], instead)
    )
    return next(
        (
            Message("entry.named_by_route", document=row.id, route=each[0].name)
            for each in after
            if each not in before
        ),
        None,
    )
