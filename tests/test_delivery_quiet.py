"""What waits for the end of quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from notifier.delivery import Deliveries
from notifier.routes import Address, Route, parse_quiet
from storage.database import Database
from tests.owed import owe, route
from tests.post import TEMPORARY, Post, deliver

DATABASES = ["sqlite"]
NIGHT = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)  # half past eleven in Paris
QUIET = {"quiet": parse_quiet("22:00-07:00"), "timezone": "Europe/Paris"}


def test_a_quiet_route_waits_until_the_morning(database: Database) -> None:
    for _ in range(25):
        owe(database, "team", when=NIGHT)
    team = route("team", "json://a", **QUIET)
    assert deliver(database, team, post=Post(), now=NIGHT) == Deliveries(
        sent=0, failed=0, pending=25
    )
    assert (
        deliver(
            database, team, post=Post(), now=NIGHT + timedelta(hours=7, minutes=29)
        ).sent
        == 0
    )
    assert (
        deliver(
            database, team, post=Post(), now=NIGHT + timedelta(hours=7, minutes=31)
        ).sent
        == 25
    )


def test_what_weighs_high_breaks_the_quiet_only_where_the_route_says_so(
    database: Database,
) -> None:
    owe(database, "team", "all", severity="high")
    owe(database, "team", "all", severity="medium")
    post = Post()
    deliver(
        database,
        route("team", "json://a", high_breaks_quiet=True, **QUIET),
        Route("all", (Address("${B}", "json://b"),), **QUIET),
        post=post,
        now=NIGHT,
    )
    assert [name for name, _ in post.sent] == ["${A}"]


def test_a_try_that_failed_waits_for_the_end_of_the_quiet_too(
    database: Database,
) -> None:
    owe(database, "team", when=NIGHT)
    team = route("team", "json://a", **QUIET)
    evening = NIGHT - timedelta(hours=1, minutes=31)
    deliver(database, team, post=Post(A=TEMPORARY), now=evening)
    post = Post()
    assert deliver(database, team, post=post, now=NIGHT).pending == 1
    assert post.sent == []


def test_of_two_routes_with_one_address_the_one_that_is_not_quiet_decides(
    database: Database,
) -> None:
    owe(database, "team", "all", when=NIGHT)
    post = Post()
    deliver(
        database,
        route("team", "json://a", **QUIET),
        route("all", "json://a"),
        post=post,
        now=NIGHT,
    )
    assert [message.routes for message in post.to("A")] == [("all", "team")]
