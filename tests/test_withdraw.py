"""A version that should never have been: rejected in time, taken back in time, or corrected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlmodel import select

from foundation.vocabulary import State
from storage.captures import Capture
from storage.clock import utc_now
from storage.deliveries import Alert, Delivery
from storage.versions import current_version
from tests.site import (
    AI,
    PARAGRAPHS,
    Site,
    a_job,
    library,
    policy,
    policywatch,
    watchlist,
)

DATABASES = ["sqlite"]

ID = "library/privacy"
site = pytest.fixture(library)
WRONG = policy("Something went wrong.", paragraphs=PARAGRAPHS[:1])
SOLD = "We sell the list of what you read to our advertising partners, and you can't refuse."


@pytest.fixture
def config(tmp_path: Path, site: Site, database_url: str) -> Path:
    return watchlist(tmp_path, site, database_url, more='[alerts]\ngrace = "0m"\n')


def outcomes(config: Path, site: Site, *pages: str) -> list[str]:
    """Of a check of each page."""
    found = []
    with a_job(config) as job:
        for site.pages["/privacy"] in pages:
            found.append(job.run(force=True).checks[0]["outcome"])
    return found


def sent(config: Path, name: str = "alerts") -> str:
    file = config.parent / f"{name}.txt"
    return file.read_text("utf-8") if file.exists() else ""


def history(config: Path) -> dict[str, list[dict[str, object]]]:
    read: dict[str, list[dict[str, object]]] = json.loads(
        policywatch("history", ID, "--json", "--config", config)
    )
    return read


def test_the_third_good_check_brings_back_what_an_accepted_text_replaced(
    config: Path, site: Site
) -> None:
    assert outcomes(config, site, policy(), policy(AI), WRONG) == [
        "first",
        "changed",
        "held",
    ]
    policywatch("accept", ID, "--yes", "--config", config)
    assert outcomes(config, site, *[policy(AI)] * 5) == [
        "unchanged",
        "unchanged",
        "changed",
        "unchanged",
        "unchanged",
    ]
    with a_job(config) as job, job.database.reading() as session:
        current = current_version(session, ID)
        assert current is not None
        assert current.page["blocks"][-1]["text"] == AI


def test_an_accepted_error_page_is_withdrawn_and_those_who_heard_of_it_hear_so(
    config: Path, site: Site
) -> None:
    second = f'[[routes]]\nname = "quiet"\nto = ["file://{config.parent}/none.txt"]\ntopics = ["transfer"]\n'
    config.write_text(config.read_text("utf-8") + second, "utf-8")
    outcomes(config, site, policy(), policy(AI), WRONG)
    policywatch("accept", ID, "--yes", "--config", config)
    policywatch("deliver", "--config", config)
    assert "/changes/2" in sent(config)
    outcomes(config, site, *[policy(AI)] * 2)
    before = sent(config)
    report = policywatch(
        "withdraw",
        ID,
        3,
        "--reason",
        "an error page",
        "--yes",
        "--json",
        "--config",
        config,
    )
    assert json.loads(report) == {
        "document": ID,
        "version": 3,
        "change": 2,
        "corrected": 1,
        "cancelled": 0,
    }
    assert sent(config) == before, "sending is left to the next run"
    policywatch("deliver", "--config", config)
    correction = sent(config).removeprefix(before)
    assert "\nCorrection: Library · Privacy policy of the library\n" in correction
    assert (
        "Please disregard that message. The reason: an error page\n" in correction
    )
    assert "http://watch.example/changes/2" in correction
    assert not sent(config, "none"), (
        "nothing was sent there that could be corrected"
    )
    assert "Correction" not in sent(config, "operator")
    policywatch("deliver", "--config", config)
    assert sent(config) == before + correction

    assert outcomes(config, site, policy(AI), policy(AI, SOLD)) == [
        "unchanged",
        "changed",
    ]
    shown = history(config)
    assert [row["number"] for row in shown["versions"]] == [1, 2, 4]
    assert [(row["number"], row["reason"]) for row in shown["withdrawn"]] == [
        (3, "an error page")
    ]
    assert [row["id"] for row in shown["changes"]] == [3, 1]
    assert (
        json.loads(policywatch("documents", "--json", "--config", config))[0][
            "version"
        ]
        == 4
    )
    assert shown["alternating"] == []
    policywatch("read", "--again", "--config", config)
    assert [row["number"] for row in history(config)["versions"]] == [1, 2, 4]
    with a_job(config) as job, job.database.reading() as session:
        assert len(session.exec(select(Capture)).all()) == 4, (
            "its capture is evidence"
        )
    answer = policywatch("show", 2, "--config", config, status=2)
    assert "change 2 of library/privacy was withdrawn on " in answer
    assert answer.rstrip().endswith("UTC: an error page")
    assert "Withdrawn on" in policywatch("history", ID, "--config", config)
    assert "change 2 library/privacy (withdrawn)" in policywatch(
        "alerts", "--config", config
    )
    policywatch("documents", "remove", ID, "--yes", "--config", config)


def test_what_is_withdrawn_in_time_is_sent_to_nobody(
    config: Path, site: Site
) -> None:
    config.write_text(
        config.read_text("utf-8").replace('grace = "0m"', 'grace = "10m"'), "utf-8"
    )
    outcomes(config, site, policy(), policy(AI), WRONG)
    before = sent(config)
    assert (
        "Its alerts wait 10m, and `policywatch withdraw library/privacy 3` takes it back"
        in policywatch("accept", ID, "--yes", "--config", config)
    )
    outcomes(config, site, WRONG)
    assert sent(config) == before
    answer = policywatch("withdraw", ID, 3, "--yes", "--config", config)
    assert (
        answer
        == "Withdrawn: version 3 of library/privacy. nobody was alerted of it; 1 pending alert cancelled.\n"
    )
    assert outcomes(config, site, policy(AI)) == ["unchanged"]
    assert sent(config) == before
    with a_job(config) as job, job.database.reading() as session:
        assert len(session.exec(select(Alert)).all()) == 1


def test_a_message_that_failed_is_cancelled_and_one_under_way_is_corrected(
    config: Path, site: Site
) -> None:
    down = '[[routes]]\nname = "down"\nto = ["json://127.0.0.1:9/"]\n'
    config.write_text(config.read_text("utf-8") + down, "utf-8")
    outcomes(config, site, policy(), policy(AI))
    with a_job(config) as job, job.database.writing() as session:
        by_route = {row.route: row for row in session.exec(select(Delivery))}
        assert by_route["down"].state == State.PENDING
        by_route["all"].state, by_route["all"].claimed_by = (
            State.SENDING.value,
            "of a process that died",
        )
        by_route["all"].sent_at, by_route["all"].claimed_at = None, utc_now()
    before = sent(config)
    report = json.loads(
        policywatch("withdraw", ID, 2, "--yes", "--json", "--config", config)
    )
    assert (report["corrected"], report["cancelled"]) == (1, 1)
    policywatch("deliver", "--config", config)
    after = sent(config).removeprefix(before)
    assert (after.count("Correction: "), after.count("[High]")) == (1, 0)
    rows = json.loads(policywatch("alerts", "--json", "--config", config))
    assert [(row["kind"], row["state"], row["routes"]) for row in rows] == [
        ("notice", "sent", ["all"]),
        ("alert", "sent", ["all"]),
    ]


def test_exported_pages_show_that_a_version_was_withdrawn(
    config: Path, site: Site
) -> None:
    outcomes(config, site, policy(), policy(SOLD))
    folder = config.parent / "public"
    policywatch("export", "site", folder, "--config", config)
    policywatch(
        "withdraw", ID, 2, "--reason", "not a policy", "--yes", "--config", config
    )
    policywatch("export", "site", folder, "--config", config)
    shown = {
        file: file.read_text("utf-8")
        for file in folder.rglob("*")
        if file.suffix in (".html", ".atom", ".json", ".txt")
    }
    assert not [file for file, text in shown.items() if SOLD in text]
    for name in ("changes/1.html", "documents/library/privacy/versions/2.html"):
        assert "The reason: not a policy" in (folder / name).read_text("utf-8")
    assert "Withdrawn on" in (folder / "documents/library/privacy.html").read_text(
        "utf-8"
    )


def test_only_the_newest_version_can_be_withdrawn_and_in_the_end_the_first(
    config: Path, site: Site
) -> None:
    outcomes(config, site, policy(), policy(AI))
    answer = policywatch("withdraw", ID, 1, "--yes", "--config", config, status=1)
    assert (
        "`policywatch withdraw library/privacy 2` withdraws that one first"
        in answer
    )
    for number in (2, 1):
        policywatch("withdraw", ID, number, "--yes", "--config", config)
    assert "was withdrawn on" in policywatch(
        "withdraw", ID, 1, "--yes", "--config", config, status=2
    )
    assert outcomes(config, site, policy(AI)) == ["first"]
    shown = history(config)
    assert [row["number"] for row in shown["versions"]] == [3]
    assert shown["changes"] == []
    for words in (("verify",), ("database", "check"), ("read", "--again")):
        policywatch(*words, "--config", config)


def test_a_withdrawn_text_that_comes_again_is_no_news_until_a_person_accepts_it(
    config: Path, site: Site
) -> None:
    outcomes(config, site, policy(), policy(SOLD))
    policywatch("withdraw", ID, 2, "--yes", "--config", config)
    before = sent(config, "operator")
    assert outcomes(config, site, policy(SOLD), policy(SOLD), policy()) == [
        "held",
        "held",
        "unchanged",
    ]
    assert sent(config, "operator") == before
    outcomes(config, site, policy(SOLD))
    policywatch("accept", ID, "--yes", "--config", config)
    assert outcomes(config, site, policy(SOLD), policy(), policy(SOLD)) == [
        "unchanged",
        "changed",
        "changed",
    ]


def test_a_rejected_text_is_neither_shown_nor_told_of_again(
    config: Path, site: Site
) -> None:
    outcomes(config, site, policy(), WRONG)
    assert sent(config, "operator").count("policywatch accept") == 1
    policywatch("reject", ID, "--config", config)
    assert "rejected by a person" in policywatch(
        "doctor", "--config", config, status=1
    )
    other = policy("Request number 4711.", paragraphs=PARAGRAPHS[:1])
    again = [WRONG, policy(), WRONG, other, policy()]
    assert outcomes(config, site, *again) == [
        "held",
        "unchanged",
        "held",
        "held",
        "unchanged",
    ]
    assert sent(config, "operator").count("policywatch accept") == 1
    assert outcomes(config, site, policy(paragraphs=PARAGRAPHS[4:5])) == ["held"]
    assert sent(config, "operator").count("policywatch accept") == 2, (
        "another text is shown"
    )
    outcomes(config, site, policy(), *[WRONG] * 3)
    assert "A person has rejected this text before" in sent(config, "operator"), (
        "silence is told of"
    )
    assert sent(config, "operator").count("policywatch accept") == 2
    policywatch("accept", ID, "--yes", "--config", config)
    assert outcomes(config, site, WRONG) == ["unchanged"]
