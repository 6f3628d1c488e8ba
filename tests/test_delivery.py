"""Delivery: tries, refusals, waits; what one address answers is no matter for the others."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from foundation.vocabulary import State
from messages import Message
from notifier.delivery import Deliveries, DeliveryRun, wait
from notifier.notifications import Notification
from notifier.routes import Address
from notifier.send import Result
from storage.database import Database
from tests.owed import owe, route
from tests.post import (
    MINUTE,
    NOON,
    OPERATOR,
    PERMANENT,
    TEMPORARY,
    Post,
    deliver,
    notices,
    rows,
)

DATABASES = ["sqlite"]


def test_each_address_of_a_route_gets_each_alert_once(database: Database) -> None:
    owe(database, "team")
    owe(database, "team")
    post = Post()
    team = route("team", "json://a", "json://b")
    assert deliver(database, team, post=post) == Deliveries(
        sent=4, failed=0, pending=0
    )
    assert deliver(database, team, post=post) == Deliveries(
        sent=0, failed=0, pending=0
    )
    assert [name for name, _ in post.sent] == ["${A}", "${B}"] * 2


def test_a_failure_is_tried_again_later_and_later(database: Database) -> None:
    owe(database, "team")
    team = route("team", "json://a")
    post = Post(A=TEMPORARY)
    minutes = [*range(20), *range(20, 60 * 31, 20)]
    tried = [
        m
        for m in minutes
        if deliver(database, team, post=post, now=NOON + m * MINUTE).failed
    ]
    gaps = [after - before for before, after in pairwise(tried)]
    assert tried[:4] == [0, 1, 4, 13]
    assert gaps == sorted(gaps)
    assert len(tried) < 12
    (row,) = rows(database)
    assert row.state == State.PARKED
    assert str(row.error) == "status 500"
    assert 24 * 60 <= tried[-1] <= 24 * 60 + 6 * 60


@pytest.mark.parametrize(
    "days", [1, 3]
)  # a job that comes once a day, a laptop that sleeps over long weekends
def test_a_job_that_comes_seldom_tries_as_often_before_it_gives_up(
    database: Database, days: int
) -> None:
    owe(database, "team")
    post = Post(A=TEMPORARY)
    states = []
    for turn in range(6):
        deliver(
            database,
            route("team", "json://a"),
            post=post,
            now=NOON + timedelta(days=days * turn, seconds=turn),
        )
        states += [row.state for row in rows(database)]
    assert states == [State.PENDING] * 5 + [State.PARKED]


def test_waits_spread_and_obey_the_server() -> None:
    assert wait(1, None, 0) == timedelta(seconds=48)
    assert wait(1, None, 1) == timedelta(seconds=72)
    assert wait(50, None, 1) == timedelta(hours=7.2)
    assert (
        timedelta(seconds=7)
        <= wait(9, timedelta(seconds=7), 1)
        <= timedelta(seconds=8)
    )
    assert wait(1, timedelta(days=400), 0) == timedelta(days=1)


def test_what_the_operators_own_address_refuses_is_not_told_to_it(
    database: Database,
) -> None:
    owe(database, "team")
    deliver(
        database,
        route("team", "json://a"),
        post=Post(A=PERMANENT, OPS=PERMANENT),
        operator=OPERATOR,
    )
    assert len(notices(database)) == 1
    assert [row.state for row in rows(database)] == [State.PARKED, State.PARKED]


def test_one_bad_address_holds_up_no_other_and_costs_one_try_a_run(
    database: Database,
) -> None:
    for _ in range(5):
        owe(database, "team")
    post = Post(B=TEMPORARY)
    team = route("team", "json://a", "json://b", "json://c")
    assert deliver(database, team, post=post) == Deliveries(
        sent=10, failed=1, pending=5
    )
    assert len(post.to("B")) == 1


def test_older_news_is_sent_before_newer_though_it_failed_once(
    database: Database,
) -> None:
    team = route("team", "json://a", "json://b")
    owe(database, "team")
    deliver(database, team, post=Post(A=TEMPORARY))
    owe(database, "team")
    post = Post()
    deliver(database, team, post=post, now=NOON + 5 * MINUTE)
    assert [name for name, _ in post.sent] == ["${B}", "${A}", "${A}"], (
        "the address that was tried least comes first"
    )
    older, newer = post.to("A")
    assert int(older.key.split()[1]) < int(newer.key.split()[1])


def test_a_message_that_is_never_taken_does_not_hold_up_the_newer_ones(
    database: Database,
) -> None:
    team = route("team", "json://a")
    owe(database, "team")

    def send(_address: Address, message: Notification) -> Result:
        return TEMPORARY if message.key.startswith("alert 1 ") else Result(ok=True)

    for day in range(3):
        DeliveryRun(
            database,
            [team],
            send=send,
            now=lambda day=day: NOON + timedelta(days=day),
        ).deliver_due()  # type: ignore[misc]
    for _ in range(3):
        owe(database, "team")
    clock = Clock(NOON + timedelta(days=3))
    done = DeliveryRun(
        database, [team], send=send, now=clock, sleep=clock.sleep
    ).deliver_due()
    assert done == Deliveries(sent=3, failed=1, pending=1)


class Clock:
    """One that goes on only while somebody sleeps."""

    def __init__(self, now: datetime) -> None:
        self.now = self.began = now

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def test_one_message_that_fails_holds_up_the_others_for_seconds(
    database: Database,
) -> None:
    for _ in range(40):
        owe(database, "team")
    post, clock = [], Clock(NOON)

    def send(_address: Address, message: Notification) -> Result:
        post.append(message.key)
        return TEMPORARY if len(post) % 8 == 0 else Result(ok=True)  # 12% of them

    done = DeliveryRun(
        database,
        [route("team", "json://a")],
        send=send,
        now=clock,
        sleep=clock.sleep,
    ).deliver_due()
    assert done == Deliveries(sent=35, failed=5, pending=5)
    assert clock.now - clock.began <= timedelta(seconds=30)


def test_a_server_that_is_down_costs_few_timeouts(database: Database) -> None:
    for _ in range(40):
        owe(database, "team")
    post, clock = [], Clock(NOON)

    def send(_address: Address, message: Notification) -> Result:
        post.append(message.key)
        return TEMPORARY

    DeliveryRun(
        database,
        [route("team", "json://a")],
        send=send,
        now=clock,
        sleep=clock.sleep,
    ).deliver_due()
    assert len(post) <= 4


def test_a_server_that_asks_for_a_short_pause_is_waited_for(
    database: Database,
) -> None:
    owe(database, "team")
    owe(database, "team")
    clock = [NOON]
    answers = [
        Result(
            ok=False,
            retry_after=timedelta(seconds=10),
            answer=Message("delivery.status", status=429),
        )
    ]

    def send(_address: Address, _message: Notification) -> Result:
        return answers.pop(0) if answers else Result(ok=True)

    def sleep(seconds: float) -> None:
        clock[0] += timedelta(seconds=seconds)

    done = DeliveryRun(
        database,
        [route("team", "json://a")],
        send=send,
        now=lambda: clock[0],
        sleep=sleep,
        chance=lambda: 0.5,
    ).deliver_due()
    assert done == Deliveries(sent=2, failed=1, pending=0)
    assert timedelta(seconds=10) <= clock[0] - NOON <= timedelta(seconds=12)


def test_a_server_that_asks_for_a_long_pause_is_left_alone(
    database: Database,
) -> None:
    owe(database, "team")
    post = Post(
        A=Result(
            ok=False,
            retry_after=timedelta(hours=1),
            answer=Message("delivery.status", status=429),
        )
    )
    team = route("team", "json://a")
    assert deliver(database, team, post=post).pending == 1
    deliver(database, team, post=post, now=NOON + 59 * MINUTE)
    assert len(post.sent) == 1
    deliver(database, team, post=post, now=NOON + 67 * MINUTE)
    assert len(post.sent) == 2


def test_a_message_has_the_same_key_on_every_try_and_another_for_every_delivery(
    database: Database,
) -> None:
    owe(database, "team")
    post = Post(A=TEMPORARY)
    team = route("team", "json://a", "json://b")
    deliver(database, team, post=post)
    deliver(database, team, post=post, now=NOON + 5 * MINUTE)
    assert len({message.key for message in post.to("A")}) == 1
    assert len({message.key for _, message in post.sent}) == 2
