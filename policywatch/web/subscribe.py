"""Pages to subscribe, confirm and unsubscribe. They never reveal whether an address is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import get_args

from fastapi import HTTPException, Request, Response
from sqlmodel import Session

from foundation.vocabulary import TOPICS, Graded
from messages import LANGUAGES
from notifier.delivery import deliver_to_subscribers
from policywatch.config.schema import PERSON
from policywatch.web.backend import Using
from policywatch.web.forms import Form, OwnForm, done, is_same_origin
from policywatch.web.rendering import page_router, render
from storage.journal import Action, enter
from storage.subscribers import (
    Subscriber,
    sign_up,
    signed_up,
    subscriber_of,
    subscribers,
    unsubscribe,
)

_SENDER = ThreadPoolExecutor(1)  # a slow mail server must not delay pages
router = page_router()


@router.get("/subscribe")
def form(request: Request, backend: Using) -> Response:
    if backend.state().recipients.route_to is None:
        raise HTTPException(404)
    return render(request, "subscribe.html", message=None)


@router.post("/subscribe")
def subscribe(request: Request, backend: Using, fields: Form) -> Response:
    to = backend.state().recipients
    if to.route_to is None or not is_same_origin(request):
        raise HTTPException(403)
    reader = _reader(fields, backend.now())
    if reader is None:
        return render(request, "subscribe.html", status=400, message="wrong")
    is_let = backend.sign_ups.takes(request.client.host if request.client else "")
    if is_let:
        with backend.database.writing() as session:
            is_let = sign_up(session, reader)
    if not is_let:
        return render(request, "subscribe.html", status=429, message="too_many")
    _SENDER.submit(
        deliver_to_subscribers, backend.database, to.route_to, backend.state().site
    )
    return render(request, "subscribe.html", message="sent")


@router.get("/subscribers")
def listed(request: Request, backend: Using) -> Response:
    """With their addresses, for people write in to be removed."""
    if not request.state.signed_in:
        raise HTTPException(403)
    with backend.database.reading() as session:
        return _secret(
            render(
                request,
                "subscribers.html",
                readers=signed_up(session),
                reached={each.id for each in subscribers(session)},
            )
        )


@router.post("/subscribers")
def remove(request: Request, backend: Using, fields: OwnForm) -> Response:
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
        return _secret(
            render(
                request,
                "subscription.html",
                reader=subscriber_of(session, token, backend.now()),
            )
        )


@router.post("/subscription/{token}")
def decide(request: Request, backend: Using, token: str, fields: Form) -> Response:
    """Unsubscribes unless the form confirms: mail programs post only what RFC 8058 says.

    Confirming proves the mailbox, so its owner decides what it gets, whoever entered the address.
    """
    with backend.database.writing() as session:
        reader, left = _decided(session, token, fields, backend.now())
    return _secret(render(request, "subscription.html", reader=reader, left=left))


def _decided(
    session: Session, token: str, fields: Mapping[str, str], now: datetime
) -> tuple[Subscriber | None, bool]:
    """The reader afterwards, and whether one unsubscribed."""
    reader = subscriber_of(session, token, now)
    if reader is not None and "confirm" not in fields:
        unsubscribe(session, reader)
        return None, True
    if reader is not None and reader.confirmed_at is None:
        if chosen := _reader(
            {**fields, "address": reader.address}, reader.requested_at
        ):
            reader.choose(chosen)
        reader.confirmed_at = now
    return reader, False


def _secret(answer: Response) -> Response:
    """The address grants a right: no caching, and no referrer."""
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _reader(fields: Mapping[str, str], now: datetime) -> Subscriber | None:
    """None where nothing can be sent to the address, or for a choice that the page does not offer."""
    reader = Subscriber(
        address=fields.get("address", "").strip().lower(),
        topics=[topic for topic in TOPICS if topic in fields],
        severity=fields.get("severity", ""),
        language=fields.get("language", ""),
        requested_at=now,
    )
    is_right = re.match(
        PERSON, reader.address, re.ASCII
    ) and reader.severity in get_args(Graded)
    return reader if is_right and reader.language in LANGUAGES else None
