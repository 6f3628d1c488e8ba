"""Delivers what is owed: claims it, sends it, records what came of it; at least once, and in normal life not twice."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlmodel import Session

from messages import Reason, code_of
from notifier.backoff import LONGEST_RETRY_AFTER, is_hopeless, wait
from notifier.lease import is_dead, this_process
from notifier.messages import (
    Message,
    alert_message,
    digest_message,
    dressed,
    empty_digest,
    notice_message,
    test_message,
)
from notifier.plan import OPERATOR, plan, routes_by_name, unwanted
from notifier.reassignment import pass_on, pass_on_news, readdress
from notifier.routes import Address, Route
from notifier.send import Result
from notifier.send import send as send_it
from notifier.templating import OURS, Templates
from storage.alerts import Alert
from storage.changes import change
from storage.clock import utc_now
from storage.database import Database
from storage.deliveries import (
    Delivery,
    State,
    alerts_in,
    claim,
    claimed,
    counts,
    items,
    next_attempt,
    one_planner,
    owed,
    park,
    pending,
    postpone,
    release,
    settle,
    withdraw,
)
from storage.notices import Notice, NoticeKind

LEASE = timedelta(minutes=15)  # after which a claim of a process that we can't see counts as dead
PATIENCE = timedelta(seconds=30)  # that a run waits for servers that asked for a short pause
_MAY_BE_ITS_OWN = 3  # tries of one message after which the address gets another one in the same run
_CRASHES_FORGIVEN = 3  # claims that died before the next one has to wait


class Send(Protocol):
    """How one message goes to one address."""

    def __call__(self, address: Address, message: Message) -> Result:
        """Never raises for what a server or a network does."""
        ...


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What one call did: `failed` counts attempts that brought nothing, `pending` what is still to be sent."""

    sent: int
    failed: int
    pending: int


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a test message at one address."""

    route: str
    address: str
    ok: bool
    said: str


def deliver_due(
    database: Database,
    routes: Sequence[Route],
    operator: Sequence[Address],
    *,
    operator_language: str = "en",
    base_url: str | None = None,
    templates: Templates = OURS,
    now: Callable[[], datetime] = utc_now,
    send: Send = send_it,
    sleep: Callable[[float], None] = time.sleep,
    chance: Callable[[], float] = random.random,
    patience: timedelta = PATIENCE,
) -> Deliveries:
    """Plan, then send until nothing more is due. Several processes may do it at once on one database.

    A server that asks for a pause of some seconds is waited for, up to `patience` in all; everything else that
    failed is left to a later call. A fault of the program with one delivery is raised when the others are done.
    """
    run = _Run(database, routes, operator, operator_language, base_url, templates, now, send, chance)
    waited_until = now() + patience
    run.sweep()
    while True:
        run.plan()
        while run.deliver_next():
            pass
        if run.wrote_notices:
            continue
        pause = run.pause_before(waited_until)
        if pause is None:
            break
        sleep(pause)
    if run.fault is not None:
        raise run.fault
    with database.reading() as session:
        states = counts(session)
    return Deliveries(run.sent, run.failed, states[State.PENDING] + states[State.SENDING])


def try_routes(
    database: Database,
    routes: Sequence[Route],
    *,
    base_url: str | None = None,
    templates: Templates = OURS,
) -> list[Tried]:
    """Send a marked sample to each address of the routes, and say what each server answered. Nothing is stored."""
    tried = []
    for route in routes:
        with database.reading() as session:
            message = test_message(session, language=route.language, base_url=base_url, route=route.name)
        message = replace(dressed(message, templates), key=f"test {route.name} {utc_now().isoformat()}")
        for address in route.to:
            result = send_it(address, message)
            tried.append(Tried(route.name, address.name, result.ok, result.said or "taken"))
    return tried


@dataclass(slots=True)
class _Run:
    database: Database
    routes: Sequence[Route]
    operator: Sequence[Address]
    operator_language: str
    base_url: str | None
    templates: Templates
    now: Callable[[], datetime]
    send: Send
    chance: Callable[[], float]
    me: str = field(default_factory=this_process)
    sent: int = 0
    failed: int = 0
    wrote_notices: bool = False
    troubles_told: int = 0
    # Addresses that just failed, with the time from which they may be tried again in this run (None: not any more):
    # what waits behind a server that is down must not cost a timeout each.
    resting: dict[str, datetime | None] = field(default_factory=dict)
    doubted: set[str] = field(default_factory=set)  # that took a second message of this run after one failed again
    fault: Exception | None = None  # a fault of ours with one delivery, raised when the others are done

    def sweep(self) -> None:
        """Take back what a dead process was sending, and whatever was claimed for longer than sending can take."""
        now = self.now()
        with self.database.writing() as session:
            for delivery in claimed(session):
                age = now - (delivery.claimed_at or now)
                if is_dead(delivery.claimed_by or "") or not -LEASE < age < LEASE:
                    crashes = delivery.attempts - _CRASHES_FORGIVEN
                    release(session, delivery, now + wait(crashes, None, self.chance()) if crashes > 0 else now)

    def plan(self) -> None:
        """Owe what is due, pass on what its own route wants no more, and park what can't be sent any more."""
        self.wrote_notices = False
        with self.database.writing() as session:
            one_planner(session)
            self._pass_on(session)
            self._park_what_left(session)
            plan(session, self.routes, self.operator, self.now())

    def deliver_next(self) -> bool:
        """One delivery; False where none is due."""
        with self.database.writing() as session:
            delivery = self._claim(session)
        if delivery is None:
            return False
        try:
            with self.database.reading() as session:
                message = replace(self._message(session, delivery), taken=frozenset(delivery.taken or ()))
        except Exception as failure:  # noqa: BLE001  # what can't be put into words must not hold up the others
            said = Reason("delivery.not_made", kind=type(failure).__name__, why=str(failure))
            self._record(delivery, Result(ok=False, said=said))
            self.resting.pop(delivery.address, None)  # it is not to blame
            return True
        address = self._addresses()[delivery.route, delivery.address]
        try:
            result = self.send(address, message)
        except Exception as failure:  # noqa: BLE001  # raised when the others are done
            # A fault of ours. It counts as a try, so that it is shown, and in the end parked.
            self._record(delivery, Result(ok=False, said=Reason("delivery.broke_off", kind=type(failure).__name__)))
            self.resting.pop(delivery.address, None)
            self.fault = self.fault or failure
            return True
        except BaseException:
            # Stopped from outside. It may have been sent or not; at least once is the promise.
            self._put_back(delivery)
            raise
        self._record(delivery, result)
        return True

    def pause_before(self, limit: datetime) -> float | None:
        """Seconds until an address that asked for a pause may be tried again, if that is before the limit."""
        with self.database.reading() as session:
            following = next_attempt(session)
        times = [time for time in self.resting.values() if time is not None and time <= limit]
        now = self.now()
        if not times or following is None or min(times) > limit or following > limit or now >= limit:
            return None
        return max((min(times) - now).total_seconds(), 0.01)

    def _addresses(self) -> dict[tuple[str, str], Address]:
        known = {(name, address.name): address for route in self.routes for name in route.names for address in route.to}
        return known | {(OPERATOR, address.name): address for address in self.operator}

    def _pass_on(self, session: Session) -> None:
        waiting, known, by_name = pending(session), self._addresses(), routes_by_name(self.routes)
        readdress(session, [each for each in waiting if each.error and not each.attempts], self.routes)
        carried = alerts_in(session, [delivery.id or 0 for delivery in waiting])
        for delivery in waiting:
            alerts = carried.get(delivery.id or 0, [])
            if delivery.route == OPERATOR and (OPERATOR, delivery.address) not in known:
                pass_on_news(session, delivery, self.operator, self.now())
            elif (delivery.route, delivery.address) not in known:
                pass_on(session, delivery, alerts, self.routes, self.now())
            elif stale := unwanted(session, alerts, self.routes):
                own = by_name[delivery.route].names
                kept = {alert.change_id for alert in alerts if alert not in stale and alert.route in own}
                gone = [alert for alert in alerts if alert.change_id not in kept]
                pass_on(session, delivery, gone, self.routes, self.now())

    def _park_what_left(self, session: Session) -> None:
        known = self._addresses()
        for delivery in pending(session):
            if (delivery.route, delivery.address) not in known:
                why = Reason("delivery.left")
                if park(session, delivery.id or 0, why):
                    self._tell_parked(session, delivery, why)

    def _claim(self, session: Session) -> Delivery | None:
        now = self.now()
        rested = [name for name, until in self.resting.items() if until is not None and until <= now]
        for name in rested:
            del self.resting[name]
        known = self._addresses()
        while True:
            passed = False
            for number in owed(session, now, now + 2 * LONGEST_RETRY_AFTER, tuple(self.resting)):
                delivery = session.get_one(Delivery, number)
                # Another process may have a newer watchlist, and have planned what this one does not know.
                if (delivery.route, delivery.address) not in known:
                    continue
                carried = alerts_in(session, [number]).get(number, [])
                # the change may have been read again since, or the route's filter be another
                stale = unwanted(session, carried, self.routes)
                if stale and not withdraw(session, number, stale):
                    passed = True
                    continue
                opens = self._opens(session, delivery, [alert for alert in carried if alert not in stale], now)
                if opens > now:
                    passed |= postpone(session, number, opens)
                elif claim(session, number, self.me, now):
                    session.refresh(delivery)
                    return delivery
            if not passed:
                return None

    def _opens(self, session: Session, delivery: Delivery, alerts: Sequence[Alert], now: datetime) -> datetime:
        """The end of the quiet hours; of those that end first, where several routes want it."""
        if delivery.kind != "alert" or not any(route.quiet for route in self.routes):
            return now
        wanting = {alert.route for alert in alerts}
        severity = change(session, alerts[0].change_id).severity
        return min((route.opens(severity, now) for route in self.routes if wanting & {*route.names}), default=now)

    def _message(self, session: Session, delivery: Delivery) -> Message:
        carried = items(session, delivery.id or 0)
        route = next((route for route in self.routes if delivery.route in route.names), None)
        language = route.language if route else self.operator_language
        key = f"{delivery.kind} {delivery.id} {delivery.created_at.isoformat()}"
        if delivery.kind == "notice":
            notices = [session.get_one(Notice, item.notice_id) for item in carried]
            return dressed(notice_message(notices, language=language, base_url=self.base_url, key=key), self.templates)
        if not carried:
            empty = empty_digest(delivery.route, language=language, key=key)
            return dressed(empty, self.templates)
        alerts = [session.get_one(Alert, item.alert_id) for item in carried]
        make = digest_message if delivery.kind == "digest" else alert_message
        return dressed(make(session, alerts, language=language, base_url=self.base_url, key=key), self.templates)

    def _put_back(self, delivery: Delivery) -> None:
        with self.database.writing() as session:
            again = self.now() + wait(delivery.attempts, None, self.chance())
            settle(session, delivery.id or 0, self.me, state=State.PENDING.value, next_at=again)

    def _record(self, delivery: Delivery, result: Result) -> None:
        now = self.now()
        with self.database.writing() as session:
            self._tell_troubles(session)
            if result.ok:
                self.sent += 1
                none = {"error": None, "error_code": None, "taken": None}
                settle(session, delivery.id or 0, self.me, state=State.SENT.value, sent_at=now, **none)
                return
            self.failed += 1
            since = delivery.tried_since or now
            values: dict[str, Any] = {
                "tried_since": since,
                "error": result.said,
                "error_code": code_of(result.said),
                "taken": sorted(result.taken.union(delivery.taken or ())),
            }
            if result.permanent or is_hopeless(delivery.attempts, since, now):
                if settle(session, delivery.id or 0, self.me, state=State.PARKED.value, **values):
                    self._tell_parked(session, delivery, result.said or "no reason is known")
                return
            address, again = delivery.address, now + wait(delivery.attempts, result.retry_after, self.chance())
            settle(session, delivery.id or 0, self.me, state=State.PENDING.value, next_at=again, **values)
            if delivery.attempts > _MAY_BE_ITS_OWN and result.retry_after is None and address not in self.doubted:
                self.doubted.add(address)  # is it the message that can't be sent? The next one shows
            else:
                self.resting[address] = again if result.retry_after is not None else None

    def _tell_troubles(self, session: Session) -> None:
        """Of the operator's own templates; each once a run, for the message that tells it may have the same trouble."""
        for trouble in self.templates.troubles[self.troubles_told :]:
            session.add(Notice(kind=NoticeKind.TEMPLATE.value, facts={"reason": trouble}, created_at=self.now()))
            self.troubles_told += 1
            self.wrote_notices = True

    def _tell_parked(self, session: Session, delivery: Delivery, why: str) -> None:
        """Not of what the operator's own address refused: that would go to the same address, and so on."""
        if delivery.route == OPERATOR:
            return
        facts: dict[str, Any] = {
            "sent": delivery.kind,
            "address": delivery.address,
            "route": delivery.route,
            "reason": why,
        }
        if code := code_of(why):
            facts["reason_code"] = code
        session.add(Notice(kind=NoticeKind.PARKED.value, facts=facts, created_at=self.now()))
        self.wrote_notices = True
