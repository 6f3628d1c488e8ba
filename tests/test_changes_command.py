"""`changes`: what changed in all documents, in the terminal, asked for by the words of the pages and the API."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.main import get_group

from policywatch.cli.show import _day, app
from policywatch.views.query_params import ChangesPaged
from storage.clock import utc_now
from storage.database import Database
from tests.site import policywatch
from tests.story_of_parley import (
    NOTES,
    PRIVACY,
    PRIVACY_FR,
    TERMS,
    told_with_config,
)
from tests.web_pages import visited

DATABASES = ["sqlite"]

config = pytest.fixture(told_with_config)


def test_what_was_flagged_is_listed_the_newest_first_with_where_and_what_it_means(
    config: Path,
) -> None:
    shown = policywatch("changes", "--severity", "low", "--config", config)
    blocks = [block.splitlines() for block in shown.split("\n\n")]
    assert [block[1].split("  ")[-1] for block in blocks[:-1]] == [
        f"{PRIVACY_FR} (fr)",
        f"{PRIVACY} (en)",
        f"{NOTES} (en)",
    ]
    assert blocks[1][0].startswith("2025-11-03 07:30 UTC  change 3  HIGH")
    assert blocks[1][1] == f"  Parley · Privacy Policy  {PRIVACY} (en)"
    assert blocks[1][2].startswith("  Parley trains AI on your data by default")
    assert (
        blocks[1][3]
        == "  Data sharing · Advertising · AI training · Your choices · in force from 2025-11-03"
    )
    assert blocks[-1] == ["See one with: policywatch show CHANGE"]


def test_a_program_gets_what_the_api_answers_page_by_page(
    config: Path, database: Database
) -> None:
    first = json.loads(
        policywatch("changes", "--limit", 3, "--json", "--config", config)
    )
    rest = json.loads(
        policywatch(
            "changes", "--cursor", first["next"], "--json", "--config", config
        )
    )
    with visited(database) as site:
        told = site.get("/api/v1/changes").json()
    assert first["changes"] + rest["changes"] == told["changes"]
    assert rest["next"] is None
    words = [
        "--topic",
        "retention",
        "--topic",
        "ai_training",
        "--until",
        "2025-10-31",
        "--language",
        "en",
    ]
    assert [row["document"] for row in listed(config, *words)] == [NOTES]
    assert TERMS in [
        row["document"]
        for row in listed(config, "--service", "Parley", "--cosmetic")
    ]


def listed(config: Path, *words: object) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(
        policywatch("changes", *words, "--json", "--config", config)
    )["changes"]
    return found


def test_it_takes_every_word_that_the_api_takes() -> None:
    options = {each.name for each in get_group(app).commands["changes"].params}
    assert (
        options - {"config", "as_json", "as_csv"}
        == ChangesPaged.model_fields.keys()
    )


def test_a_day_of_the_week_is_the_last_one() -> None:
    today = utc_now().date()
    days = [today - timedelta(days=n) for n in range(7)]
    assert [_day(f"{day:%A}") for day in days] == [day.isoformat() for day in days]
    assert _day("2026-03-02") == "2026-03-02"


def test_a_word_that_is_wrong_or_finds_nothing_gets_what_there_is(
    config: Path,
) -> None:
    for words, status, answer in (
        (
            ("--severity", "grave"),
            2,
            "--severity: found 'grave'; allowed: 'high', 'medium' or 'low'",
        ),
        (
            ("--since", "mon"),
            2,
            "--since: found 'mon'; write a day, like 2026-03-02",
        ),
        (("--limit", 500), 2, "--limit: found 500; allowed: up to 200"),
        (
            ("--effective-to", "1200-01-01"),
            2,
            "--effective-to: found '1200-01-01'; allowed: 1970-01-01 and more",
        ),
        (("--cursor", "x"), 2, "--cursor: not a place in a list of changes: 'x'"),
        (
            ("--document", "a/b"),
            2,
            f"there is no document 'a/b'; known are: {NOTES}",
        ),
        (("--service", "Parly"), 0, "No matches. The services: Harbour, Parley."),
        (("--topic", "ai"), 0, "No matches. The topics: ai_training, "),
    ):
        assert answer in policywatch(
            "changes", *words, "--config", config, status=status
        )
