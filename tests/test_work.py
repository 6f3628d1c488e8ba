"""What waits for the operator's people stands on one page, with its buttons; visitors see nothing of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, expect
from selectolax.lexbor import LexborHTMLParser
from sqlmodel import select

from foundation.vocabulary import NoticeKind, Outcome, State
from messages import Message, verbatim
from policywatch.cli.pages import _state
from policywatch.config.schema import PersonEntry
from policywatch.config.watchlist import load, shipped_documents
from policywatch.entries import with_additions
from policywatch.ingest.extraction import ExtractionConfig, extraction_configs
from policywatch.ingest.proposals import open_proposals
from policywatch.web.access import Access
from policywatch.web.backend import WatchlistState
from storage.change_list import ChangeFilter, changes_page
from storage.database import Database
from storage.deliveries import Delivery, Notice, counts
from storage.documents import document
from storage.journal import journal
from storage.reviews import last_reviews
from storage.subscribers import Subscriber
from storage.versions import Version
from tests.stories import Teller, day
from tests.story_of_parley import HELP, NOTES, PRIVACY, TERMS
from tests.test_web_browser import complains_of_nothing, overflow
from tests.test_web_signing_in import PASSWORD, TOKEN, form, people, sign_in
from tests.web_pages import change_id, hrefs, page, text, translated_event, visited

DATABASES = ["sqlite"]
TODAY = day(30)
STATE = WatchlistState(configs={NOTES: ExtractionConfig("Privacy Notice", "en")})
LINK = "https://parley.example/ai-terms"
ENTRY = (
    '[[documents]]\nid = "parley/ai-terms"\nservice = "Parley"\ntitle = "AI terms"\n'
    f'kind = "terms"\nurl = "{LINK}"\nlanguage = "en"\n'
)


@pytest.fixture
def store(story_file: Path, tmp_path: Path) -> Iterator[Database]:
    database = Database(
        f"sqlite:///{shutil.copyfile(story_file, tmp_path / 'store.db')}"
    )
    yield database
    database.close()


def open_site(
    store: Database,
    now: datetime = TODAY,
    *,
    state: WatchlistState = STATE,
    known: dict[str, PersonEntry] | None = None,
) -> AbstractContextManager[httpx.Client]:
    known = people("Anna") if known is None else known
    access = Access(people=lambda: known, token=TOKEN)
    return visited(store, access=access, state=lambda: state, now=lambda: now)


@pytest.fixture
def site(store: Database) -> Iterator[httpx.Client]:
    with open_site(store) as client:
        yield client


def titles(site: httpx.Client) -> list[str]:
    return text(page(site, "/work"), "h2")


def propose(store: Database) -> None:
    with store.writing() as session:
        facts = {"proposals": [[LINK, ENTRY]], "more": 0}
        session.add(
            Notice(
                kind=NoticeKind.LINKS,
                document_id=TERMS,
                facts=facts,
                created_at=day(29),
                planned_at=day(29),
            )
        )


def fail(store: Database) -> None:
    with store.writing() as session:
        teller = Teller(session)
        for id_ in (TERMS, HELP):
            reason = verbatim("parley.example answered 503")
            teller.checked(id_, day(29), Outcome.BLOCKED, reason)
        gone = Message("rejection.most_gone", words=12, before=640)
        teller.checked(NOTES, day(29), Outcome.HELD, gone)


def test_visitors_see_nothing_of_it_and_who_signs_in_lands_there(
    site: httpx.Client, store: Database
) -> None:
    assert "/work" not in hrefs(page(site, "/"))
    asked = site.get("/work")
    assert (asked.status_code, asked.headers["location"]) == (
        303,
        "/sign-in?next=%2Fwork",
    )
    assert sign_in(site, name="Anna").headers["location"] == "/work"
    assert text(page(site, "/"), "nav a")[0].startswith("To do")
    with visited(store) as nobody:
        assert nobody.get("/work").status_code == 404


def test_an_event_is_reviewed_with_one_button_and_the_count_goes_down(
    site: httpx.Client, store: Database
) -> None:
    number, translated = translated_event(store)
    sign_in(site, name="Anna")
    (before,) = text(page(site, "/"), "nav .count")
    action = f"/changes/{number}"
    fields = form(site, "/work", action)
    done = site.post(action, data=fields | {"state": "concerns-us"})
    assert (done.status_code, done.headers["location"]) == (303, "/work")
    (after,) = text(page(site, "/"), "nav .count")
    assert int(after) == int(before) - 1
    assert not page(site, "/work").css(f"form[action='{action}']")
    with store.reading() as session:
        reviews = last_reviews(session, [number, translated])
    assert {(each.state, each.by) for each in reviews.values()} == {
        ("concerns-us", "Anna")
    }
    assert reviews.keys() == {number, translated}


def test_imported_and_old_changes_are_no_work(store: Database) -> None:
    with open_site(store) as site:
        sign_in(site, name="Anna")
        assert text(page(site, "/work"), "#changes")
        with store.writing() as session:
            for version in session.exec(select(Version)):
                version.imported = True
        assert not page(site, "/work").css("#changes")
        with store.writing() as session:
            for version in session.exec(select(Version)):
                version.imported = False
    with open_site(store, day(300)) as site:
        sign_in(site, name="Anna")
        assert not page(site, "/work").css("#changes")


def test_failing_pages_stand_by_cause_and_held_texts_by_themselves(
    site: httpx.Client, store: Database
) -> None:
    fail(store)
    sign_in(site, name="Anna")
    shown = page(site, "/work")
    assert f"/health/held/{NOTES}" in hrefs(shown)
    assert text(shown, "#held") == ["Texts to review 1"]
    causes = shown.css("section[aria-labelledby=failing] > ul > li")
    together = [each for each in causes if len(each.css("form")) == 2]
    assert len(together) == 1
    action = f"/documents/{TERMS}"
    done = site.post(action, data=form(site, "/work", action) | {"do": "check"})
    assert done.headers["location"] == "/work"
    with store.reading() as session:
        assert document(session, TERMS).asked_at == day(30)
    site.post(action, data=form(site, "/work", action) | {"do": "pause"})
    assert not page(site, "/work").css(f"form[action='{action}']")


def test_a_failed_message_is_sent_again_from_there(
    site: httpx.Client, store: Database
) -> None:
    with store.writing() as session:
        for each in session.exec(select(Delivery)):
            each.created_at = day(29)
    sign_in(site, name="Anna")
    action = "/health/deliveries"
    done = site.post(action, data=form(site, "/work", action))
    assert done.headers["location"] == "/work"
    with store.reading() as session:
        assert counts(session)[State.PARKED] == 0
    assert not page(site, "/work").css(f"form[action='{action}']")


def test_a_proposal_fills_the_form_of_a_new_document_or_is_dismissed(
    site: httpx.Client, store: Database
) -> None:
    propose(store)
    sign_in(site, name="Anna")
    shown = page(site, "/work")
    (filled,) = (each for each in hrefs(shown) if each.startswith("/add?"))
    values = {
        node.attributes["name"]: node.attributes.get("value")
        for node in page(site, filled).css("form.add input")
    }
    assert (values["url"], values["title"], values["service"]) == (
        LINK,
        "AI terms",
        "Parley",
    )
    (action,) = (
        each.attributes["action"] or ""
        for each in shown.css("form[action^='/work/proposals/']")
    )
    assert site.post(action, data={"url": LINK}).status_code == 403
    fields = form(site, "/work", action)
    assert site.post(action, data=fields).headers["location"] == "/work"
    assert not page(site, "/work").css(f"form[action='{action}']")
    with store.reading() as session:
        assert open_proposals(session) == []
        entry = journal(session)[0]
    assert (entry.action, entry.by, entry.before) == (
        "dismiss",
        "Anna",
        {"url": LINK},
    )


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_work_is_done_in_a_browser(
    browser: Browser, store: Database, width: int
) -> None:
    propose(store)
    fail(store)
    with open_site(store) as site:
        context = browser.new_context(viewport={"width": width, "height": 800})
        here = context.new_page()
        here.goto(f"{site.base_url}/sign-in")
        here.get_by_label("Name").fill("Anna")
        here.get_by_label("Password").fill(PASSWORD)
        here.get_by_role("button", name="Sign in").click()
        expect(here.get_by_role("heading", level=1)).to_have_text("To do")
        complains_of_nothing(here, "/work")
        assert overflow(here) <= 0
        events = here.get_by_role("article")
        many = events.count()
        here.get_by_role("button", name="Reviewed").first.click()
        expect(events).to_have_count(many - 1)
        context.close()


def test_a_page_that_moved_is_edited_with_its_new_address(
    site: httpx.Client, store: Database
) -> None:
    url = "https://parley.example/new-terms"
    with store.writing() as session:
        facts = {"proposals": [[url, f'url = "{url}"']]}
        session.add(
            Notice(
                kind=NoticeKind.MOVED,
                document_id=TERMS,
                facts=facts,
                created_at=day(29),
                planned_at=day(29),
            )
        )
    sign_in(site, name="Anna")
    shown = page(site, "/work")
    assert "The page has moved to this address." in text(shown, "section .note")
    assert f"/edit/{TERMS}?url={quote(url, safe='')}" in hrefs(shown)


def test_the_operator_sees_who_subscribed_and_removes_who_asks_for_it(
    site: httpx.Client, store: Database
) -> None:
    facts = {"topics": ["ai_training"], "severity": "low", "language": "fr"}
    with store.writing() as session:
        for name in ("ben", "eve"):
            address = f"{name}@example.org"
            session.add(
                Subscriber(
                    address=address,
                    requested_at=day(1),
                    confirmed_at=day(1),
                    **facts,
                )
            )
    assert site.get("/subscribers").status_code == 403
    sign_in(site, name="Anna")
    assert "/subscribers" in hrefs(page(site, "/work"))
    shown = page(site, "/subscribers")
    assert text(shown, ".title") == ["eve@example.org", "ben@example.org"]
    fields = form(site, "/subscribers", "/subscribers")
    assert (
        site.post("/subscribers", data={**fields, "csrf": "x"}).status_code == 403
    )
    assert site.post("/subscribers", data=fields).status_code == 303
    assert text(page(site, "/subscribers"), ".title") == ["ben@example.org"]
    with store.reading() as session:
        entry = journal(session)[0]
    assert (entry.action, entry.by) == ("unsubscribe", "Anna")
    assert "eve" not in entry.document_id


ROUTES = """
contact = "me@example.org"
use = ["zoom"]
[[routes]]
name = "high"
to = ["file://alerts.txt", "${CHAT}"]
severity = "high"
topics = ["ai_training"]
language = "fr"
[[routes]]
name = "all"
to = ["file://all.txt"]
when = "after review"
wait = "2d"
[[routes]]
name = "never"
to = ["${UNSET}"]
directions = ["clarifies"]
enabled = false
"""


def test_routes_are_listed_tried_and_say_what_they_would_have_sent(
    store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT", "json://127.0.0.1:1/secret-of-the-chat")
    file = tmp_path / "policywatch.toml"
    file.write_text(ROUTES)
    state = _state(load(file), is_needed=True)
    with open_site(store, state=state) as site:
        assert site.get("/routes").status_code == 403
        sign_in(site, name="Anna")
        assert "/routes" in hrefs(page(site, "/work"))
        shown = page(site, "/routes")
        high, everything, never = shown.css("main ul.documents > li")
        assert text(high, ".title") == ["high"]
        assert "${CHAT}" in text(high, ".sides")[0]
        assert "secret-of-the-chat" not in site.get("/routes").text
        with store.reading() as session:
            listed = changes_page(session, ChangeFilter(alerting=True)).rows
            alerting = {each.change.id for each in listed if each.change.alert}
        links = [each.rpartition("/")[2] for each in hrefs(everything)]
        assert {*map(int, links)} == alerting
        wanted = [int(each.rpartition("/")[2]) for each in hrefs(high)]
        assert change_id(store, PRIVACY) in wanted
        assert {*wanted} < alerting
        assert "2d at most" in text(everything, ".sides")[0]
        assert "switched off" in text(never, ".title")[0]
        assert not never.css("button")
        fields = {
            node.attributes["name"]: node.attributes["value"]
            for node in high.css("input")
        }
        tried = site.post("/routes", data=fields)
        assert tried.status_code == 200
        answers = text(LexborHTMLParser(tried.text), "[role=status]")
        assert answers[0].endswith("the test message was sent.")
        assert answers[1].startswith("${CHAT}: ")
        assert "secret-of-the-chat" not in tried.text
        assert (tmp_path / "alerts.txt").read_text("utf-8")
        assert not (tmp_path / "all.txt").exists()
        for name in ("never", "none"):
            answer = site.post("/routes", data={**fields, "name": name})
            assert answer.status_code == 404
    with store.reading() as session:
        entry = journal(session)[0]
    assert (entry.action, entry.document_id, entry.by) == ("test", "high", "Anna")


def test_a_reviewer_reviews_and_has_nothing_else_to_do(store: Database) -> None:
    propose(store)
    fail(store)
    known = people("Anna", role="reviewer")
    with open_site(store, known=known) as site:
        sign_in(site, name="Anna")
        shown = page(site, "/work")
        headings = text(shown, "main h2")
        assert [each.rpartition(" ")[0] for each in headings] == [
            "Changes to review",
            "Texts to review",
        ]
        assert text(shown, "header .count") == [
            str(sum(int(each.rpartition(" ")[2]) for each in headings))
        ]
        csrf = shown.css_first("[name=csrf]").attributes["value"] or ""
        number = change_id(store, PRIVACY)
        fields = {"csrf": csrf, "state": "reviewed", "event": "on"}
        assert site.post(f"/changes/{number}", data=fields).status_code == 303
        held = site.post(f"/health/held/{NOTES}", data={"csrf": csrf})
        assert held.status_code == 404, "it may be decided, and has no text here"
        newest = f"/documents/{PRIVACY}/versions/2/withdraw"
        for path in ("/subscribers", "/lists", "/routes", f"/edit/{TERMS}", newest):
            assert site.get(path).status_code == 403, path
        for path, fields in (
            (f"/documents/{TERMS}", {"do": "pause"}),
            (f"/edit/{TERMS}", {"do": "remove", "sure": "yes"}),
            (f"/changes/{number}/ignore", {"passages": "1"}),
            ("/add", {"url": "https://parley.example/new"}),
            ("/lists", {"list": "zoom", "do": "on"}),
            ("/subscribers", {"name": "x"}),
            ("/routes", {"name": "x"}),
            ("/health/deliveries", {}),
            ("/work/proposals/1", {"url": LINK}),
            (newest, {}),
        ):
            answer = site.post(path, data={"csrf": csrf, **fields})
            assert answer.status_code == 403, path
        for path in (
            f"/documents/{TERMS}",
            f"/changes/{number}",
            "/services",
            "/add",
        ):
            shown = page(site, path)
            forms = [
                each.attributes["action"] for each in shown.css("form[method=post]")
            ]
            assert {*forms} <= {
                "/sign-out",
                f"/changes/{number}",
                "/search",
                "/changes/3/split",
            }, path
            assert "/add" not in hrefs(shown, "main a")
        known |= people("Anna")
        assert page(site, "/subscribers")


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_a_shipped_list_is_switched_on_and_off_in_a_browser(
    browser: Browser, database_url: str, tmp_path: Path, width: int
) -> None:
    file = tmp_path / "policywatch.toml"
    file.write_text(
        f'contact = "me@example.org"\ndatabase = "{database_url}"\nuse = ["zoom"]\n'
    )
    database = Database(load(file).database)

    def current() -> WatchlistState:
        watched = with_additions(load(file), database)
        return WatchlistState(watched, extraction_configs(watched))

    access = Access(people=lambda: people("Anna"))
    many = len(shipped_documents("openai"))
    with visited(database, access=access, state=current) as site:
        context = browser.new_context(viewport={"width": width, "height": 800})
        here = context.new_page()
        here.goto(f"{site.base_url}/sign-in")
        here.get_by_label("Name").fill("Anna")
        here.get_by_label("Password").fill(PASSWORD)
        here.get_by_role("button", name="Sign in").click()
        here.get_by_role("link", name="Shipped watchlists").click()
        complains_of_nothing(here, "/lists")
        assert overflow(here) <= 0
        row = here.get_by_role("listitem").filter(has_text="OpenAI")
        row.get_by_role("button", name="Switch on").click()
        expect(row).to_contain_text(f"{many} of {many} documents watched")
        assert {entry.service for entry in current().watchlist.documents} == {
            "OpenAI",
            "Zoom",
        }
        row.get_by_role("button", name="Switch off").click()
        expect(row).to_contain_text(f"0 of {many} documents watched")
        assert {entry.service for entry in current().watchlist.documents} == {
            "Zoom"
        }
        row.get_by_role("button", name="Switch on").click()
        expect(row).to_contain_text(f"{many} of {many} documents watched")
        for path in ("/subscribers", "/routes"):
            here.goto(f"{site.base_url}{path}")
            complains_of_nothing(here, path)
            assert overflow(here) <= 0, path
        context.close()
    database.close()
