"""Readers who subscribed, as routes with one address each: planned, delivered and retried like all others."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from sqlmodel import Session

from notifier.routes import Address, Route
from storage.subscribers import Subscriber, subscribers

RouteTo = Callable[[Subscriber], Route]


def subscriber_route(
    reader: Subscriber, site: str = "", mail_url: Callable[[str], str] | None = None
) -> Route:
    """`site` is the address of the pages, `mail_url` gives a person's Apprise address; without these the route can only
    say what the reader wants. Raises `ValueError` for an unknown severity or language."""
    page = f"{site.rstrip('/')}/subscription/{reader.token}"
    # the headers of RFC 8058; they also tell this place from that of a route of the watchlist to the same person
    headers = f"&+List-Unsubscribe={quote(f'<{page}>')}&+List-Unsubscribe-Post=List-Unsubscribe%3DOne-Click"
    return Route(
        reader.name,
        (Address(reader.name, mail_url(reader.address) + headers),) if mail_url else (),
        topics=frozenset(reader.topics) or None
        if reader.confirmed_at
        else frozenset(),  # else nothing comes through
        severity=reader.severity,
        language=reader.language,
        subscription=page,
    )


def subscriber_routes(
    session: Session, route_to: RouteTo | None = subscriber_route
) -> list[Route]:
    """One for each; none where nobody can be written to."""
    return [route_to(reader) for reader in subscribers(session)] if route_to else []
