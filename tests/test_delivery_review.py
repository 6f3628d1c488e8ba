"""Routes that wait for a person's review: sent with corrected words, not sent, or sent as it is when the wait is over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from foundation.vocabulary import ReviewState
from notifier.delivery import Deliveries
from notifier.routes import AfterReview, parse_quiet
from policywatch.config.errors import WatchlistError
from policywatch.config.schema import RouteEntry
from policywatch.config.watchlist import load
from policywatch.views.routing import explain_routing, waiting
from storage.changes import change
from storage.database import Database
from storage.journal import Actor
from storage.reviews import add_review
from tests.owed import owe, route
from tests.post import MINUTE, NOON, TEMPORARY, Post, deliver
from tests.site import AI, BOTH, a_site, policy, policywatch, run, watchlist

DATABASES = ["sqlite"]

HOLD = {"when": AfterReview(timedelta(hours=24))}
HELD = RouteEntry(name="team", to=["json://a"], when="after review")
HOUR = timedelta(hours=1)


def review(
    database: Database,
    number: int,
    state: ReviewState,
    *,
    note: str = "",
    edit: Mapping[str, Any] | None = None,
    at: datetime = NOON,
) -> None:
    with database.writing() as session:
        add_review(
            session,
            number,
            state,
            note=note,
            by="Anna",
            at=at,
            actor=Actor("Anna", "pages"),
            edit=edit,
        )


@BOTH
def test_an_alert_waits_for_a_review_and_goes_with_the_reviewers_words(
    database: Database,
) -> None:
    number = owe(database, "team", "all", when=NOON)
    team, everyone = (
        route("team", "json://a", language="fr", **HOLD),
        route("all", "json://b"),
    )
    post = Post()
    deliver(database, team, post=post)
    deliver(database, team, post=post, now=NOON + 23 * HOUR)
    assert post.sent == []
    with database.reading() as session:
        (row,) = waiting(session, [HELD], lambda: NOON)
        assert (row.for_review, row.until) == (True, NOON + 24 * HOUR)
        assert "for a person's review" in row.why
    edit = {"headline": {"fr": "Parley lit tout"}, "note": {"fr": "À lire."}}
    review(
        database, number, ReviewState.REVIEWED, edit={**edit, "severity": "medium"}
    )
    deliver(database, team, everyone, post=post, now=NOON + 23 * HOUR)
    (message,) = (each for name, each in post.sent if each.language == "fr")
    assert message.subject.startswith("[Gravité moyenne] Parley lit tout")
    assert "À lire. (Anna)" in message.text
    assert "Le programme avait écrit\xa0: «" in message.text
    assert "Non examiné" not in message.text
    assert deliver(database, team, post=post, now=NOON + 48 * HOUR) == Deliveries(
        0, 0, 0
    )


def test_what_nobody_reviewed_goes_as_it_is_when_the_wait_is_over_and_says_so(
    database: Database,
) -> None:
    owe(database, "team", when=NOON)
    post, team = Post(), route("team", "json://a", **HOLD)
    deliver(database, team, post=post, now=NOON + 24 * HOUR - MINUTE)
    assert post.sent == []
    deliver(database, team, post=post, now=NOON + 24 * HOUR)
    (message,) = post.to("A")
    assert message.lead == "Not reviewed by a person."
    assert "Not reviewed by a person." in message.html


@BOTH
def test_what_is_dismissed_is_not_sent_and_the_reason_is_kept(
    database: Database,
) -> None:
    number = owe(database, "team", when=NOON)
    post, team = Post(), route("team", "json://a", **HOLD)
    review(database, number, ReviewState.NOT_FOR_US, note="a reprint")
    assert deliver(database, team, post=post) == Deliveries(0, 0, 0)
    with database.reading() as session:
        assert waiting(session, [HELD]) == []
        (explained,) = explain_routing(session, change(session, number), [HELD])
    assert explained.details == ["Anna reviewed it as not for us: a reprint"]
    review(database, number, ReviewState.CONCERNS_US, at=NOON + HOUR)
    deliver(database, team, post=post, now=NOON + HOUR)
    assert len(post.to("A")) == 1


def test_a_dismissed_alert_is_done_with_once_the_wait_is_over(
    database: Database,
) -> None:
    number = owe(database, "team", when=NOON)
    post, team = Post(), route("team", "json://a", **HOLD)
    review(database, number, ReviewState.NOT_FOR_US)
    deliver(database, team, post=post, now=NOON + 25 * HOUR)
    review(database, number, ReviewState.REVIEWED, at=NOON + 26 * HOUR)
    deliver(database, team, post=post, now=NOON + 27 * HOUR)
    assert post.sent == []


def test_what_is_dismissed_between_two_attempts_is_sent_no_more(
    database: Database,
) -> None:
    number = owe(database, "team", when=NOON)
    team = route("team", "json://a", **HOLD)
    review(database, number, ReviewState.REVIEWED)
    assert deliver(database, team, post=Post(A=TEMPORARY)).pending == 1
    review(database, number, ReviewState.NOT_FOR_US)
    post = Post()
    assert deliver(database, team, post=post, now=NOON + HOUR) == Deliveries(
        0, 0, 0
    )
    assert post.sent == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_hold_that_ends_on_a_sunday_night_waits_for_the_morning(
    database: Database,
) -> None:
    night = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)  # a Sunday, late in Paris
    quiet = {"quiet": parse_quiet("22:00-07:00"), "timezone": "Europe/Paris"}
    owe(database, "team", when=night - 24 * HOUR)
    post, team = Post(), route("team", "json://a", **HOLD, **quiet)
    deliver(database, team, post=post, now=night)
    assert post.sent == []
    deliver(database, team, post=post, now=night + 9 * HOUR)
    assert post.to("A")[0].lead == "Not reviewed by a person."


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_severity_that_the_route_does_not_want_keeps_the_alert_back(
    database: Database,
) -> None:
    number = owe(database, "team", when=NOON)
    team = route("team", "json://a", severity="high", **HOLD)
    review(database, number, ReviewState.REVIEWED, edit={"severity": "low"})
    post = Post()
    assert deliver(database, team, post=post) == Deliveries(0, 0, 0)
    assert post.sent == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_watchlist_says_how_long_and_a_command_releases(
    tmp_path: Path, database_url: str
) -> None:
    with a_site() as site:
        site.pages["/privacy"] = policy()
        config = watchlist(tmp_path, site, database_url)
        text = config.read_text("utf-8")
        for wrong, answer in (
            (
                'when = "after review"\nwait = "soon"',
                "write a number and m, h or d",
            ),
            ('wait = "24h"', 'a route with when = "after review" waits'),
        ):
            config.write_text(text.replace("[[routes]]", f"[[routes]]\n{wrong}"))
            with pytest.raises(WatchlistError, match=answer):
                load(config)
        held = '[[routes]]\nwhen = "after review"\nwait = "3d"'
        config.write_text(text.replace("[[routes]]", held))
        run(config, status=0)
        noted = policywatch("doctor", "--config", config, status=None)
        assert "note  reviews: all: waits for a review" in noted
        site.pages["/privacy"] = policy(AI)
        number = run(config, status=0)["checks"][0]["change"]["id"]
        alerts = tmp_path / "alerts.txt"
        assert not alerts.exists()
        listed = json.loads(policywatch("alerts", "--json", "--config", config))
        assert "for a person's review" in listed[0]["waits"]
        assert listed[0]["kind"] == "alert"
        policywatch(
            "review", number, "reviewed", "--by", "Anna", "--config", config
        )
        policywatch("deliver", "--config", config)
        assert "reading history" in alerts.read_text("utf-8")
        assert "Not reviewed" not in alerts.read_text("utf-8")
