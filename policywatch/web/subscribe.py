"""Pages on which readers subscribe, confirm and unsubscribe. They never say whether an address is known."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from time import monotonic
from typing import get_args

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from foundation.vocabulary import TOPICS, Graded
from messages import LANGUAGES
from notifier.delivery import deliver_to_subscribers
from policywatch.config.schema import PERSON
from policywatch.web.access import network_of
from policywatch.web.admin import Form, WatchlistState, is_same_origin
from policywatch.web.rendering import Renderer
from storage.database import Database
from storage.subscribers import Subscriber, sign_up, subscriber_of, unsubscribe

# sign-ups of one network, in so many seconds: fewer than a day's mails to all, which nobody shall use up alone
_MOST = {3600: 5, 24 * 3600: 20}


def subscription_pages(
    database: Database,
    renderer: Renderer,
    state: Callable[[], WatchlistState],
    now: Callable[[], datetime],
) -> APIRouter:
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
    sign_ups = _SignUps()
    sender = ThreadPoolExecutor(1)  # so that a slow mail server holds up no page

    @router.get("/subscribe")
    def form(request: Request) -> Response:
        if state().recipients.route_to is None:
            raise HTTPException(404)
        return renderer.page(request, "subscribe.html", message=None)

    @router.post("/subscribe")
    def subscribe(request: Request, fields: Form) -> Response:
        to = state().recipients
        if to.route_to is None or not is_same_origin(request):
            raise HTTPException(403)
        reader = _reader(fields, now())
        if reader is None:
            return renderer.page(request, "subscribe.html", status=400, message="wrong")
        is_let = sign_ups.takes(request.client.host if request.client else "")
        if is_let:
            with database.writing() as session:
                is_let = sign_up(session, reader)
        if not is_let:
            return renderer.page(
                request, "subscribe.html", status=429, message="too_many"
            )
        sender.submit(deliver_to_subscribers, database, to.route_to, state().site)
        return renderer.page(request, "subscribe.html", message="sent")

    @router.get("/subscription/{token}")
    def subscription(request: Request, token: str) -> Response:
        with database.reading() as session:
            return _secret(
                renderer.page(
                    request,
                    "subscription.html",
                    reader=subscriber_of(session, token, now()),
                )
            )

    @router.post("/subscription/{token}")
    def decide(request: Request, token: str, fields: Form) -> Response:
        """Unsubscribe where nothing is confirmed: mail programs post what RFC 8058 says, and no more.

        Who confirms has the mailbox, and decides what it gets, whoever entered the address.
        """
        with database.writing() as session:
            reader, left = _decided(session, token, fields, now())
        return _secret(
            renderer.page(request, "subscription.html", reader=reader, left=left)
        )

    return router


def _decided(
    session: Session, token: str, fields: Mapping[str, str], now: datetime
) -> tuple[Subscriber | None, bool]:
    """The reader after that decision, and whether one has left."""
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


class _SignUps:
    """Counts them by network; for several threads."""

    def __init__(self) -> None:
        self._times: deque[tuple[float, str]] = deque(maxlen=10_000)

    def takes(self, address: str) -> bool:
        """Whether another one may come from there now; then it is counted."""
        network, now = network_of(address), monotonic()
        times = [time for time, other in tuple(self._times) if other == network]
        is_let = all(
            sum(time > now - window for time in times) < most
            for window, most in _MOST.items()
        )
        if is_let:
            self._times.append((now, network))
        return is_let


def _secret(answer: Response) -> Response:
    """Of an address that gives a right: it stays in no cache, and no other site hears of it."""
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
