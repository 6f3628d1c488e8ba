"""/edit/{id}: the entry of a document, tried on the stored text; and its removal with its history, or as a duplicate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from fastapi import Depends, HTTPException, Request, Response
from pydantic import ValidationError
from sqlmodel import Session

from analysis.model import UnreadablePage
from foundation.vocabulary import DocumentKind
from messages import Message
from policywatch.config.additions import watched_as
from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import Watchlist
from policywatch.entries import named_by_route, put_entry, stored_entry
from policywatch.ingest.extraction import extraction_configs
from policywatch.ingest.reprocess import Preview, preview
from policywatch.sources.duplicate import earlier_versions, merge_history
from policywatch.views.query_params import DocumentId
from policywatch.web.add import entry_trouble
from policywatch.web.backend import Backend, Using
from policywatch.web.forms import (
    EntryForm,
    OperatorForm,
    done,
    lines,
    only_operators,
    written,
)
from policywatch.web.placed import PlacedPassages
from policywatch.web.rendering import page_router, render
from storage.documents import Document, document, filter_choices, known
from storage.errors import Busy
from storage.journal import Action, enter
from storage.lock import one_at_a_time
from storage.removal import StillCompared, planned_removal
from storage.removal import remove as remove_document
from storage.subscribers import follow_instead

_PLAIN = ("section",)  # a line each, called `entry.NAME`
_FORM = EntryForm(
    texts=(
        *("title", "service", "kind", "language", "every", *_PLAIN),
        *("robots", "source", "repository", "type", "fallback"),
    ),
    lists=("select", "remove"),
    flags=("render",),
)
router = page_router()


@router.get("/edit/{document_id:path}", dependencies=[Depends(only_operators)])
def edit_form(
    request: Request, backend: Using, document_id: DocumentId
) -> Response:
    with backend.database.reading() as session:
        row = document(session, document_id)
        watchlist = backend.watchlist
        entry = _entry(watchlist, row)
        given: dict[str, str] = {}
        if entry:
            given = _FORM.filled(entry) | {"url": "\n".join(entry.addresses)}
        if moved := request.query_params.get("url"):
            given["url"] = moved
        return _page(request, session, row, entry, given, owner(watchlist, row))


@router.post("/edit/{document_id:path}")
def edit(
    request: Request, backend: Using, document_id: DocumentId, form: OperatorForm
) -> Response:
    """What the file owns, is taken over with what is saved; `release` gives it back."""
    watchlist = backend.watchlist
    with backend.database.reading() as session:
        row = document(session, document_id)
        entry, owned_by = _entry(watchlist, row), owner(watchlist, row)
        if form.get("do") == "remove" and owned_by in ("store", "nobody"):
            return _remove(request, backend, session, row, form)
        if form.get("do") == "release" and owned_by == "over":
            return _release(request, backend, row)
        if entry is None or "do" in form:
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
                owned_by,
                tried=tried,
                shown=shown,
                trouble=trouble,
            )
    assert tried is not None, "there is no trouble"
    with backend.database.writing() as session:
        before = entry if owned_by == "file" else None
        put_entry(session, tried, request.state.actor, backend.now(), before=before)
    return done(request, form, f"/documents/{document_id}")


def owner(watchlist: Watchlist, row: Document) -> str:
    """ "file", "store", "over" if the store's takes the place of the file's, or "nobody" of what is watched no more."""
    is_of_file = row.id in watchlist.of_file
    if row.entry and (row.overrides or not is_of_file):
        return "over" if is_of_file else "store"
    return "file" if is_of_file else "nobody"


def _entry(watchlist: Watchlist, row: Document) -> DocumentEntry | None:
    """None of a paused document of the file, as of what is watched no more."""
    return watchlist.document(row.id) or stored_entry(row)


def _edited(
    watchlist: Watchlist, entry: DocumentEntry, form: Mapping[str, str]
) -> DocumentEntry:
    """Raises `ValueError`."""
    given = entry.model_dump(exclude_unset=True) | _FORM.values(form)
    given["expand"] = entry.expand and given["render"]
    addresses = lines(form, "url")
    given["url"], given["urls"] = (
        (None, addresses) if len(addresses) > 1 else ("".join(addresses), None)
    )
    is_archive = given["source"] not in ("", "page")
    if (is_archive or given["fallback"]) and len(addresses) > 1:
        raise ValueError(Message("entry.one_address"))
    if given["source"] == "open-terms-archive" and not (
        given["repository"] and given["type"]
    ):
        raise ValueError(Message("entry.no_archive"))
    edited = DocumentEntry.model_validate(written(DocumentEntry, given, entry))
    others = [each for each in watchlist.documents if each.id != entry.id]
    for url in edited.addresses:
        if other := watched_as(
            watchlist.model_copy(update={"documents": [*others]}), url
        ):
            raise ValueError(Message("add.watched", document=other))
    if named := named_by_route(watchlist, entry, [edited]):
        raise ValueError(named)
    return edited


def _page(
    request: Request,
    session: Session,
    row: Document,
    entry: DocumentEntry | None,
    given: Mapping[str, str],
    owned_by: str,
    *,
    tried: DocumentEntry | None = None,
    shown: Preview | None = None,
    trouble: Message | None = None,
) -> Response:
    placed = None
    if shown is not None:
        placed = PlacedPassages(
            shown.draft.passages, row.title, shown.version, None
        )
    return render(
        request,
        "edit.html",
        status=422 if trouble else 200,
        document=row,
        entry=entry,
        given=given,
        owner=owned_by,
        plain=_PLAIN,
        kinds=get_args(DocumentKind),
        services=filter_choices(session)["services"],
        tried=tried if trouble is None else None,
        shown=shown,
        placed=placed,
        trouble=trouble,
    )


def _release(request: Request, backend: Backend, row: Document) -> Response:
    with backend.database.writing() as session:
        row = document(session, row.id)
        before, who = row.entry, request.state.actor
        row.entry, row.overrides = None, False
        row.forget_validators()
        enter(session, who, Action.EDIT, row.id, at=backend.now(), before=before)
    return done(request, {}, f"/documents/{row.id}")


def _remove(
    request: Request,
    backend: Backend,
    session: Session,
    row: Document,
    form: Mapping[str, str],
) -> Response:
    """Asks first, and once more where a duplicate's history moves. Who follows it, follows the other document then."""
    planned, into = planned_removal(session, row.id), form.get("into")
    trouble = named_by_route(backend.watchlist, row)
    others = [each for each in known(session, [row.service]) if each.id != row.id]
    if into and into not in {each.id for each in others}:
        raise HTTPException(404)
    moving = len(earlier_versions(session, row.id, into)) if into else 0
    config = backend.state().configs.get(into or "")
    if into and config is None:
        trouble = trouble or Message("entry.not_watched")
    sure = "merge" if into else "yes"
    if form.get("sure") == sure and trouble is None:
        before = planned._asdict() | {"imported": False}
        after = {"into": into} if into else None
        try:
            with one_at_a_time(backend.database) as held:
                if into and config:
                    merge_history(held, row.id, into, config)
                with held.writing() as writing:
                    enter(
                        writing,
                        request.state.actor,
                        Action.REMOVE,
                        row.id,
                        at=backend.now(),
                        before=before,
                        after=after,
                    )
                    if into:
                        follow_instead(writing, row.id, into)
                    remove_document(writing, row.id)
        except Busy:
            trouble = Message("review.busy")
        except StillCompared:
            trouble = Message("entry.compared")
        else:
            path = f"/documents/{into}" if into else "/services"
            return done(request, form, path)
    return render(
        request,
        "remove.html",
        status=409 if trouble else 200,
        document=row,
        planned=planned,
        others=others,
        into=next((each for each in others if each.id == into), None),
        moving=moving,
        trouble=trouble,
    )
