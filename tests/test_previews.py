"""An announced text is compared with the one in force: what will change, and when."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import pytest
from icalendar import Calendar

from messages import catalogue
from notifier.change_view import change_view
from storage.changes import change as stored
from storage.database import Database
from tests.site import (
    AI,
    Site,
    library,
    outcomes,
    policy,
    policywatch,
    run,
    watchlist,
)

DATABASES = ["sqlite"]

PREVIEW = """
[[documents]]
id = "library/preview-privacy"
service = "Library"
title = "Privacy Policy (announced)"
kind = "preview"
url = "{url}/preview"
allow_private = true
"""


site = pytest.fixture(library)


def config_with_preview(folder: Path, site: Site) -> Path:
    database = f"sqlite:///{folder}/watch.db"
    return watchlist(folder, site, database, more=PREVIEW.format(url=site.url))


def of(
    report: dict[str, list[dict[str, object]]], document: str
) -> dict[str, object]:
    return next(
        check for check in report["checks"] if check["document"] == document
    )


def test_what_an_announced_text_will_change_is_told_once_with_its_date(
    tmp_path: Path, site: Site
) -> None:
    config = config_with_preview(tmp_path, site)
    site.pages["/preview"] = policy(AI)
    report = run(config, status=0)
    assert outcomes(report) == {
        "library/privacy": "first",
        "library/preview-privacy": "first",
    }
    assert of(report, "library/privacy")["change"] is None
    will = of(report, "library/preview-privacy")["change"]
    assert isinstance(will, dict)
    assert will["alert"]
    assert "ai_training" in will["topics"]
    assert will["effective_date"] == "2025-11-03"
    told = (tmp_path / "alerts.txt").read_text("utf-8")
    assert "train generative AI models" in told
    change = json.loads(
        policywatch("show", will["id"], "--json", "--config", config)
    )
    assert change["document"] == "library/preview-privacy"
    assert [passage["operation"] for passage in change["passages"]] == ["added"]
    assert run(config, status=0)["deliveries"]["sent"] == 0


def test_the_announced_text_in_force_is_told_as_such_in_the_thread_of_the_first(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    config = watchlist(
        tmp_path, site, database_url, more=PREVIEW.format(url=site.url)
    )
    site.pages["/preview"] = policy(AI)
    run(config, status=0)
    told = tmp_path / "alerts.txt"
    assert "announced for 3 November 2025\n" in told.read_text("utf-8"), (
        "a past day, of what is only announced"
    )
    assert "Announced for 3 November 2025\n" in told.read_text("utf-8")
    told.unlink()
    site.pages["/privacy"] = policy(AI)
    report = run(config, status=0)
    day = datetime.fromisoformat(str(report["started_at"])).date()
    today = catalogue("en").day(day)
    short = catalogue("en").day(day, short=True)
    assert f" · in force now, as announced on {short}\n" in told.read_text("utf-8")
    assert (
        f"This text was announced on {today} and has come into force."
        in told.read_text("utf-8")
    )
    assert "word for word" not in told.read_text("utf-8"), (
        "what the announcement showed already"
    )
    database = Database(database_url)
    with database.reading() as session:
        change = of(report, "library/privacy")["change"]
        assert (
            change_view(session, stored(session, change["id"]), "fr", None).thread
            == "library/preview-privacy"
        )  # type: ignore[index]
    database.close()
    site.pages["/privacy"] = policy(
        AI, "We sell the list of what you read to our advertising partners."
    )
    told.unlink()
    run(config, status=0)
    assert "announced" not in told.read_text("utf-8"), (
        "another text than the announced one"
    )


def announced_and_in_force(config: Path, site: Site) -> tuple[str, str]:
    """The changes by which a text was announced, and came into force."""
    site.pages["/preview"] = policy(AI)
    will = of(run(config, status=0), "library/preview-privacy")["change"]["id"]  # type: ignore[index]
    site.pages["/privacy"] = policy(AI)
    return will, of(run(config, status=0), "library/privacy")["change"]["id"]  # type: ignore[index]


def day_of(config: Path, change: str) -> date:
    """When it was found; by now it may be another day."""
    found = json.loads(policywatch("show", change, "--json", "--config", config))[
        "detected_at"
    ]
    return datetime.fromisoformat(found).date()


def test_pages_feeds_and_the_terminal_say_what_was_announced_and_for_when(
    tmp_path: Path, site: Site
) -> None:
    config = config_with_preview(tmp_path, site)
    will, does = announced_and_in_force(config, site)
    policywatch("export", "site", tmp_path / "site", "--config", config)
    day = day_of(config, will)
    for language, announced_for, came in (
        (
            "en",
            "announced for 3 November 2025",
            f"announced on {catalogue('en').day(day)} and has come into force.",
        ),
        (
            "fr",
            "annoncé pour le 3 novembre 2025",
            f"annoncé le {catalogue('fr').day(day)}, est entré en vigueur.",
        ),
    ):
        in_force_now = catalogue(language)(
            "changes.announced", date=catalogue(language).day(day)
        )
        folder = tmp_path / "site" / ("" if language == "en" else language)
        page, feed = (
            (folder / f"changes/{will}.html").read_text("utf-8"),
            (folder / "feed.atom").read_text("utf-8"),
        )
        assert announced_for in page
        assert came in feed
        assert came in (folder / f"changes/{does}.html").read_text("utf-8")
        listed = (folder / "changes.html").read_text("utf-8")
        assert listed.count("<article") == 1
        assert in_force_now in listed
    dates = Calendar.from_ical((tmp_path / "site/calendar.ics").read_bytes()).walk(
        "VEVENT"
    )
    texts = {str(each["summary"]): str(each["description"]) for each in dates}
    assert len(dates) == 1, "that of the announcement, brought up to date"
    in_force = texts["In force: Library, Privacy policy of the library"]
    assert f"announced on {catalogue('en').day(day)} and has come" in in_force
    assert "announced for 2025-11-03" in policywatch(
        "show", will, "--config", config
    )
    assert f"announced on {catalogue('en').day(day)} and has come" in policywatch(
        "show", does, "--config", config
    )
    assert f"2025-11-03 · in force now, as announced on {day}" in policywatch(
        "changes", "--config", config
    )


def test_json_says_when_and_where_a_text_was_announced(
    tmp_path: Path, site: Site
) -> None:
    config = config_with_preview(tmp_path, site)
    will, does = announced_and_in_force(config, site)
    site.pages["/privacy"] = policy(
        AI, "We sell the list of what you read to our advertising partners."
    )
    other = of(run(config, status=0), "library/privacy")["change"]["id"]  # type: ignore[index]
    announced = {
        "on": day_of(config, will).isoformat(),
        "change": will,
        "document": "library/preview-privacy",
    }
    told = {
        will: ("preview", announced),
        does: ("privacy-policy", announced),
        other: ("privacy-policy", None),
    }
    shown = [
        json.loads(policywatch("show", number, "--json", "--config", config))
        for number in told
    ]
    listed = json.loads(policywatch("changes", "--json", "--config", config))[
        "changes"
    ]
    for found in (shown, listed):
        assert {
            change["id"]: (change["kind"], change["announced"]) for change in found
        } == told


def test_another_announced_text_is_compared_with_the_one_in_force_too(
    tmp_path: Path, site: Site
) -> None:
    config = config_with_preview(tmp_path, site)
    site.pages["/preview"] = policy(AI)
    run(config, status=0)
    site.pages["/preview"] = policy(
        AI, "We sell the list of what you read to our advertising partners."
    )
    will = of(run(config, status=0), "library/preview-privacy")["change"]
    assert isinstance(will, dict)
    change = json.loads(
        policywatch("show", will["id"], "--json", "--config", config)
    )
    assert {"ai_training", "data_sharing"} <= set(change["topics"]), (
        "all that will change, not only what is new in it"
    )
    assert policywatch("read", "--again", "--config", config)
    again = json.loads(
        policywatch("show", will["id"], "--json", "--config", config)
    )
    assert set(again["topics"]) == set(change["topics"])


def test_a_preview_that_says_what_is_in_force_announces_nothing(
    tmp_path: Path, site: Site
) -> None:
    config = config_with_preview(tmp_path, site)
    site.pages["/preview"] = policy()
    report = run(config, status=0)
    will = of(report, "library/preview-privacy")["change"]
    assert will is None or not will["substantive"]  # type: ignore[index]
    assert not (tmp_path / "alerts.txt").exists()
