"""/edit/{id}: the entry of a document that the store owns, tried on the stored text; and its removal with its history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from fastapi import Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlmodel import Session

from analysis.model import UnreadablePage
from foundation.vocabulary import DocumentKind
from messages import Message
from policywatch.config.additions import watched_as
from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import Watchlist
from policywatch.ingest.extraction import extraction_configs
from policywatch.ingest.reprocess import Preview, preview
from policywatch.views.query_params import DocumentId
from policywatch.web.add import entry_trouble
from policywatch.web.backend import Backend, Using
from policywatch.web.forms import OperatorForm, only_operators
from policywatch.web.page_context import page_context
from policywatch.web.placed import PlacedPassages
from policywatch.web.rendering import page_router, render
from storage.documents import Document, document, filter_choices
from storage.errors import Busy
from storage.journal import Action, enter
from storage.lock import one_at_a_time
from storage.removal import StillCompared, planned_removal
from storage.removal import remove as remove_document

_WORDS = ("url", "title", "service", "kind", "language", "every", "section")
_LISTS = ("select", "remove")  # a CSS selector a line
router = page_router()


@router.get("/edit/{document_id:path}", dependencies=[Depends(only_operators)])
def edit_form(request: Request, backend: Using, document_id: DocumentId) -> Response:
    with backend.database.reading() as session:
        row = document(session, document_id)
        watchlist = _watchlist(backend)
        entry = stored_entry(watchlist, row)
        if owner(watchlist, row) == "file":
            raise HTTPException(404)
        given = _fields(entry) if entry else {}
        if moved := request.query_params.get("url"):
            given["url"] = moved
        return _page(request, session, row, entry, given)


@router.post("/edit/{document_id:path}")
def edit(
    request: Request, backend: Using, document_id: DocumentId, form: OperatorForm
) -> Response:
    watchlist = _watchlist(backend)
    with backend.database.reading() as session:
        row = document(session, document_id)
        entry = stored_entry(watchlist, row)
        if owner(watchlist, row) == "file":
            raise HTTPException(404)
        if form.get("do") == "remove":
            return _remove(request, backend, session, row, sure="sure" in form)
        if entry is None:
            raise HTTPException(404)
        tried, shown, trouble = None, None, None
        try:
            tried = _edited(watchlist, entry, form)
            config = extraction_configs(
                watchlist.model_copy(update={"documents": [tried]})
            )
            with backend.comparisons.turn(request):
                shown = preview(session, row.id, config[row.id])
        except ValidationError as failure:
            trouble = entry_trouble(failure)
        except (ValueError, UnreadablePage) as failure:
            trouble = failure.args[0]
        if trouble or "keep" not in form:
            return _page(
                request,
                session,
                row,
                entry,
                form,
                tried=tried,
                shown=shown,
                trouble=trouble,
            )
    assert tried is not None, "there is no trouble"
    with backend.database.writing() as session:
        row = document(session, document_id)
        after = tried.model_dump(exclude_unset=True)
        if tried.addresses[0] != row.url:
            row.forget_validators()
        for name in ("service", "title", "kind", "language"):
            setattr(row, name, getattr(tried, name))
        before, row.entry, row.url = row.entry or {}, after, tried.addresses[0]
        changed = {
            name for name in {*before, *after} if before.get(name) != after.get(name)
        }
        enter(
            session,
            request.state.actor,
            Action.EDIT,
            row.id,
            at=backend.now(),
            before={name: before.get(name) for name in sorted(changed)},
            after={name: after.get(name) for name in sorted(changed)},
        )
    return RedirectResponse(
        page_context(request).link(f"/documents/{document_id}"), 303
    )


def owner(watchlist: Watchlist, row: Document) -> str:
    """ "file", "store", or "nobody" of what is watched no more."""
    if row.id in watchlist.of_file:
        return "file"
    return "store" if row.entry else "nobody"


def stored_entry(watchlist: Watchlist, row: Document) -> DocumentEntry | None:
    if owner(watchlist, row) != "store":
        return None
    return DocumentEntry.model_validate({**(row.entry or {}), "id": row.id})


def _watchlist(backend: Backend) -> Watchlist:
    watchlist = backend.state().watchlist
    if watchlist is None:
        raise HTTPException(404)
    return watchlist


def _fields(entry: DocumentEntry) -> dict[str, str]:
    lists = {name: "\n".join(getattr(entry, name)) for name in _LISTS}
    return {name: str(getattr(entry, name) or "") for name in _WORDS} | lists


def _edited(
    watchlist: Watchlist, entry: DocumentEntry, form: Mapping[str, str]
) -> DocumentEntry:
    """Raises `ValueError`."""
    given: dict[str, Any] = entry.model_dump(exclude_unset=True)
    for name in _WORDS:
        if name != "url" or entry.url is not None:
            given[name] = form.get(name, "").strip() or None
    for name in _LISTS:
        given[name] = [
            line for each in form.get(name, "").splitlines() if (line := each.strip())
        ]
    edited = DocumentEntry.model_validate(
        {name: value for name, value in given.items() if value not in (None, [])}
    )
    others = [each for each in watchlist.documents if each.id != entry.id]
    for url in edited.addresses:
        if other := watched_as(
            watchlist.model_copy(update={"documents": [*others]}), url
        ):
            raise ValueError(Message("add.watched", document=other))
    return edited


def _page(
    request: Request,
    session: Session,
    row: Document,
    entry: DocumentEntry | None,
    given: Mapping[str, str],
    *,
    tried: DocumentEntry | None = None,
    shown: Preview | None = None,
    trouble: Message | None = None,
) -> Response:
    placed = None
    if shown is not None:
        placed = PlacedPassages(shown.draft.passages, row.title, shown.version, None)
    return render(
        request,
        "edit.html",
        status=422 if trouble else 200,
        document=row,
        entry=entry,
        given=given,
        kinds=get_args(DocumentKind),
        services=filter_choices(session)["services"],
        tried=tried if trouble is None else None,
        shown=shown,
        placed=placed,
        trouble=trouble,
    )


def _remove(
    request: Request, backend: Backend, session: Session, row: Document, *, sure: bool
) -> Response:
    """Asks first."""
    planned, trouble = planned_removal(session, row.id), None
    if sure:
        try:
            with one_at_a_time(backend.database) as held, held.writing() as writing:
                before = planned._asdict() | {"imported": False}
                who, at = request.state.actor, backend.now()
                enter(writing, who, Action.REMOVE, row.id, at=at, before=before)
                remove_document(writing, row.id)
        except Busy:
            trouble = "review.busy"
        except StillCompared:
            trouble = "entry.compared"
        else:
            return RedirectResponse(page_context(request).link("/services"), 303)
    return render(
        request,
        "remove.html",
        status=409 if trouble else 200,
        document=row,
        planned=planned,
        trouble=trouble,
    )
