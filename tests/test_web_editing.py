"""What is done with documents on the pages: added, paused, checked now; and what is added there is watched."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from pdfminer.high_level import extract_text
from playwright.sync_api import Browser, expect
from selectolax.lexbor import LexborHTMLParser

from policywatch.cli.pages import _state
from policywatch.config.watchlist import load
from policywatch.entries import with_additions
from policywatch.web.access import Access
from policywatch.web.app import create_app
from policywatch.web.backend import WatchlistState
from storage.database import Database
from storage.documents import document, known
from storage.journal import journal
from storage.lock import one_at_a_time
from storage.subscribers import Subscriber, signed_up
from tests.site import (
    AI,
    Site,
    a_site,
    outcomes,
    policy,
    policywatch,
    run,
    watchlist,
)
from tests.test_web_browser import complains_of_nothing, overflow
from tests.test_web_signing_in import HASHED, PASSWORD, TOKEN, sign_in
from tests.web_pages import text, visited
from tests.web_server import served

DATABASES = ["sqlite"]

BEARER = {"Authorization": f"Bearer {TOKEN}"}
TERMS = "library/terms"


@pytest.fixture
def library() -> Iterator[Site]:
    with a_site() as site:
        site.pages["/privacy"] = policy()
        site.pages["/terms"] = policy("Bold &lt;script&gt;.").replace(
            "Privacy policy of", "Terms of use of"
        )
        site.pages["/help"] = policy("Ask us.")
        site.pages["/error"] = (
            "<html lang=en><title>Terms</title><h1>Terms</h1><p>Soon.</p>"
        )
        yield site


@pytest.fixture
def config(library: Site, database_url: str, tmp_path: Path) -> Path:
    return watchlist(tmp_path, library, database_url)


def current(config: Path, database: Database) -> WatchlistState:
    return _state(with_additions(load(config), database), is_needed=True)


def due(config: Path) -> dict[str, str]:
    """What a scheduled run checks, and what came of it."""
    return outcomes(json.loads(policywatch("run", "--json", "--config", config)))


@pytest.fixture
def admin(config: Path, database: Database) -> Iterator[httpx.Client]:
    with visited(
        database,
        access=Access(password=HASHED, token=TOKEN),
        state=partial(current, config, database),
    ) as client:
        yield client


def add(admin: httpx.Client, url: str, **more: str) -> httpx.Response:
    return admin.post(
        "/add", data={"url": url, "service": "Library", **more}, headers=BEARER
    )


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://[", "https://exa mple", "https://x:port/"]
)
def test_what_is_no_address_is_answered_in_a_sentence(
    admin: httpx.Client, url: str
) -> None:
    assert add(admin, url).status_code == 422


def test_what_is_added_on_the_pages_is_shown_first_and_watched_then(
    admin: httpx.Client, library: Site, config: Path, database: Database
) -> None:
    run(config, status=0)
    shown = add(admin, f"{library.url}/terms", title="Terms of use")
    assert shown.status_code == 200
    assert "We keep the list of the books that you borrow" in shown.text
    assert "&lt;script&gt;" in shown.text
    assert [
        entry.id for entry in with_additions(load(config), database).documents
    ] == ["library/privacy"]
    kept = add(admin, f"{library.url}/terms", title="Terms of use", keep="yes")
    assert (kept.status_code, kept.headers["location"]) == (
        303,
        f"/documents/{TERMS}",
    )
    assert "Watched since" in admin.get(f"/documents/{TERMS}").text
    assert due(config) == {}, "it is read already"
    assert (
        f"watched already, as {TERMS}" in add(admin, f"{library.url}/terms/").text
    )
    printed = tomllib.loads(policywatch("watchlist", "export", "--config", config))[
        "documents"
    ]
    assert [(entry["id"], entry["url"]) for entry in printed] == [
        (TERMS, f"{library.url}/terms")
    ]
    assert load(config).document(TERMS) is None, "the file is left alone"
    policywatch("documents", "rename", TERMS, "library/rules", "--config", config)
    assert outcomes(run(config, status=0)) == {
        "library/privacy": "unchanged",
        "library/rules": "unchanged",
    }
    removed = policywatch(
        "documents", "remove", "library/rules", "--yes", "--config", config
    )
    assert removed.endswith("Removed.\n")
    assert outcomes(run(config, status=0)) == {"library/privacy": "unchanged"}


def test_what_was_shown_is_the_first_version_whatever_the_page_says_now(
    admin: httpx.Client, library: Site, config: Path, database: Database
) -> None:
    run(config, status=0)
    sign_in(admin)
    url = f"{library.url}/terms"
    shown = LexborHTMLParser(add(admin, url, title="Terms of use").text)
    tried = shown.css_first("[name=tried]").attributes["value"] or ""
    asked = library.asked["/terms"]
    library.pages["/terms"] = str(library.pages["/terms"]).replace(
        "<p>Bold", "<p>We share your name with our printers.</p><p>Bold"
    )
    add(admin, url, title="Terms of use", tried=tried, keep="yes")
    assert library.asked["/terms"] == asked, "it is not fetched again"
    first = admin.get(f"/documents/{TERMS}/versions/1/text").text
    assert "Bold <script>" in first
    assert outcomes(run(config, status=0))[TERMS] == "changed"
    assert policywatch("verify", "--config", config)
    assert policywatch("database", "check", "--config", config)


def test_what_is_added_while_a_run_is_at_work_is_read_by_the_next(
    admin: httpx.Client, library: Site, config: Path, database: Database
) -> None:
    with one_at_a_time(database):
        kept = add(admin, f"{library.url}/terms", title="Terms of use", keep="yes")
    assert kept.status_code == 303
    run(config, status=0)
    assert (
        "We keep the list" in admin.get(f"/documents/{TERMS}/versions/1/text").text
    )


@pytest.mark.parametrize("language", ["fr", "de"])
def test_errors_are_in_the_language_of_the_page_and_name_no_command(
    admin: httpx.Client, language: str
) -> None:
    for path in ("/", "/changes", "/upcoming", "/health", "/services"):
        shown = admin.get(path, headers={"Accept-Language": language}).text
        assert "`" not in shown, path
    answer = admin.post(
        f"/add?lang={language}", data={"url": "ftp://x"}, headers=BEARER
    )
    assert answer.status_code == 422
    assert "Write" not in text(LexborHTMLParser(answer.text), "[role=alert]")[0]


def test_a_document_is_paused_resumed_and_checked_now(
    admin: httpx.Client, library: Site, database_url: str, tmp_path: Path
) -> None:
    config = watchlist(tmp_path, library, database_url, names=("privacy", "help"))
    run(config, status=0)
    path = "/documents/library/privacy"
    assert admin.post(path, data={"do": "pause"}).status_code == 403
    for word, checked in (("check", 1), ("pause", 0), ("resume", 0), ("check", 1)):
        assert (
            admin.post(path, data={"do": word}, headers=BEARER).status_code == 303
        )
        assert "Paused." in admin.get(path).text or word != "pause"
        assert len(due(config)) == checked, word
    assert (
        admin.post(
            "/documents/library/none", data={"do": "pause"}, headers=BEARER
        ).status_code
        == 404
    )
    admin.post(path, data={"do": "pause"}, headers=BEARER)
    assert "library/privacy" not in policywatch("documents", "--config", config)
    assert policywatch("doctor", "--alive", "--config", config).startswith("ok")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("path", "more", "reason"),
    [
        ("/error", {}, "no complete sentence on the page"),
        ("/none", {}, "gone: "),
        ("/privacy", {}, "it is watched already, as library/privacy"),
        (
            "/terms",
            {"title": "x", "service": "図書館"},
            "service and title make no id that is free",
        ),
        ("", {"url": "http://10.0.0.1/privacy"}, "is in a private network"),
        (
            "",
            {"url": "ftp://library.example/"},
            "Write the whole address of a page, beginning with https:// or http://",
        ),
        (
            "",
            {"url": "http://[::1"},
            "Write the whole address of a page",
        ),
    ],
)
def test_a_page_that_cannot_be_watched_is_refused_with_the_reason(
    admin: httpx.Client,
    library: Site,
    database: Database,
    path: str,
    more: dict[str, str],
    reason: str,
) -> None:
    answer = admin.post(
        "/add",
        data={"url": library.url + path, "keep": "yes", **more},
        headers=BEARER,
    )
    assert answer.status_code == 422
    assert reason in answer.text
    with database.reading() as session:
        assert known(session) == []


EDIT = f"/edit/{TERMS}"


def entry_of(config: Path, database: Database) -> dict[str, Any]:
    entry = with_additions(load(config), database).document(TERMS)
    assert entry is not None
    return entry.model_dump(exclude_unset=True)


def test_an_entry_is_edited_after_it_was_tried_on_the_stored_text(
    admin: httpx.Client,
    library: Site,
    config: Path,
    database: Database,
    tmp_path: Path,
) -> None:
    library.pages["/terms"] = str(library.pages["/terms"]).replace(
        "</main>", "<aside class=offer><p>Our offer of the week.</p></aside></main>"
    )
    add(admin, f"{library.url}/terms", title="Terms of use", keep="yes")
    run(config, status=0)
    assert (
        "Our offer of the week." in admin.get(f"/documents/{TERMS}/versions/1").text
    )
    before = entry_of(config, database)
    fields = {**before, "remove": ".offer", "every": "1d", "title": "House rules"}
    tried = admin.post(EDIT, data=fields, headers=BEARER)
    assert tried.status_code == 200
    taken = text(LexborHTMLParser(tried.text), ".diff del")
    assert taken == ["removed: Our offer of the week. (end)"]
    assert entry_of(config, database) == before, "nothing is saved yet"
    kept = admin.post(EDIT, data={**fields, "keep": "yes"}, headers=BEARER)
    assert (kept.status_code, kept.headers["location"]) == (
        303,
        f"/documents/{TERMS}",
    )
    assert "House rules" in admin.get(f"/documents/{TERMS}").text
    assert entry_of(config, database) == {**fields, "remove": [".offer"]}
    run(config, status=0)
    assert "Our offer" not in admin.get(f"/documents/{TERMS}/versions/2").text
    assert not (tmp_path / "alerts.txt").exists()
    with database.reading() as session:
        entry = journal(session)[0]
    assert (entry.action, entry.after) == (
        "edit",
        {"every": "1d", "remove": [".offer"], "title": "House rules"},
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"select": "#nowhere"}, "#nowhere"),
        ({"select": "main >"}, "One of the lines is not a CSS selector."),
        ({"every": "often"}, "Write the interval as a number and m, h or d"),
        ({"title": ""}, "Not saved"),
        ({"url": "{site}/privacy"}, "it is watched already, as library/privacy"),
    ],
)
def test_an_edit_that_would_lose_the_text_is_refused_and_what_was_typed_stays(
    admin: httpx.Client,
    library: Site,
    config: Path,
    database: Database,
    wrong: dict[str, str],
    reason: str,
) -> None:
    add(admin, f"{library.url}/terms", title="Terms of use", keep="yes")
    run(config, status=0)
    before = entry_of(config, database)
    typed = {name: each.format(site=library.url) for name, each in wrong.items()}
    answer = admin.post(
        EDIT, data={**before, **typed, "keep": "yes"}, headers=BEARER
    )
    assert answer.status_code == 422
    shown = LexborHTMLParser(answer.text)
    assert reason in text(shown, "[role=alert]")[0]
    for name, value in typed.items():
        field = shown.css_first(f"[name={name}]")
        assert (field.attributes.get("value") or field.text()) == value, name
    assert entry_of(config, database) == before


def test_one_owner_of_an_entry_and_the_file_comes_first(
    admin: httpx.Client, library: Site, config: Path
) -> None:
    add(admin, f"{library.url}/terms", title="Terms of use", keep="yes")
    run(config, status=0)
    assert admin.get(EDIT).status_code == 403
    assert "made on these pages" in admin.get(EDIT, headers=BEARER).text
    printed = policywatch("documents", "--toml", "--config", config)
    assert printed == policywatch("watchlist", "export", "--config", config)
    config.write_text(config.read_text("utf-8") + printed, "utf-8")
    shown = admin.get(EDIT, headers=BEARER).text
    assert "stands in the watchlist file" in shown
    assert "Remove the document" not in shown
    sure = {"do": "remove", "sure": "yes"}
    assert admin.post(EDIT, data=sure, headers=BEARER).status_code == 404


def test_an_entry_of_the_file_is_edited_here_until_it_is_given_back(
    admin: httpx.Client,
    library: Site,
    config: Path,
    database: Database,
    tmp_path: Path,
) -> None:
    run(config, status=0)
    path = "/edit/library/privacy"
    assert "replaces the entry of the file" in admin.get(path, headers=BEARER).text
    fields = filled(admin, path)
    assert fields["url"] == f"{library.url}/privacy"
    kept = admin.post(
        path, data={**fields, "title": "Our privacy", "keep": "yes"}, headers=BEARER
    )
    assert kept.status_code == 303, kept.text
    config.write_text(
        config.read_text("utf-8").replace('title = "', 'title = "Old ')
    )
    assert outcomes(run(config, status=0)) == {"library/privacy": "unchanged"}
    shown = admin.get("/documents/library/privacy").text
    assert "Our privacy" in shown
    assert "takes the place of" in admin.get(path, headers=BEARER).text
    sure = {"do": "remove", "sure": "yes"}
    assert admin.post(path, data=sure, headers=BEARER).status_code == 404
    given_back = admin.post(path, data={"do": "release"}, headers=BEARER)
    assert given_back.status_code == 303
    run(config, status=0)
    assert "Old " in admin.get("/documents/library/privacy").text
    assert not (tmp_path / "alerts.txt").exists()
    with database.reading() as session:
        back, edit = journal(session)[:2]
    assert (edit.action, edit.after) == ("edit", {"title": "Our privacy"})
    assert back.before["title"] == "Our privacy"
    assert policywatch("doctor", "--config", config, status=None)


def filled(admin: httpx.Client, path: str) -> dict[str, str]:
    """The form as the page has it."""
    form = LexborHTMLParser(admin.get(path, headers=BEARER).text).css_first(
        "form.add"
    )
    fields = dict[str, str]()
    for node in form.css("input, textarea, select"):
        name = node.attributes["name"] or ""
        if node.tag == "select":
            chosen = node.css_first("option[selected]") or node.css_first("option")
            value = chosen.attributes.get("value") or chosen.text()
            fields[name] = (
                ""
                if "value" in chosen.attributes and not chosen.attributes["value"]
                else value
            )
        elif node.tag == "textarea":
            fields[name] = node.text()
        elif node.attributes.get("type") != "checkbox":
            fields[name] = node.attributes["value"] or ""
        elif "checked" in node.attributes:
            fields[name] = "on"
    return fields


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_how_a_page_is_fetched_is_edited_too(
    admin: httpx.Client, library: Site, config: Path, database: Database
) -> None:
    add(admin, f"{library.url}/terms", title="Terms of use", keep="yes")
    fields = filled(admin, EDIT)

    def save(**more: str) -> str:
        answer = admin.post(
            EDIT, data={**fields, **more, "keep": "yes"}, headers=BEARER
        )
        if answer.status_code == 303:
            return ""
        return text(LexborHTMLParser(answer.text), "[role=alert]")[0]

    before = entry_of(config, database)
    assert save() == ""
    assert entry_of(config, database) == before, "nothing was edited"
    assert save(robots="ignore", render="on", fallback="wayback") == ""
    edited = entry_of(config, database)
    assert edited == before | {
        "robots": "ignore",
        "render": True,
        "fallback": "wayback",
    }
    two = f"{library.url}/terms\n{library.url}/help"
    assert "one address only" in save(url=two, fallback="wayback")
    assert "needs the address of a Git" in save(source="open-terms-archive")
    archive = {"repository": "nowhere", "type": "Terms of Service"}
    assert "Git" in save(source="open-terms-archive", **archive)
    assert "whole address" in save(url="")
    assert entry_of(config, database) == edited
    assert save(url=two) == ""
    assert entry_of(config, database)["urls"] == two.splitlines()
    assert filled(admin, EDIT)["url"] == two, "each in its line"
    assert outcomes(run(config, status=0))[TERMS] in ("changed", "held", "cosmetic")


def test_entries_move_between_a_file_and_the_store(
    admin: httpx.Client,
    library: Site,
    config: Path,
    database: Database,
    tmp_path: Path,
) -> None:
    add(admin, f"{library.url}/terms", title="Terms of use", keep="yes")
    run(config, status=0)
    more = tmp_path / "more.toml"
    more.write_text(
        policywatch("watchlist", "export", "--config", config).replace(
            'title = "Terms of use"', 'title = "House rules"'
        )
        + f'''
[[documents]]
id = "library/help"
service = "Library"
title = "Help"
kind = "help"
allow_private = true
url = "{library.url}/help"
[[documents]]
id = "library/privacy"
service = "Library"
title = "Mine"
kind = "privacy-policy"
url = "{library.url}/privacy"
'''
    )
    printed = policywatch("watchlist", "import", more, "--config", config, status=1)
    assert "2 documents of" in printed
    assert "stays their owner: library/privacy" in " ".join(printed.split())
    assert sorted(outcomes(run(config, status=0))) == [
        "library/help",
        "library/privacy",
        TERMS,
    ]
    assert entry_of(config, database)["title"] == "House rules"
    with database.reading() as session:
        help_, edit = journal(session)[:2]
    assert (edit.action, edit.after) == ("edit", {"title": "House rules"})
    assert (help_.action, help_.document_id) == ("add", "library/help")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('[[documents]]\nid = "x"\n')
    refused = policywatch(
        "watchlist", "import", wrong, "--config", config, status=2
    )
    assert "wrong.toml" in refused


def test_a_duplicate_goes_and_who_follows_it_follows_the_other(
    admin: httpx.Client, library: Site, config: Path, database: Database
) -> None:
    run(config, status=0)
    add(admin, f"{library.url}/terms", title="Terms of use", keep="yes")
    facts = {"topics": [], "severity": "low", "language": "en"}
    with database.writing() as session:
        at = document(session, TERMS).added_at
        session.add(
            Subscriber(
                address="a@example.org", document=TERMS, requested_at=at, **facts
            )
        )
    asked = admin.post(EDIT, data={"do": "remove"}, headers=BEARER)
    assert "It is a duplicate of" in asked.text
    into = "library/privacy"
    assert f'value="{into}"' in asked.text
    sure = {"do": "remove", "sure": "merge"}
    for wrong in ("library/none", TERMS):
        answer = admin.post(EDIT, data={**sure, "into": wrong}, headers=BEARER)
        assert answer.status_code == 404
    done = admin.post(EDIT, data={**sure, "into": into}, headers=BEARER)
    assert done.headers["location"] == f"/documents/{into}"
    moved = admin.get(f"/documents/{TERMS}")
    assert (moved.status_code, moved.headers["location"]) == (
        301,
        f"/documents/{into}",
    )
    with database.reading() as session:
        assert [each.document for each in signed_up(session)] == [into]
        assert journal(session)[0].after == {"into": into}
    add(admin, f"{library.url}/terms", title="Terms of use", keep="yes")
    assert admin.get(f"/documents/{TERMS}").status_code == 200, (
        "it is watched again"
    )
    assert policywatch("verify", "--config", config)


def test_the_history_of_a_duplicate_becomes_that_of_the_document_that_stays(
    admin: httpx.Client,
    library: Site,
    config: Path,
    database: Database,
    tmp_path: Path,
) -> None:
    add(admin, f"{library.url}/terms", title="Terms of use", keep="yes")
    alerts, into = tmp_path / "alerts.txt", "library/other-terms"
    for words in (AI, f"{AI} {AI}"):
        library.pages["/terms"] = policy(words).replace("Privacy policy", "Terms")
        run(config, status=0)
    sent = alerts.read_text("utf-8")
    library.pages["/other"] = library.pages["/terms"]
    new = {"title": "Other terms", "kind": "terms", "keep": "yes"}
    assert add(admin, f"{library.url}/other", **new).status_code == 303
    library.pages["/other"] = policy("We moved.").replace("Privacy policy", "Terms")
    library.pages["/terms"] = policy("We went.").replace("Privacy policy", "Terms")
    run(config, status=0)
    sent = alerts.read_text("utf-8")
    chosen = {"do": "remove", "into": into, "sure": "yes"}
    asked = admin.post(EDIT, data=chosen, headers=BEARER)
    assert asked.status_code == 200
    assert (
        "3 versions from before the first own text of “Other terms”" in asked.text
    )
    with one_at_a_time(database):
        busy = admin.post(EDIT, data={**chosen, "sure": "merge"}, headers=BEARER)
    assert (busy.status_code, "A run is in progress." in busy.text) == (409, True)
    done = admin.post(EDIT, data={**chosen, "sure": "merge"}, headers=BEARER)
    assert (done.status_code, done.headers["location"]) == (
        303,
        f"/documents/{into}",
    )
    printed = policywatch("history", into, "--json", "--config", config)
    history, changes = (
        json.loads(printed)[each] for each in ("versions", "changes")
    )
    assert [each["source"] for each in history] == [f"duplicate {TERMS}"] * 3 + [
        None
    ] * 2
    times = [each["captured_at"] for each in history]
    assert times == sorted(times)
    after = {each["versions"]["after"]["number"] for each in changes}
    assert after == {2, 3, 5}, "our first text is the last of the duplicate"
    assert (
        admin.get(f"/documents/{TERMS}").headers["location"] == f"/documents/{into}"
    )
    run(config, status=0)
    assert alerts.read_text("utf-8") == sent, "history alerts nobody"
    assert policywatch("verify", "--config", config)
    assert policywatch("database", "check", "--config", config)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_route_of_the_file_names_what_only_the_store_has(
    admin: httpx.Client, library: Site, config: Path, database: Database
) -> None:
    id_, page = "archive/terms", {"service": "Archive", "kind": "terms"}
    assert add(admin, f"{library.url}/terms", **page, keep="yes").status_code == 303
    filters = {
        "documents": "archive/t*",
        "services": "Archive",
        "kinds": "terms",
        "languages": "en",
    }
    table = '[[routes]]\nname = "terms"\nto = ["console://"]\n'
    table += "".join(f'{key} = ["{value}"]\n' for key, value in filters.items())
    config.write_text(config.read_text("utf-8") + table, "utf-8")
    run(config, status=0)
    assert policywatch("doctor", "--alive", "--config", config).startswith("ok")
    entry = with_additions(load(config), database).document(id_)
    assert entry is not None
    before = entry.model_dump(exclude_unset=True)
    for edit in (
        {"service": "Library"},
        {"kind": "notice"},
        {"do": "remove", "sure": "yes"},
    ):
        refused = admin.post(
            f"/edit/{id_}", data={**before, "keep": "yes", **edit}, headers=BEARER
        )
        assert refused.status_code in (409, 422)
        assert "change that route first" in refused.text, edit
    policywatch(
        "documents", "rename", id_, "library/terms", "--config", config, status=1
    )
    policywatch("documents", "rename", id_, "archive/tou", "--config", config)
    admin.post("/documents/archive/tou", data={"do": "pause"}, headers=BEARER)
    run(config, status=0)
    config.write_text(
        config.read_text("utf-8").replace("archive/t*", "none"), "utf-8"
    )
    assert "routes[1].documents: found 'none'; allowed: " in policywatch(
        "run", "--config", config, status=2
    )


def test_a_document_is_removed_once_it_was_said_what_goes(
    admin: httpx.Client, library: Site, config: Path, database: Database
) -> None:
    add(admin, f"{library.url}/terms", title="Terms of use", keep="yes")
    run(config, status=0)
    assert admin.post(EDIT, data={"do": "remove"}).status_code == 403
    asked = admin.post(EDIT, data={"do": "remove"}, headers=BEARER)
    assert "Versions: 1, changes: 0, checks: 2, messages: 0." in asked.text
    sure = {"do": "remove", "sure": "yes"}
    with one_at_a_time(database):
        busy = admin.post(EDIT, data=sure, headers=BEARER)
    assert (busy.status_code, "A run is in progress." in busy.text) == (409, True)
    done = admin.post(EDIT, data=sure, headers=BEARER)
    assert done.headers["location"] == "/services"
    assert admin.get(f"/documents/{TERMS}").status_code == 404
    assert outcomes(run(config, status=0)) == {"library/privacy": "unchanged"}
    assert policywatch("verify", "--config", config)


@pytest.mark.browser
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("width", [390, 1280])
def test_a_selector_is_changed_and_the_document_removed_in_a_browser(
    browser: Browser, library: Site, config: Path, database: Database, width: int
) -> None:
    app = create_app(
        database,
        access=Access(password=HASHED, token=TOKEN),
        state=partial(current, config, database),
    )
    context = browser.new_context(
        locale="en-GB", viewport={"width": width, "height": 800}
    )
    window = context.new_page()
    with served(app) as home, httpx.Client(base_url=home) as admin:
        add(admin, f"{library.url}/terms", title="Terms of use", keep="yes")
        run(config, status=0)
        window.goto(f"{home}/sign-in?next=/documents/{TERMS}")
        window.get_by_label("Password").fill(PASSWORD)
        window.get_by_role("button", name="Sign in").click()
        window.get_by_role("link", name="Edit or remove").click()
        window.get_by_label("Without these elements").fill("main p:last-child")
        window.get_by_role("button", name="Show what would be read").click()
        expect(window.get_by_text("1 passage removed")).to_be_visible()
        window.get_by_text("How it is fetched").click()
        complains_of_nothing(window, "/edit")
        assert overflow(window) <= 0
        window.get_by_role("button", name="Save").click()
        window.get_by_role("link", name="Edit or remove").click()
        expect(window.get_by_label("Without these elements")).to_have_value(
            "main p:last-child"
        )
        window.get_by_role("button", name="Remove the document").click()
        complains_of_nothing(window, "/edit, asked")
        window.get_by_role("button", name="Remove the document").click()
        expect(window.get_by_role("heading", level=1)).to_have_text("Services")
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_from_an_address_to_a_reviewed_change_in_a_browser(
    browser: Browser,
    library: Site,
    config: Path,
    database: Database,
    tmp_path: Path,
) -> None:
    app = create_app(
        database,
        access=Access(password=HASHED),
        state=partial(current, config, database),
    )
    context = browser.new_context(
        java_script_enabled=False, locale="en-GB", accept_downloads=True
    )
    window = context.new_page()
    with served(app) as home:
        window.goto(f"{home}/add")
        window.get_by_role("main").get_by_role("link", name="Sign in").click()
        window.get_by_label("Password").fill(PASSWORD)
        window.get_by_role("button", name="Sign in").click()
        window.get_by_label("Address").fill(f"{library.url}/terms")
        window.get_by_label("Title").fill("Terms of use")
        window.get_by_role("button", name="Show what would be read").click()
        expect(window.get_by_text("We keep the list of the books")).to_be_visible()
        expect(window.get_by_label("Kind")).to_have_value("terms")
        window.get_by_role("button", name="Watch it as").click()
        expect(window.get_by_role("heading", level=1)).to_have_text("Terms of use")
        expect(window.get_by_text("First stored text.")).to_be_visible()
        due(config)
        library.pages["/terms"] = str(library.pages["/terms"]).replace(
            "<p>We collect", f"<p>{AI}</p><p>We collect"
        )
        window.get_by_role("button", name="Check now").click()
        expect(window.get_by_text("A check was requested")).to_be_visible()
        assert due(config) == {TERMS: "changed"}
        window.goto(f"{home}/changes")
        window.get_by_role("heading", level=3).get_by_role("link").first.click()
        window.get_by_label("Your name").fill("Anna")
        window.get_by_label("Internal note").fill("<b>=1+1</b>")
        window.get_by_role("button", name="Save").click()
        expect(window.locator(".triage li")).to_contain_text("<b>=1+1</b>")
        answer = context.request.get(
            f"{home}{window.get_by_role('link', name='PDF').get_attribute('href')}"
        )
        assert answer.headers["content-type"] == "application/pdf"
        window.goto(f"{home}/documents/{TERMS}")
        window.get_by_role("button", name="Pause").click()
        expect(window.get_by_role("button", name="Watch again")).to_be_visible()
    context.close()
    file = tmp_path / "record.pdf"
    policywatch("export", "pdf", file, "--since", "2020-01-01", "--config", config)
    shown = " ".join(extract_text(file).split())
    assert "Record of policy changes 1 change" in shown
    assert "Anna" in shown
    assert "<b>=1+1</b>" in shown
    assert len(re.findall(r"captured .+? SHA-256 [0-9a-f]{64}", shown)) == 2
    assert re.search(r"\b1 / \d", shown)
