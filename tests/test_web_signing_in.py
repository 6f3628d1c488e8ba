"""Signing in, and what the operator can do then: take a held text, send again what was given up."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Literal

import httpx
import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from sqlmodel import select

from foundation.vocabulary import NoticeKind, Outcome, State
from messages import Message
from notifier.notifications import show_notice
from notifier.routes import Route
from policywatch.config.recipients import Recipients
from policywatch.config.schema import PersonEntry
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.web.access import Access, TooManyTries, UnusablePassword
from policywatch.web.app import create_app
from policywatch.web.backend import WatchlistState
from storage.captures import Capture, add_capture
from storage.changes import changes_of
from storage.database import Database
from storage.deliveries import Delivery, counts, notices_of, park
from storage.journal import journal
from storage.lock import one_at_a_time
from tests.stories import Teller, day
from tests.story_of_parley import NOTES
from tests.web_pages import hrefs, page, text, visited
from tests.web_server import served

PASSWORD = "a long enough password"
HASHED = PasswordHasher.from_parameters(CHEAPEST).hash(
    PASSWORD
)  # what guards against guessing takes long on purpose
TOKEN = "a token for programs"


def people(
    *names: str, role: Literal["reviewer", "operator"] = "operator"
) -> dict[str, PersonEntry]:
    return {
        name: PersonEntry(name=name, password=HASHED, role=role) for name in names
    }


STATE = WatchlistState(
    configs={NOTES: ExtractionConfig("Privacy Notice", "en")},
    recipients=Recipients((Route("team", ()),), grace=timedelta(minutes=10)),
)
HELD = "<!doctype html><html lang=en><main><h1>Privacy Notice</h1><p>We keep your notes for ever and ever.</p></main>"


@pytest.fixture
def store(story_file: Path, tmp_path: Path) -> Iterator[Database]:
    database = Database(
        f"sqlite:///{shutil.copyfile(story_file, tmp_path / 'store.db')}"
    )
    _hold(database, HELD)
    yield database
    database.close()


def _hold(database: Database, html: str) -> None:
    body = html.encode()
    with database.writing() as session:
        kept = session.exec(
            select(Capture).where(Capture.document_id == NOTES)
        ).first()
        assert kept is not None
        same = {
            name: getattr(kept, name)
            for name in Capture.model_fields
            if name not in ("id", "body", "size")
        }
        again = Capture(**same, body=body, size=len(body))
        add_capture(session, again)
        teller = Teller(session)
        check = teller.checked(
            NOTES,
            day(29),
            Outcome.HELD,
            Message("rejection.most_gone", words=12, before=640),
        )
        check.capture_id = again.id
        session.add(check)


@pytest.fixture
def site(store: Database) -> Iterator[httpx.Client]:
    with visited(
        store, access=Access(password=HASHED, token=TOKEN), state=lambda: STATE
    ) as client:
        yield client


def sign_in(
    site: httpx.Client, password: str = PASSWORD, **fields: str
) -> httpx.Response:
    return site.post("/sign-in", data={"password": password, **fields})


def form(site: httpx.Client, path: str, action: str) -> dict[str, str]:
    """The hidden fields of a form on a page."""
    found = page(site, path).css_first(f"form[action='{action}']")
    return {
        node.attributes["name"]: node.attributes["value"]
        for node in found.css("input[type=hidden]")
    }


def test_everyone_reads_and_nobody_else_than_the_operator_acts(
    site: httpx.Client, store: Database
) -> None:
    assert "We keep your notes" in " ".join(
        text(page(site, f"/health/held/{NOTES}"), "ins")
    )
    for path in (f"/health/held/{NOTES}", "/health/deliveries", "/sign-out"):
        assert site.post(path, data={"seen": "x", "csrf": ""}).status_code == 403
        assert not page(site, "/health").css(f"form[action='{path}']")
    with store.reading() as session:
        assert counts(session)["parked"] == 1
    assert "set-cookie" not in site.get("/health").headers


def test_details_of_health_are_for_who_signed_in(site: httpx.Client) -> None:
    public = page(site, "/health")
    assert text(public, ".about") == ["2 pages could not be read or need review."]
    assert not public.css("main .documents, main .numbers")
    hidden, shown = (
        site.get("/api/v1/health", headers=headers).json()
        for headers in ({}, {"Authorization": f"Bearer {TOKEN}"})
    )
    assert (hidden["good"], hidden["troubled"], hidden["deliveries"]) == (
        shown["good"],
        [],
        {},
    )
    assert len(shown["troubled"]) == 2
    sign_in(site)
    assert f"/health/held/{NOTES}" in hrefs(page(site, "/health"))


def test_the_operator_takes_a_held_text(
    site: httpx.Client, store: Database
) -> None:
    assert sign_in(site, next="/health").headers["location"] == "/health"
    path = f"/health/held/{NOTES}"
    shown = page(site, path)
    assert text(shown, ".fetched p") == [
        "Privacy Notice",
        "We keep your notes for ever and ever.",
    ]
    asked = site.post(path, data=form(site, path, path) | {"do": "accept"})
    assert asked.status_code == 200
    assert "Accept this text?" in asked.text
    assert "after 10 minutes" in asked.text
    with store.reading() as session:
        assert [change.cause for change in changes_of(session, NOTES)] == [
            "page"
        ], "asking does nothing"
    fields = form(site, path, path) | {"sure": "yes"}
    with one_at_a_time(store):
        busy = site.post(path, data=fields)
    assert (busy.status_code, "A run is in progress" in busy.text) == (409, True)
    assert (
        site.post(path, data=fields | {"seen": "another text"}).status_code == 409
    )
    taken = site.post(path, data=fields)
    with store.reading() as session:
        change = changes_of(session, NOTES)[0]
    assert (taken.status_code, taken.headers["location"]) == (
        303,
        f"/changes/{change.id}",
    )
    assert (
        "Accepted by a person after review"
        in text(page(site, f"/changes/{change.id}"), "main")[0]
    )
    assert site.get(path).status_code == 404


def test_the_operator_rejects_a_held_text(
    site: httpx.Client, store: Database
) -> None:
    path = f"/health/held/{NOTES}"
    assert site.post(path, data={"do": "reject"}).status_code == 403
    sign_in(site)
    answer = site.post(path, data=form(site, path, path) | {"do": "reject"})
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert (
        "This text was rejected. It can still be accepted." in site.get(path).text
    )
    assert not page(site, path).css("button[value=reject]")
    assert "This text was rejected" in site.get("/health").text
    assert notices(store) == [
        f"{NOTES}: a text that needed review was rejected by someone with the shared password."
    ]
    assert (
        site.post(path, data=form(site, path, path) | {"sure": "yes"}).status_code
        == 303
    )
    assert len(notices(store)) == 1, "who accepts makes the watch see more"
    with store.reading() as session:
        assert [entry.action for entry in journal(session)] == ["accept", "reject"]


def notices(store: Database) -> list[str]:
    """What the operator hears of the pages."""
    with store.reading() as session:
        return [
            show_notice(notice, "en").text
            for notice in notices_of(session, NoticeKind.NARROWED)
        ]


def test_the_operator_withdraws_what_was_taken_and_every_page_says_so(
    site: httpx.Client, store: Database
) -> None:
    sign_in(site)
    held = f"/health/held/{NOTES}"
    change = site.post(held, data=form(site, held, held) | {"sure": "yes"}).headers[
        "location"
    ]
    (asking,) = (
        address
        for address in hrefs(page(site, change))
        if address.endswith("/withdraw")
    )
    version = asking.removesuffix("/withdraw")
    assert asking in hrefs(page(site, version))
    with one_at_a_time(store):
        busy = site.post(asking, data=form(site, asking, asking))
    assert (busy.status_code, "A run is in progress" in busy.text) == (409, True)
    older = version[:-1] + "1"
    assert not [
        address
        for address in hrefs(page(site, older))
        if address.endswith("/withdraw")
    ]
    refused = site.post(f"{older}/withdraw", data=form(site, asking, asking))
    assert (refused.status_code, "Withdraw that one first." in refused.text) == (
        409,
        True,
    )
    words = "ever and ever"
    everywhere = (
        "/changes",
        "/",
        "/feed.atom",
        "/feed.json",
        "/changes.csv",
        "/api/v1/changes",
        "/api/v1/passages",
    )
    assert [
        path
        for path in everywhere
        if change in site.get(path).text or words in site.get(path).text
    ]
    assert words in site.get(f"/search?q={words}").text
    done = site.post(
        asking, data=form(site, asking, asking) | {"reason": "<b>half a page"}
    )
    assert (done.status_code, done.headers["location"]) == (
        303,
        f"/documents/{NOTES}",
    )
    for path in everywhere:
        assert f"{change}<" not in site.get(path).text, path
        assert words not in site.get(path).text, path
    assert not page(site, f"/search?q={words}").css("mark")
    listed = text(page(site, f"/documents/{NOTES}"), ".timeline li")[0]
    assert "Withdrawn on" in listed
    assert listed.endswith("The reason: <b>half a page")
    assert notices(store) == [
        f"{NOTES}: version {version[-1]} was withdrawn by someone with the shared password."
    ]
    for path in (change, version, f"{version}/text"):
        answer = site.get(path)
        assert answer.status_code == 410, path
        assert "it was not a text of this document" in answer.text
        assert "The reason: &lt;b&gt;half a page" in answer.text
    for path in (change, version):
        problem = site.get(f"/api/v1{path}")
        assert (
            problem.status_code,
            "was withdrawn on" in problem.json()["detail"],
        ) == (410, True)
    names = [
        row["number"]
        for row in site.get(f"/api/v1/documents/{NOTES}/versions").json()[
            "versions"
        ]
    ]
    assert int(version.rpartition("/")[2]) not in names


def test_withdrawing_is_for_who_signed_in(site: httpx.Client) -> None:
    path = f"/documents/{NOTES}/versions/2"
    assert "/withdraw" not in site.get(path).text
    assert site.get(f"{path}/withdraw").status_code == 403
    assert site.post(f"{path}/withdraw", data={}).status_code == 403


def test_the_operator_sends_again_what_was_given_up(
    site: httpx.Client, store: Database
) -> None:
    sign_in(site)
    assert "${TEAM_4}" in text(page(site, "/health"), ".checks .outcome")
    answer = site.post(
        "/health/deliveries", data=form(site, "/health", "/health/deliveries")
    )
    assert answer.headers["location"] == "/health#deliveries"
    with store.reading() as session:
        assert (counts(session)["parked"], counts(session)["pending"]) == (0, 2)
        entry = journal(session)[0]
    assert (entry.action, entry.document_id) == ("retry", "${TEAM_4}")


def test_why_a_message_was_given_up_is_said_in_the_operators_language(
    site: httpx.Client, store: Database
) -> None:
    why = Message("delivery.no_connection", why=Message("errno.ECONNREFUSED"))
    with store.writing() as session:
        waiting = session.exec(
            select(Delivery).where(Delivery.state == State.PENDING)
        ).first()
        assert waiting is not None
        park(waiting, why)
    sign_in(site)
    assert "pas de connexion : connexion refusée" in text(
        page(site, "/health?lang=fr"), ".checks .reason"
    )
    assert "no connection: Connection refused" in text(
        page(site, "/health?lang=en"), ".checks .reason"
    )


def test_forms_of_other_sites_do_nothing(
    site: httpx.Client, store: Database
) -> None:
    sign_in(site)
    fields = form(site, "/health", "/health/deliveries")
    for headers, sent in (
        ({}, {}),
        ({}, {"csrf": "guess"}),
        ({"Origin": "https://elsewhere.example"}, fields),
        ({"Origin": "null"}, fields),
        ({"Sec-Fetch-Site": "cross-site"}, fields),
    ):
        assert (
            site.post("/health/deliveries", data=sent, headers=headers).status_code
            == 403
        )
    stranger = httpx.Client(
        base_url=site.base_url, headers={"Sec-Fetch-Site": "cross-site"}, timeout=60
    )
    assert sign_in(stranger).status_code == 403
    with store.reading() as session:
        assert counts(session)["parked"] == 1


def test_a_token_stands_for_a_signed_in_program(
    site: httpx.Client, store: Database
) -> None:
    assert (
        site.post(
            "/health/deliveries", headers={"Authorization": "Bearer no"}
        ).status_code
        == 403
    )
    assert (
        site.post(
            "/health/deliveries", headers={"Authorization": f"Bearer {TOKEN}"}
        ).status_code
        == 303
    )
    with store.reading() as session:
        assert counts(session)["parked"] == 0


def test_the_cookie_is_for_us_alone_and_ends_with_signing_out(
    site: httpx.Client,
) -> None:
    cookie = sign_in(site).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    signed_in = page(site, "/")
    assert site.get("/").headers["cache-control"] == "no-store"
    assert text(signed_in, ".sign-out button") == ["Sign out"]
    secret = site.cookies["policywatch"]
    site.post("/sign-out", data=form(site, "/", "/sign-out"))
    site.cookies.set("policywatch", secret)
    assert not page(site, "/").css(".sign-out"), (
        "the secret is worth nothing any more"
    )


@pytest.mark.parametrize(
    "onward",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/a\r\nX: y",
        "",
        "/%2Fevil.example",
        "/%5Cevil.example",
    ],
)
def test_signing_in_leads_nowhere_else(site: httpx.Client, onward: str) -> None:
    answer = sign_in(site, next=onward)
    home = "/" if onward else "/work"
    assert (answer.status_code, answer.headers["location"]) == (303, home)


def test_guessing_is_slowed_down(site: httpx.Client) -> None:
    for _ in range(5):
        answer = sign_in(site, "not the password")
        assert (answer.status_code, "Wrong password." in answer.text) == (403, True)
    answer = sign_in(site)
    assert answer.status_code == 429
    assert 800 < int(answer.headers["retry-after"]) <= 900
    large = site.post("/sign-in?lang=fr", content=b"x" * 20_000)
    assert large.status_code == 413
    assert "Texte trop long" in large.text


def test_sessions_and_waits_end_by_themselves() -> None:
    time = [0.0]
    known = Access(password=PASSWORD, clock=lambda: time[0])
    secret = known.sign_in(PASSWORD, "client")
    assert known.session(secret)
    time[0] = 12 * 3600
    assert not known.session(secret)
    for _ in range(5):
        assert known.sign_in("wrong", "client") is None
    time[0] += 900
    assert known.sign_in(PASSWORD, "client")


def test_private_pages_are_read_by_who_signed_in_or_brings_the_token(
    store: Database,
) -> None:
    html = {"Accept": "text/html,*/*"}
    with visited(
        store, access=Access(password=HASHED, token=TOKEN, private=True)
    ) as site:
        asked = site.get("/changes?topic=ai_training&lang=fr", headers=html)
        assert (asked.status_code, asked.headers["location"]) == (
            303,
            "/sign-in?lang=fr&next=%2Fchanges%3Ftopic%3Dai_training%26lang%3Dfr",
        )
        assert site.get("/static/base.css").status_code == 200
        for path in ("/feed.atom", "/api/v1/changes", "/static/../health"):
            answer = site.get(path)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (
                401,
                "Bearer",
            ), path
        assert (
            site.get(
                "/feed.atom", headers={"Authorization": f"Bearer {TOKEN}"}
            ).status_code
            == 200
        )
        assert sign_in(site).status_code == 303
        assert site.get("/changes", headers=html).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/changes?topic=ai_training&topic=tracking&lang=fr",
        f"/documents/{NOTES}/compare?from=1&to=2",
        "/b%C3%A9",
    ],
)
def test_who_signs_in_lands_on_the_page_that_was_asked_for(
    store: Database, path: str
) -> None:
    with visited(store, access=Access(password=HASHED, private=True)) as site:
        asked = page(
            site,
            site.get(path, headers={"Accept": "text/html"}).headers["location"],
        )
        onward = asked.css_first("input[name=next]").attributes["value"] or ""
        answer = sign_in(site, next=onward)
    assert (answer.status_code, answer.headers["location"]) == (303, path)


def test_behind_https_and_a_prefix_the_cookie_keeps_to_both(
    store: Database,
) -> None:
    app = create_app(store, access=Access(password=PASSWORD))
    with served(app, root_path="/watch", proxies=["127.0.0.1"]) as home:
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
        answer = httpx.post(
            f"{home}/sign-in",
            data={"password": PASSWORD},
            headers=headers,
            timeout=60,
        )
    assert answer.headers["location"] == "/watch/work"
    assert {"Secure", "Path=/watch"} <= set(
        answer.headers["set-cookie"].split("; ")
    )
    with served(app) as home:
        answer = httpx.post(
            f"{home}/sign-in",
            data={"password": PASSWORD},
            headers=headers,
            timeout=60,
        )
    assert "Secure" not in answer.headers["set-cookie"], (
        "nobody was named whose word counts"
    )


def test_a_password_that_protects_nothing_is_refused() -> None:
    hashed = PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)
    assert Access(password=hashed, private=True).sign_in(PASSWORD, "")
    for wrong in (
        {"private": True},
        {"password": "short"},
        {"token": "short"},
        {"password": "$argon2id$broken"},
    ):
        with pytest.raises(UnusablePassword):
            Access(**wrong)


def test_what_is_held_and_gives_no_text_is_not_shown(store: Database) -> None:
    manners = {NOTES: ExtractionConfig("Privacy Notice", "en", select=("#gone",))}
    with visited(store, state=lambda: WatchlistState(configs=manners)) as site:
        assert site.get(f"/health/held/{NOTES}").status_code == 404, (
            "the capture gives no text by these selectors"
        )
        assert site.get("/health/held/parley/terms").status_code == 404


def test_nobody_locks_the_operator_out_by_failing() -> None:
    known = Access(password=HASHED, clock=lambda: 0.0)
    for number in range(5):
        assert known.sign_in("wrong", f"2001:db8::{number}") is None
    for same in ("2001:db8::ffff", "2001:db8:0:0:1::"):
        with pytest.raises(TooManyTries):
            known.sign_in(PASSWORD, same)
    assert known.sign_in(PASSWORD, "2001:db8:0:1::") is not None
    for number in range(60):
        assert known.sign_in("wrong", f"192.0.2.{number}") is None
    for failed in ("192.0.2.59", "::ffff:192.0.2.59"):
        with pytest.raises(TooManyTries):
            known.sign_in(PASSWORD, failed)
    assert known.sign_in(PASSWORD, "192.0.2.60") is not None


class _Slow(Access):
    """Takes as long for a password as a busy machine does."""

    allowed = threading.Event()

    def sign_in(self, password: str, address: str, name: str = "") -> str | None:
        assert self.allowed.wait(60)
        return super().sign_in(password, address, name)


def test_passwords_that_are_looked_at_keep_nobody_from_the_pages(
    store: Database,
) -> None:
    slow = _Slow(password=HASHED)
    with visited(store, access=slow) as site, ThreadPoolExecutor(20) as visitors:
        tries = [
            visitors.submit(sign_in, site, "not the password") for _ in range(20)
        ]
        try:
            assert site.get("/", timeout=20).status_code == 200
            refused = [
                each.result() for each in islice(as_completed(tries, 20), 12)
            ]
        finally:
            slow.allowed.set()
    assert [answer.status_code for answer in refused] == [429] * 12, (
        "eight wait, the others may come again"
    )
    assert {answer.headers["Retry-After"] for answer in refused} == {"5"}
