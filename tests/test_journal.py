"""Who did what: named people, the journal, and what the operator hears where the watch sees less."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from foundation.vocabulary import NoticeKind
from policywatch.config.schema import PersonEntry
from policywatch.web.access import Access
from storage.database import Database
from storage.deliveries import notices_of
from storage.documents import Document
from storage.errors import UnknownDocument
from storage.journal import Action, Actor, enter, journal
from storage.removal import remove, rename
from storage.reviews import reviews_of
from tests.site import Site, a_site, policy, policywatch, run, serving, watchlist
from tests.story_of_parley import NOTES
from tests.web_pages import change_id, page, text, visited

ID = "library/privacy"
PASSWORD = "Anna's very own password"
HASHED = PasswordHasher.from_parameters(CHEAPEST).hash(PASSWORD)
SHARED = "a password that many share"
PEOPLE = f"""
[[people]]
name = "Anna"
password = "{HASHED}"
[[people]]
name = "Ben"
password = "${{BEN}}"
"""


@pytest.fixture
def library() -> Iterator[Site]:
    with a_site() as site:
        site.pages["/privacy"] = policy()
        site.pages["/terms"] = policy("Terms.")
        yield site


@pytest.fixture
def config(library: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BEN", "Ben's very own password")
    monkeypatch.setenv("POLICYWATCH_PASSWORD", SHARED)
    config = watchlist(
        tmp_path, library, f"sqlite:///{tmp_path}/watch.db", ("privacy", "terms")
    )
    config.write_text(config.read_text() + PEOPLE)
    run(config, status=0)
    return config


def pages(home: str) -> httpx.Client:
    return httpx.Client(
        base_url=home, headers={"Accept-Language": "en"}, timeout=60, verify=False
    )


@contextmanager
def signed_in(home: str, **fields: str) -> Iterator[httpx.Client]:
    with pages(home) as client:
        answer = client.post("/sign-in", data=fields)
        assert answer.status_code == 303, answer.text
        yield client


def do(client: httpx.Client, what: str, id_: str = ID) -> None:
    path = f"/documents/{id_}"
    csrf = (
        page(client, path)
        .css_first(f"form[action='{path}'] input[name=csrf]")
        .attributes["value"]
    )
    assert (
        client.post(path, data={"csrf": csrf or "", "do": what}).status_code == 303
    )


def entries(config: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(
        policywatch("journal", "--json", "--config", config)
    )
    return found


def test_who_pauses_a_document_is_named_to_the_operator_by_doctor_and_in_the_journal(
    config: Path, tmp_path: Path
) -> None:
    assert "Nobody did anything yet." in policywatch("journal", "--config", config)
    with (
        serving(config) as (home, _),
        signed_in(home, name="Anna", password=PASSWORD) as anna,
    ):
        do(anna, "pause")
        do(anna, "pause")  # nothing is done a second time
        shown = text(page(anna, "/health"), "[aria-labelledby=journal] li")
        assert len(shown) == 1
        assert shown[0].endswith(f"Paused · {ID} · by Anna")
        with pages(home) as public:
            assert not page(public, "/health").css("[aria-labelledby=journal]")
    assert [
        (each["by"], each["via"], each["action"], each["document"])
        for each in entries(config)
    ] == [("Anna", "pages", "pause", ID)]
    policywatch("deliver", "--config", config)
    assert (
        f"{ID} is no longer checked: it was paused by Anna."
        in (tmp_path / "operator.txt").read_text()
    )
    told = [
        line
        for line in policywatch(
            "doctor", "--config", config, status=None
        ).splitlines()
        if "is paused" in line
    ]
    assert len(told) == 1
    assert told[0].startswith(f"note  {ID}: is paused, and not checked, since 20")
    assert "by Anna" in told[0]


def test_the_operator_hears_of_it_even_if_all_documents_are_paused(
    config: Path, tmp_path: Path
) -> None:
    with serving(config) as (home, _), signed_in(home, password=SHARED) as someone:
        for id_ in (ID, "library/terms"):
            do(someone, "pause", id_)
    assert "nothing is watched" in policywatch("run", "--config", config, status=2)
    told = (tmp_path / "operator.txt").read_text()
    assert (
        told.count(
            "is no longer checked: it was paused by someone with the shared password."
        )
        == 2
    )


def test_people_sign_in_by_their_own_passwords_and_who_is_taken_out_is_signed_out(
    config: Path,
) -> None:
    with serving(config) as (home, _), pages(home) as nobody:
        for name, password in (
            ("Anna", SHARED),
            ("Ben", PASSWORD),
            ("Carl", PASSWORD),
            ("", PASSWORD),
        ):
            answer = nobody.post(
                "/sign-in", data={"name": name, "password": password}
            )
            assert answer.status_code == 403, name
            assert "Wrong name or password." in answer.text
    with (
        serving(config) as (home, _),
        signed_in(home, name="Ben", password="Ben's very own password") as ben,
        signed_in(home, password=SHARED) as someone,
    ):
        do(ben, "pause")
        do(someone, "resume")
        config.write_text(
            config.read_text().replace('name = "Ben"', 'name = "Benno"')
        )
        assert "Sign out" in someone.get("/health").text
        assert "Sign out" not in ben.get("/health").text
    assert [(each["by"], each["action"]) for each in entries(config)] == [
        ("", "resume"),
        ("Ben", "pause"),
    ]
    listed = policywatch("journal", "--config", config)
    assert "someone with the shared password" in listed


def test_the_proxy_says_who_signed_in_there_and_nobody_else_may(
    config: Path,
) -> None:
    written = config.read_text() + '[[people]]\nname = "Zoë"\nrole = "operator"\n'
    config.write_text(written)
    assert "--user-header" in policywatch("serve", "--config", config, status=2)
    header = ("--user-header", "Remote-User")
    alone = policywatch("serve", *header, "--config", config, status=2)
    assert "give --trusted-proxy ADDRESS beside it" in alone
    zoe = {"Remote-User": "Zoë".encode(), "X-Forwarded-For": "192.0.2.7"}
    with (
        serving(config, "--trusted-proxy", "127.0.0.1", *header) as (home, _),
        pages(home) as client,
    ):
        assert "Sign out" not in client.get("/health").text
        for name in (b"Nobody", b""):
            shown = client.get("/work", headers={"Remote-User": name})
            assert shown.status_code == 303, name
        client.headers.update(zoe)
        assert "Remove the document" not in client.get("/work").text
        assert page(client, "/work").css("h1")
        do(client, "pause")
        assert (
            client.post(f"/documents/{ID}", data={"do": "resume"}).status_code
            == 403
        )
        config.write_text(written.replace('name = "Zoë"', 'name = "Zed"'))
        assert client.get("/work").status_code == 303
        config.write_text(written)
        twice = [("Remote-User", "Zoë".encode()), ("Remote-User", b"Anna")]
        with pages(home) as other:
            assert other.get("/work", headers=twice).status_code == 303
    with (
        serving(config, "--trusted-proxy", "192.0.2.1", *header) as (home, _),
        pages(home) as client,
    ):
        assert client.get("/work", headers=zoe).status_code == 303
    assert [(each["by"], each["action"]) for each in entries(config)] == [
        ("Zoë", "pause")
    ]


def test_a_review_is_signed_by_who_signed_in_whatever_name_the_form_has(
    story_file: Path, tmp_path: Path
) -> None:
    database = Database(
        f"sqlite:///{shutil.copyfile(story_file, tmp_path / 'store.db')}"
    )
    change = change_id(database, NOTES)
    anna = PersonEntry(name="Anna", password=HASHED)
    with visited(database, access=Access(people=lambda: {"Anna": anna})) as site:
        assert (
            site.post("/sign-in", data={"password": PASSWORD}).status_code == 403
        ), "there is no shared password"
        site.post("/sign-in", data={"name": "Anna", "password": PASSWORD})
        shown = page(site, f"/changes/{change}")
        assert not shown.css("#review-by")
        csrf = shown.css_first(".triage input[name=csrf]").attributes["value"] or ""
        form = {"csrf": csrf, "state": "reviewed", "note": "", "by": "Ben"}
        assert site.post(f"/changes/{change}", data=form).status_code == 303
    with database.reading() as session:
        assert [review.by for review in reviews_of(session, change)][-1] == "Anna"
        (entry,) = journal(session)
        assert (entry.by, entry.action, entry.document_id) == (
            "Anna",
            "review",
            NOTES,
        )
        assert (entry.before["state"], entry.after["state"]) == ("new", "reviewed")
    database.close()


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("short", "it is too short: take at least 12 characters"),
        ("$argon2id$nothing", "it begins like an argon2 hash and is none"),
        ("${NOBODY}", "the environment variable NOBODY is not set"),
    ],
)
def test_a_password_that_protects_nothing_stops_the_pages(
    library: Site, tmp_path: Path, password: str, problem: str
) -> None:
    config = watchlist(tmp_path, library, f"sqlite:///{tmp_path}/watch.db")
    config.write_text(
        f'{config.read_text()}\n[[people]]\nname = "Anna"\npassword = "{password}"\n'
    )
    told = policywatch("serve", "--config", config, status=2)
    assert f"people[0].password: {problem}" in told


def test_commands_are_in_the_journal_with_what_was_before(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "olga")
    policywatch(
        "documents", "rename", ID, "library/privacy-policy", "--config", config
    )
    policywatch(
        "documents", "remove", "library/privacy-policy", "--yes", "--config", config
    )
    removed, renamed = entries(config)
    assert (renamed["by"], renamed["via"], renamed["before"]) == (
        "olga",
        "command",
        {"id": ID},
    )
    with Database(f"sqlite:///{config.with_name('watch.db')}").reading() as session:
        assert notices_of(session, NoticeKind.NARROWED) == [], (
            "who gave the command knows"
        )
    assert removed["before"] == {
        "versions": 1,
        "changes": 0,
        "checks": 1,
        "deliveries": 0,
        "imported": False,
    }


def test_an_entry_outlives_its_document_and_a_notice_is_written_with_it(
    database: Database,
) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    facts = {
        "service": "Library",
        "title": "Privacy",
        "kind": "privacy-policy",
        "url": "https://library.example/",
    }
    with database.writing() as session:
        session.add(Document(id=ID, language="en", added_at=at, **facts))
    with database.writing() as session:
        enter(session, Actor("", "token"), Action.RESUME, ID, at=at)
        enter(session, Actor("", "token"), Action.PAUSE, ID, at=at)
        rename(session, ID, "library/other")
        remove(session, "library/other")
    with database.reading() as session:
        assert [entry.action for entry in journal(session)] == ["pause", "resume"]
        (notice,) = notices_of(session, NoticeKind.NARROWED)
        assert notice.facts == {
            "action": "pause",
            "by": "",
            "via": "token",
            "document": ID,
        }
    with suppress(UnknownDocument), database.writing() as session:
        enter(session, Actor("", "token"), Action.REJECT, ID, at=at)
        remove(session, ID)
    with database.reading() as session:
        assert len(journal(session)) == 2
        assert len(notices_of(session, NoticeKind.NARROWED)) == 1
