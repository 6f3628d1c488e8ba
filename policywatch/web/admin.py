"""What the operator can do from the pages: sign in, accept or reject a text that needs review, withdraw a version,
review a change, send failed messages again, add a document, pause it or have it checked, take a record away."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import (
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from pydantic import ValidationError
from sqlmodel import Session

from analysis.model import UnreadablePage
from messages import Message, translate, verbatim
from policywatch.config.recipients import Recipients
from policywatch.config.schema import DocumentEntry, RouteEntry
from policywatch.config.watchlist import Watchlist
from policywatch.evidence.bundle import record
from policywatch.ingest.approve import AnotherTextHeld, NothingHeld, accept, reject
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.ingest.withdraw import NotTheNewest, withdraw
from policywatch.sources.new_page import read_new, suggest_entry
from policywatch.web.access import SESSION_SECONDS, Access, TooManyTries
from policywatch.web.change_page import change_page, review_page
from policywatch.web.comparisons import Comparisons
from policywatch.web.page_context import page_context
from policywatch.web.query_params import ChangesQuery, DocumentId, Number, ReviewEntry
from policywatch.web.rendering import Renderer
from policywatch.web.security import COOKIE
from storage.changes import change
from storage.database import Database
from storage.deliveries import retry_parked
from storage.documents import Document, document
from storage.errors import Busy
from storage.events import split_off
from storage.journal import Action, Actor, enter
from storage.lock import one_at_a_time
from storage.reviews import add_review, last_reviews
from storage.versions import numbered_version

_LONGEST_REASON = 500  # characters
_LARGEST_FORM = 10_000  # bytes
_ENTRY_KEYS = ("url", "service", "title", "kind", "language")


@dataclass(frozen=True, slots=True)
class WatchlistState:
    """What the pages need of the watchlist: how documents are read, and who is alerted.

    `problem` is what keeps the watchlist from being read as it is now; then all this is what it was before.
    """

    configs: Mapping[str, ExtractionConfig] = field(default_factory=dict)
    routes: Sequence[RouteEntry] = ()
    documents: Sequence[DocumentEntry] = ()
    problem: str | None = None
    site: str | None = None
    recipients: Recipients = field(default_factory=Recipients)
    watchlist: Watchlist | None = None

    def config(self, document_id: str) -> ExtractionConfig:
        """How a document is read; there is no page of one that is not watched."""
        if document_id not in self.configs:
            raise HTTPException(404)
        return self.configs[document_id]


def admin_pages(
    database: Database,
    renderer: Renderer,
    access: Access,
    state: Callable[[], WatchlistState],
    now: Callable[[], datetime],
    comparisons: Comparisons,
) -> APIRouter:
    """The addresses; who has not signed in gets only those that show something."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

    @router.post("/changes/{change_id:int}/split")
    def split(request: Request, change_id: Number, _form: OwnForm) -> Response:
        with database.writing() as session:
            split_off(session, change(session, change_id), request.state.actor, now())
        return RedirectResponse(
            page_context(request).link(f"/changes/{change_id}"), 303
        )

    @router.post("/health/deliveries")
    def retry(request: Request, form: OwnForm) -> Response:
        number = form.get("id", "")
        ids = (
            [int(number)]
            if number.isascii() and number.isdigit() and len(number) < 10
            else None
        )
        with database.writing() as session:
            retry_parked(session, ids, now())
        return RedirectResponse(
            f"{page_context(request).link('/health')}#deliveries", 303
        )

    @router.post("/changes/{change_id:int}")
    def review_change(request: Request, change_id: Number, form: OwnForm) -> Response:
        try:
            by = request.state.actor.name  # nobody signs for another
            entry = ReviewEntry.model_validate(dict(form) | ({"by": by} if by else {}))
        except ValidationError as failure:
            raise HTTPException(400) from failure
        with database.writing() as session:
            last = last_reviews(session, [change_id]).get(change_id)
            who = request.state.actor
            add_review(
                session,
                change_id,
                entry.state,
                note=entry.note,
                by=entry.by,
                at=now(),
                actor=who,
            )
        if last is None or form.get("seen", str(last.id)) == str(last.id):
            return RedirectResponse(
                f"{page_context(request).link(f'/changes/{change_id}')}#triage", 303
            )
        with database.reading() as session:
            context = change_page(session, change_id) | {"trouble": "triage.meanwhile"}
            return renderer.page(request, "change.html", **context)

    _deciding(router, database, renderer, state, now, comparisons)
    _withdrawing(router, database, renderer, now)
    _signing(router, renderer, access)
    _editing(router, database, renderer, state, now, comparisons)
    return router


def _deciding(
    router: APIRouter,
    database: Database,
    renderer: Renderer,
    state: Callable[[], WatchlistState],
    now: Callable[[], datetime],
    comparisons: Comparisons,
) -> None:
    @router.get("/health/held/{document_id:path}")
    def review(request: Request, document_id: DocumentId) -> Response:
        return show(request, document_id)

    def show(
        request: Request,
        document_id: str,
        *,
        status: int = 200,
        trouble: str | None = None,
    ) -> Response:
        config = state().config(document_id)
        with comparisons.turn(request), database.reading() as session:
            context = review_page(session, document_id, config)
            return renderer.page(
                request, "review.html", status=status, trouble=trouble, **context
            )

    @router.post("/health/held/{document_id:path}")
    def decide(request: Request, document_id: DocumentId, form: OwnForm) -> Response:
        known = state()
        config = known.config(document_id)
        with database.reading() as session:
            shown = review_page(session, document_id, config)
        if shown["fingerprint"] != form.get("seen"):
            return show(request, document_id, status=409, trouble="review.anew")
        if form.get("do") == "reject":
            try:
                reject(
                    database,
                    document_id,
                    shown["check"].id,
                    actor=request.state.actor,
                    now=now,
                )
            except (AnotherTextHeld, NothingHeld):
                return show(request, document_id, status=409, trouble="review.anew")
            return RedirectResponse(
                page_context(request).link(f"/health/held/{document_id}"), 303
            )
        if "sure" not in form:
            minutes = known.recipients.grace // timedelta(minutes=1)
            return renderer.page(request, "review_sure.html", minutes=minutes, **shown)
        try:
            with one_at_a_time(database) as held:
                who = {"actor": request.state.actor, "seen": shown["text"]}
                accepted = accept(
                    held, document_id, config, known.recipients.names_for, **who
                )
        except Busy:
            return show(request, document_id, status=409, trouble="review.busy")
        except (AnotherTextHeld, NothingHeld):
            return show(request, document_id, status=409, trouble="review.anew")
        path = (
            f"/changes/{accepted.id}"
            if accepted is not None
            else f"/documents/{document_id}"
        )
        return RedirectResponse(page_context(request).link(path), 303)


def _withdrawing(
    router: APIRouter,
    database: Database,
    renderer: Renderer,
    now: Callable[[], datetime],
) -> None:
    @router.get("/documents/{document_id:path}/versions/{number:int}/withdraw")
    def ask_to_withdraw(
        request: Request, document_id: DocumentId, number: Number
    ) -> Response:
        if not request.state.signed_in:
            raise HTTPException(403)
        return withdrawal_form(request, document_id, number)

    def withdrawal_form(
        request: Request,
        document_id: str,
        number: int,
        *,
        status: int = 200,
        trouble: str | None = None,
    ) -> Response:
        with database.reading() as session:
            version = numbered_version(session, document_id, number)
            shown = {"document": document(session, document_id), "version": version}
            return renderer.page(
                request, "withdraw.html", status=status, trouble=trouble, **shown
            )

    @router.post("/documents/{document_id:path}/versions/{number:int}/withdraw")
    def take_back(
        request: Request, document_id: DocumentId, number: Number, form: OwnForm
    ) -> Response:
        try:
            with one_at_a_time(database) as held:
                reason = form.get("reason", "").strip()[:_LONGEST_REASON]
                withdraw(
                    held,
                    document_id,
                    number,
                    actor=request.state.actor,
                    reason=reason,
                    now=now,
                )
        except Busy:
            return withdrawal_form(
                request, document_id, number, status=409, trouble="review.busy"
            )
        except NotTheNewest:
            return withdrawal_form(
                request, document_id, number, status=409, trouble="withdraw.newer"
            )
        return RedirectResponse(
            page_context(request).link(f"/documents/{document_id}"), 303
        )


def _editing(
    router: APIRouter,
    database: Database,
    renderer: Renderer,
    state: Callable[[], WatchlistState],
    now: Callable[[], datetime],
    comparisons: Comparisons,
) -> None:
    @router.get("/add")
    def add_form(request: Request) -> Response:
        return renderer.page(
            request, "add.html", given={}, entry=None, read=None, trouble=None
        )

    @router.post("/add")
    def add(request: Request, form: OwnForm) -> Response:
        watchlist, entry, page, trouble = state().watchlist, None, None, None
        if watchlist is None:
            raise HTTPException(404)
        given: dict[str, Any] = {
            name: form[name].strip()
            for name in _ENTRY_KEYS
            if form.get(name, "").strip()
        }
        private_hosts = {
            urlsplit(entry.addresses[0]).netloc
            for entry in watchlist.documents
            if entry.allow_private
        }
        try:
            given |= (
                {"allow_private": True}
                if urlsplit(given.get("url", "")).netloc in private_hosts
                else {}
            )
            with comparisons.turn(
                request
            ):  # also the second time: nothing is kept that was not tried just now
                page = read_new(watchlist, given)
            entry = suggest_entry(watchlist, given, page)
        except ValidationError as failure:
            trouble = verbatim(failure.errors()[0]["msg"].removeprefix("Value error, "))
        except (
            ValueError,
            UnreadablePage,
        ) as failure:  # one of urlsplit's has only words
            trouble = (
                failure.args[0]
                if isinstance(failure.args[0], Message)
                else verbatim(str(failure))
            )
        if entry is None or "keep" not in form:
            context = {"given": given, "entry": entry, "read": page, "trouble": trouble}
            return renderer.page(
                request, "add.html", status=422 if trouble else 200, **context
            )
        facts = entry.model_dump(
            include={"id", "service", "title", "kind", "url", "language"}
        )
        with database.writing() as session:
            session.merge(
                Document(
                    **facts, added_at=now(), entry=entry.model_dump(exclude_unset=True)
                )
            )
            enter(
                session,
                request.state.actor,
                Action.ADD,
                entry.id,
                at=now(),
                after={"url": entry.url},
            )
        return RedirectResponse(
            page_context(request).link(f"/documents/{entry.id}"), 303
        )

    @router.post("/documents/{document_id:path}")
    def edit(request: Request, document_id: DocumentId, form: OwnForm) -> Response:
        with database.writing() as session:
            if form.get("do") == "check":
                document(session, document_id).asked_at = now()
            else:
                _pause(
                    session,
                    document_id,
                    form.get("do") == "pause",
                    request.state.actor,
                    now(),
                )
        return RedirectResponse(
            page_context(request).link(f"/documents/{document_id}"), 303
        )

    @router.get("/record.pdf")
    def on_paper(
        request: Request,
        query: Annotated[ChangesQuery, Query()],
        change: Number | None = None,
    ) -> Response:
        if not request.state.signed_in:  # each takes a browser
            raise HTTPException(403)
        page = page_context(request)
        with comparisons.turn(request), database.reading() as session:
            content = record(
                session, change or query.filter, page.whole("/"), page.language
            )
        if isinstance(content, Message):
            return PlainTextResponse(translate(content, page.language), 503)
        return Response(content, media_type="application/pdf")


def _pause(
    session: Session, document_id: str, is_paused: bool, actor: Actor, at: datetime
) -> None:
    row = document(session, document_id)
    if row.paused != is_paused:
        row.paused = row.retired = is_paused
        enter(
            session, actor, Action.PAUSE if is_paused else Action.RESUME, row.id, at=at
        )


def _signing(router: APIRouter, renderer: Renderer, access: Access) -> None:
    @router.get("/sign-in")
    def sign_in_form(request: Request) -> Response:
        if not access.can_sign_in:
            raise HTTPException(404)
        return form_page(request, request.query_params.get("next", "/"))

    def form_page(
        request: Request, onward: str, *, status: int = 200, trouble: str | None = None
    ) -> Response:
        return renderer.page(
            request,
            "sign_in.html",
            status=status,
            trouble=trouble,
            onward=onward,
            access=access,
        )

    @router.post("/sign-in")
    async def sign_in(request: Request, form: Form) -> Response:
        if not access.can_sign_in or not is_same_origin(request):
            raise HTTPException(403)
        onward = form.get("next", "/")
        try:
            address = request.client.host if request.client else ""
            secret = await access.sign_in_by_turn(
                form.get("password", ""), address, form.get("name", "").strip()
            )
        except TooManyTries as failure:
            answer = form_page(request, onward, status=429, trouble="sign_in.too_many")
            answer.headers["Retry-After"] = str(failure.wait)
            return answer
        if secret is None:
            trouble = "sign_in.wrong_name" if access.knows_people else "sign_in.wrong"
            return form_page(request, onward, status=403, trouble=trouble)
        done = RedirectResponse(
            page_context(request).onward(onward), 303, {"Cache-Control": "no-store"}
        )
        done.set_cookie(
            COOKIE,
            secret,
            max_age=SESSION_SECONDS,
            path=request.scope.get("root_path") or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return done

    @router.post("/sign-out", dependencies=[Depends(_own_form)])
    def sign_out(request: Request) -> Response:
        access.sign_out(request.cookies.get(COOKIE, ""))
        done = RedirectResponse(page_context(request).link("/"), 303)
        done.delete_cookie(COOKIE, path=request.scope.get("root_path") or "/")
        return done


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_FORM:
            raise HTTPException(413)
    return {
        name: values[0]
        for name, values in parse_qs(body.decode("utf-8", "replace")).items()
    }


Form = Annotated[dict[str, str], Depends(_form)]


def _own_form(request: Request, form: Form) -> dict[str, str]:
    """The fields of a form of ours, sent by someone who has signed in; nothing is done for others."""
    if not getattr(request.state, "signed_in", False):
        raise HTTPException(403)
    if (
        not request.state.has_token
    ):  # a token is never sent by a browser on another page's behalf
        csrf = request.state.access["csrf"] or ""
        if not is_same_origin(request) or not hmac.compare_digest(
            form.get("csrf", "").encode(), csrf.encode()
        ):
            raise HTTPException(403)
    return form


OwnForm = Annotated[dict[str, str], Depends(_own_form)]


def is_same_origin(request: Request) -> bool:
    """By what browsers say of where a form stood; those that say nothing are left to the token."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or origin.partition("://")[2] == request.headers.get("host")
