"""Routes: whom to alert, of what, when and in which language."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from fnmatch import fnmatchcase
from typing import NamedTuple, get_args
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import Session

from foundation.vocabulary import Graded, Leaning, this_and_above
from messages import LANGUAGES
from storage.changes import Change
from storage.documents import Document
from storage.subscribers import Subscriber, subscribers

DAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
TIME_OF_DAY = "(?:[01]?[0-9]|2[0-3]):[0-5][0-9]"
_WRITTEN = re.compile(rf"(?:daily|weekly (?P<day>[a-z]+)) (?P<at>{TIME_OF_DAY})")


@dataclass(frozen=True, slots=True)
class AtOnce:
    def __str__(self) -> str:
        return "at once"


@dataclass(frozen=True, slots=True)
class AfterReview(AtOnce):
    """An alert is due once a person reviewed its change, and as it is when `wait` is over."""

    wait: timedelta = timedelta(hours=24)

    def __str__(self) -> str:
        return "after review"


@dataclass(frozen=True, slots=True)
class Digest:
    """Daily, or weekly on a `day` (0 is Monday)."""

    at: time
    day: int | None = None

    def __str__(self) -> str:
        return (
            f"daily {self.at:%H:%M}"
            if self.day is None
            else f"weekly {DAYS[self.day]} {self.at:%H:%M}"
        )

    def last(self, now: datetime, zone: tzinfo) -> datetime:
        day = now.astimezone(zone).date() + timedelta(days=1)
        while (moment := self._on(day, zone, now)) is None or moment > now:
            day -= timedelta(days=1)
        return moment

    def next(self, since: datetime, zone: tzinfo) -> datetime:
        day = since.astimezone(zone).date()
        while (moment := self._on(day, zone, since)) is None or moment < since:
            day += timedelta(days=1)
        return moment

    def _on(self, day: date, zone: tzinfo, like: datetime) -> datetime | None:
        # a time skipped by summer time is taken an hour later, a repeated one the first time
        if self.day not in (None, day.weekday()):
            return None
        return datetime.combine(day, self.at, tzinfo=zone).astimezone(like.tzinfo)


When = AtOnce | Digest


def parse_when(written: str) -> When:
    """Raises `ValueError`."""
    text = " ".join(written.lower().split())
    if text == "at once":
        return AtOnce()
    if text == "after review":
        return AfterReview()
    found = _WRITTEN.fullmatch(text)
    day = found["day"] if found else None
    if found is None or (day is not None and day not in DAYS):
        raise ValueError(
            f'found {written!r}; allowed: "at once", "after review", "daily HH:MM", "weekly DAY HH:MM", such as '
            '"weekly monday 08:00"'
        )
    return Digest(
        time_of_day(found["at"]), None if day is None else DAYS.index(day)
    )


def time_of_day(written: str) -> time:
    hour, minute = written.split(":")
    return time(int(hour), int(minute))


def zone(name: str) -> ZoneInfo:
    """Raises `ValueError`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as failure:
        raise ValueError(
            f"found {name!r}; write a time zone such as Europe/Paris or UTC"
        ) from failure


_SPAN = re.compile(rf"(?P<start>{TIME_OF_DAY})\s*-\s*(?P<end>{TIME_OF_DAY})")


@dataclass(frozen=True, slots=True)
class Quiet:
    """Of the route's zone; past midnight if `end` is earlier."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def until(self, now: datetime, zone: tzinfo) -> datetime | None:
        here = now.astimezone(zone)
        clock = here.time()
        late = clock >= self.start
        if (
            not (late or clock < self.end)
            if self.start > self.end
            else not self.start <= clock < self.end
        ):
            return None
        day = here.date() + timedelta(
            days=1 if late and self.start > self.end else 0
        )
        for fold in (
            0,
            1,
        ):  # the hour repeated when summer time ends has two ends
            end = datetime.combine(
                day, self.end.replace(fold=fold), tzinfo=zone
            ).astimezone(now.tzinfo)
            if end > now:
                return end
        return None


def parse_quiet(written: str) -> Quiet:
    """Raises `ValueError`."""
    found = _SPAN.fullmatch(written.strip())
    quiet = (
        Quiet(time_of_day(found["start"]), time_of_day(found["end"]))
        if found
        else None
    )
    if quiet is None or quiet.start == quiet.end:
        raise ValueError(
            f'found {written!r}; write "HH:MM-HH:MM", for instance "22:00-07:00"'
        )
    return quiet


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
