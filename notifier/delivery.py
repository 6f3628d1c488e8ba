"""Delivers what is pending: claim, commit, send, record; at least once, and normally not twice."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from sqlmodel import Session, col

from foundation.vocabulary import NoticeKind, State
from messages import Message
from notifier.notifications import (
    Notification,
    alert_message,
    answers_about,
    confirmation_message,
    correction_message,
    digest_message,
    notice_message,
    sample_message,
)
from notifier.plan import plan, routes_by_name, waits_for_review
from notifier.routes import Address, Route, RouteTo, subscriber_routes
from notifier.send import Result
from notifier.send import send as send_it
from notifier.webhook import SCHEMES, ChangeJson, only_id, webhook_body
from storage.chain import head_line
from storage.clock import utc_now
from storage.database import AdvisoryLock, Database, take
from storage.deliveries import (
    CLAIMED,
    OPERATOR,
    Alert,
    Deliveries,
    Delivery,
    Notice,
    claim,
    counts,
    deliveries,
    due,
    items,
    next_attempt,
    settle,
    switch_off,
)
from storage.lock import is_dead, this_process
from storage.subscribers import forget_unconfirmed, is_subscriber

FIRST = timedelta(minutes=1)
FACTOR = 3
LONGEST = timedelta(hours=6)
_GIVEN_UP_AFTER = timedelta(days=1)  # from the first failed attempt
_LEAST_TRIES = 6  # two attempts in more than a day, for a laptop
LONGEST_RETRY_AFTER = timedelta(days=1)
_SPREAD = 0.2  # simultaneous failures do not retry together


def is_hopeless(attempts: int, since: datetime, now: datetime) -> bool:
    return attempts >= _LEAST_TRIES and now - since >= _GIVEN_UP_AFTER


def pause(failures: int) -> timedelta:
    return timedelta(seconds=1) * int(4 ** min(failures - 1, 6))


def wait(attempts: int, asked: timedelta | None, chance: float) -> timedelta:
    """`chance` from 0 to 1 is the jitter."""
    if asked is not None:
        return max(min(asked, LONGEST_RETRY_AFTER), timedelta(seconds=1)) * (
            1 + _SPREAD / 2 * chance
        )
    grown: timedelta = min(FIRST * int(FACTOR ** min(attempts - 1, 10)), LONGEST)
    return grown * (1 - _SPREAD + 2 * _SPREAD * chance)


LEASE = timedelta(minutes=15)  # another host's claim counts as dead
PATIENCE = timedelta(seconds=30)  # for resting addresses
_CRASHES_FORGIVEN = 3  # dead claims


class Send(Protocol):
    def __call__(self, address: Address, message: Notification) -> Result:
        """Never raises for failures of servers or networks."""
        ...


@dataclass(frozen=True, slots=True)
class Backoff:
    until: datetime
    failures: int


@dataclass(frozen=True, slots=True)
class RouteTest:
    route: str
    address: str
    ok: bool
    answer: Message | None


@dataclass(slots=True)
class DeliveryRun:
    """`alerts_only` leaves notices to a later run. `resting`, shared by the runs of a job, holds failed addresses: each
    rests for a second, four times longer with each further failure. Rests of some seconds are waited for, up to
    `patience` in all.
    """

    database: Database
    routes: Sequence[Route]
    base_url: str | None = None
    route_to: RouteTo | None = None
    change_json: ChangeJson = only_id
    grace: timedelta = timedelta(0)
    now: Callable[[], datetime] = utc_now
    send: Send = send_it
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    patience: timedelta = PATIENCE
    alerts_only: bool = False
    resting: dict[str, Backoff] = field(default_factory=dict)
    me: str = field(default_factory=this_process)
    sent: int = 0
    failed: int = 0
    wrote_notices: bool = False
    # raised when the other deliveries are done
    error: Exception | None = None

    def deliver_due(self) -> Deliveries:
        self.release_dead_claims()
        while True:
            self.plan()
            while self.deliver_next():
                pass
            if self.wrote_notices:
                continue
            rest = self.pause_before(self.now() + self.patience)
            if rest is None:
                break
            self.sleep(rest.total_seconds())
            self.patience -= rest
        if self.error is not None:
            raise self.error
        with self.database.reading() as session:
            states = counts(session)
        return Deliveries(
            self.sent, self.failed, states[State.PENDING] + states[State.SENDING]
        )

    def release_dead_claims(self) -> None:
        now = self.now()
        with self.database.writing() as session:
            for delivery in deliveries(session, CLAIMED):
                age = now - (delivery.claimed_at or now)
                if is_dead(delivery.claimed_by or "") or not -LEASE < age < LEASE:
                    crashes = delivery.attempts - _CRASHES_FORGIVEN
                    rest = wait(crashes, None, self.chance())
                    settle(
                        session,
                        delivery,
                        delivery.claimed_by or "",
                        state=State.PENDING.value,
                        next_at=now + rest if crashes > 0 else now,
                    )

    def plan(self) -> None:
        self.wrote_notices = False
        with self.database.writing() as session:
            take(session, AdvisoryLock.PLANNING)
            forget_unconfirmed(session, self.now())
            fixed = (
                route for route in self.routes if not is_subscriber(route.name)
            )
            self.routes = [*fixed, *subscriber_routes(session, self.route_to)]
            failed = plan(
                session,
                self.routes,
                self.now(),
                alerts_only=self.alerts_only,
                grace=self.grace,
            )
            for delivery in failed:
                self._report_failure(session, delivery, Message("delivery.left"))
            switch_off(session)

    def deliver_next(self) -> bool:
        with self.database.writing() as session:
            delivery = self._claim(session)
        if delivery is None:
            return False
        address = self._addresses()[delivery.route, delivery.address]
        try:
            with self.database.reading() as session:
                message = self._message(session, delivery)
                message = replace(message, taken=frozenset(delivery.taken or ()))
                if address.url.lower().startswith(SCHEMES):
                    payload = webhook_body(session, message, self.change_json)
                    message = replace(message, payload=payload)
        except Exception as error:  # noqa: BLE001  # a message that can't be rendered must not hold up others
            reason = Message(
                "delivery.not_made", kind=type(error).__name__, why=str(error)
            )
            self._record(delivery, Result(ok=False, answer=reason), rest=False)
            return True
        try:
            result = self.send(address, message)
        except Exception as error:  # noqa: BLE001  # raised when the others are done
            # an attempt, so that it is shown, and parked in the end
            reason = Message("delivery.broke_off", kind=type(error).__name__)
            self._record(delivery, Result(ok=False, answer=reason), rest=False)
            self.error = self.error or error
        except BaseException:
            # it may have been sent
            again = self.now() + wait(delivery.attempts, None, self.chance())
            with self.database.writing() as session:
                state = State.PENDING.value
                settle(session, delivery, self.me, state=state, next_at=again)
            raise
        else:
            self._record(delivery, result)
        return True

    def pause_before(self, limit: datetime) -> timedelta | None:
        with self.database.reading() as session:
            following = next_attempt(session)
        now = self.now()
        rests = [rest.until for rest in self.resting.values() if rest.until > now]
        if following is None or not rests or now >= limit:
            return None
        if max(min(rests), following) > limit:
            return None
        return max(min(rests) - now, timedelta(milliseconds=10))

    def _addresses(self) -> dict[tuple[str, str], Address]:
        return {
            (name, address.name): address
            for route in self.routes
            for name in route.names
            for address in route.to
        }

    def _claim(self, session: Session) -> Delivery | None:
        now, known = self.now(), self._addresses()
        resting = [
            address for address, rest in self.resting.items() if rest.until > now
        ]
        for delivery in due(session, now, now + 2 * LONGEST_RETRY_AFTER, resting):
            # another process may have planned by a newer watchlist
            if (delivery.route, delivery.address) in known and claim(
                session, delivery, self.me, now
            ):
                session.refresh(delivery)
                return delivery
        return None

    def _message(self, session: Session, delivery: Delivery) -> Notification:
        carried = items(session, col(Delivery.id) == delivery.id)[delivery.id]
        alerts = [each for each in carried if isinstance(each, Alert)]
        notices = [each for each in carried if isinstance(each, Notice)]
        routes = routes_by_name(self.routes)
        route = routes[delivery.route]
        language, page = route.language, route.subscription
        to: dict[str, Any] = {"language": language, "base_url": self.base_url}
        match delivery.kind:
            case "confirmation":
                message = confirmation_message(page, language)
            case "notice" if delivery.route == OPERATOR:
                message = notice_message(notices, **to)
            case "notice":
                message = correction_message(session, notices[0], **to)
            case "digest":
                message = digest_message(session, alerts, delivery=delivery, **to)
            case _:
                message = alert_message(session, alerts, delivery=delivery, **to)
        its_routes = [
            (each, routes[each.route]) for each in alerts if each.route in routes
        ]
        asked = {each.about for _, each in its_routes}
        lead = answers_about(alerts, asked, message.words)
        if any(
            waits_for_review(session, alert, each) for alert, each in its_routes
        ):
            lead.insert(0, message.words("say.unreviewed"))
        if lead:
            first = [message.lead] if message.lead else []
            message = replace(message, lead=" ".join([*lead, *first]))
        key = f"{delivery.kind} {delivery.id} {delivery.created_at.isoformat()}"
        if delivery.kind == "confirmation":
            return replace(message, key=key)
        if page is not None:
            message = replace(message, routes=("subscribers",), subscription=page)
        return replace(message, key=key, head=head_line(session))

    def _record(
        self, delivery: Delivery, result: Result, *, rest: bool = True
    ) -> None:
        now = self.now()
        with self.database.writing() as session:
            ends = partial(settle, session, delivery, self.me)
            if result.ok:
                self.sent += 1
                self.resting.pop(delivery.address, None)
                ends(state=State.SENT.value, sent_at=now, error=None, taken=None)
                return
            self.failed += 1
            since = delivery.tried_since or now
            values: dict[str, Any] = {
                "tried_since": since,
                "error": result.answer,
                "taken": sorted(result.taken.union(delivery.taken or ())),
            }
            if result.permanent or is_hopeless(delivery.attempts, since, now):
                if ends(state=State.PARKED.value, gone=result.gone, **values):
                    reason = result.answer or Message("delivery.silent")
                    self._report_failure(session, delivery, reason)
                    switch_off(session)
                return
            again = now + wait(delivery.attempts, result.retry_after, self.chance())
            ends(state=State.PENDING.value, next_at=again, **values)
        if rest:
            before = self.resting.get(delivery.address)
            failures = before.failures + 1 if before else 1
            until = (
                again if result.retry_after is not None else now + pause(failures)
            )
            self.resting[delivery.address] = Backoff(until, failures)

    def _report_failure(
        self, session: Session, delivery: Delivery, reason: Message
    ) -> None:
        """Not for the operator's own addresses, which would loop, nor for confirmation mails: anybody can enter a wrong
        address.
        """
        if delivery.route == OPERATOR or delivery.kind == "confirmation":
            return
        shared = "[subscribers]" if is_subscriber(delivery.route) else None
        facts = {
            "sent": delivery.kind,
            "address": shared or delivery.address,
            "route": shared or delivery.route,
            "reason": reason.to_json(),
        }
        session.add(
            Notice(kind=NoticeKind.PARKED, facts=facts, created_at=self.now())
        )
        self.wrote_notices = True


def deliver_to_subscribers(
    database: Database, route_to: RouteTo, base_url: str | None
) -> None:
    with database.reading() as session:
        routes = subscriber_routes(session, route_to)
    run = DeliveryRun(database, routes, base_url=base_url)
    while run.deliver_next():
        pass


def try_routes(
    database: Database,
    routes: Sequence[Route],
    *,
    base_url: str | None = None,
    change_json: ChangeJson,
) -> list[RouteTest]:
    """Stores nothing."""
    tests = []
    for route in routes:
        with database.reading() as session:
            message = sample_message(
                session,
                language=route.language,
                base_url=base_url,
                route=route.name,
            )
            message = replace(
                message, key=f"test {route.name} {utc_now().isoformat()}"
            )
            payload = webhook_body(session, message, change_json)
        for address in route.to:
            result = send_it(address, replace(message, payload=payload))
            tests.append(
                RouteTest(route.name, address.name, result.ok, result.answer)
            )
    return tests
