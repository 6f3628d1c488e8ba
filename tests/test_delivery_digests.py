"""What comes in a digest, when, and what does not: it was told at once, is no news any more, or its route left."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event
from sqlmodel import col, select

from foundation.vocabulary import State
from messages import catalogue
from notifier.delivery import Deliveries, DeliveryRun
from notifier.notifications import Notification
from notifier.plan import has_to_plan
from notifier.routes import Address, Route, parse_quiet, parse_when
from policywatch.ingest.alerting import confirm
from storage.changes import Change
from storage.checks import Check
from storage.database import Database
from storage.deliveries import Alert, has_undelivered
from tests.messages import visible
from tests.owed import BRIEF, POLICY, owe, route, tell
from tests.post import MINUTE, NOON, OPERATOR, TEMPORARY, Post, deliver, rows
from tests.site import BOTH

DATABASES = ["sqlite"]

NEWS = "[High] Parley trains AI on your data by default"


def news(message: Notification) -> str:
    """Its subject without the day, which lies ahead in some tests, and the document."""
    return re.sub(
        r"( \(in force since| from) 3 Nov 2025\)? · Privacy Policy",
        "",
        message.subject,
    )


@pytest.mark.parametrize(
    "after", [[], [route("picky", "json://a", severity="high")]]
)
def test_a_digest_is_not_cheated_of_what_a_route_that_left_was_to_tell_at_once(
    database: Database, after: list[Route]
) -> None:
    """Nor where the route stayed, and wants the change no more."""
    daily = route("daily", "json://a", when=parse_when("daily 08:00"))
    owe(database, "picky", "daily", severity="medium")
    owe(database, "picky", severity="medium")
    morning, down = NOON + timedelta(hours=20), Post(A=TEMPORARY)
    deliver(
        database, route("picky", "json://a"), daily, post=down, now=morning - MINUTE
    )
    for now in (morning, morning + MINUTE):
        deliver(database, route("picky", "json://a"), daily, post=down, now=now)
    post = Post()
    deliver(
        database,
        *after,
        daily,
        post=post,
        now=morning + timedelta(hours=5),
        operator=OPERATOR,
    )
    assert [message.routes for message in post.to("A")] == [("daily",)]
    assert [row.state for row in rows(database) if row.route == "picky"] == (
        [] if after else [State.PARKED]
    )


def test_a_digest_is_not_cheated_either_where_it_calls_the_place_by_another_name(
    database: Database,
) -> None:
    """Of what waited at the digest's time, and comes in the name of both where the first route stays."""
    daily = Route(
        "daily", (Address("${ALL}", "json://a"),), when=parse_when("daily 08:00")
    )
    owe(database, "team", "daily", when=NOON)
    morning, down, post = NOON + timedelta(hours=20), Post(A=TEMPORARY), Post()
    for now in (morning - MINUTE, morning, morning + 5 * MINUTE):
        deliver(database, route("team", "json://a"), daily, post=down, now=now)
    assert down.to("A")[-1].routes == ("daily", "team")
    deliver(
        database,
        daily,
        post=post,
        now=morning + timedelta(hours=5),
        operator=OPERATOR,
    )
    assert [
        (name, message.kind, message.routes) for name, message in post.sent
    ] == [("${ALL}", "digest", ("daily",))]


def test_a_digest_of_a_route_that_left_is_shared_out(database: Database) -> None:
    """What nobody else wants is parked; what comes with a digest of its own time waits for that."""
    morning = parse_when("daily 08:00")
    gone = route("gone", "json://a", when=morning)
    daily = route("daily", "json://a", when=morning, severity="high")
    weekly = route("weekly", "json://a", when=parse_when("weekly monday 08:00"))
    owe(database, "gone", "daily", "weekly", when=NOON)
    owe(database, "gone", "weekly", when=NOON, severity="medium")
    owe(database, "gone", when=NOON, severity="medium")
    next_day = NOON + timedelta(days=1)
    deliver(database, gone, daily, weekly, post=Post(A=TEMPORARY), now=next_day)
    post = Post()
    deliver(database, daily, weekly, post=post, now=next_day + 5 * MINUTE)
    assert [(message.kind, message.routes) for message in post.to("A")] == [
        ("digest", ("daily",))
    ]
    deliver(database, daily, weekly, post=post, now=NOON + timedelta(days=7))
    assert [(message.kind, message.routes) for message in post.to("A")[1:]] == [
        ("digest", ("weekly",))
    ]
    assert [(row.route, row.state) for row in rows(database)] == [
        ("daily", State.SENT),
        ("gone", State.PARKED),
        ("weekly", State.SENT),
    ]


@BOTH
def test_a_digest_waits_for_its_time_and_brings_all_in_one_message(
    database: Database,
) -> None:
    daily = route(
        "daily",
        "json://a",
        "json://b",
        when=parse_when("daily 08:00"),
        timezone="Europe/Paris",
    )
    for hour in (1, 2):
        owe(database, "daily", when=NOON + timedelta(hours=hour))
    post = Post()
    morning = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)  # eight in Paris, in winter
    assert deliver(database, daily, post=post, now=morning - MINUTE) == Deliveries(
        0, 0, 0
    )
    owe(database, "daily", when=morning + MINUTE)
    assert deliver(database, daily, post=post, now=morning + 5 * MINUTE).sent == 2
    assert [news(message) for message in post.to("A")] == [
        f"{NEWS} · and 1 more change"
    ]
    assert (
        deliver(database, daily, post=post, now=morning + timedelta(hours=23)).sent
        == 0
    )
    assert (
        deliver(database, daily, post=post, now=morning + timedelta(hours=24)).sent
        == 2
    )
    assert news(post.to("B")[1]) == NEWS


def test_what_is_no_news_any_more_when_its_digest_is_due_is_told_to_nobody(
    database: Database,
) -> None:
    morning, post = parse_when("daily 08:00"), Post()
    for facts in (
        {"alert": False, "substantive": False},
        {"severity": "low"},
        {"severity": "high"},
    ):
        owe(database, "daily", **facts)  # as `read --again` leaves them
    daily = route("daily", "json://a", when=morning, severity="medium")
    assert (
        deliver(database, daily, post=post, now=NOON + timedelta(days=1)).sent == 1
    )
    assert [news(message) for message in post.to("A")] == [NEWS]
    with database.reading() as session:
        assert all(alert.planned_at for alert in session.exec(select(Alert)))


def test_what_is_no_news_any_more_when_it_is_tried_again_or_the_night_ends_is_told_to_nobody(
    database: Database,
) -> None:
    """Nor is what the route's filter keeps away since; the rest of a digest comes."""
    night = Route(
        "night", (Address("N", "json://n"),), quiet=parse_quiet("20:00-13:00")
    )
    tried = Route("tried", (Address("T", "json://t"),))
    digest = Route(
        "digest", (Address("D", "json://d"),), when=parse_when("daily 08:00")
    )
    owe(database, "night", "tried", "digest")
    owe(database, "digest", severity="medium")
    down = Post(T=TEMPORARY, D=TEMPORARY)
    deliver(database, night, tried, digest, post=down, now=NOON + timedelta(days=1))
    assert len(rows(database)) == 3
    with database.writing() as session:
        told = session.exec(select(Change).order_by(col(Change.id))).first()
        assert told is not None
        told.alert = told.substantive = False  # as `read --again` leaves it
    post, later = Post(), NOON + timedelta(days=1, hours=2)
    assert deliver(
        database, night, tried, digest, post=post, now=later
    ) == Deliveries(1, 0, 0)
    assert [(name, news(message)) for name, message in post.sent] == [
        (
            "D",
            NEWS.replace("High", "Medium"),
        )
    ]
    owe(database, "tried", severity="medium")
    assert deliver(database, tried, post=Post(T=TEMPORARY), now=later).pending == 1
    picky = Route("tried", tried.to, severity="high")
    assert deliver(
        database, picky, post=post, now=later + timedelta(hours=1)
    ) == Deliveries(0, 0, 0)


def test_a_digest_that_was_missed_comes_with_the_next_run(
    database: Database,
) -> None:
    weekly = route("weekly", "json://a", when=parse_when("weekly monday 08:00"))
    owe(database, "weekly", when=NOON)
    post = Post()
    deliver(database, weekly, post=post, now=NOON + timedelta(days=6))
    assert post.sent == []
    deliver(database, weekly, post=post, now=NOON + timedelta(days=9))
    assert len(post.sent) == 1


def test_a_return_that_stayed_is_in_the_next_digest_and_none_comes_between(
    database: Database,
) -> None:
    daily = route("daily", "json://a", when=parse_when("daily 08:00"))
    post = Post()
    with database.writing() as session:
        returned = tell(session, [], when=NOON)
        session.add_all(
            Check(document_id=POLICY, checked_at=NOON, outcome="unchanged")
            for _ in range(4)
        )
        session.flush()
        returned.check_id, returned.waits = 1, 3
        confirm(
            session, lambda *_: ["daily"], now=lambda: NOON + timedelta(hours=26)
        )
    deliver(database, daily, post=post, now=NOON + timedelta(hours=26))
    assert post.sent == []
    deliver(database, daily, post=post, now=NOON + timedelta(hours=44, minutes=1))
    assert [news(message) for message in post.to("A")] == [NEWS]


def test_what_an_address_heard_at_once_is_not_in_its_digest(
    database: Database,
) -> None:
    daily = route("daily", "json://a", "json://b", when=parse_when("daily 08:00"))
    owe(database, "team", "daily", when=NOON)
    owe(database, "daily", when=NOON)
    post = Post()
    deliver(database, route("team", "json://a"), daily, post=post)
    deliver(
        database,
        route("team", "json://a"),
        daily,
        post=post,
        now=NOON + timedelta(days=1),
    )
    assert [news(message) for message in post.to("A")[1:]] == [NEWS]
    assert [news(message) for message in post.to("B")] == [
        f"{NEWS} · and 1 more change"
    ]


def test_a_digest_route_that_becomes_an_at_once_route_repeats_nothing(
    database: Database,
) -> None:
    owe(database, "team", "other", when=NOON)
    post = Post()
    deliver(
        database,
        route("team", "json://a"),
        route("other", "json://a", when=parse_when("daily 08:00")),
        post=post,
    )
    deliver(
        database,
        route("team", "json://a"),
        route("other", "json://a", "json://b"),
        post=post,
    )
    assert [name for name, _ in post.sent] == ["${A}", "${B}"]


def test_a_change_in_two_digests_of_one_time_and_address_comes_once_and_names_both(
    database: Database,
) -> None:
    owe(database, "one", "two")
    owe(database, "two")
    post = Post()
    morning = {"when": parse_when("daily 08:00")}
    deliver(
        database,
        route("one", "json://a", **morning),
        route("two", "json://a", **morning),
        post=post,
    )
    assert sorted((news(message), message.routes) for message in post.to("A")) == [
        (NEWS, ("one", "two")),
        (NEWS, ("two",)),
    ]


def test_a_digest_whose_time_has_come_is_work_to_do(database: Database) -> None:
    daily = route("daily", "json://a", when=parse_when("daily 08:00"))
    owe(database, "daily", "gone", when=NOON)
    with database.reading() as session:
        assert not has_to_plan(session, [daily], NOON + timedelta(hours=19))
        assert has_to_plan(session, [daily], NOON + timedelta(hours=21))


def test_what_a_wrong_clock_dated_into_the_future_waits_for_no_digest(
    database: Database,
) -> None:
    daily = route("daily", "json://a", when=parse_when("daily 08:00"), empty=True)
    ahead, post = NOON + timedelta(days=365), Post()
    deliver(database, daily, post=post, now=ahead)
    owe(database, "daily", when=ahead)
    with database.reading() as session:
        assert has_to_plan(session, [daily], NOON)
    for hour in (0, 1, 24):
        deliver(database, daily, post=post, now=NOON + timedelta(hours=hour))
    assert [news(message) for message in post.to("A")] == [
        "No policy changes",
        NEWS,
        "No policy changes",
    ]


def test_a_digest_reminds_once_of_a_deadline_a_week_ahead(
    database: Database,
) -> None:
    """Of what its route was alerted to, though nothing else changed."""
    weekly = route("weekly", "json://a", when=parse_when("weekly monday 08:00"))
    last_day = (NOON + timedelta(days=25)).date()
    owe(
        database,
        "weekly",
        deadline=last_day,
        brief=BRIEF | {"deadline": f"{last_day}"},
    )
    owe(database, "other", deadline=last_day)
    post = Post()
    for day in range(40):
        deliver(database, weekly, post=post, now=NOON + timedelta(days=day))
    first, reminder = post.to("A")
    assert news(first) == NEWS
    assert "Deadlines to object" not in first.text
    words = catalogue("en")
    assert (
        reminder.subject
        == f"Object by {words.day(last_day, short=True)}: Parley · Privacy Policy"
    )
    for body in (reminder.text, visible(reminder.html)):
        assert "Deadlines to object" in body
        assert body.count(f"{words.day(last_day)}: Parley · Privacy Policy") == 1


def test_a_digest_of_nothing_comes_only_to_those_who_asked_for_it_once_a_time(
    database: Database,
) -> None:
    morning = parse_when("daily 08:00")
    silent, asking = (
        route("silent", "json://a", when=morning),
        route("asking", "json://b", when=morning, empty=True),
    )
    post = Post()
    for hour in range(0, 48, 3):
        deliver(
            database, silent, asking, post=post, now=NOON + timedelta(hours=hour)
        )
    assert [news(message) for _, message in post.sent] == ["No policy changes"] * 3
    owe(database, "asking", when=NOON + timedelta(hours=50))
    later = NOON + timedelta(hours=70)
    with database.reading() as session:
        assert has_to_plan(session, [asking], later)
    assert deliver(database, silent, asking, post=post, now=later).sent == 1
    assert post.sent[-1][1].subject.startswith(NEWS)


def test_no_digest_says_that_nothing_changed_to_those_who_were_told_at_once(
    database: Database,
) -> None:
    asking = Route(
        "asking",
        (Address("${ME}", "json://a"),),
        when=parse_when("daily 08:00"),
        empty=True,
    )
    post, morning = Post(), NOON + timedelta(hours=20, minutes=1)
    deliver(database, asking, post=post, now=NOON - timedelta(hours=3))
    owe(database, "team", "asking")
    for day in range(3):
        deliver(database, route("team", "json://a"), asking, post=post)
        deliver(
            database,
            route("team", "json://a"),
            asking,
            post=post,
            now=morning + timedelta(days=day),
        )
    assert [message.kind for _, message in post.sent] == [
        "digest",
        "alert",
        "digest",
        "digest",
    ]
    assert (
        len(
            [
                message
                for message in post.to("ME")
                if message.subject == "No policy changes"
            ]
        )
        == 3
    )


def test_whether_something_is_undelivered_loads_nothing(database: Database) -> None:
    loaded: list[object] = []
    with database.reading() as session:
        event.listen(
            session, "loaded_as_persistent", lambda _, row: loaded.append(row)
        )
        assert has_undelivered(session) is False
    owe(database, "one", "two")
    with database.reading() as session:
        event.listen(
            session, "loaded_as_persistent", lambda _, row: loaded.append(row)
        )
        assert has_undelivered(session) is True
    deliver(database, route("one", "json://a"), post=Post())
    with database.reading() as session:
        assert has_undelivered(session) is False, "no route is called two any more"
    assert loaded == []


@BOTH
def test_planning_many_alerts_reads_their_documents_once(
    database: Database,
) -> None:
    for _ in range(5):
        owe(database, "one", "two")
    statements: list[str] = []

    def note(
        _connection: object, _cursor: object, statement: str, *_: object
    ) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        run = DeliveryRun(
            database, [route("one", "json://a"), route("two", "json://b")]
        )
        run.plan()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    written = [
        each for each in statements if each.startswith("INSERT INTO deliver")
    ]
    assert len(written) >= 10
    read = [
        each for each in statements if "FROM documents \nWHERE documents.id" in each
    ]
    assert len(read) == 1
