"""A text that goes back to an earlier one: what is told of it, and when, with whatever else happens meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from storage.deliveries import Alert
from tests.site import AI, PARAGRAPHS, Site, a_job, library, policy, watchlist

EDITED = tuple(text.replace("Our staff", "Our librarians") for text in PARAGRAPHS)
SOLD = "We sell the list of what you read to our advertising partners."


site = pytest.fixture(library)


@pytest.fixture
def config(tmp_path: Path, site: Site) -> Path:
    return watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")


def sent(config: Path, site: Site, *texts: str) -> list[int]:
    """How many alerts each of these texts brings."""
    counts = []
    with a_job(config) as job:
        for site.pages["/privacy"] in texts:
            with job.database.reading() as session:
                before = len(session.exec(select(Alert)).all())
            job.run(force=True)
            with job.database.reading() as session:
                counts.append(len(session.exec(select(Alert)).all()) - before)
    return counts


@pytest.mark.parametrize(
    "since",
    [policy("Last updated: 3 May 2026.", AI), policy(AI, paragraphs=EDITED)],
    ids=["cosmetic", "small edit"],
)
def test_a_return_is_told_when_its_news_stayed_though_the_page_was_edited(
    config: Path, site: Site, since: str
) -> None:
    assert sent(config, site, policy(AI), policy(), policy(AI)) == [0, 1, 0]
    assert sent(config, site, *[since] * 4) == [0, 0, 1, 0]


def test_a_return_is_told_when_it_stayed_though_the_page_is_read_otherwise(
    config: Path, site: Site
) -> None:
    assert sent(config, site, policy(AI), policy(), policy(AI)) == [0, 1, 0]
    config.write_text(
        config.read_text().replace(
            "allow_private", 'remove = ["h2"]\nallow_private'
        )
    )
    assert sent(config, site, *[policy(AI)] * 4) == [0, 0, 1, 0]


def test_what_waits_is_told_before_the_next_news(
    config: Path, site: Site, tmp_path: Path
) -> None:
    assert sent(
        config, site, policy(AI), policy(), policy(AI), policy(AI, SOLD)
    ) == [
        0,
        1,
        0,
        2,
    ]
    told = (tmp_path / "alerts.txt").read_text("utf-8")
    assert told.rindex("/changes/2") < told.index("/changes/3")
    assert sent(config, site, *[policy(AI, SOLD)] * 3) == [0, 0, 0]


def test_a_text_that_went_back_and_came_again_is_no_news_however_long_it_stays(
    config: Path, site: Site
) -> None:
    assert sent(config, site, policy(), policy(AI), policy(), policy(AI)) == [
        0,
        1,
        0,
        0,
    ]
    assert sent(config, site, *[policy(AI, noise="now")] * 4) == [0, 0, 0, 0]
    again = policy("Last updated: 3 May 2026.", AI)
    assert sent(config, site, policy(), again, *[again] * 3) == [0, 0, 0, 0, 0]
