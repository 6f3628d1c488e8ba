"""Changes that speak of the same thing are one event: in lists, alerts and digests; and how they come apart again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from messages import catalogue
from notifier.routes import Address, Route, parse_quiet, parse_when
from policywatch.ingest.events import group
from policywatch.web.access import Access
from storage.changes import Change, Event, StoredPassage, leave_event
from storage.changes import change as stored
from storage.database import Database
from storage.documents import Document
from storage.removal import remove
from storage.reviews import last_reviews
from tests.owed import POLICY, URL, route, tell
from tests.post import MINUTE, NOON, Post, deliver
from tests.site import BOTH, policywatch
from tests.stories import passage
from tests.web_pages import hrefs, page, text, visited

DATABASES = ["sqlite"]

FRENCH, TERMS = "parley/privacy-policy.fr", "parley/terms"
PREVIEW = "parley/preview-privacy-policy"
DAY = timedelta(days=1)
LICENCE = "From 3 November 2025 your posts and your comments may be used to train our writing models."


def flagged(text: str, topic: str = "ai_training") -> list[StoredPassage]:
    return [
        passage(["Your data"], None, text, evidence=[(topic, text[:20], "after")])
    ]


def shared(text: str) -> list[StoredPassage]:
    """The text that several documents got, and one of its own."""
    return [*flagged(LICENCE), *flagged(text)]


def find(
    database: Database,
    document: str = POLICY,
    *routes: str,
    when: datetime = NOON,
    **facts: Any,
) -> int:
    """A change as ingest records it, with its event and its alerts; its number."""
    with database.writing() as session:
        change = tell(session, routes, document=document, when=when, **facts)
        group(session, change)
        return change.id


def reason(database: Database, change_id: int) -> str | None:
    with database.reading() as session:
        found = stored(session, change_id).event_reason
        return found.code if found else None


@pytest.mark.parametrize(
    ("document", "later", "facts", "joins"),
    [
        (
            FRENCH,
            MINUTE,
            {"passages": flagged("Nous entraînons nos modèles.")},
            "event.language",
        ),
        (FRENCH, 8 * DAY, {"effective_date": None}, None),
        (FRENCH, MINUTE, {"effective_date": date(2026, 1, 1)}, None),
        (FRENCH, MINUTE, {"effective_date": None, "direction": "limits"}, None),
        (
            TERMS,
            MINUTE,
            {
                "passages": flagged(f"{LICENCE} ", "security"),
                "effective_date": None,
            },
            "event.passages",
        ),
        (
            TERMS,
            8 * DAY,
            {"passages": flagged(LICENCE, "security"), "effective_date": None},
            None,
        ),
        (
            POLICY,
            46 * DAY,
            {"passages": flagged("Our licence to your posts covers AI.")},
            "event.dates",
        ),
        (
            FRENCH,
            46 * DAY,
            {"passages": flagged("Notre licence couvre l’IA.")},
            "event.dates",
        ),
        (
            PREVIEW,
            46 * DAY,
            {"passages": flagged("Our licence to your posts covers AI.")},
            "event.dates",
        ),
        (
            POLICY,
            100 * DAY,
            {"passages": flagged("Our licence to your posts covers AI.")},
            None,
        ),
        (
            TERMS,
            MINUTE,
            {"passages": flagged("Our licence to your posts covers AI.")},
            None,
        ),
        (
            TERMS,
            MINUTE,
            {"passages": flagged("We lock our doors.", "security")},
            None,
        ),
        (
            TERMS,
            MINUTE,
            {"passages": flagged("We use AI."), "effective_date": None},
            None,
        ),
        (TERMS, MINUTE, {"substantive": False}, None),
        ("harbour/terms", MINUTE, {"passages": flagged(LICENCE)}, None),
    ],
)
def test_what_speaks_of_the_same_thing_is_one_event_and_all_else_stays_apart(
    store: Database,
    document: str,
    later: timedelta,
    facts: dict[str, Any],
    joins: str | None,
) -> None:
    first = find(store, passages=flagged(LICENCE))
    with store.writing() as session:
        soon = Document(
            id=PREVIEW,
            service="Parley",
            title="Soon",
            kind="preview",
            url=URL,
            language="en",
            added_at=NOON,
        )
        session.add(soon)
    second = find(store, document, when=NOON + later, **facts)
    assert (reason(store, first), reason(store, second)) == (None, joins)
    with store.reading() as session:
        assert len(session.exec(select(Event)).all()) == (joins is not None)


def test_an_event_ends_a_quarter_after_it_began_however_it_grew(
    store: Database,
) -> None:
    whens = [NOON + number * 40 * DAY for number in range(4)]
    changes = [
        find(store, when=when, passages=flagged(f"AI since {when}."))
        for when in whens
    ]
    with store.reading() as session:
        events = [stored(session, id_).event_id for id_ in changes]
    assert events == [1, 1, 1, None]


def test_an_entry_is_headed_by_its_gravest_change_everywhere(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    """A notice of training, then the text itself, of which less is known."""
    later = NOON + 46 * DAY
    find(database, POLICY, "team", passages=flagged(LICENCE))
    find(
        database,
        POLICY,
        "team",
        when=later,
        severity="medium",
        passages=flagged("We use AI."),
    )
    find(
        database,
        TERMS,
        when=later,
        severity="low",
        passages=flagged("We lock our doors.", "security"),
    )
    with visited(database) as site:
        for severity, others in (
            ("", ["/changes/2"]),
            ("?severity=medium", ["/changes/2"]),
            ("?severity=high", []),
        ):
            tree = page(site, f"/changes{severity}")
            (day,) = (
                section
                for section in tree.css(".day")
                if "/changes/1" in hrefs(section, "h3 a")
            )
            assert (
                day.css_first("time").attributes["datetime"]
                == NOON.date().isoformat()
            ), "the day of what it says"
            assert hrefs(day, ".others a") == others
            assert "/changes/2" not in hrefs(tree, "h3 a")
            feed = site.get(f"/feed.json{severity}").json()["items"]
            (item,) = (each for each in feed if each["url"].endswith("/changes/1"))
            assert item["date_published"] == NOON.isoformat()
            assert item["date_modified"] == (later if others else NOON).isoformat()
        assert hrefs(page(site, "/"), ".entry h3 a").count("/changes/1") == 1
    config = tmp_path / "policywatch.toml"
    config.write_text(
        f'contact = "me@example.org"\ndatabase = "{database_url}"\n', "utf-8"
    )
    assert policywatch(
        "changes", "--severity", "high", "--config", config
    ).startswith("2026-03-02")
    post = Post()
    deliver(database, route("team", "json://a"), post=post, now=later)
    assert [message.subject[:6] for _, message in post.sent] == ["[High]"]


def test_one_event_is_one_alert_that_begins_with_the_page_in_the_routes_language(
    database: Database,
) -> None:
    routes = (
        route("team", "json://a"),
        route("equipe", "json://a", "json://b", language="fr"),
    )
    for document in (POLICY, FRENCH, TERMS):
        find(database, document, "team", "equipe", passages=shared(document))
    post = Post()
    assert (
        deliver(database, *routes, post=post, base_url="https://watch.example").sent
        == 2
    )
    (english,), (french,) = post.to("A"), post.to("B")
    assert " · Privacy Policy" in english.subject
    assert " · Politique de confidentialité" in french.subject
    for message, others in ((english, (2, 3)), (french, (1, 3))):
        head, listed = message.text.split(
            catalogue(message.language)("event.others")
        )
        assert [f"/changes/{number}" in listed for number in (1, 2, 3)] == [
            number in others for number in (1, 2, 3)
        ]
        assert f"/changes/{6 - sum(others)}" in head
    assert deliver(database, *routes, post=post).sent == 0


def test_what_joins_later_alerts_only_of_what_is_new(database: Database) -> None:
    team, post = route("team", "json://a"), Post()
    words = flagged(LICENCE)

    def sent(document: str, later: timedelta, **facts: Any) -> list[str]:
        find(database, document, "team", when=NOON + later, **facts)
        before = len(post.sent)
        deliver(database, team, post=post, now=NOON + later)
        return [message.text for _, message in post.sent[before:]]

    assert sent(POLICY, MINUTE, severity="medium", passages=words)
    assert not sent(
        FRENCH,
        2 * MINUTE,
        severity="medium",
        passages=flagged("Nous entraînons nos modèles."),
    )
    assert not sent(
        TERMS, 3 * MINUTE, severity="medium", passages=flagged(LICENCE)
    ), "the same words"
    (more,) = sent(
        TERMS,
        DAY,
        severity="medium",
        passages=flagged("Whoever has a copy of your posts keeps it."),
    )
    assert "More on the change of 2 March 2026, which you were alerted to." in more
    assert sent(
        FRENCH,
        2 * DAY,
        severity="high",
        passages=flagged("Nous entraînons nos modèles."),
    ), "graver"
    topics = [*flagged(LICENCE), *flagged("We sell them.", "data_sharing")]
    assert sent(POLICY, 3 * DAY, severity="medium", passages=topics), (
        "another topic"
    )


def test_a_second_change_in_one_language_is_no_translation_of_the_first_in_another(
    store: Database,
) -> None:
    """A notice in both languages, then the change itself, which the French page shows first."""
    team, post = route("team", "json://a"), Post()
    sent = []
    for number, document in enumerate((POLICY, FRENCH, FRENCH, POLICY)):
        find(
            store,
            document,
            "team",
            when=NOON + number * MINUTE,
            passages=flagged(f"{LICENCE} {number}"),
        )
        sent.append(
            deliver(store, team, post=post, now=NOON + number * MINUTE).sent
        )
    assert sent == [1, 0, 1, 1], "the last one again rather than never"


def test_what_joins_while_nobody_has_the_alert_is_put_into_it(
    database: Database,
) -> None:
    """In quiet hours, say; where a graver change breaks these, all of it is sent at once."""
    quiet = parse_quiet("08:00-20:00")
    duty = Route(
        "duty",
        (Address("${DUTY}", "json://duty"),),
        quiet=quiet,
        high_breaks_quiet=True,
    )
    routes, post = (route("team", "json://a", quiet=quiet), duty), Post()
    find(
        database,
        POLICY,
        "team",
        "duty",
        severity="medium",
        passages=flagged(LICENCE),
    )
    assert deliver(database, *routes, post=post).sent == 0
    find(
        database,
        TERMS,
        "team",
        "duty",
        passages=shared("Our licence to your posts covers AI."),
    )
    assert deliver(database, *routes, post=post).sent == 1
    assert deliver(database, *routes, post=post, now=NOON + DAY / 2).sent == 1
    assert [
        (name, len(message.changes[0].others)) for name, message in post.sent
    ] == [
        ("${DUTY}", 1),
        ("${A}", 1),
    ]


def test_a_digest_has_one_line_for_an_event_and_none_for_its_translation_a_week_later(
    database: Database,
) -> None:
    weekly = route("weekly", "json://a", when=parse_when("weekly monday 08:00"))
    for document in (POLICY, TERMS, "harbour/terms"):
        find(database, document, "weekly", passages=shared(document))
    post = Post()
    deliver(
        database,
        weekly,
        post=post,
        now=NOON + 7 * DAY,
        base_url="https://watch.example",
    )
    (digest,) = post.to("A")
    assert digest.subject.startswith("[High] Harbour trains")
    assert [len(view.others) for view in digest.changes] == [0, 1]
    assert digest.text.count(" (high): ") == 2
    assert "* Terms of Use (https://watch.example/changes/2): high" in digest.text
    find(
        database,
        FRENCH,
        "weekly",
        when=NOON + 7 * DAY - MINUTE,
        passages=flagged("Nous entraînons nos modèles."),
    )
    assert deliver(database, weekly, post=post, now=NOON + 14 * DAY).sent == 0


@BOTH
def test_pages_feeds_and_the_api_have_one_entry_that_a_person_can_take_apart(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    for number, document in enumerate((POLICY, FRENCH, TERMS, "harbour/terms")):
        find(
            database, document, when=NOON + number * DAY, passages=shared(document)
        )
    with visited(database, access=Access(password="correct horse")) as site:
        tree = page(site, "/changes")
        assert hrefs(tree, ".entry h3 a") == ["/changes/4", "/changes/1"]
        assert hrefs(tree, ".entry .others a") == ["/changes/2", "/changes/3"]
        assert (
            hrefs(page(site, "/changes?lang=fr"), ".entry h3 a")[1]
            == "/changes/2?lang=fr"
        )
        assert hrefs(
            page(site, "/changes?language=fr"), ".entry a[href^='/changes']"
        ) == ["/changes/2"]
        assert hrefs(page(site, "/"), ".entry .others a") == [
            "/changes/2",
            "/changes/3",
        ]
        assert [
            len(site.get(feed).text.split(mark)) - 1 for feed, mark in FEEDS
        ] == [
            2,
            2,
        ]
        events = [
            change["event"]
            for change in site.get("/api/v1/changes").json()["changes"]
        ]
        assert events[0] is None
        assert [event["changes"] for event in events[1:]] == [[1, 2, 3]] * 3
        assert [event["reason"] for event in events[1:]] == [
            "the same new text as in “Politique de confidentialité”",
            "the same document as “Privacy Policy”, in another language",
            None,
        ]
        shown = page(site, "/changes/3")
        assert "the same new text as in “Politique" in text(shown, ".event")[0]
        assert hrefs(shown, ".event .others a") == ["/changes/2", "/changes/1"]
        assert site.post("/changes/3/split").status_code == 403
        sign_in(site)
        form = page(site, "/changes/3").css_first(".event form")
        csrf = {
            node.attributes["name"]: node.attributes["value"]
            for node in form.css("input")
        }
        assert site.post("/changes/3/split", data=csrf).status_code == 303
        config = tmp_path / "policywatch.toml"
        config.write_text(
            f'contact = "me@example.org"\ndatabase = "{database_url}"\n', "utf-8"
        )
        assert "One event in several documents" in policywatch(
            "show", 1, "--config", config
        )
        assert policywatch("changes", "--config", config).count("UTC") == 3
        assert (
            policywatch("split", 2, "--config", config)
            == "Change 2 stands alone now.\n"
        )
        assert (
            policywatch("split", 2, "--config", config)
            == "Change 2 stands alone already.\n"
        )
        assert {
            change["event"]
            for change in site.get("/api/v1/changes").json()["changes"]
        } == {None}


def test_an_event_is_reviewed_in_one_go_or_one_of_its_changes_alone(
    store: Database, tmp_path: Path
) -> None:
    for number, document in enumerate((POLICY, FRENCH, TERMS, "harbour/terms")):
        find(store, document, when=NOON + number * DAY, passages=shared(document))
    config = tmp_path / "policywatch.toml"
    config.write_text(
        f'contact = "me@example.org"\ndatabase = "{store}"\n', "utf-8"
    )

    def states() -> list[str]:
        with store.reading() as session:
            last = last_reviews(session, [1, 2, 3, 4])
        return [last[id_].state if id_ in last else "new" for id_ in (1, 2, 3, 4)]

    with visited(store, access=Access(password="correct horse")) as site:
        sign_in(site)
        assert not page(site, "/changes/4").css("#review-event")
        form = page(site, "/changes/2").css_first(".triage form")
        fields = {
            node.attributes["name"]: node.attributes.get("value") or "on"
            for node in form.css("input")
        } | {"by": "Anna", "note": "", "state": "reviewed"}
        assert site.post("/changes/2", data=fields).status_code == 303
        assert states() == ["reviewed", "reviewed", "reviewed", "new"]
        del fields["event"]
        alone = fields | {"state": "concerns-us"}
        # seen meanwhile
        assert site.post("/changes/3", data=alone).status_code == 200
        assert states() == ["reviewed", "reviewed", "concerns-us", "new"]
    said = policywatch(
        *("review", 1, "not-for-us", "--event", "--by", "Ben", "--config", config)
    )
    assert said.startswith("Changes 1, 2, 3: ")
    assert states() == ["not-for-us"] * 3 + ["new"]


FEEDS = (("/feed.atom", "<entry>"), ("/calendar.ics", "BEGIN:VEVENT"))


def sign_in(site: Any) -> None:
    assert (
        site.post("/sign-in", data={"password": "correct horse"}).status_code == 303
    )


def test_an_event_of_which_one_change_is_left_is_none(database: Database) -> None:
    changes = [
        find(database, document, passages=flagged(LICENCE))
        for document in (POLICY, FRENCH, TERMS)
    ]
    with database.writing() as session:
        remove(session, POLICY)
    with database.writing() as session:
        assert [stored(session, id_).event_id for id_ in changes[1:]] == [1, 1]
        leave_event(session, stored(session, changes[1]))
    with database.reading() as session:
        assert {row.event_id for row in session.exec(select(Change))} == {None}
        assert not session.exec(select(Event)).all()
