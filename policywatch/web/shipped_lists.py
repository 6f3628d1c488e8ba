"""/lists: the watchlists that ship with the program, switched on and off."""

from __future__ import annotations

from fastapi import Depends, HTTPException, Request, Response
from sqlmodel import Session

from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import Watchlist, shipped, shipped_documents
from policywatch.entries import put_entry
from policywatch.web.backend import Using
from policywatch.web.document import pause
from policywatch.web.forms import OperatorForm, done, only_operators
from policywatch.web.rendering import page_router, render
from storage.clock import utc_now
from storage.documents import Document
from storage.journal import Actor

router = page_router()


@router.get("/lists", dependencies=[Depends(only_operators)])
def lists(request: Request, backend: Using) -> Response:
    watched = {entry.id for entry in backend.watchlist.documents}
    rows = []
    for name in shipped():
        entries = shipped_documents(name)
        many = sum(entry["id"] in watched for entry in entries)
        rows.append((name, entries[0]["service"], many, len(entries)))
    return render(request, "lists.html", lists=rows)


@router.post("/lists")
def switch(request: Request, backend: Using, form: OperatorForm) -> Response:
    """On adds what is missing to the store; off pauses, so that the history stays and the next on goes on with it."""
    watchlist, name = backend.watchlist, form.get("list")
    if name not in shipped():
        raise HTTPException(404)
    entries = [
        DocumentEntry.model_validate(each) for each in shipped_documents(name)
    ]
    with backend.database.writing() as session:
        for entry in entries:
            if form.get("do") == "on":
                _watch(session, watchlist, entry, request.state.actor)
            elif session.get(Document, entry.id) is not None:
                pause(session, entry.id, True, request.state.actor, backend.now())
    return done(request, form, "/lists")


def _watch(
    session: Session, watchlist: Watchlist, entry: DocumentEntry, actor: Actor
) -> None:
    row, now = session.get(Document, entry.id), utc_now()
    if row is not None and row.paused:
        pause(session, entry.id, False, actor, now)
    if entry.id in watchlist.of_file or (row is not None and row.entry):
        return
    put_entry(session, entry, actor, now)
