"""People put their words in place of the machine's: on pages, in feeds, for programs and in messages, signed and beside
the machine's own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect
from selectolax.lexbor import LexborHTMLParser

from policywatch.cli.pages import _state
from policywatch.config.schema import RouteEntry
from policywatch.config.watchlist import Watchlist, load
from policywatch.ingest.curation import withdraw
from policywatch.web.access import Access
from policywatch.web.export import export_site
from storage.database import Database
from storage.journal import Actor
from storage.lock import one_at_a_time
from storage.reviews import reviews_of
from tests.site import AI, a_site, policy, policywatch, run, watchlist
from tests.stories import day
from tests.story_of_parley import PRIVACY, PRIVACY_FR
from tests.test_mcp import ask
from tests.test_web_browser import complains_of_nothing, overflow
from tests.test_web_signing_in import PASSWORD, TOKEN, people, sign_in
from tests.test_work import STATE
from tests.web_pages import change_id, hrefs, page, text, translated_event, visited

DATABASES = ["sqlite"]
CHANGING = ("review", "reviews")
ROUTES = tuple(
    RouteEntry(name=code, to=["x"], language=code) for code in ("en", "fr")
)
HEADLINE = "Parley trains AI on what you write, unless you object"
TITRE = "Parley entraîne son IA sur vos écrits, sauf refus"
NOTE = "We tried to object: it takes two clicks."


@pytest.fixture
def store(story_file: Path, tmp_path: Path) -> Iterator[Database]:
    database = Database(
        f"sqlite:///{shutil.copyfile(story_file, tmp_path / 'store.db')}"
    )
    yield database
    database.close()


def newsroom(store: Database) -> AbstractContextManager[httpx.Client]:
    access = Access(people=lambda: people("Anna", "Ben"), token=TOKEN)
    state = replace(STATE, watchlist=Watchlist(routes=[*ROUTES]))
    return visited(store, access=access, state=lambda: state, now=lambda: day(30))


@pytest.fixture
def site(store: Database) -> Iterator[httpx.Client]:
    with newsroom(store) as client:
        yield client


def filled(tree: LexborHTMLParser, path: str) -> dict[str, str]:
    """The form of the review as the page has it."""
    form = tree.css_first(f".triage form[action='{path}']")
    fields: dict[str, str] = {}
    for node in form.css("input, textarea, select"):
        name = node.attributes["name"] or ""
        if node.tag == "select":
            chosen = node.css_first("option[selected]") or node.css_first("option")
            fields[name] = chosen.attributes["value"] or ""
        elif node.attributes.get("type") == "checkbox":
            if "checked" in node.attributes:
                fields[name] = "on"
        else:
            value = (
                node.text() if node.tag == "textarea" else node.attributes["value"]
            )
            fields[name] = value or ""
    return fields


def edit(site: httpx.Client, number: int, **more: str) -> httpx.Response:
    path = f"/changes/{number}"
    names = {name.replace("_", "-"): value for name, value in more.items()}
    return site.post(path, data=filled(page(site, path), path) | names)


def as_json(site: httpx.Client, number: int) -> dict[str, Any]:
    found: dict[str, Any] = site.get(f"/api/v1/changes/{number}").json()
    return found


def test_corrected_words_stand_everywhere_and_the_machines_beside_them(
    site: httpx.Client, store: Database
) -> None:
    number = change_id(store, PRIVACY)
    before = as_json(site, number)
    assert (before["severity"], before["edited"]) == ("high", None)
    sign_in(site, name="Anna")
    done = edit(
        site,
        number,
        state="reviewed",
        severity="medium",
        headline_en=HEADLINE,
        headline_fr=TITRE,
        note_en=NOTE,
    )
    assert done.status_code == 303, done.text
    site.post("/sign-out", data=filled(page(site, "/changes/1"), "/changes/1"))
    shown = page(site, f"/changes/{number}")
    assert text(shown, "h1") == [HEADLINE]
    assert text(shown, "aside.retold p") == [NOTE, "Anna"]
    (beside,) = text(shown, "p.edited")
    assert beside.startswith(
        "Edited by Anna on 5 November 2025. The program wrote: "
    )
    assert before["headline"]["text"] in beside
    assert "Severity: high" in beside
    assert text(page(site, f"/changes/{number}?lang=fr"), "h1") == [TITRE]
    assert HEADLINE in text(page(site, "/changes?severity=medium"), "h3")
    assert HEADLINE not in text(page(site, "/changes?severity=high"), "h3")
    feed = {each["url"]: each for each in site.get("/feed.json").json()["items"]}
    (item,) = (each for url, each in feed.items() if url.endswith(f"/{number}"))
    assert item["title"] == HEADLINE
    assert item["date_modified"] == day(30).isoformat()
    assert NOTE in text(LexborHTMLParser(item["content_html"]), "blockquote")
    assert "Severity: high" in item["content_html"]
    after = as_json(site, number)
    assert (after["severity"], after["headline"]["text"]) == ("medium", HEADLINE)
    assert after["edited"] == {
        "by": "Anna",
        "at": day(30).isoformat(),
        "headline": {"en": HEADLINE, "fr": TITRE},
        "note": {"en": NOTE},
        "machine": {
            **{name: before[name] for name in ("severity", "topics", "alert")},
            "headline": before["headline"]["text"],
        },
    }


def test_notes_have_a_list_and_a_feed_of_their_own(
    site: httpx.Client, store: Database, tmp_path: Path
) -> None:
    number, other = change_id(store, PRIVACY), change_id(store, PRIVACY_FR)
    feed, listed = "/feed.json?noted=true", "/changes?noted=1"
    assert site.get(feed).json()["items"] == []
    assert text(page(site, listed), ".entry") == []
    sign_in(site, name="Anna")
    edit(site, number, state="reviewed", note_en=NOTE)
    edit(site, other, state="reviewed", headline_fr=TITRE)
    shown = page(site, f"/changes/{number}")
    assert {"/changes?noted=true", "/feed.atom?noted=true"} <= {*hrefs(shown, "a")}
    assert "/feed.atom?noted=true" not in hrefs(
        page(site, f"/changes/{other}"), "a"
    )
    assert len(text(page(site, listed), ".entry")) == 1
    assert "/feed.atom?noted=true" in hrefs(page(site, listed), "p.aside a")
    noted = site.get("/api/v1/changes?noted=true").json()["changes"]
    assert [each["id"] for each in noted] == [number]
    (item,) = site.get(feed).json()["items"]
    entry = LexborHTMLParser(item["content_html"])
    assert text(entry, "blockquote") == [NOTE]
    assert "Editor’s note (Anna):" in text(entry, "p")
    page_read, *versions = hrefs(entry, "p a")
    assert page_read == noted[0]["url"]
    assert [site.get(address).status_code for address in versions] == [200, 200]
    assert listed_by_assistant(store) == [number]
    exported = tmp_path / "site"
    export_site(store, exported, today=day(31).date())
    shown = LexborHTMLParser(
        (exported / f"changes/{number}.html").read_text("utf-8")
    )
    assert {"../notes.html", "../notes.atom"} <= {*hrefs(shown, "a")}
    listing = LexborHTMLParser((exported / "notes.html").read_text("utf-8"))
    assert len(text(listing, ".entry")) == 1
    for name in ("notes.json", "fr/notes.json"):
        (item,) = json.loads((exported / name).read_text("utf-8"))["items"]
        assert NOTE in item["content_html"]
    edit(site, number, note_en="")
    assert site.get(feed).json()["items"] == []
    assert listed_by_assistant(store) == []
    export_site(store, exported, today=day(31).date())
    assert not (exported / "notes.html").exists()


def listed_by_assistant(store: Database) -> list[int]:
    """The changes with a note, by the tool of the MCP server."""
    from policywatch.mcp_server import mcp_server  # loads slowly

    (asked,) = ask(mcp_server(store), ("list_changes", {"noted": True}))
    return [row["id"] for row in asked["changes"]]


def test_the_second_of_two_editors_sees_the_words_of_the_first(
    site: httpx.Client, store: Database
) -> None:
    number = change_id(store, PRIVACY)
    path = f"/changes/{number}"
    sign_in(site, name="Anna")
    opened = filled(page(site, path), path)
    edit(site, number, headline_en=HEADLINE)
    late = opened | {"headline-en": "Parley keeps all", "state": "reviewed"}
    refused = site.post(path, data=late)
    assert refused.status_code == 409
    shown = LexborHTMLParser(refused.text)
    assert text(shown, "h1") == [HEADLINE]
    assert "Somebody else edited this meanwhile" in text(shown, "[role=alert]")[0]
    again = filled(shown, path)
    assert (again["headline-en"], again["state"]) == (
        "Parley keeps all",
        "reviewed",
    )
    assert site.post(path, data=again).status_code == 303
    assert as_json(site, number)["headline"]["text"] == "Parley keeps all"


def test_of_two_editors_on_one_event_the_second_sees_the_words_of_the_first(
    site: httpx.Client, store: Database
) -> None:
    number, translated = translated_event(store)
    sign_in(site, name="Anna")
    path = f"/changes/{translated}"
    opened = filled(page(site, path), path)
    alone = filled(page(site, f"/changes/{number}"), f"/changes/{number}")
    del alone["event"]
    site.post(f"/changes/{number}", data=alone | {"headline-en": HEADLINE})
    late = opened | {"headline-en": "Parley keeps all", "state": "reviewed"}
    assert site.post(path, data=late).status_code == 409
    assert as_json(site, number)["headline"]["text"] == HEADLINE
    again = filled(page(site, path), path) | {"headline-en": "Parley keeps all"}
    assert site.post(path, data=again).status_code == 303
    assert as_json(site, number)["headline"]["text"] == "Parley keeps all"


def test_a_review_of_an_event_edits_its_members_and_an_emptied_form_restores(
    site: httpx.Client, store: Database
) -> None:
    number, translated = translated_event(store)
    before = [as_json(site, each) for each in (number, translated)]
    sign_in(site, name="Anna")
    edit(site, number, severity="low", topic_security="on", headline_en=HEADLINE)
    for each in (number, translated):
        shown = as_json(site, each)
        assert (shown["severity"], shown["headline"]["text"]) == ("low", HEADLINE)
        assert "security" in shown["topics"]
    edit(site, number, state="reviewed")  # keeps the words, and whose they are
    with newsroom(store) as other:
        sign_in(other, name="Ben")
        edit(other, number, state="concerns-us")
    assert as_json(site, number)["edited"]["by"] == "Anna"
    path = f"/changes/{number}"
    fields = filled(page(site, path), path)
    del fields["topic-security"]
    site.post(path, data=fields | {"severity": "high", "headline-en": ""})
    for each, was in zip((number, translated), before, strict=True):
        assert {**as_json(site, each), **dict.fromkeys(CHANGING)} == {
            **was,
            **dict.fromkeys(CHANGING),
        }


@pytest.mark.parametrize(
    "wrong",
    [
        {"severity": "huge"},
        {"headline_en": "x" * 301},
        {"note_en": "x" * 2001},
        {"note_en": "a\0b"},
    ],
)
def test_what_can_be_no_words_of_a_page_is_refused(
    site: httpx.Client, store: Database, wrong: dict[str, str]
) -> None:
    sign_in(site, name="Anna")
    number = change_id(store, PRIVACY)
    assert edit(site, number, **wrong).status_code == 400
    assert as_json(site, number)["edited"] is None


def test_an_alert_withdrawn_while_it_is_edited_says_so(
    site: httpx.Client, store: Database
) -> None:
    sign_in(site, name="Anna")
    number = change_id(store, PRIVACY)
    path = f"/changes/{number}"
    fields = filled(page(site, path), path)
    with one_at_a_time(store) as held:
        withdraw(
            held, PRIVACY, 2, actor=Actor("Ben", "pages"), reason="a test page"
        )
    answer = site.post(path, data=fields | {"headline-en": HEADLINE})
    assert answer.status_code == 410
    assert "a test page" in answer.text
    with store.reading() as session:
        assert reviews_of(session, number) == []


def test_the_name_of_a_reviewer_who_left_stays_under_the_words(
    store: Database,
) -> None:
    known = people("Anna", "Ben")
    access = Access(people=lambda: known)
    number = change_id(store, PRIVACY)
    with visited(store, access=access, now=lambda: day(30)) as site:
        sign_in(site, name="Anna")
        edit(site, number, note_en=NOTE)
        path = f"/changes/{number}"
        fields = filled(page(site, path), path)
        del known["Anna"]
        assert site.post(path, data=fields).status_code == 403
        assert text(page(site, path), "aside.retold p") == [NOTE, "Anna"]


def test_reading_again_keeps_the_words_and_a_raised_severity_alerts(
    tmp_path: Path, database_url: str
) -> None:
    with a_site() as library:
        library.pages["/privacy"] = policy()
        config = watchlist(tmp_path, library, database_url)
        strict = '[[routes]]\nseverity = "high"\n'
        config.write_text(config.read_text("utf-8").replace("[[routes]]\n", strict))
        run(config, status=0)
        library.pages["/privacy"] = policy(
            "We share your address with our printers."
        )
        found = run(config, status=0)["checks"][0]["change"]
        assert found["severity"] != "high"
        alerts = tmp_path / "alerts.txt"
        assert not alerts.exists()
        database = Database(load(config).database)
        state = _state(load(config), is_needed=True)
        access = Access(people=lambda: people("Anna"))
        with visited(database, access=access, state=lambda: state) as site:
            sign_in(site, name="Anna")
            edit(site, found["id"], severity="high", headline_en=HEADLINE)
            edit(site, found["id"], severity="high", note_en=NOTE)
        database.close()
        policywatch("deliver", "--config", config)
        assert alerts.read_text("utf-8").count(f"[High] {HEADLINE}") == 1
        policywatch("read", "--again", "--config", config)
        shown = json.loads(
            policywatch("show", found["id"], "--json", "--config", config)
        )
        assert (shown["severity"], shown["headline"]["text"]) == ("high", HEADLINE)
        assert shown["edited"]["machine"]["severity"] == found["severity"]
        printed = policywatch("show", found["id"], "--config", config)
        assert f"{NOTE} (Anna)" in printed
        assert "Edited by Anna" in printed


def test_words_are_edited_in_the_terminal(
    tmp_path: Path, database_url: str
) -> None:
    with a_site() as library:
        library.pages["/privacy"] = policy()
        config = watchlist(tmp_path, library, database_url)
        run(config, status=0)
        library.pages["/privacy"] = policy(AI)
        number = run(config, status=0)["checks"][0]["change"]["id"]

    def review(*words: str, status: int = 0) -> str:
        return policywatch(
            "review", number, *words, "--config", config, status=status
        )

    def edited() -> dict[str, Any]:
        shown = json.loads(
            policywatch("show", number, "--json", "--config", config)
        )
        return {**shown["edited"], "severity": shown["severity"]}

    assert "one of en" in review("reviewed", "--headline", HEADLINE, status=2)
    assert "severity" in review("reviewed", "--severity", "huge", status=2)
    review(
        "reviewed",
        "--by",
        "Anna",
        "--severity",
        "low",
        "--headline",
        f"en={HEADLINE}",
    )
    review("reviewed", "--by", "Ben", "--public-note", f"fr={NOTE}")
    review("concerns-us", "--by", "Eve")
    found = edited()
    assert (found["by"], found["severity"]) == ("Ben", "low")
    assert (found["headline"], found["note"]) == ({"en": HEADLINE}, {"fr": NOTE})
    assert HEADLINE in policywatch("changes", "--config", config)


def test_who_got_the_alert_gets_the_edited_words_if_the_editor_wants_it(
    tmp_path: Path, database_url: str
) -> None:
    with a_site() as library:
        library.pages["/privacy"] = policy()
        config = watchlist(tmp_path, library, database_url)
        run(config, status=0)
        library.pages["/privacy"] = policy(AI)
        number = run(config, status=0)["checks"][0]["change"]["id"]
        alerts = tmp_path / "alerts.txt"
        assert "Correction" not in alerts.read_text("utf-8")
        database = Database(load(config).database)
        state = _state(load(config), is_needed=True)
        access = Access(people=lambda: people("Anna"))
        with visited(database, access=access, state=lambda: state) as site:
            sign_in(site, name="Anna")
            edit(site, number, note_en="We ask the library.")
            policywatch("deliver", "--config", config)
            assert "We ask" not in alerts.read_text("utf-8")
            shown = page(site, f"/changes/{number}")
            assert (
                "to the 1 address that got the alert" in text(shown, ".triage")[0]
            )
            edit(site, number, headline_en=HEADLINE)
            edit(site, number, corrects="on")
        database.close()
        policywatch("deliver", "--config", config)
        policywatch("deliver", "--config", config)
        got = alerts.read_text("utf-8")
        assert got.count("This corrects our alert of") == 1
        assert f"Correction: [High] {HEADLINE}" in got
        assert "We ask the library. (Anna)" in got


def test_the_message_is_shown_as_it_will_be_sent(
    site: httpx.Client, store: Database
) -> None:
    number = change_id(store, PRIVACY)
    assert site.get(f"/changes/{number}/message").status_code == 403
    sign_in(site, name="Anna")
    edit(site, number, headline_fr=TITRE)
    links = hrefs(page(site, f"/changes/{number}"), ".triage details a")
    assert links == [
        f"/changes/{number}/message?lang={code}" for code in ("en", "fr")
    ]
    assert site.get(links[1]).text.startswith(f"[Gravité élevée] {TITRE}")


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_words_are_edited_in_a_browser(
    browser: Browser, store: Database, width: int
) -> None:
    number = change_id(store, PRIVACY)
    with newsroom(store) as site:
        context = browser.new_context(viewport={"width": width, "height": 800})
        here = context.new_page()
        here.goto(f"{site.base_url}/sign-in?next=/changes/{number}")
        here.get_by_label("Name").fill("Anna")
        here.get_by_label("Password").fill(PASSWORD)
        here.get_by_role("button", name="Sign in").click()
        here.get_by_text("Edit what is published").click()
        here.get_by_label("Headline (English)").fill(HEADLINE)
        here.get_by_label("Public note (English)").fill(NOTE)
        here.get_by_role("button", name="Save").click()
        expect(here.get_by_role("heading", level=1)).to_have_text(HEADLINE)
        complains_of_nothing(here, "/changes, edited")
        assert overflow(here) <= 0
        context.close()
