"""Readers who subscribe by themselves: from the form to the mail, and out again; and what they and others may try."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlmodel import select

from notifier.delivery import DeliveryRun
from notifier.routes import subscriber_route
from policywatch.cli.pages import _state
from policywatch.config.recipients import Recipients
from policywatch.config.schema import MailEntry
from policywatch.config.watchlist import Watchlist, load
from policywatch.doctor import examine
from policywatch.ingest.alerting import add_alerts
from policywatch.web.app import create_app
from policywatch.web.backend import WatchlistState
from storage.changes import change
from storage.clock import utc_now
from storage.database import Database
from storage.deliveries import retry_parked
from storage.integrity import all_damage
from storage.subscribers import Subscriber, subscribers
from tests.inbox import Inbox, mail_server
from tests.owed import BRIEF, owe
from tests.post import notices, rows
from tests.site import serving
from tests.test_delivery_mail import body
from tests.test_watchlist import GOOD, written
from tests.web_pages import hrefs, page, text, visited
from tests.web_server import served

SITE = "https://policies.a-rather-long-name-of-a-department.example.org/watch"
ANNA = {"address": "Anna@Example.org", "severity": "low", "language": "en"}


@dataclass
class Readers:
    """The pages on which readers subscribe, and their mailboxes."""

    database: Database
    inbox: Inbox
    recipients: Recipients
    later: timedelta = timedelta()
    site: httpx.Client = field(init=False)

    def sign_up(self, **fields: str) -> httpx.Response:
        return self.site.post("/subscribe", data={**ANNA, **fields})

    def link(self, mails: int = 1) -> str:
        """In the newest mail, below the site, once there are so many."""
        until = time.monotonic() + 60
        while len(self.inbox.mails) < mails or {"pending", "sending"} & {
            row.state for row in rows(self.database)
        }:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert len(self.inbox.mails) == mails
        (link,) = re.findall(
            rf"{SITE}(/subscription/[\w-]+)", body(self.inbox.mails[-1], "plain")
        )
        return str(link)

    def subscribe(self, **fields: str) -> str:
        mails = len(self.inbox.mails) + 1
        assert self.sign_up(**fields).status_code == 200
        link = self.link(mails)
        assert self.site.post(link, data={"confirm": "true"}).status_code == 200
        return link

    def change(self, **facts: object) -> None:
        """A change of a document, alerted as `ingest` does."""
        id_ = owe(self.database, when=utc_now(), **facts)
        with self.database.writing() as session:
            add_alerts(session, change(session, id_), lambda _document, _change: [])

    def deliver(self) -> None:
        route_to, now = self.recipients.route_to, utc_now() + self.later
        DeliveryRun(
            self.database, (), base_url=SITE, route_to=route_to, now=lambda: now
        ).deliver_due()

    def table(self) -> list[Subscriber]:
        with self.database.reading() as session:
            return list(session.exec(select(Subscriber)))


@contextmanager
def reading(database: Database) -> Iterator[Readers]:
    with mail_server() as inbox:
        mail = MailEntry.model_validate(
            {
                "host": "localhost",
                "port": inbox.port,
                "security": "none",
                "from": "watch@example.net",
            }
        )
        to = Recipients(
            route_to=partial(subscriber_route, site=SITE, mail_url=mail.url)
        )
        readers = Readers(database, inbox, to)
        state = WatchlistState(Watchlist(site=SITE), recipients=to)
        with visited(
            database, state=lambda: state, now=lambda: utc_now() + readers.later
        ) as readers.site:
            yield readers


@pytest.fixture
def readers(store: Database) -> Iterator[Readers]:
    with reading(store) as opened:
        yield opened


def test_a_reader_subscribes_gets_alerts_and_leaves_with_one_click(
    database: Database,
) -> None:
    with reading(database) as readers:
        readers.change()  # before
        assert "/subscribe" in hrefs(page(readers.site, "/"))
        assert text(page(readers.site, "/subscribe"), "form.subscribe button") == [
            "Subscribe"
        ]
        assert (
            "Check your inbox"
            in readers.sign_up(
                ai_training="true", severity="medium", language="fr"
            ).text
        )
        link = readers.link()
        assert (
            readers.inbox.mails[0]["Subject"]
            == "Confirmez votre abonnement aux alertes"
        )
        assert readers.inbox.recipients == [["anna@example.org"]]
        readers.change()  # not confirmed yet; a look at the page, by a scanner of mails say, changes nothing
        assert "Confirm" in text(page(readers.site, link), "form.subscribe button")
        for _ in range(2):  # a second time is fine
            assert (
                "You are subscribed"
                in readers.site.post(link, data={"confirm": "true"}).text
            )
        readers.change()
        readers.change(topics=["tracking"])
        readers.change(severity="low")
        readers.deliver()
        _, alert = readers.inbox.mails
        assert "entraîne" in alert["Subject"]
        assert (
            dict(alert.raw_items())["List-Unsubscribe"] == f"<{SITE}{link}>"
        )  # as it was sent
        assert alert["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert alert["List-Id"] == "<subscribers.policywatch.example.net>"
        assert f"Modifier l’abonnement ou se désabonner ({SITE}{link})" in body(
            alert, "plain"
        )
        assert f'href="{SITE}{link}"' in body(alert, "html")
        assert "[subscriber" not in body(alert, "html")
        assert [*all_damage(database)] == []
        readers.change()
        one_click = {
            "Origin": "https://mail.example",
            "Sec-Fetch-Site": "cross-site",
        }
        left = readers.site.post(
            link, data={"List-Unsubscribe": "One-Click"}, headers=one_click
        )
        assert (left.status_code, "You are unsubscribed" in left.text) == (
            200,
            True,
        )
        readers.deliver()
        readers.change()
        readers.deliver()
        assert len(readers.inbox.mails) == 2
        assert readers.table() == []
        assert notices(database) == []
        assert "no longer valid" in readers.site.get(link).text


def test_nobody_learns_who_is_subscribed_or_has_many_mails_sent(
    readers: Readers,
) -> None:
    first = readers.sign_up()
    readers.link()
    again = readers.sign_up(
        address="anna@example.org"
    )  # known, and has a mail of today
    assert (again.status_code, again.text) == (200, first.text)
    assert len(readers.inbox.mails) == len(readers.table()) == 1
    for n in range(3):
        assert readers.sign_up(address=f"bob{n}@example.org").status_code == 200
    # the sixth of this network
    refused = readers.sign_up(address="carol@example.org")
    assert (refused.status_code, "Too many people" in refused.text) == (429, True)
    readers.link(4)
    assert (
        "anna"
        not in readers.site.get("/health").text
        + readers.site.get("/api/v1/changes").text
    )


def test_a_thousand_sign_ups_are_a_hundred_mails(readers: Readers) -> None:
    with readers.database.writing() as session:
        for n in range(100):
            facts = {"severity": "low", "language": "en", "requested_at": utc_now()}
            session.add(
                Subscriber(address=f"reader{n}@example.org", topics=[], **facts)
            )
    assert [
        readers.sign_up(address=f"x{n}@example.org").status_code for n in range(2)
    ] == [429, 429]
    readers.later = timedelta(days=1, minutes=1)
    assert readers.sign_up().status_code == 200


def test_one_network_can_not_use_up_the_mails_of_a_day(readers: Readers) -> None:
    app = create_app(
        readers.database,
        state=lambda: WatchlistState(
            Watchlist(site=SITE), recipients=readers.recipients
        ),
    )
    with served(app, proxies=["127.0.0.1"]) as home:

        def sign_up(client: str, number: int) -> int:
            fields, headers = (
                ANNA | {"address": f"x{number}@example.org"},
                {"X-Forwarded-For": client},
            )
            return httpx.post(
                f"{home}/subscribe", data=fields, headers=headers, timeout=60
            ).status_code

        of_one = [
            sign_up(f"2001:db8:0:{number:x}::1", number)
            for number in range(0, 256, 12)
        ]
        assert of_one == [200] * 5 + [429] * 17
        assert sign_up("2001:db8:1::1", 1) == 200


def test_the_watchlist_says_how_many_may_sign_up(
    readers: Readers, tmp_path: Path
) -> None:
    for limits, answers in (
        ("sign_ups_of_a_network = 4\nsign_ups_a_day = 9", [200, 429]),
        ("sign_ups_of_a_network = 40\nsign_ups_a_day = 4", [200, 200, 200, 429]),
    ):
        file = written(tmp_path, f'site = "{SITE}"\n{GOOD}\n[web]\n{limits}\n')
        state = WatchlistState(load(file), recipients=readers.recipients)
        with visited(readers.database, state=lambda state=state: state) as site:
            got = [
                site.post(
                    "/subscribe",
                    data=ANNA | {"address": f"{len(limits)}x{n}@example.org"},
                ).status_code
                for n in range(len(answers))
            ]
        assert got == answers, limits


def test_tags_of_an_address_are_one_mailbox(readers: Readers) -> None:
    for address in (
        "vic_tim+1@example.org",
        "vic_tim+2@example.org",
        "vic_tim@example.org",
        "Vic_Tim+x@Example.org",
    ):
        assert readers.sign_up(address=address).status_code == 200
    readers.link()
    assert len(readers.table()) == 1
    readers.sign_up(address="vicXtim+1@example.org")  # somebody else
    readers.link(2)


def test_who_has_the_mailbox_decides_whoever_entered_it_first(
    readers: Readers,
) -> None:
    readers.sign_up(severity="high", tracking="true", language="fr")  # a stranger
    link = readers.link()
    readers.sign_up(severity="medium", ai_training="true")  # Anna, on the same day
    asked = page(readers.site, link)
    assert [node.attributes["name"] for node in asked.css("input[checked]")] == [
        "ai_training"
    ]
    assert [node.text() for node in asked.css("option[selected]")] == [
        "Medium and above",
        "At once",
        "English",
    ]
    chosen = {
        "confirm": "true",
        "severity": "low",
        "language": "en",
        "retention": "true",
    }
    readers.site.post(link, data=chosen)
    readers.sign_up(severity="high")  # the stranger again
    (reader,) = readers.table()
    assert (reader.topics, reader.severity, reader.language) == (
        ["retention"],
        "low",
        "en",
    )


def test_the_address_of_a_subscription_stays_in_no_cache_log_or_other_site(
    readers: Readers, tmp_path: Path
) -> None:
    readers.sign_up()
    link = readers.link()
    for answer in (
        readers.site.get(link),
        readers.site.post(link, data={"confirm": "true"}),
        readers.site.post(link),
    ):
        assert (
            answer.headers["cache-control"],
            answer.headers["referrer-policy"],
        ) == (
            "no-store",
            "no-referrer",
        )
    config = written(tmp_path, f'database = "{readers.database.url}"\n{GOOD}')
    with serving(config) as (url, program):
        httpx.get(f"{url}{link[1:]}?lang=fr", timeout=60)
        program.terminate()
        logged = program.wait().stderr
    assert "/subscription/***?lang=fr 200" in logged
    assert link.rpartition("/")[2] not in logged


def test_an_address_that_is_known_gets_the_link_to_its_subscription_the_next_day(
    readers: Readers,
) -> None:
    link = readers.subscribe()
    readers.later = timedelta(days=2)
    readers.sign_up(severity="high")
    readers.deliver()  # as another day's
    assert readers.link(2) == link
    assert "Low and above" in text(page(readers.site, link), "option[selected]")


def test_a_link_that_is_not_used_in_time_says_so_and_nothing_of_the_reader_stays(
    readers: Readers,
) -> None:
    readers.sign_up()
    link = readers.link()
    readers.later = timedelta(days=4)
    for answer in (
        readers.site.get(link),
        readers.site.post(link, data={"confirm": "true"}),
    ):
        assert "This link is no longer valid" in answer.text
    readers.deliver()
    assert readers.table() == []


def test_a_mail_server_that_is_busy_is_asked_again(readers: Readers) -> None:
    readers.inbox.refusals["anna@example.org"] = "451 greylisted, try later"
    readers.sign_up()
    while not any(row.error for row in rows(readers.database)):
        time.sleep(0.01)
    readers.inbox.refusals.clear()
    readers.later = timedelta(hours=1)
    readers.deliver()
    assert (
        readers.site.post(readers.link(), data={"confirm": "true"}).status_code
        == 200
    )


def test_an_address_that_bounces_is_switched_off_and_the_operator_told(
    readers: Readers, tmp_path: Path
) -> None:
    readers.inbox.refusals["nobody@example.org"] = "550 no such user"
    readers.sign_up(address="nobody@example.org")
    link = readers.subscribe()
    assert (
        notices(readers.database) == []
    )  # anybody can enter an address that nobody has
    readers.inbox.refusals["anna@example.org"] = "550 no such user"
    for _ in range(4):
        readers.change()
        readers.deliver()
    with readers.database.reading() as session:
        assert [reader.address for reader in subscribers(session)] == [
            "nobody@example.org"
        ]  # not confirmed
    assert [row.state for row in rows(readers.database)] == [
        "parked",
        "sent",
        "parked",
        "parked",
        "parked",
    ]
    assert ["[subscribers]" in notice for notice in notices(readers.database)] == [
        True
    ] * 3
    config = written(tmp_path, f'database = "{readers.database.url}"\n{GOOD}')
    assert any("4 were given up" in finding.text for finding in examine(config))
    readers.inbox.refusals.clear()
    with readers.database.writing() as session:
        retry_parked(session, None, utc_now())
    readers.deliver()
    assert len(readers.inbox.mails) == 5
    assert "You are subscribed" in readers.site.get(link).text


@pytest.mark.parametrize(
    "fields",
    [
        {"address": "anna"},
        {"address": "anna@example.org, bob@example.org"},
        {"address": "<anna@example.org>"},
        {"address": "anna@example.org\r\nBcc: bob@example.org"},
        {"severity": "none"},
        {"language": "xx"},
    ],
)
def test_what_can_not_be_sent_to_is_refused(
    readers: Readers, fields: dict[str, str]
) -> None:
    answer = readers.sign_up(**fields)
    assert (answer.status_code, "Please check it" in answer.text) == (400, True)
    assert readers.table() == []


def test_what_was_typed_is_kept_with_the_error(readers: Readers) -> None:
    fields = {"address": "anna@", "tracking": "true", "when": "daily 07:00"}
    asked = LexborHTMLParser(
        readers.sign_up(**fields, severity="high", language="de").text
    )
    (address,) = asked.css("input[name=address]")
    assert address.attributes["value"] == "anna@"
    assert [node.attributes["name"] for node in asked.css("input[checked]")] == [
        "tracking"
    ]
    chosen = [node.attributes["value"] for node in asked.css("option[selected]")]
    assert chosen == ["high", "daily 07:00", "de"]


def test_one_service_document_or_question_from_its_own_page(
    readers: Readers,
) -> None:
    readers.change()
    readers.change(document="harbour/terms")
    for path, only in (
        ("/services?service=Harbour", {}),
        ("/documents/harbour/terms", {"document": "harbour/terms"}),
    ):
        (link,) = {
            each for each in hrefs(page(readers.site, path)) if "/subscribe" in each
        }
        asked = page(readers.site, link)
        assert {
            node.attributes["name"]: node.attributes["value"]
            for node in asked.css("input[checked]")
        } == only
        selected = text(asked, "#service option[selected]")
        assert selected == ["Harbour"]
    links = hrefs(page(readers.site, "/services/Harbour/today"))
    link = next(each for each in links if "topic=advertising" in each)
    asked = page(readers.site, link)
    assert [node.attributes["name"] for node in asked.css("input[checked]")] == [
        "advertising",
        "tracking",
    ]
    assert readers.site.get("/subscribe?document=nothing").status_code >= 400
    assert readers.sign_up(document="nothing").status_code == 400


@pytest.mark.parametrize(
    "wanted",
    [{"service": "Harbour"}, {"document": "harbour/terms", "service": "Parley"}],
)
def test_who_follows_one_service_or_document_hears_of_nothing_else(
    readers: Readers, wanted: dict[str, str]
) -> None:
    readers.change()
    readers.change(document="harbour/terms")
    link = readers.subscribe(**wanted)
    readers.change()
    readers.change(document="harbour/terms")
    readers.deliver()
    assert len(readers.inbox.mails) == 2
    assert "Harbour" in readers.inbox.mails[-1]["Subject"]
    readers.site.post(link, data={**ANNA, "confirm": "true", "service": "Parley"})
    readers.change(document="harbour/terms")
    readers.deliver()
    assert len(readers.inbox.mails) == 2
    readers.change()
    readers.deliver()
    assert len(readers.inbox.mails) == 3


def test_a_digest_comes_at_its_time_and_is_edited_by_its_link(
    readers: Readers,
) -> None:
    link = readers.subscribe(when="daily 07:00")
    readers.change()
    readers.change(topics=["tracking"])
    readers.deliver()
    assert len(readers.inbox.mails) == 1
    readers.later = timedelta(days=1)
    readers.deliver()
    digest = readers.inbox.mails[-1]
    assert len(readers.inbox.mails) == 2
    assert f"({SITE}{link})" in body(digest, "plain")
    asked = page(readers.site, link)
    assert "Daily digest, at 07:00 UTC" in text(asked, "option[selected]")
    edited = {**ANNA, "confirm": "true", "when": "at once", "address": "eve@x.org"}
    assert "saved" in readers.site.post(link, data=edited).text
    (reader,) = readers.table()
    assert (reader.when, reader.address) == ("at once", "anna@example.org")
    readers.later = timedelta()
    readers.change(topics=["retention"])
    readers.deliver()
    assert len(readers.inbox.mails) == 3


def test_a_digest_of_reminders_alone_can_be_unsubscribed_from(
    readers: Readers,
) -> None:
    link = readers.subscribe(when="daily 07:00")
    last_day = utc_now().date() + timedelta(days=9)
    readers.change(deadline=last_day, brief=BRIEF | {"deadline": f"{last_day}"})
    for days in (1, 2, 3):
        readers.later = timedelta(days=days)
        readers.deliver()
    assert len(readers.inbox.mails) == 3
    reminder = body(readers.inbox.mails[-1], "plain")
    assert f"({SITE}{link})" in reminder
    assert "[subscriber " not in reminder


def test_forms_of_other_sites_sign_nobody_up(readers: Readers) -> None:
    assert (
        readers.site.post(
            "/subscribe", data=ANNA, headers={"Sec-Fetch-Site": "cross-site"}
        ).status_code
        == 403
    )
    assert readers.table() == []


def test_nobody_subscribes_unless_the_operator_lets_them(store: Database) -> None:
    with visited(store) as site:
        assert site.get("/subscribe").status_code == 404
        assert site.post("/subscribe", data=ANNA).status_code == 403
        assert "/subscribe" not in hrefs(page(site, "/"))
        assert "no longer valid" in site.get("/subscription/x").text


def test_serve_reads_from_the_watchlist_that_readers_can_subscribe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "p@ss/w:rd")
    mail = '[mail]\nhost = "mail.example.org"\nuser = "watch"\npassword = "${MAIL_PASSWORD}"\nfrom = "w@example.org"\n'
    config = written(
        tmp_path, f'site = "{SITE}"\n{GOOD}{mail}[web]\nsubscribe = true\n'
    )
    state = _state(load(config), is_needed=False)
    assert state.recipients.route_to is not None
    reader = Subscriber(
        address="anna@example.org",
        topics=[],
        severity="low",
        language="en",
        requested_at=utc_now(),
    )
    assert (
        state.recipients.route_to(reader).subscription
        == f"{SITE}/subscription/{reader.token}"
    )
