"""Who is owed what: routes that share, come, go and are renamed; the operator."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from foundation.vocabulary import State
from messages import verbatim
from notifier.delivery import Deliveries
from notifier.routes import Address, Route
from notifier.send import Result
from storage.database import Database
from storage.deliveries import Alert, Notice, retry_parked
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
from tests.site import BOTH

DATABASES = ["sqlite"]


def test_a_change_that_two_routes_want_comes_once_and_names_both(
    database: Database,
) -> None:
    owe(database, "team", "all")
    post = Post()
    deliver(
        database,
        route("team", "json://a"),
        route("all", "json://a", "json://b"),
        post=post,
    )
    assert [message.routes for message in post.to("A")] == [("all", "team")]
    assert [message.routes for message in post.to("B")] == [("all",)]


def test_nothing_old_floods_a_new_route_or_a_new_address(
    database: Database,
) -> None:
    owe(database, "team")
    post = Post()
    deliver(database, route("team", "json://a"), post=post)
    deliver(
        database,
        route("team", "json://a", "json://b"),
        route("new", "json://c"),
        post=post,
    )
    assert [name for name, _ in post.sent] == ["${A}"]
    owe(database, "team", "new")
    deliver(
        database,
        route("team", "json://a", "json://b"),
        route("new", "json://c"),
        post=post,
    )
    assert len(post.to("B")) == 1


def test_an_alert_of_a_removed_route_goes_to_nobody_and_stays_so(
    database: Database,
) -> None:
    owe(database, "gone")
    post = Post()
    assert deliver(database, route("team", "json://a"), post=post) == Deliveries(
        0, 0, 0
    )
    assert deliver(database, route("gone", "json://a"), post=post) == Deliveries(
        0, 0, 0
    )
    with database.reading() as session:
        assert [alert.planned_at for alert in session.exec(select(Alert))] == [NOON]


@BOTH
@pytest.mark.parametrize("left", [[], [route("team", "json://a")]])
def test_what_waits_for_an_address_that_left_is_parked_and_told(
    database: Database, left: list[Route]
) -> None:
    owe(database, "team")
    deliver(
        database,
        route("team", "json://a", "json://b"),
        post=Post(A=TEMPORARY, B=TEMPORARY),
    )
    post = Post()
    deliver(database, *left, post=post, now=NOON + 5 * MINUTE, operator=OPERATOR)
    parked = [row.address for row in rows(database) if row.state == State.PARKED]
    assert parked == (["${B}"] if left else ["${A}", "${B}"])
    assert "no longer in the watchlist" in post.to("OPS")[0].text


def test_what_waited_for_two_routes_comes_once_when_the_first_one_leaves(
    database: Database,
) -> None:
    """Also where the other one calls the place by another name, and once it is tried again by hand."""
    owe(database, "team", "all")
    all_ = Route(
        "all",
        (Address("${ALL}", "json://a"), Address("${B}", "json://b")),
        language="fr",
    )
    deliver(database, route("team", "json://a"), all_, post=Post(A=TEMPORARY))
    post = Post()
    assert deliver(
        database, all_, post=post, now=NOON + 5 * MINUTE, operator=OPERATOR
    ) == Deliveries(1, 0, 0)
    assert [(name, message.routes) for name, message in post.sent] == [
        ("${ALL}", ("all",))
    ]
    assert "entraîne l’IA" in post.sent[0][1].subject
    with database.writing() as session:
        assert retry_parked(session, None, NOON) == []
    both = (route("team", "json://a"), all_)
    assert deliver(
        database, *both, post=post, now=NOON + 9 * MINUTE, operator=OPERATOR
    ) == Deliveries(0, 0, 0)


def test_who_has_a_message_of_a_route_that_left_does_not_get_it_again_from_another(
    database: Database,
) -> None:
    owe(database, "team", "all")
    all_ = Route("all", (Address("${ALL}", "json://a"),))
    half = Result(
        ok=False,
        answer=verbatim("452 4.2.2 mailbox full"),
        taken=frozenset({"mark of ann"}),
    )
    first, post = Post(A=half), Post()
    deliver(database, route("team", "json://a"), all_, post=first)
    deliver(database, all_, post=post, now=NOON + 5 * MINUTE)
    (before,), (after,) = first.to("A"), post.to("ALL")
    assert (after.key, after.taken, after.routes) == (
        before.key,
        {"mark of ann"},
        ("all",),
    )


def test_notices_go_to_the_operator_in_one_message_each_once(
    database: Database,
) -> None:
    with database.writing() as session:
        session.add_all(
            Notice(
                kind="held",
                facts={"reason": verbatim(f"Page {n} is odd.").to_json()},
                created_at=NOON,
            )
            for n in range(3)
        )
    post = Post()
    assert deliver(database, post=post, operator=OPERATOR).sent == 1
    assert deliver(database, post=post, operator=OPERATOR).sent == 0
    assert all(f"Page {n} is odd." in post.to("OPS")[0].text for n in range(3))


def test_what_was_given_up_goes_to_the_address_that_was_put_right_once_a_person_sends_it_again(
    database: Database,
) -> None:
    """Wherever that was said: the pages know no addresses."""
    owe(database, "team")
    wrong = Route(
        "team", (Address("${WRONG}", "json://wrong"), Address("${B}", "json://b"))
    )
    deliver(database, wrong, post=Post(WRONG=PERMANENT))
    post, right = (
        Post(),
        Route(
            "team",
            (Address("${RIGHT}", "json://right"), Address("${B}", "json://b")),
        ),
    )
    deliver(database, right, post=post)
    assert post.sent == []
    with database.writing() as session:
        assert len(retry_parked(session, None, NOON)) == 1
    assert deliver(database, right, post=post) == Deliveries(1, 0, 0)
    assert [name for name, _ in post.sent] == ["${RIGHT}"]


def test_what_is_pending_for_an_address_goes_to_the_one_that_corrects_it(
    database: Database,
) -> None:
    """In the order of the route, where several are corrected at once; and at once, whatever the old one's waits."""
    owe(database, "team")
    wrong = [Address(f"${{WRONG{n}}}", f"json://wrong{n}") for n in (1, 2)]
    right = [Address(f"${{RIGHT{n}}}", f"json://right{n}") for n in (1, 2)]
    kept = Address("${KEPT}", "json://kept")
    down, post = Post(WRONG1=TEMPORARY, WRONG2=TEMPORARY), Post()
    deliver(database, Route("team", (wrong[0], kept, wrong[1])), post=down)
    assert deliver(
        database, Route("team", (right[0], kept, right[1])), post=post
    ) == Deliveries(2, 0, 0)
    assert [name for name, _ in post.sent] == ["${RIGHT1}", "${RIGHT2}"]
    assert notices(database) == []


def test_news_that_waits_for_an_address_of_the_operator_goes_to_the_one_in_its_place(
    database: Database,
) -> None:
    """Also once it was given up, and is sent again by hand; and nobody hears of anything twice."""
    ops, old, new = (
        OPERATOR[0],
        Address("${OLD}", "json://old"),
        Address("${NEW}", "json://new"),
    )
    with database.writing() as session:
        session.add(
            Notice(
                kind="held",
                facts={"reason": verbatim("A page is odd.").to_json()},
                created_at=NOON,
            )
        )
    deliver(database, post=Post(OLD=TEMPORARY), operator=(ops, old))
    with database.writing() as session:
        session.add(
            Notice(
                kind="held",
                facts={"reason": verbatim("Another one is, too.").to_json()},
                created_at=NOON,
            )
        )
    deliver(database, post=Post(OPS=PERMANENT, OLD=PERMANENT), operator=(ops, old))
    post = Post()
    deliver(database, post=post, operator=(ops, new))
    assert ["A page is odd." in message.text for message in post.to("NEW")] == [
        True
    ]
    with database.writing() as session:
        retry_parked(session, None, NOON)
    deliver(database, post=post, operator=(new,))
    assert [
        "Another one is, too." in message.text for message in post.to("NEW")
    ] == [
        False,
        True,
    ]
    assert {row.state for row in rows(database)} == {State.SENT}


def test_without_an_operator_notices_are_not_kept_for_the_first_one_who_comes(
    database: Database,
) -> None:
    with database.writing() as session:
        session.add(
            Notice(
                kind="held",
                facts={"reason": verbatim("A page is odd.").to_json()},
                created_at=NOON,
            )
        )
    post = Post()
    deliver(database, post=post)
    deliver(database, post=post, operator=OPERATOR)
    assert post.sent == []


def test_a_route_speaks_its_language(database: Database) -> None:
    owe(database, "fr")
    post = Post()
    deliver(database, route("fr", "json://a", language="fr"), post=post)
    assert "par défaut" in post.to("A")[0].subject


def test_two_names_of_one_address_are_one_place(database: Database) -> None:
    owe(database, "team", "member")
    post = Post()
    member = Route("member", (Address("${MEMBER}", "json://a"),))
    deliver(database, route("team", "json://a", "json://b"), member, post=post)
    assert sorted(name for name, _ in post.sent) == ["${A}", "${B}"]
    assert [message.routes for message in post.to("A")] == [("member", "team")]


@BOTH
def test_a_renamed_route_keeps_what_waits_for_it(database: Database) -> None:
    owe(database, "team")
    deliver(database, route("team", "json://a"), post=Post(A=TEMPORARY))
    owe(database, "team")
    post = Post()
    deliver(
        database,
        route("crew", "json://a", formerly=("team",)),
        post=post,
        now=NOON + 5 * MINUTE,
    )
    assert len(post.to("A")) == 2
    assert notices(database) == []


def test_a_delivery_that_cannot_be_put_into_words_holds_up_no_other(
    database: Database,
) -> None:
    owe(database, "team", brief={"from": "not a day"}, effective_date=None)
    owe(database, "team")
    team = route("team", "json://a", "json://b")
    assert deliver(database, team, post=Post()) == Deliveries(
        sent=2, failed=2, pending=2
    )
    assert "the message could not be built: ValueError" in str(
        rows(database)[0].error
    )
    post = Post()
    for day in range(1, 6):
        deliver(
            database,
            team,
            post=post,
            now=NOON + timedelta(days=day),
            operator=OPERATOR,
        )
    assert (
        "failed permanently: the message could not be built"
        in post.to("OPS")[0].text
    )
