"""Routes that are added, edited and removed on the pages, whose addresses nobody reads there again."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from policywatch.web.access import Access
from storage.database import Database
from storage.journal import journal
from storage.routes import stored_routes
from tests.site import AI, Site, library, policy, policywatch, run, watchlist
from tests.test_web_editing import BEARER, current, filled
from tests.test_web_signing_in import HASHED, TOKEN
from tests.web_pages import text, visited

DATABASES = ["sqlite"]
SECRET = "T0KENT0KEN"
CHAT = f"json://chat.example.org/{SECRET}"
EDIT = "/routes/edit"
NEW = {"name": "chat", "when": "at once", "language": "en", "severity": "low"}
NEW |= {"enabled": "on", "to": CHAT}
site = pytest.fixture(library)


@pytest.fixture
def config(
    site: Site, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    site.pages["/terms"] = policy().replace("Privacy policy", "Terms")
    monkeypatch.setenv("CHAT_FILE", f"file://{tmp_path}/chat.txt")
    monkeypatch.delenv("UNSET", raising=False)
    return watchlist(tmp_path, site, database_url, ("privacy", "terms"))


@pytest.fixture
def admin(config: Path, database: Database) -> Iterator[httpx.Client]:
    with visited(
        database,
        access=Access(password=HASHED, token=TOKEN),
        state=partial(current, config, database),
    ) as client:
        client.headers.update(BEARER)
        yield client


def stored(database: Database) -> dict[str, list[str]]:
    with database.reading() as session:
        return {row.name: row.entry["to"] for row in stored_routes(session)}


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code == 422
    return text(LexborHTMLParser(answer.text), "[role=alert]")[0]


def test_a_route_is_added_tried_and_gets_the_alerts_of_the_next_run(
    admin: httpx.Client, site: Site, config: Path, tmp_path: Path
) -> None:
    run(config, status=0)
    assert text(LexborHTMLParser(admin.get("/routes").text), ".title") == ["all"]
    topics = {"topics.ai_training": "on"}
    added = admin.post(EDIT, data=NEW | {"to": "${CHAT_FILE}"} | topics)
    assert (added.status_code, added.headers["location"]) == (303, "/routes")
    shown = LexborHTMLParser(admin.get("/routes").text)
    assert text(shown, ".title") == ["all", "chat"]
    assert "was made on these pages" in shown.css("main li")[1].text()
    tested = admin.post("/routes", data={"name": "chat"})
    assert "test message was sent" in tested.text
    file = tmp_path / "chat.txt"
    file.unlink()
    site.pages["/privacy"] = policy("We moved to 5 Mole Lane.")
    run(config, status=0)
    assert not file.exists(), "its topic was not meant"
    site.pages["/privacy"] = policy(AI)
    run(config, status=0)
    assert "generative AI" in file.read_text("utf-8")
    last_month = LexborHTMLParser(admin.get("/routes").text).css("main > ul > li")[
        1
    ]
    assert "would have got 1 change" in last_month.text()
    assert policywatch("verify", "--config", config)


def test_an_address_is_written_once_and_shown_as_its_service_and_host(
    admin: httpx.Client, config: Path, database: Database
) -> None:
    assert admin.post(EDIT, data=NEW).status_code == 303
    path = f"{EDIT}?name=chat"
    fields = filled(admin, path)
    assert fields["to"].startswith("json://chat.example.org#")
    more = {"to": f"{fields['to']}\n${{CHAT_FILE}}", "severity": "high"}
    assert admin.post(EDIT, data=fields | more).status_code == 303
    assert stored(database) == {"chat": [CHAT, "${CHAT_FILE}"]}
    moved = fields | {"to": f"{fields['to']}\nnothing"}
    assert SECRET not in refusal(admin.post(EDIT, data=moved))
    assert stored(database) == {"chat": [CHAT, "${CHAT_FILE}"]}
    pages = [path, "/routes", "/health", "/work"]
    seen = "".join(admin.get(each).text for each in pages)
    seen += policywatch("journal", "--json", "--config", config)
    seen += policywatch("doctor", "--config", config, status=None)
    assert SECRET not in seen
    with database.reading() as session:
        edited, added = journal(session)[:2]
    assert (added.action, added.document_id, added.after) == ("add", "chat", {})
    assert edited.after == {
        "severity": "high",
        "to": [fields["to"], "${CHAT_FILE}"],
    }
    assert edited.before == {"severity": None, "to": [fields["to"]]}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"name": ""}, "Give the route a name"),
        ({"name": "a/b"}, "Give the route a name"),
        ({"name": "all"}, "Another route has this name"),
        ({"to": ""}, "at least one address"),
        ({"to": "nothing"}, "Address 1 cannot be used"),
        ({"to": f"{CHAT}\n${{UNSET}}"}, "Address 2 cannot be used"),
        ({"to": "ben@example.org"}, "Address 1 cannot be used"),
        ({"to": "json://chat.example.org#abcdef"}, "Address 1 is shown in short"),
        ({"to": "file:///etc/passwd"}, "Address 1 uses files"),
        ({"to": "json://127.0.0.1/hook"}, "Address 1 uses files"),
        ({"to": "json://chat.example.org/${HOME}"}, "Address 1 uses files"),
        (
            {"to": "discord://4174216298/JHMHI8qBe7bk2Zw?template=/etc/x"},
            "uses files",
        ),
        ({"to": "mailto://a:b@example.org?smtp=10.0.0.1"}, "Address 1 uses files"),
        ({"language": "xx"}, "Choose one of the languages"),
        ({"when": "often"}, "Write the times"),
        ({"when": "daily 08:00", "quiet": "22:00-07:00"}, "Write the times"),
        ({"wait": "long"}, "Write the times"),
        ({"documents": "library/none"}, "matches nothing that is watched"),
        ({"services": "Nobody"}, "matches nothing that is watched"),
        ({"kinds.novel": "on"}, "matches nothing that is watched"),
        ({"about": "Does it train models?"}, "needs a language model"),
    ],
)
def test_a_wrong_route_is_refused_and_what_was_typed_stays(
    admin: httpx.Client, database: Database, wrong: dict[str, str], reason: str
) -> None:
    answer = admin.post(EDIT, data=NEW | wrong)
    assert reason in refusal(answer)
    shown = LexborHTMLParser(answer.text)
    for name, value in wrong.items():
        field = shown.css_first(f"[name='{name}']")
        if field is not None and field.tag != "select":
            assert (field.attributes.get("value") or field.text()) == value
    assert stored(database) == {}


def test_errors_of_a_route_are_in_the_language_of_the_page(
    admin: httpx.Client,
) -> None:
    answer = admin.post(f"{EDIT}?lang=fr", data=NEW | {"to": ""})
    assert "au moins une adresse" in refusal(answer)


def test_a_renamed_route_keeps_its_address_and_what_waits_for_it(
    admin: httpx.Client,
    site: Site,
    config: Path,
    database: Database,
    tmp_path: Path,
) -> None:
    run(config, status=0)
    admin.post(EDIT, data=NEW | {"to": "${CHAT_FILE}", "when": "after review"})
    site.pages["/privacy"] = policy(AI)
    run(config, status=0)
    file = tmp_path / "chat.txt"
    assert not file.exists()
    fields = filled(admin, f"{EDIT}?name=chat")
    for taken in ("all", ""):
        assert refusal(admin.post(EDIT, data=fields | {"name": taken}))
    renamed = admin.post(EDIT, data=fields | {"name": "press", "when": "at once"})
    assert renamed.status_code == 303
    assert stored(database) == {"press": ["${CHAT_FILE}"]}
    assert admin.get(f"{EDIT}?name=chat").status_code == 404
    assert refusal(admin.post(EDIT, data=NEW)), "what waits goes by this name"
    policywatch("deliver", "--config", config)
    assert "generative AI" in file.read_text("utf-8")


def test_a_route_is_removed_once_it_was_asked(
    admin: httpx.Client, config: Path, database: Database
) -> None:
    admin.post(EDIT, data=NEW)
    assert admin.post(EDIT, data={"was": "none", "do": "remove"}).status_code == 404
    asked = admin.post(EDIT, data={"was": "chat", "do": "remove"})
    assert "Remove “chat” for good?" in asked.text
    assert stored(database)
    sure = {"was": "chat", "do": "remove", "sure": "yes"}
    assert admin.post(EDIT, data=sure).status_code == 303
    assert stored(database) == {}
    assert admin.post(EDIT, data=sure).status_code == 404
    with database.reading() as session:
        assert journal(session)[0].action == "remove"


def test_only_operators_reach_the_form(admin: httpx.Client) -> None:
    del admin.headers["Authorization"]
    assert admin.get(EDIT).status_code == 403
    assert admin.post(EDIT, data=NEW).status_code == 403


def test_the_route_of_the_file_applies_and_that_of_the_store_can_go(
    admin: httpx.Client, config: Path, database: Database
) -> None:
    assert admin.get(f"{EDIT}?name=all").status_code == 404, "the file has it"
    admin.post(EDIT, data=NEW)
    with config.open("a") as file:
        file.write('[[routes]]\nname = "chat"\nto = ["${CHAT_FILE}"]\n')
    shown = admin.get("/routes").text
    assert "which applies" in shown
    assert "${CHAT_FILE}" in shown
    assert "which applies" in admin.get(f"{EDIT}?name=chat").text
    sure = {"was": "chat", "do": "remove", "sure": "yes"}
    assert admin.post(EDIT, data=sure).status_code == 303
    assert "which applies" not in admin.get("/routes").text


def test_routes_move_between_a_file_and_the_store(
    admin: httpx.Client, config: Path, database: Database, tmp_path: Path
) -> None:
    run(config, status=0)
    admin.post(EDIT, data=NEW | {"documents": "library/terms"})
    printed = policywatch("watchlist", "export", "--config", config)
    assert tomllib.loads(printed)["routes"] == [
        {"name": "chat", "to": [CHAT], "documents": ["library/terms"]}
    ]
    more = tmp_path / "more.toml"
    more.write_text(
        printed.replace("chat", "press")
        + '[[routes]]\nname = "all"\nto = ["${CHAT_FILE}"]\n'
    )
    taken = policywatch("watchlist", "import", more, "--config", config, status=1)
    assert "1 route of" in taken
    assert "stays their owner: all." in " ".join(taken.split())
    assert set(stored(database)) == {"chat", "press"}
    for wrong, reason in (
        ('to = ["${UNSET}"]', "UNSET is not set"),
        ('to = ["nothing"]', "no Apprise address"),
        (
            'to = ["${CHAT_FILE}"]\ndocuments = ["library/none"]',
            "allowed: library/privacy, library/terms",
        ),
        ("to = []", "routes[0].to: write at least 1"),
    ):
        more.write_text(f'[[routes]]\nname = "wrong"\n{wrong}\n')
        said = policywatch(
            "watchlist", "import", more, "--config", config, status=2
        )
        assert reason in " ".join(said.split())
        assert "more.toml:" in said
    assert set(stored(database)) == {"chat", "press"}


def test_a_variable_that_is_gone_stops_a_run_and_an_import_mends_it(
    admin: httpx.Client,
    config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    admin.post(EDIT, data=NEW | {"to": "${CHAT_FILE}"})
    monkeypatch.delenv("CHAT_FILE")
    assert "CHAT_FILE" not in os.environ
    for command in ("run", "doctor"):
        said = policywatch(command, "--config", config, status=2)
        assert "chat.to[0]: the environment variable CHAT_FILE is not set" in said
    off = tmp_path / "off.toml"
    printed = policywatch("watchlist", "export", "--config", config)
    off.write_text(f"{printed}enabled = false\n")
    policywatch("watchlist", "import", off, "--config", config)
    run(config, status=0)


@pytest.mark.parametrize("of_file", [True, False])
def test_a_document_that_a_route_names_stays(
    admin: httpx.Client, site: Site, config: Path, of_file: bool
) -> None:
    new = {"url": f"{site.url}/help", "service": "Library", "kind": "help"}
    site.pages["/help"] = policy("Ask us.").replace("Privacy policy", "Help")
    assert admin.post(
        "/add", data={**new, "title": "Help", "keep": "yes"}
    ).is_redirect
    help_ = "library/help"
    if of_file:  # its id was in the file before
        entry = policywatch("watchlist", "export", "--config", config)
        text_before = config.read_text()
        route = f'[[routes]]\nname = "desk"\nto = ["${{CHAT_FILE}}"]\ndocuments = ["{help_}"]\n'
        config.write_text(f"{text_before}{route}{entry}")
        renamed = policywatch(
            *("documents", "rename", help_, "library/ask", "--config", config),
            status=1,
        )
    else:
        admin.post(EDIT, data=NEW | {"name": "desk", "documents": help_})
        answer = admin.post(
            f"/edit/{help_}", data={"do": "remove", "sure": "yes", "into": ""}
        )
        assert answer.status_code == 409
        assert "The route “desk” names library/help" in answer.text
        removed = policywatch(
            *("documents", "remove", help_, "--yes", "--config", config), status=1
        )
        assert "The route “desk” names" in " ".join(removed.split())
        renamed = policywatch(
            *("documents", "rename", help_, "library/ask", "--config", config),
            status=1,
        )
    assert "The route “desk” names library/help" in " ".join(renamed.split())
    assert json.loads(policywatch("documents", "--json", "--config", config))
    if not of_file:
        fields = filled(admin, f"{EDIT}?name=desk")
        admin.post(EDIT, data=fields | {"documents": f"{help_}\nlibrary/*"})
        refused = policywatch(
            *("documents", "rename", help_, "library/ask", "--config", config),
            status=1,
        )
        assert "names" in refused
        admin.post(EDIT, data=fields | {"documents": "library/*"})
        policywatch("documents", "rename", help_, "library/ask", "--config", config)
        assert "library/ask" in policywatch("documents", "--config", config)
