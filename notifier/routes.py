"""Routes: whom to alert, of what, when and in which language."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import NamedTuple, get_args
from urllib.parse import quote

from sqlmodel import Session

from foundation.vocabulary import Graded, Leaning, this_and_above
from messages import LANGUAGES
from notifier.when import AtOnce, Quiet, When, parse_when, zone
from storage.changes import Change
from storage.documents import Document
from storage.subscribers import Subscriber, subscribers


@dataclass(frozen=True, slots=True)
class Address:
    """`name` is stored and shown. `url` never is."""

    name: str
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """None in a filter matches everything."""

    name: str
    to: tuple[Address, ...]
    topics: frozenset[str] | None = None
    severity: str = "low"
    services: frozenset[str] | None = None
    documents: frozenset[str] | None = None
    languages: frozenset[str] | None = None
    kinds: frozenset[str] | None = None
    directions: frozenset[str] | None = None
    when: When = field(default_factory=AtOnce)
    timezone: str = "UTC"
    quiet: Quiet | None = None
    high_breaks_quiet: bool = False
    formerly: tuple[str, ...] = ()
    empty: bool = False  # digests without changes too
    language: str = "en"
    about: str | None = None
    subscription: str | None = None

    def __post_init__(self) -> None:
        one_of("severity", self.severity, get_args(Graded))
        one_of("language", self.language, LANGUAGES)
        for direction in self.directions or ():
            one_of("direction", direction, get_args(Leaning))
        zone(self.timezone)

    def wants(self, document: Document, change: Change) -> bool:
        return change.alert and not self.unmet(document, change)

    def unmet(self, document: Document, change: Change) -> list[UnmetCondition]:
        """Alerting or not. An unclassified change fails none by its content."""
        asked: list[tuple[str, Collection[str] | None, Collection[str]]] = [
            ("severity", this_and_above(self.severity), [change.severity]),
            (
                "topics",
                None if change.is_unclassified else self.topics,
                change.topics,
            ),
            ("services", self.services, [document.service]),
            ("documents", self.documents, [document.id]),
            ("languages", self.languages, [document.language]),
            ("kinds", self.kinds, [document.kind]),
            (
                "directions",
                None
                if change.is_unclassified or change.direction == "none"
                else self.directions,
                [change.direction],
            ),
        ]
        return [
            UnmetCondition(
                key,
                wanted if isinstance(wanted, tuple) else tuple(sorted(wanted)),
                tuple(found),
            )
            for key, wanted, found in asked
            if wanted is not None and not _meet(key, wanted, found)
        ]

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.formerly)

    def opens(self, severity: str, now: datetime) -> datetime:
        if self.quiet is None or (severity == "high" and self.high_breaks_quiet):
            return now
        return self.quiet.until(now, zone(self.timezone)) or now


class UnmetCondition(NamedTuple):
    key: str
    wanted: tuple[str, ...]
    found: tuple[str, ...]


def _meet(key: str, wanted: Collection[str], found: Collection[str]) -> bool:
    if key == "documents":
        return any(
            fnmatchcase(each, pattern) for each in found for pattern in wanted
        )
    return not set(wanted).isdisjoint(found)


def one_of(what: str, found: str, allowed: tuple[str, ...]) -> str:
    """Raises `ValueError` that lists what is allowed."""
    if found not in allowed:
        raise ValueError(
            f"{found!r} is no {what}; allowed are {', '.join(allowed)}"
        )
    return found


RouteTo = Callable[[Subscriber], Route]


def subscriber_route(
    subscriber: Subscriber,
    site: str = "",
    mail_url: Callable[[str], str] | None = None,
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
