"""Importing an archive: its history as versions, read again, searched, continued by what is new."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import func, select

from policywatch.config.recipients import Recipients
from policywatch.config.watchlist import Watchlist
from policywatch.ingest.reprocess import reprocess_all
from policywatch.pipeline import Job
from policywatch.sources.open_terms_archive import Selection, chosen
from policywatch.sources.repository import NotAnArchive, opened
from storage.changes import changes_of
from storage.checks import Check
from storage.clock import utc_now
from storage.database import Database
from storage.deliveries import Alert, Notice
from storage.documents import document
from storage.paragraphs import blame, course, reindex
from storage.search import search
from storage.versions import current_version
from tests.archive import Commit, bundle, git, repository
from tests.archived import (
    ALL,
    POLICY,
    SHARING,
    dates,
    day,
    history,
    policy,
    take,
    watched,
)
from tests.site import BOTH

DATABASES = ["sqlite"]

watchlist = pytest.fixture(watched)
archive = pytest.fixture(history)


def test_a_clone_that_knows_its_branch_only_as_its_origins_is_read(
    database: Database, watchlist: Watchlist, archive: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(
        "clone",
        "--quiet",
        str(bundle(archive, tmp_path / "handed-round.bundle")),
        str(clone),
    )
    git("-C", str(clone), "symbolic-ref", "HEAD", "refs/heads/elsewhere")
    for branch in (
        git("-C", str(clone), "for-each-ref", "--format=%(refname)", "refs/heads")
        .decode()
        .split()
    ):
        git("-C", str(clone), "update-ref", "-d", branch)
    privacy, _ = take(database, watchlist, clone)
    assert privacy.done.versions == 5


def test_a_history_becomes_versions_with_their_dates_and_source(
    database: Database, watchlist: Watchlist, archive: Path, tmp_path: Path
) -> None:
    privacy, terms = take(
        database, watchlist, bundle(archive, tmp_path / "handed-round.bundle")
    )
    assert (privacy.id, privacy.continues, terms.id, terms.continues) == (
        "parley/privacy",
        True,
        "parley/terms-of-service",
        False,
    )
    assert (privacy.done.versions, privacy.done.changes, privacy.done.flagged) == (
        5,
        3,
        2,
    )
    assert [str(reason) for _, reason in privacy.done.set_aside] == [
        "a login wall: it says “Sign in to continue”"
    ]
    assert dates(database, "parley/privacy") == [
        (1, day(0), "page"),
        (2, day(30), "page"),
        (3, day(32), "page"),
        (4, day(40), "reader"),
        (5, day(50), "page"),
    ]
    with database.reading() as session:
        newest = current_version(session, "parley/privacy")
        assert newest is not None
        assert newest.source is not None
        assert newest.source.startswith("Open Terms Archive, handed-round.bundle, ")
        last, refiltered, shared, trained = changes_of(session, "parley/privacy")
        assert (trained.alert, trained.topics[0], str(trained.effective_date)) == (
            True,
            "ai_training",
            "2022-05-01",
        )
        assert trained.detected_at == day(30)
        assert (shared.substantive, shared.waits) == (True, 0)
        assert (refiltered.cause, refiltered.alert) == ("reader", False)
        assert last.returns_to == shared.version_id
        assert last.waits == 0
        assert document(session, "parley/terms-of-service").retired
        assert document(session, "parley/terms-of-service").kind == "terms"
        for table in (Alert, Notice, Check):
            assert session.exec(select(func.count()).select_from(table)).one() == 0
        assert search(session, '"train our AI models"').hits[0].spans[
            0
        ].since == day(30)
        assert [since.number for since in blame(session, newest) if since] == [
            1,
            1,
            1,
            1,
            1,
            2,
            3,
        ]
        assert course(session, "parley/privacy")[-1].mentions["ai_training"] >= 1


@BOTH
def test_the_same_again_takes_nothing_and_later_only_what_is_new(
    database: Database, watchlist: Watchlist, archive: Path
) -> None:
    take(database, watchlist, archive)
    before = dates(database, "parley/privacy")
    again = take(database, watchlist, archive)
    assert [(each.done.texts, each.left_out) for each in again] == [(0, 6), (0, 1)]
    assert dates(database, "parley/privacy") == before
    repository(archive, [Commit(day(60), POLICY, policy(SHARING))], after="main^0")
    privacy, _ = take(database, watchlist, archive)
    assert (privacy.done.texts, privacy.done.versions) == (1, 1)
    assert dates(database, "parley/privacy")[-1] == (6, day(60), "page")


def test_only_what_is_asked_for_is_taken(
    database: Database, watchlist: Watchlist, archive: Path
) -> None:
    (terms,) = take(
        database, watchlist, archive, Selection("parley", ["terms of service"])
    )
    assert terms.type == "Terms of Service"
    (privacy,) = take(
        database,
        watchlist,
        archive,
        Selection(None, ["Privacy Policy=parley/old-privacy"], insists=True),
    )
    assert (privacy.id, privacy.continues) == ("parley/old-privacy", False)
    with pytest.raises(
        NotAnArchive,
        match=r"no such service or document; it has Parley/Privacy Policy, Parley/Terms",
    ):
        take(database, watchlist, archive, Selection("Other"))


def test_two_documents_that_would_be_one_are_refused(
    database: Database, watchlist: Watchlist, tmp_path: Path
) -> None:
    there = repository(
        tmp_path / "twins.git",
        [
            Commit(day(0), "A-B/Terms.md", policy()),
            Commit(day(1), "A B/Terms.md", policy()),
        ],
    )
    with pytest.raises(
        NotAnArchive,
        match=r"A B/Terms and A-B/Terms would both be a-b/terms; give one its own id",
    ):
        take(database, watchlist, there)


def test_what_was_recorded_under_a_wrong_clock_is_no_news_of_years_to_come(
    database: Database, watchlist: Watchlist, tmp_path: Path
) -> None:
    late = 253_402_300_800  # the year 10000
    commits = [
        Commit(day(0), "Parley/Terms.md", policy()),
        Commit(late, "Parley/Terms.md", policy(SHARING)),
    ]
    take(database, watchlist, repository(tmp_path / "late.git", commits))
    first, second = (at for _, at, _ in dates(database, "parley/terms"))
    assert (first, second <= utc_now()) == (day(0), True)


def test_a_repository_is_fetched_from_an_address(
    database: Database, watchlist: Watchlist, archive: Path
) -> None:
    job = Job(watchlist, database, Recipients())
    job.declare()
    with opened(f"file://{archive}") as found:
        assert [each.type for each in chosen(found, ALL)] == [
            "Privacy Policy",
            "Terms of Service",
        ]
        assert found.name == f"file://{archive}"


def test_what_was_imported_can_be_read_again(
    database: Database, watchlist: Watchlist, archive: Path
) -> None:
    take(database, watchlist, archive)
    before = dates(database, "parley/privacy")
    with database.writing() as session:
        row = current_version(session, "parley/privacy")
        assert row is not None
        row.page, row.fingerprint = (
            {"title": "", "language": "en", "blocks": []},
            "as if by other rules",
        )
        reindex(session, "parley/privacy")
        assert search(session, '"advertising partners"').hits[0].spans[-1].last == 4
    reprocess_all(database, Job(watchlist, database, Recipients()).configs, [])
    assert [each[:2] for each in dates(database, "parley/privacy")] == [
        each[:2] for each in before
    ]
    with database.reading() as session:
        assert (
            search(session, '"advertising partners"').hits[0].spans[-1].last is None
        )


def test_a_text_that_is_not_believed_is_taken_if_the_archive_stays_with_it(
    database: Database, watchlist: Watchlist, tmp_path: Path
) -> None:
    recipe = "Take {} eggs, a pound of flour and some milk, and stir it well."
    other = "# Recipes\n\n" + "\n\n".join(
        recipe.format(number) for number in range(30)
    )
    stays = [
        (10, policy()),
        (11, other),
        (12, other + "\n\nServe it warm with butter."),
    ]
    there = repository(
        tmp_path / "a", [Commit(day(at), POLICY, text) for at, text in stays]
    )
    (privacy,) = take(database, watchlist, there)
    assert (privacy.done.versions, privacy.done.set_aside) == (3, [])
    cut = [*stays[:2], (11.5, "")]
    last = repository(
        tmp_path / "b",
        [Commit(day(at), "Parley/Cookies.md", text) for at, text in cut],
    )
    (cookies,) = take(database, watchlist, last)
    assert (cookies.done.versions, len(cookies.done.set_aside)) == (1, 2)
    repository(
        last, [Commit(day(12), "Parley/Cookies.md", stays[2][1])], after="main^0"
    )
    (cookies,) = take(database, watchlist, last)
    # what waited was looked at again
    assert (cookies.done.versions, len(cookies.done.set_aside)) == (2, 1)
