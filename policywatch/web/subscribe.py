"""Pages to subscribe, confirm and unsubscribe. They never reveal whether an address is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Annotated, Any, get_args

from fastapi import Depends, HTTPException, Query, Request, Response
from sqlmodel import Session

from foundation.vocabulary import TOPICS, Graded
from messages import LANGUAGES
from notifier.delivery import deliver_to_subscribers
from policywatch.config.schema import PERSON
from policywatch.views.query_params import DocumentId, Word
from policywatch.web.backend import Using
from policywatch.web.forms import (
    Form,
    OperatorForm,
    done,
    is_same_origin,
    only_operators,
)
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render
from storage.change_list import unknown_name
from storage.documents import Document, services_page
from storage.journal import Action, enter
from storage.subscribers import (
    Subscriber,
    sign_up,
    signed_up,
    subscriber_of,
    subscribers,
    unsubscribe,
)

WHENS = {  # in UTC; the words of a route, by the name of their sentence
    "at once": "at_once",
    "daily 07:00": "daily",
    "weekly monday 07:00": "weekly",
}
_SERVICES = 500  # to choose from
_SENDER = ThreadPoolExecutor(1)  # a slow mail server must not delay pages
router = page_router()


@router.get("/subscribe")
def form(
    request: Request,
    backend: Using,
    service: Word | None = None,
    document: DocumentId | None = None,
    topic: Annotated[list[Word], Query()] = [],  # noqa: B006  # FastAPI copies it
) -> Response:
    """Filled in for the page that led here."""
    if backend.state().recipients.route_to is None:
        raise HTTPException(404)
    reader = Subscriber(
        address="",
        topics=topic,
        service=service,
        document=document,
        severity="low",
        language=page_context(request).language,
        requested_at=backend.now(),
    )
    with backend.database.reading() as session:
        return _form(request, session, reader)


@router.post("/subscribe")
def subscribe(request: Request, backend: Using, fields: Form) -> Response:
    to = backend.state().recipients
    if to.route_to is None or not is_same_origin(request):
        raise HTTPException(403)
    reader = _reader(fields, backend.now())
    with backend.database.reading() as session:
        if not _is_right(session, reader):
            return _form(request, session, reader, 400, "wrong")
    web = backend.watchlist.web
    address = request.client.host if request.client else ""
    is_let = backend.sign_ups.takes(address, web.sign_ups_of_a_network)
    if is_let:
        with backend.database.writing() as session:
            is_let = sign_up(session, reader, web.sign_ups_a_day)
    if not is_let:
        with backend.database.reading() as session:
            return _form(request, session, reader, 429, "too_many")
    _SENDER.submit(
        deliver_to_subscribers,
        backend.database,
        to.route_to,
        backend.watchlist.site,
    )
    return render(request, "subscribe.html", message="sent")


def _form(
    request: Request,
    session: Session,
    reader: Subscriber,
    status: int = 200,
    message: str | None = None,
) -> Response:
    return render(
        request,
        "subscribe.html",
        status=status,
        message=message,
        reader=reader,
        **_offers(session, reader),
    )


def _offers(session: Session, reader: Subscriber | None) -> dict[str, Any]:
    asked = reader and reader.document
    return {
        "services": [name for name, _ in services_page(session, limit=_SERVICES)],
        "document": session.get(Document, asked) if asked else None,
        "whens": WHENS,
    }


@router.get("/subscribers", dependencies=[Depends(only_operators)])
def listed(request: Request, backend: Using) -> Response:
    """With their addresses, for people write in to be removed."""
    with backend.database.reading() as session:
        return _secret(
            render(
                request,
                "subscribers.html",
                readers=signed_up(session),
                whens=WHENS,
                reached={each.id for each in subscribers(session)},
            )
        )


@router.post("/subscribers")
def remove(request: Request, backend: Using, fields: OperatorForm) -> Response:
    with backend.database.writing() as session:
        for reader in signed_up(session):
            if reader.name == fields.get("name"):
                unsubscribe(session, reader)
                who, at = request.state.actor, backend.now()
                enter(session, who, Action.UNSUBSCRIBE, reader.name, at=at)
    return done(request, fields, "/subscribers")


@router.get("/subscription/{token}")
def subscription(request: Request, backend: Using, token: str) -> Response:
    with backend.database.reading() as session:
        reader = subscriber_of(session, token, backend.now())
        return _subscription(request, session, reader)


@router.post("/subscription/{token}")
def decide(request: Request, backend: Using, token: str, fields: Form) -> Response:
    """Unsubscribes unless the form confirms: mail programs post only what RFC 8058 says.

    The link proves the mailbox, so its owner decides what it gets, whoever entered the address, and may edit it later.
    """
    with backend.database.writing() as session:
        reader, left = _decided(session, token, fields, backend.now())
    with backend.database.reading() as session:
        reader = subscriber_of(session, token, backend.now()) if reader else None
        saved = "severity" in fields
        return _subscription(request, session, reader, left=left, saved=saved)


def _subscription(
    request: Request,
    session: Session,
    reader: Subscriber | None,
    *,
    left: bool = False,
    saved: bool = False,
) -> Response:
    return _secret(
        render(
            request,
            "subscription.html",
            reader=reader,
            left=left,
            saved=saved,
            **_offers(session, reader),
        )
    )


def _decided(
    session: Session, token: str, fields: Mapping[str, str], now: datetime
) -> tuple[Subscriber | None, bool]:
    """The reader afterwards, and whether one unsubscribed."""
    reader = subscriber_of(session, token, now)
    if reader is not None and "confirm" not in fields:
        unsubscribe(session, reader)
        return None, True
    if reader is not None:
        chosen = _reader({**fields, "address": reader.address}, reader.requested_at)
        if _is_right(session, chosen):
            reader.choose(chosen)
        reader.confirmed_at = reader.confirmed_at or now
    return reader, False


def _secret(answer: Response) -> Response:
    """The address grants a right: no caching, and no referrer."""
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _reader(fields: Mapping[str, str], now: datetime) -> Subscriber:
    return Subscriber(
        address=fields.get("address", "").strip().lower(),
        topics=[topic for topic in TOPICS if topic in fields],
        service=fields.get("service"),
        document=fields.get("document"),
        when=fields.get("when", "at once"),
        severity=fields.get("severity", ""),
        language=fields.get("language", ""),
        requested_at=now,
    )


def _is_right(session: Session, reader: Subscriber) -> bool:
    """False where nothing can be sent to the address, or for a choice that the page does not offer."""
    return (
        re.match(PERSON, reader.address, re.ASCII) is not None
        and reader.severity in get_args(Graded)
        and reader.language in LANGUAGES
        and reader.when in WHENS
        and not (
            reader.service and unknown_name(session, "service", [reader.service])
        )
        and not (
            reader.document and unknown_name(session, "document", [reader.document])
        )
    )


def offer(request: Request, backend: Using) -> None:
    request.state.access["can_subscribe"] = (
        backend.state().recipients.route_to is not None
    )
