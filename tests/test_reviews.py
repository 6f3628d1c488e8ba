"""What people make of a change: its state and trail, on pages, in the terminal, for programs and spreadsheets."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from foundation.vocabulary import ReviewState
from policywatch.web.access import Access
from storage.database import Database
from storage.reviews import add_review, reviews_of
from tests.site import policywatch
from tests.stories import ANNA, day
from tests.story_of_parley import NOTES, PRIVACY, TERMS, tell, told_with_config
from tests.test_web_signing_in import HASHED, TOKEN, form, sign_in
from tests.web_pages import change_id, page, text, visited

config = pytest.fixture(told_with_config)
BEARER = {"Authorization": f"Bearer {TOKEN}"}
FORMULA = "=HYPERLINK(1)<b>"


@pytest.fixture
def site(store: Database) -> Iterator[httpx.Client]:
    tell(store)
    with visited(store, access=Access(password=HASHED, token=TOKEN)) as client:
        yield client


def test_a_change_is_reviewed_in_the_terminal_on_both_databases(
    config: Path, database: Database
) -> None:
    number = change_id(database, PRIVACY)
    assert policywatch(
        "review", number, "reviewed", "--by", "Anna", "--config", config
    ) == (f"Change {number}: reviewed, by Anna.\n")
    policywatch(
        "review",
        number,
        "concerns-us",
        "--note",
        FORMULA,
        "--by",
        "Ben\x1b",
        "--config",
        config,
    )
    shown = json.loads(policywatch("show", number, "--json", "--config", config))
    assert [
        (each["state"], each["note"], each["by"]) for each in shown["reviews"]
    ] == [
        ("reviewed", "", "Anna"),
        ("concerns-us", FORMULA, "Ben\ufffd"),
    ]
    assert shown["review"] == shown["reviews"][-1]
    assert f"Concerns us · Ben[U+001B]: {FORMULA}" in policywatch(
        "show", number, "--config", config
    )
    states = {
        words: [row["document"] for row in listed(config, *words)]
        for words in (
            ("--state", "concerns-us"),
            ("--state", "reviewed"),
            ("--state", "new"),
            (),
        )
    }
    rest = [each for each in states[()] if each != PRIVACY]
    assert list(states.values()) == [[PRIVACY], [], rest, states[()]]
    assert listed(config, "--state", "new", "--state", "concerns-us") == listed(
        config
    )
    policywatch("review", number, "new", "--by", "Anna", "--config", config)
    assert listed(config, "--state", "new") == listed(config)
    policywatch("documents", "remove", PRIVACY, "--yes", "--config", config)
    with database.reading() as session:
        assert reviews_of(session, number) == []


def listed(config: Path, *words: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(
        policywatch("changes", *words, "--json", "--config", config)
    )["changes"]
    return rows


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_can_be_no_review_is_refused(config: Path) -> None:
    for words, status, answer in (
        ((4711, "reviewed"), 2, "there is no change 4711"),
        (
            (1, "done"),
            2,
            "'done' is not one of 'new', 'reviewed', 'concerns-us', 'not-for-us'",
        ),
        ((1, "reviewed", "--note", "x" * 2001), 2, "--note: "),
    ):
        assert answer in policywatch(
            "review", *words, "--config", config, status=status
        )


def test_who_signed_in_reviews_a_change_and_two_at_once_lose_nothing(
    site: httpx.Client, store: Database
) -> None:
    path = f"/changes/{change_id(store, TERMS)}"
    assert not page(site, path).css("section.triage")
    assert (
        site.post(path, data={"state": "reviewed", "by": "Eve"}).status_code == 403
    )
    sign_in(site)
    fields = form(site, path, path)
    first = site.post(
        path,
        data=fields
        | {"state": "not-for-us", "note": "<script>x</script>", "by": "Anna"},
    )
    assert (first.status_code, first.headers["location"]) == (303, f"{path}#triage")
    second = site.post(path, data=fields | {"state": "concerns-us", "by": "Ben"})
    assert "Somebody else reviewed this change meanwhile." in second.text
    shown = page(site, path)
    trail = [line.rpartition(" · ") for line in text(shown, ".triage li")]
    assert [who for who, _, _ in trail] == [
        "Not for us · Anna",
        "Concerns us · Ben",
    ]
    assert trail[0][2].endswith("<script>x</script>")
    assert not shown.css(".triage script")
    assert shown.css_first("option[selected]").attributes["value"] == "concerns-us"
    assert (
        site.post(
            path, data=form(site, path, path) | {"state": "maybe", "by": "Ben"}
        ).status_code
        == 400
    )
    assert (
        site.post(path, data=form(site, path, path) | {"state": "new"}).status_code
        == 400
    )
    assert text(page(site, "/changes?state=concerns-us&lang=fr"), ".chosen a") == [
        "Retirer : Nous concerne ×"
    ]


def test_reviews_are_for_who_signed_in_or_brings_the_token(
    site: httpx.Client, store: Database
) -> None:
    number = change_id(store, NOTES)
    with store.writing() as session:
        add_review(
            session,
            number,
            ReviewState.REVIEWED,
            note=FORMULA,
            by="Anna",
            at=day(30),
            actor=ANNA,
        )
    for path in ("/changes", "/api/v1/changes", "/feed.atom", "/changes.csv"):
        assert site.get(f"{path}?state=reviewed").status_code == 403, path
    assert site.get(f"/api/v1/changes/{number}").json()["reviews"] == []
    assert (
        FORMULA
        not in site.get("/api/v1/changes").text + site.get("/changes.csv").text
    )
    answer = site.get("/api/v1/changes?state=reviewed", headers=BEARER).json()[
        "changes"
    ]
    assert [(each["id"], each["review"]["note"]) for each in answer] == [
        (number, FORMULA)
    ]
    assert (
        site.post(
            f"/changes/{number}", data={"state": "new", "by": "job"}, headers=BEARER
        ).status_code
        == 303
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_changes_leave_as_csv_without_formulas(
    config: Path, database: Database
) -> None:
    number = change_id(database, NOTES)
    policywatch(
        "review",
        number,
        "reviewed",
        "--note",
        f" {FORMULA}",
        "--by",
        "@Änna",
        "--config",
        config,
    )
    printed = policywatch(
        "changes", "--csv", "--limit", 1, "--severity", "low", "--config", config
    )
    rows = {row["document"]: row for row in csv.DictReader(StringIO(printed))}
    assert [*rows] == [
        row["document"] for row in listed(config, "--severity", "low")
    ]
    reviewed = rows[NOTES]
    assert (reviewed["state"], reviewed["note"], reviewed["by"]) == (
        "reviewed",
        f"' {FORMULA}",
        "'@Änna",
    )
    assert (rows[PRIVACY]["state"], rows[PRIVACY]["effective_date"]) == (
        "",
        "2025-11-03",
    )
    assert (
        rows[PRIVACY]["topics"]
        == "data_sharing, advertising, ai_training, user_choice"
    )
    with visited(database) as site:
        answer = site.get("/changes.csv?severity=low")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    served = list(csv.DictReader(StringIO(answer.text)))
    hidden = dict.fromkeys(("state", "note", "by", "at"), "")
    assert served == [row | hidden for row in rows.values()]
