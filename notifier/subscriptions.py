"""Subscribers as routes with one address each."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from sqlmodel import Session

from notifier.routes import Address, Route
from notifier.when import parse_when
from storage.subscribers import Subscriber, subscribers

RouteTo = Callable[[Subscriber], Route]


def subscriber_route(
    subscriber: Subscriber, site: str = "", mail_url: Callable[[str], str] | None = None
) -> Route:
    """Without `mail_url` it only describes the subscriber's wishes. Raises `ValueError`."""
    page = f"{site.rstrip('/')}/subscription/{subscriber.token}"
    # of RFC 8058; they also distinguish this place from a route's to the same person
    headers = f"&+List-Unsubscribe={quote(f'<{page}>')}&+List-Unsubscribe-Post=List-Unsubscribe%3DOne-Click"
    return Route(
        subscriber.name,
        (Address(subscriber.name, mail_url(subscriber.address) + headers),)
        if mail_url
        else (),
        topics=frozenset(subscriber.topics) or None
        if subscriber.confirmed_at
        else frozenset(),
        services=frozenset({subscriber.service})
        if subscriber.service and not subscriber.document
        else None,
        documents=frozenset({subscriber.document}) if subscriber.document else None,
        when=parse_when(subscriber.when),
        severity=subscriber.severity,
        language=subscriber.language,
        subscription=page,
    )


def subscriber_routes(
    session: Session, route_to: RouteTo | None = subscriber_route
) -> list[Route]:
    return (
        [route_to(subscriber) for subscriber in subscribers(session)]
        if route_to
        else []
    )
