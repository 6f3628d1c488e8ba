"""Passages that come and go: told once each way, then held still until the page stays as it is."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlmodel import select

from policywatch.pipeline import Job
from storage.alternating import AlternatingPassage, alternating_passages
from storage.captures import Capture
from storage.changes import changes_of, passages
from storage.checks import Check
from storage.deliveries import Alert
from storage.versions import current_version, versions
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
from tests.web_pages import visited

DATABASES = ["sqlite"]
ID = "library/privacy"
SOLD = "We sell the list of what you read to our advertising partners."
SHARED = "We share what you read with our partners, who use it to train generative AI models of their own."
OFFER = '</p><p id="offer">The rules of our reading room, as the law wants them, hang at the door.</p><p>'


site = pytest.fixture(library)


def checked(
    job: Job, site: Site, *pages: str, days: int = 2
) -> tuple[list[int], list[str | None]]:
    """Check a page every other day, say; how many alerts each check brings, and its outcome."""
    outcomes = []
    with job.database.reading() as session:
        sent = [len(session.exec(select(Alert)).all())]
    for site.pages["/privacy"] in pages:
        with job.database.writing() as session:
            for check in session.exec(select(Check)):
                check.checked_at -= timedelta(days=days)
            for row in session.exec(select(AlternatingPassage)):
                row.since, row.turned_at = (
                    row.since - timedelta(days=days),
                    row.turned_at - timedelta(days=days),
                )
        outcomes.append(job.run(force=True).json()["checks"][0]["outcome"])
        with job.database.reading() as session:
            sent.append(len(session.exec(select(Alert)).all()))
    return [after - before for before, after in pairwise(sent)], outcomes


def test_a_month_of_a_passage_that_comes_and_goes_is_two_alerts(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    config = watchlist(tmp_path, site, database_url)
    with a_job(config) as job:
        sent, outcomes = checked(
            job, site, *([policy()] * 4 + [policy(AI)] * 4) * 2
        )
        assert sent == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
        assert [
            n for n, outcome in enumerate(outcomes) if outcome != "unchanged"
        ] == [
            0,
            4,
            8,
        ]
    with a_job(config) as job:
        sent, _ = checked(job, site, policy(SOLD), policy(SOLD, AI), policy(SOLD))
        assert sent == [1, 0, 0], "other news goes out meanwhile"
        with job.database.reading() as session:
            newest = changes_of(session, ID)[0]
            assert [passage.after for passage in passages(session, newest.id)] == [
                SOLD
            ]
            (row,) = alternating_passages(session, [ID])
            assert (row.text, row.stands) == (AI, False)
            text, captures = (
                current_version(session, ID),
                session.exec(select(Capture)).all(),
            )
            assert text is not None
            assert len(captures) == len(versions(session, ID)) == 4, (
                "no capture is kept of what was there before"
            )
    policywatch("read", "--again", "--config", config)
    with a_job(config) as job:
        assert checked(job, site, policy(SOLD, AI))[1] == ["unchanged"]
        with job.database.reading() as session:
            again = current_version(session, ID)
            assert again is not None
            assert (again.page, again.cause) == (text.page, "page")
        sent, outcomes = checked(job, site, *[policy(SOLD, AI)] * 9, days=3)
        assert sent == [0] * 8 + [1], (
            "twice as long as ever before, and three checks as for any text that returns"
        )
        assert [
            n for n, outcome in enumerate(outcomes) if outcome != "unchanged"
        ] == [5]


@pytest.mark.parametrize(
    ("states", "alerts"),
    [([policy(), policy(AI)], 1), ([policy(AI), policy(SOLD), policy(SHARED)], 2)],
    ids=["two", "three"],
)
def test_a_page_of_several_states_is_news_once_for_each(
    tmp_path: Path, site: Site, states: list[str], alerts: int
) -> None:
    with a_job(watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")) as job:
        sent, _ = checked(job, site, *(states * 5)[:12])
        assert sum(sent) == alerts
        with job.database.reading() as session:
            assert len(versions(session, ID)) <= 5


def test_of_two_texts_of_one_place_one_stands(tmp_path: Path, site: Site) -> None:
    first, second, third = (
        PARAGRAPHS[1].replace("one month", f"{number} months")
        for number in ("two", "three", "six")
    )
    with a_job(watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")) as job:
        recorded = []
        for text in (first, second, third, second, third):
            checked(job, site, policy(text), days=4)
            with job.database.reading() as session:
                current = current_version(session, ID)
                assert current is not None
                recorded.append(current.page["blocks"][-1]["text"])
                assert len(current.page["blocks"]) == len(PARAGRAPHS) + 3
    assert recorded == [first, second, third, third, third], (
        "the second came, went, and came again"
    )


def test_a_server_that_answers_in_turn_hides_no_news_and_is_none_that_differs(
    tmp_path: Path, site: Site
) -> None:
    with a_job(watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")) as job:
        checked(job, site, policy(), policy(AI), *[policy()] * 4, policy(AI))
        for news, outcome in (
            ((), "unchanged"),
            ((SOLD,), "changed"),
            ((SOLD,), "unchanged"),
        ):
            answers = iter((policy(*news, AI), policy(*news)) * 2)
            site.pages["/privacy"] = lambda answers=answers: next(answers)
            assert [
                check["outcome"] for check in job.run(force=True).json()["checks"]
            ] == [outcome]


def test_a_text_that_is_taken_back_and_stays_so_is_told_both_times(
    tmp_path: Path, site: Site
) -> None:
    with a_job(watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")) as job:
        sent, _ = checked(
            job,
            site,
            policy(),
            *[policy(AI)] * 5,
            *[policy()] * 5,
            *[policy(AI)] * 4,
            days=7,
        )
        assert [n for n, count in enumerate(sent) if count] == [1, 9, 14]


def test_the_operator_hears_of_it_once_with_the_line_and_the_page_shows_it(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    config = watchlist(tmp_path, site, database_url)
    operator = tmp_path / "operator.txt"
    edited = tuple(
        text.replace("Our staff", "Our staff, by law,") for text in PARAGRAPHS
    )
    with a_job(config) as job:
        checked(job, site, *[policy(), policy(OFFER)] * 2)
        text = operator.read_text("utf-8")
        assert "library/privacy has kept changing in one place since" in text
        assert "The last time, " in text
        checked(
            job,
            site,
            policy(),
            policy(OFFER),
            policy(OFFER, paragraphs=edited),
            policy(paragraphs=edited),
        )
        assert operator.read_text("utf-8") == text
    assert "has kept changing in one place since" in policywatch(
        "doctor", "--config", config
    )
    (row,) = json.loads(policywatch("history", ID, "--json", "--config", config))[
        "alternating"
    ]
    assert (row["text"], row["turns"], row["stands"]) == (
        "The rules of our reading room, as the law wants them, hang at the door.",
        6,
        False,
    )
    with a_job(config) as job, visited(job.database) as pages:
        shown = pages.get(f"/documents/{ID}").text
    assert "Changed 6 times since" in shown
    assert (
        "<bdi>The rules of our reading room, as the law wants them, hang at the door.</bdi></blockquote>"
        in shown
    )
    config.write_text(config.read_text("utf-8") + 'remove = ["#offer"]\n', "utf-8")
    with a_job(config) as job:
        assert checked(job, site, policy(OFFER, paragraphs=edited))[1] == [
            "unchanged"
        ]
