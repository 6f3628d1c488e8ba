"""An announced text is compared with the one in force: what will change, and when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site import AI, Site, a_site, outcomes, policy, policywatch, run, watchlist

PREVIEW = """
[[documents]]
id = "library/preview-privacy"
service = "Library"
title = "Privacy Policy (announced)"
kind = "preview"
url = "{url}/preview"
allow_private = true
"""


@pytest.fixture
def site() -> Iterator[Site]:
    with a_site() as running:
        running.pages["/privacy"] = policy()
        yield running


def config_with_preview(folder: Path, site: Site) -> Path:
    database = f"sqlite:///{folder}/watch.db"
    return watchlist(folder, site, database, more=PREVIEW.format(url=site.url))


def of(report: dict[str, list[dict[str, object]]], document: str) -> dict[str, object]:
    return next(check for check in report["checks"] if check["document"] == document)


def test_what_an_announced_text_will_change_is_told_once_with_its_date(tmp_path: Path, site: Site) -> None:
    config = config_with_preview(tmp_path, site)
    site.pages["/preview"] = policy(AI)
    report = run(config, status=0)
    assert outcomes(report) == {"library/privacy": "first", "library/preview-privacy": "first"}
    assert of(report, "library/privacy")["change"] is None
    will = of(report, "library/preview-privacy")["change"]
    assert isinstance(will, dict)
    assert will["alert"]
    assert "ai_training" in will["topics"]
    assert will["effective_date"] == "2025-11-03"
    told = (tmp_path / "alerts.txt").read_text("utf-8")
    assert "train generative AI models" in told
    change = json.loads(policywatch("show", will["id"], "--json", "--config", config))
    assert change["document"] == "library/preview-privacy"
    assert [passage["operation"] for passage in change["passages"]] == ["added"]
    assert run(config, status=0)["deliveries"]["sent"] == 0


def test_another_announced_text_is_compared_with_the_one_in_force_too(tmp_path: Path, site: Site) -> None:
    config = config_with_preview(tmp_path, site)
    site.pages["/preview"] = policy(AI)
    run(config, status=0)
    site.pages["/preview"] = policy(AI, "We sell the list of what you read to our advertising partners.")
    will = of(run(config, status=0), "library/preview-privacy")["change"]
    assert isinstance(will, dict)
    change = json.loads(policywatch("show", will["id"], "--json", "--config", config))
    assert {"ai_training", "data_sharing"} <= set(change["topics"]), "all that will change, not only what is new in it"
    assert policywatch("read", "--again", "--config", config)
    again = json.loads(policywatch("show", will["id"], "--json", "--config", config))
    assert set(again["topics"]) == set(change["topics"])


def test_a_preview_that_says_what_is_in_force_announces_nothing(tmp_path: Path, site: Site) -> None:
    config = config_with_preview(tmp_path, site)
    site.pages["/preview"] = policy()
    report = run(config, status=0)
    will = of(report, "library/preview-privacy")["change"]
    assert will is None or not will["substantive"]  # type: ignore[index]
    assert not (tmp_path / "alerts.txt").exists()
