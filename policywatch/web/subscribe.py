"""Pages on which readers subscribe, confirm and unsubscribe. They never say whether an address is known."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from time import monotonic

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from analysis.model import TOPICS
from messages import LANGUAGES
from notifier.delivery import deliver_to_subscribers
from policywatch.config.schema import PERSON
from policywatch.web.access import client_of
from policywatch.web.admin import Form, WatchlistState, is_same_origin
from policywatch.web.rendering import Renderer
from storage.changes import SEVERITIES
from storage.database import Database
from storage.subscribers import Subscriber, sign_up, subscriber_of, unsubscribe

_WINDOW = 3600  # seconds in which sign-ups are counted
_MOST = 5  # of one client


def subscription_pages(
    database: Database, renderer: Renderer, state: Callable[[], WatchlistState], now: Callable[[], datetime]
) -> APIRouter:
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
    sign_ups: deque[tuple[float, str]] = deque(maxlen=10_000)  # when, and by which client
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
        client, recently = client_of(request.client.host if request.client else ""), monotonic() - _WINDOW
        is_let = sum(client == other and time > recently for time, other in tuple(sign_ups)) < _MOST
        if is_let:
            sign_ups.append((monotonic(), client))
            with database.writing() as session:
                is_let = sign_up(session, reader)
        if not is_let:
            return renderer.page(request, "subscribe.html", status=429, message="too_many")
        sender.submit(deliver_to_subscribers, database, to.route_to, state().site)
        return renderer.page(request, "subscribe.html", message="sent")

    @router.get("/subscription/{token}")
    def subscription(request: Request, token: str) -> Response:
        with database.reading() as session:
            return renderer.page(request, "subscription.html", reader=subscriber_of(session, token, now()))

    @router.post("/subscription/{token}")
    def decide(request: Request, token: str, fields: Form) -> Response:
        """Unsubscribe where nothing is confirmed: mail programs post what RFC 8058 says, and no more."""
        with database.writing() as session:
            reader = subscriber_of(session, token, now())
            if reader is not None and "confirm" not in fields:
                unsubscribe(session, reader)
                return renderer.page(request, "subscription.html", reader=None, left=True)
            if reader is not None:
                reader.confirmed_at = reader.confirmed_at or now()
        return renderer.page(request, "subscription.html", reader=reader)

    return router


def _reader(fields: Mapping[str, str], now: datetime) -> Subscriber | None:
    """None where nothing can be sent to the address, or for a choice that the page does not offer."""
    reader = Subscriber(
        address=fields.get("address", "").strip().lower(),
        topics=[topic for topic in TOPICS if topic in fields],
        severity=fields.get("severity", ""),
        language=fields.get("language", ""),
        requested_at=now,
    )
    is_right = re.match(PERSON, reader.address, re.ASCII) and reader.severity in SEVERITIES
    return reader if is_right and reader.language in LANGUAGES else None
