"""From alerts and notices to deliveries: what is due to whom, less what was delivered.

An address in several routes is one place: it gets a change once, and an event once unless a later change says more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, not_

from foundation.addresses import host_of
from foundation.vocabulary import Cause, NoticeKind, ReviewState, State, gravity
from messages import Message
from notifier.calendar import REMINDER
from notifier.routes import Address, AfterReview, AtOnce, Digest, Route, zone
from storage.changes import (
    Change,
    changes_of,
    event_changes,
    passages_by_change,
)
from storage.checks import OF_THE_PAGE, VALID, newest_check
from storage.clock import is_ahead
from storage.database import AdvisoryLock, take
from storage.deliveries import (
    OPERATOR,
    PENDING,
    Alert,
    Delivery,
    DeliveryItem,
    Notice,
    alerted_changes,
    alerted_since,
    approaching_deadlines,
    carriers,
    create_delivery,
    deliveries,
    items,
    last_digest,
    load,
    park,
    unload,
    unplanned_alerts,
    unplanned_notices,
)
from storage.documents import document, failing, is_silent, untranslated_id, watched
from storage.reviews import Review, last_reviews

SENDING = (ReviewState.REVIEWED, ReviewState.CONCERNS_US)  # what is held until then


class _Assignment(NamedTuple):
    item: Alert | Notice
    route: Route
    place: Address

    @property
    def kind(self) -> str:
        if isinstance(self.item, Notice):
            return "notice"
        return "alert" if isinstance(self.route.when, AtOnce) else "digest"


def plan(
    session: Session,
    routes: Sequence[Route],
    now: datetime,
    *,
    alerts_only: bool = False,
    grace: timedelta = timedelta(0),
) -> list[Delivery]:
    """Returns deliveries parked by an edited watchlist. A new address gets nothing planned before it joined. A removed
    one counts as corrected: what waits for it goes to the first one of the route that lacks it.
    """
    take(session, AdvisoryLock.PLANNING)
    planner = _Planner(session, routes, now)
    rows = deliveries(session, PENDING, locked=True)
    carried = items(session, PENDING)
    for delivery in rows:
        planner.update(delivery, carried[delivery.id])
    for alert in unplanned_alerts(session, locked=True):
        planner.add(alert, grace)
    if not alerts_only:
        report_unreadable(session)
        session.flush()
        for notice in unplanned_notices(session):
            planner.add(notice)
    planner.write()
    for route, address in _empty_digests(session, routes, now):
        create_delivery(session, "digest", route.name, address, now)
    _respect_quiet_hours(session, routes, now)
    return planner.failed


class _Planner:
    def __init__(
        self, session: Session, routes: Sequence[Route], now: datetime
    ) -> None:
        self.session = session
        self.routes = routes_by_name(routes)
        self.names = _names_of_places(routes)
        self.now = now
        self.assigned: dict[tuple[int, str, str], _Assignment] = {}
        self.carriers: dict[int, list[Delivery]] = {}
        self.failed: list[Delivery] = []

    def add(self, item: Alert | Notice, grace: timedelta = timedelta(0)) -> None:
        route = self.routes.get(item.route)
        if route and isinstance(item, Alert):
            due = due_at(self.session, item, route, self.now, grace=grace)
            if due > self.now:
                return
        item.planned_at = self.now
        if route and is_wanted(self.session, item, route):
            self._assign(_Assignment(item, route, to) for to in _distinct(route.to))

    def _assign(self, assignments: Iterable[_Assignment]) -> None:
        for each in assignments:
            self.assigned[each.item.subject, each.place.url, each.item.route] = each

    def update(self, delivery: Delivery, carried: list[Alert | Notice]) -> None:
        """To what of it is still wanted, and where."""
        route, address = self.routes.get(delivery.route), delivery.address
        if delivery.route != OPERATOR:
            carried = [each for each in carried if isinstance(each, Alert)]
        is_known = route and address in [place.name for place in route.to]
        # an empty digest, a correction, a confirmation
        if is_known and not carried:
            return
        wanted, lost = self._reassigned(delivery, carried)
        kept = [each for each in wanted if each.place.url == wanted[0].place.url]
        is_there = bool(kept) and kept[0].place.name == address
        if is_there and [each.item for each in kept] == carried:
            return
        self.carriers.clear()
        unload(self.session, delivery)
        if kept:
            _, route, place = kept[0]
            delivery.route = route.name
            if kept[0].kind == "digest":
                delivery.kind = "digest"
            if not is_there:
                delivery.address, delivery.next_at = place.name, self.now
                delivery.attempts, delivery.tried_since = 0, None
                delivery.error = None
            load(self.session, delivery, [each.item for each in kept])
        elif not lost:
            self.session.delete(delivery)
        if lost:
            if kept:
                delivery = create_delivery(
                    self.session, delivery.kind, lost[0].route, address, self.now
                )
            load(self.session, delivery, lost)
            park(delivery, Message("delivery.left"))
            self.failed.append(delivery)
        self._assign(each for each in wanted if each not in kept)

    def _reassigned(
        self, delivery: Delivery, carried: Iterable[Alert | Notice]
    ) -> tuple[list[_Assignment], list[Alert | Notice]]:
        """And what has no address left, unless another alert brings its change, or another of the operator's has it."""
        wanted: list[_Assignment] = []
        lost = []
        for item in carried:
            route = self.routes.get(item.route)
            if route and not is_wanted(self.session, item, route):
                continue
            place = self._new_place(delivery, item, route.to if route else ())
            if route and place:
                wanted.append(_Assignment(item, route, place))
            elif isinstance(item, Alert) or not (route and route.to):
                lost.append(item)
        brought = {each.item.subject for each in wanted}
        return wanted, [each for each in lost if each.subject not in brought]

    def _new_place(
        self, delivery: Delivery, item: Alert | Notice, places: Sequence[Address]
    ) -> Address | None:
        for place in places:
            if delivery.address in self.names[place.url]:
                return place
        for place in places:
            there = self._there(item.subject, place)
            is_assigned = (item.subject, place.url, item.route) in self.assigned
            if not is_assigned and all(each is delivery for each in there):
                return place
        return None

    def _there(self, subject: int, place: Address) -> list[Delivery]:
        if subject not in self.carriers:
            of_it = (
                Alert.change_id == subject
                if subject > 0
                else DeliveryItem.notice_id == -subject
            )
            self.carriers[subject] = carriers(self.session, of_it)
        names = self.names[place.url]
        return [each for each in self.carriers[subject] if each.address in names]

    def write(self) -> None:
        """Immediate alerts first: digests do not repeat them."""
        for kind in ("alert", "digest", "notice"):
            self.carriers.clear()
            messages: dict[object, list[_Assignment]] = defaultdict(list)
            for number, assigned in enumerate(self._news(kind)):
                _, route, place = assigned[0]
                key = number if kind == "alert" else (route.name, place.name)
                messages[key] += assigned
            for assigned in messages.values():
                _, route, place = assigned[0]
                carried = [each.item for each in assigned]
                create_delivery(
                    self.session, kind, route.name, place.name, self.now, carried
                )

    def _news(self, kind: str) -> Iterator[list[_Assignment]]:
        """Pending deliveries absorb what belongs to them."""
        by_event: dict[tuple[int, str], list[_Assignment]] = defaultdict(list)
        for each in self.assigned.values():
            if each.kind != kind:
                continue
            if isinstance(each.item, Notice):
                yield [each]
                continue
            change = each.item.change
            there = {row.state: row for row in self._there(change.id, each.place)}
            there.pop(State.PARKED, None)
            if State.PENDING in there:
                load(self.session, there[State.PENDING], [each.item])
            elif not there:
                by_event[change.event_id or -change.id, each.place.url].append(each)
        for (event_id, url), assigned in by_event.items():
            if event_id < 0:
                yield assigned
                continue
            untried = [
                row
                for id_ in event_changes(self.session, [event_id])[event_id]
                for row in self._there(id_, assigned[0].place)
                if row.state == State.PENDING
                and row.kind == kind
                and not row.attempts
            ]
            alerts = [each.item for each in assigned]
            changes = [each.change for each in alerts if isinstance(each, Alert)]
            sent = alerted_changes(self.session, event_id, self.names[url])
            if untried:
                load(self.session, untried[0], alerts)
                untried[0].next_at = self.now
            elif says_more(self.session, changes, sent.values()):
                yield assigned


def has_to_plan(
    session: Session,
    routes: Sequence[Route],
    now: datetime,
    *,
    grace: timedelta = timedelta(0),
) -> bool:
    by_name = routes_by_name(routes)
    return any(
        alert.route in by_name
        and due_at(session, alert, by_name[alert.route], now, grace=grace) <= now
        for alert in unplanned_alerts(session)
    ) or any(_empty_digests(session, routes, now))


def is_wanted(session: Session, item: Alert | Notice, route: Route) -> bool:
    """Not if the change was reclassified or dismissed, or the route's filter edited."""
    if isinstance(item, Notice):
        return True
    change = item.change
    return route.wants(change.document, change) and not dismissal(
        session, item, route
    )


def waits_for_review(session: Session, alert: Alert, route: Route) -> bool:
    if not isinstance(route.when, AfterReview):
        return False
    review = last_reviews(session, [alert.change_id]).get(alert.change_id)
    return review is None or review.state not in SENDING


def dismissal(session: Session, alert: Alert, route: Route) -> Review | None:
    """By which a route that waits for one does not get it."""
    if not isinstance(route.when, AfterReview):
        return None
    review = last_reviews(session, [alert.change_id]).get(alert.change_id)
    return review if review and review.state == ReviewState.NOT_FOR_US else None


def routes_by_name(routes: Sequence[Route]) -> dict[str, Route]:
    return {name: route for route in routes for name in route.names}


def due_at(
    session: Session,
    alert: Alert,
    route: Route,
    now: datetime,
    *,
    grace: timedelta = timedelta(0),
) -> datetime:
    """At once if a wrong clock dated it into the future."""
    at = alert.created_at
    if is_ahead(at, now):
        return now
    if isinstance(route.when, Digest):
        at = route.when.next(at, zone(route.timezone))
    elif isinstance(route.when, AfterReview):
        is_waiting = waits_for_review(session, alert, route)
        at += route.when.wait if is_waiting else timedelta(0)
    if alert.change.cause == Cause.ACCEPTED:
        at = max(at, alert.created_at + grace)
    return at


def _empty_digests(
    session: Session, routes: Sequence[Route], now: datetime
) -> Iterator[tuple[Route, str]]:
    """For addresses that asked, and for reminders of deadlines."""
    names = _names_of_places(routes)
    for route in routes:
        if isinstance(route.when, AtOnce):
            continue
        due = route.when.last(now, zone(route.timezone))
        before = route.when.last(
            due - timedelta(microseconds=1), zone(route.timezone)
        )
        first, last_day = (each.date() + REMINDER for each in (before, due))
        reminds = approaching_deadlines(
            session, route.names, first + timedelta(days=1), last_day
        )
        if not route.empty and not reminds:
            continue
        for address in _distinct(route.to):
            last = last_digest(session, route.names, address.name, now) or before
            if last < due and (
                reminds
                or not alerted_since(
                    session, names[address.url], max(last, before), now
                )
            ):
                yield route, address.name


def _names_of_places(routes: Iterable[Route]) -> dict[str, set[str]]:
    names: dict[str, set[str]] = defaultdict(set)
    for route in routes:
        for address in route.to:
            names[address.url].add(address.name)
    return names


def _respect_quiet_hours(
    session: Session, routes: Sequence[Route], now: datetime
) -> None:
    """Of several routes, the first that ends."""
    if not any(route.quiet for route in routes):
        return
    carried = items(session, PENDING)
    for delivery in deliveries(session, PENDING, locked=True):
        if delivery.kind == "alert" and delivery.next_at <= now:
            alerts = [
                each for each in carried[delivery.id] if isinstance(each, Alert)
            ]
            severities = [each.change.severity for each in alerts]
            severity = min(severities, key=gravity)
            names = {alert.route for alert in alerts}
            opening = (
                route.opens(severity, now)
                for route in routes
                if names & {*route.names}
            )
            delivery.next_at = max(delivery.next_at, min(opening, default=now))


def _distinct(addresses: Sequence[Address]) -> list[Address]:
    by_url: dict[str, Address] = {}
    for address in addresses:
        by_url.setdefault(address.url, address)
    return [*by_url.values()]


_REPORT_AGAIN = timedelta(days=7)
_LONG_PAUSE = timedelta(days=1)  # reported at once


def report_unreadable(session: Session) -> None:
    """After as many failures as the watchlist says, then weekly. Documents being written by another process wait."""
    for row in failing(session, locked=True):
        check = newest_check(session, row.id, OF_THE_PAGE, not_(VALID))
        if check is None:
            continue
        now, last = check.checked_at, row.alerted_at
        pause = row.not_before - now if row.not_before else timedelta(0)
        if last is None:
            is_due = is_silent(row) or pause >= _LONG_PAUSE
        else:
            is_due = now - last >= _REPORT_AGAIN or is_ahead(last, now)
        if not is_due:
            continue
        row.alerted_at = now
        facts = {
            "since": (row.failing_since or now).isoformat(),
            "outcome": check.outcome,
            "rejected": check.rejected_as is not None,
            "reason": check.reason.to_json() if check.reason else None,
            "never_read": newest_check(session, row.id, OF_THE_PAGE, VALID) is None,
        }
        host = host_of(check.final_url or row.url)
        delayed = [
            other.id
            for other in watched(session)
            if other.id != row.id and host in map(host_of, other.addresses)
        ]
        if pause > timedelta(0) and delayed:
            facts["also"] = ", ".join(delayed)
        session.add(Notice.of(check, NoticeKind.UNREADABLE, **facts))


_Words = tuple[str, str | None]


def says_more(
    session: Session, changes: Iterable[Change], sent: Collection[Change]
) -> bool:
    """Whether one is unclassified, graver, has a new topic or date, is the first to take effect as announced, or has
    new flagged words.
    """
    if not sent:
        return True
    severity = min(gravity(each.severity) for each in sent)
    topics = {topic for each in sent for topic in each.topics}
    days = {None, *(each.effective_date for each in sent)}
    in_force = any(_code(each) == "event.announced" for each in sent)
    words = _flagged_words(session, sent)
    return any(
        each.is_unclassified
        or gravity(each.severity) < severity
        or not topics.issuperset(each.topics)
        or each.effective_date not in days
        or (_code(each) == "event.announced" and not in_force)
        or not (
            _is_translation(session, each, sent)
            or _flagged_words(session, [each]) <= words
        )
        for each in changes
    )


def _code(change: Change) -> str | None:
    return change.event_reason.code if change.event_reason else None


def _is_translation(
    session: Session, change: Change, sent: Iterable[Change]
) -> bool:
    """An event's second change of a document translates the second, not the first."""
    if _code(change) not in ("event.language", "event.announced"):
        return False
    of = document(session, change.document_id)
    own = [
        each
        for each in changes_of(session, of.id)
        if each.event_id == change.event_id
    ]
    number = sum(each.id <= change.id for each in own)
    counts = Counter(each.document_id for each in sent)
    others = [
        document(session, id_) for id_, count in counts.items() if count >= number
    ]
    return any(
        each.language != of.language
        and untranslated_id(each) == untranslated_id(of)
        for each in others
    )


def _flagged_words(session: Session, changes: Iterable[Change]) -> set[_Words]:
    found = passages_by_change(session, [each.id for each in changes])
    flagged = (
        each for passages in found.values() for each in passages if each.topics
    )
    return {
        ("after", each.after) if each.after else ("before", each.before)
        for each in flagged
    }
