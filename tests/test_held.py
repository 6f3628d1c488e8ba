"""What the operator hears of texts that are held, and what becomes of one that he accepts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from sqlmodel import select

from crawler.targets import Fetched
from foundation.vocabulary import Cause
from messages import Message
from policywatch.ingest.archived import ArchivedText, import_document
from policywatch.pipeline import Job
from storage.checks import Check
from storage.versions import versions
from tests.site import (
    AI,
    PARAGRAPHS,
    Site,
    a_job,
    library,
    policy,
    policywatch,
    unlike,
    watchlist,
)

site = pytest.fixture(library)


TAB = (
    '<html lang="en"><head><title>Cookie settings</title></head><body><main><h1>Cookie settings</h1>'
    "<p>Here you see which cookies are set while you look at our shelves, and how long each of them lives. "
    "Some are needed for the basket, others count how many people came to which page. You can delete all of "
    "them in your browser whenever you like.</p></main></body></html>"
)
REWRITTEN = tuple(
    f"Chapter {word} says anew what every member of this house has to know about {word}, and why {word} matters, "
    f"how {word} is kept by whom, until which hour {word} ends and where {word} may be asked for."
    for word in ("letters", "cards", "names", "cameras", "loans", "fines", "wishes", "rooms", "guests", "keys")
)  # fmt: skip
FORMER = tuple(
    f"We note {word} with your number; {word} is deleted once your books are back, unless you ask us to go on with it."
    for word in ("title", "date", "colour", "place", "reader", "desk", "shelf", "floor", "weight", "page", "price")
)  # fmt: skip


def looked_at(job: Job, site: Site, *pages: str, days: int = 0) -> list[str | None]:
    """The outcomes of checks of these pages, with so many days between them."""
    outcomes = []
    for site.pages["/privacy"] in pages:
        with job.database.writing() as session:
            for check in session.exec(select(Check)):
                check.checked_at -= timedelta(days=days)
        outcomes.append(job.run(force=True).json()["checks"][0]["outcome"])
    return outcomes


@pytest.fixture
def config(tmp_path: Path, site: Site) -> Path:
    return watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")


def shown(folder: Path) -> list[int]:
    """How often the operator was shown each of the first paragraphs as gone, and told of anything."""
    said = (folder / "operator.txt").read_text("utf-8")
    return [
        said.count(f"[-{PARAGRAPHS[1]}-]"),
        said.count(f"[-{PARAGRAPHS[5]}-]"),
        said.count("policywatch accept "),
    ]


def test_each_held_text_is_shown_once_whatever_the_operator_was_told_before(
    config: Path, site: Site, tmp_path: Path
) -> None:
    short, other = (
        policy(paragraphs=PARAGRAPHS[:1]),
        policy(paragraphs=PARAGRAPHS[4:5]),
    )
    with a_job(config) as job:
        for page in (policy(), *[(403, "no")] * 3):
            site.pages["/privacy"] = page
            job.run(force=True)
        heard = []
        for site.pages["/privacy"] in (short, short, other, short, other):
            assert job.run(force=True).checks[0]["outcome"] == "held"
            heard.append(shown(tmp_path)[2])
        assert heard == [1, 1, 2, 2, 2]
        assert shown(tmp_path)[:2] == [2, 2]
        for site.pages["/privacy"] in (policy(), short):
            job.run(force=True)
        assert shown(tmp_path)[2] == 3, "once more after the page was well"


def test_a_held_text_that_differs_in_a_number_only_is_shown_once(
    config: Path, site: Site, tmp_path: Path
) -> None:
    with a_job(config) as job:
        job.run(force=True)
        for number in range(3):
            site.pages["/privacy"] = policy(
                f"Request number {number}.", paragraphs=PARAGRAPHS[:1]
            )
            assert job.run(force=True).checks[0]["outcome"] == "held"
        assert shown(tmp_path)[2] == 1
        site.pages["/privacy"] = policy(
            "We sell your name to advertisers.", paragraphs=PARAGRAPHS[:1]
        )
        assert job.run(force=True).checks[0]["outcome"] == "held"
        assert shown(tmp_path)[2] == 2, (
            "what is told to readers is shown to the operator"
        )


def accepted(config: Path, document: str = "library/privacy") -> str:
    """What `accept` says, and then `deliver`."""
    return policywatch(
        "accept", document, "--yes", "--config", config
    ) + policywatch("deliver", "--config", config)


def test_an_accepted_text_after_an_imported_history_is_told_nobody(
    config: Path, site: Site, tmp_path: Path
) -> None:
    with a_job(config) as job:
        job.declare()
        archived = ArchivedText(
            "a1",
            datetime(2025, 1, 1, tzinfo=UTC),
            partial(
                Fetched,
                "library/privacy",
                "https://a.example",
                "https://a.example/1",
                200,
                [],
                "text/markdown",
                "utf-8",
                "\n\n".join(PARAGRAPHS).encode(),
            ),
            "archive",
            "https://a.example/1",
        )
        import_document(
            job.database,
            "library/privacy",
            job.configs["library/privacy"],
            [archived],
        )
        numbers = count(1)
        site.pages["/privacy"] = lambda: policy(
            *unlike("This is a copy.", next(numbers)), AI
        )
        assert job.run(force=True).checks[0]["outcome"] == "held"
    assert "Taken" in accepted(config)
    assert not (tmp_path / "alerts.txt").exists()


def test_an_accepted_announced_text_is_compared_with_the_one_in_force(
    tmp_path: Path, site: Site
) -> None:
    more = f"""
[alerts]
grace = "0m"
[[documents]]
id = "library/preview-privacy"
service = "Library"
title = "Privacy policy of the library"
kind = "preview"
url = "{site.url}/preview"
allow_private = true
"""
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db", more=more)
    numbers = count(1)
    with a_job(config) as job:
        for page in (
            policy(AI),
            lambda: policy(
                AI, *unlike("We sell your name to advertisers.", next(numbers))[:7]
            ),
        ):
            site.pages["/preview"] = page
            job.run(force=True)
    assert "Taken" in accepted(config, "library/preview-privacy")
    shown = json.loads(policywatch("show", 2, "--json", "--config", config))
    assert any(
        "generative AI" in (each["after"] or "") for each in shown["passages"]
    )
    assert (tmp_path / "alerts.txt").read_text("utf-8").count("/changes/2") == 1


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("privacy-policy", "held"), ("help", "changed"), ("notice", "changed")],
)
def test_a_help_page_may_lose_most_of_its_paragraphs(
    config: Path, site: Site, kind: str, outcome: str
) -> None:
    config.write_text(
        config.read_text("utf-8").replace(
            'kind = "privacy-policy"', f'kind = "{kind}"'
        ),
        "utf-8",
    )
    with a_job(config) as job:
        job.run(force=True)
        site.pages["/privacy"] = policy(paragraphs=PARAGRAPHS[3:5])
        assert job.run(force=True).checks[0]["outcome"] == outcome


def test_a_text_that_seems_cut_off_is_the_document_once_it_has_stayed_for_a_week(
    config: Path, site: Site
) -> None:
    short = policy(paragraphs=PARAGRAPHS[:1])
    with a_job(config) as job:
        assert looked_at(job, site, policy(), *[short] * 4, days=2) == [
            "first", *["held"] * 4,
        ]  # fmt: skip
        assert looked_at(job, site, short, short, days=2) == [
            "changed",
            "unchanged",
        ]


def test_one_that_a_person_rejected_never_is(config: Path, site: Site) -> None:
    short = policy(paragraphs=PARAGRAPHS[:1])
    with a_job(config) as job:
        looked_at(job, site, policy(), short)
    policywatch("reject", "library/privacy", "--config", config)
    with a_job(config) as job:
        assert {*looked_at(job, site, *[short] * 4, days=5)} == {"held"}


def test_a_first_text_that_was_another_tab_gives_way_after_three_checks(
    config: Path, site: Site, tmp_path: Path
) -> None:
    with a_job(config) as job:
        assert looked_at(job, site, TAB, *[policy()] * 4) == [
            "first", "held", "held", "first", "unchanged",
        ]  # fmt: skip
        with job.database.reading() as session:
            causes = [each.cause for each in versions(session, "library/privacy")]
            assert causes == [Cause.PAGE, Cause.REPLACED]
    assert not (tmp_path / "alerts.txt").exists(), "nobody changed anything"


def test_the_home_page_in_the_documents_place_never_is_the_document(
    config: Path, site: Site
) -> None:
    home = TAB.replace("Cookie settings", "Welcome to the house of books")
    with a_job(config) as job:
        assert (
            looked_at(job, site, policy(), *[home] * 4, days=5)[1:] == ["held"] * 4
        )


def test_a_text_that_shares_nothing_with_the_one_before_has_to_stay(
    config: Path, site: Site
) -> None:
    former, rewritten = policy(paragraphs=FORMER), policy(paragraphs=REWRITTEN)
    with a_job(config) as job:
        assert looked_at(job, site, former, rewritten, former, rewritten, former) == [
            "first", "held", "unchanged", "held", "unchanged",
        ]  # fmt: skip
        assert looked_at(job, site, *[rewritten] * 4) == [
            "held", "held", "changed", "unchanged",
        ]  # fmt: skip


def test_an_outcome_of_a_newer_release_is_shown_by_its_name(
    config: Path, site: Site
) -> None:
    with a_job(config) as job:
        job.run(force=True)
        with job.database.writing() as session:
            session.exec(select(Check)).one().outcome = "redirected"
    (row,) = json.loads(policywatch("documents", "--json", "--config", config))
    assert (row["outcome"], row["good"]) == ("redirected", False)
    assert "redirected" in policywatch("documents", "--config", config)


def test_accept_says_which_key_answers_a_reason(config: Path, site: Site) -> None:
    with a_job(config) as job:
        looked_at(job, site, policy(), TAB)
        with job.database.writing() as session:
            held = session.exec(select(Check).where(Check.outcome == "held")).one()
            held.reason = Message(
                "robots.forbidden", host="a.example", name="policywatch"
            )
    said = policywatch("accept", "library/privacy", "--yes", "--config", config)
    assert 'robots = "ignore"' in said
