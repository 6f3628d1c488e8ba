"""A history of others beside our own checks: it goes before them, and they go on from it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from sqlmodel import select

from foundation.vocabulary import ReviewState
from policywatch.config.recipients import Recipients
from policywatch.config.watchlist import Watchlist, load
from policywatch.ingest.captures import ingest
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.pipeline import Job
from policywatch.sources.open_terms_archive import Archived, continued_by
from storage.captures import Capture, add_capture
from storage.changes import Change, change_to
from storage.checks import Check, newest_checks
from storage.database import Database
from storage.deliveries import Alert
from storage.paragraphs import blame
from storage.reviews import add_review
from storage.versions import current_version, versions
from tests.archive import Commit, repository
from tests.archived import (
    POLICY,
    SHARING,
    TRAINING,
    dates,
    day,
    history,
    policy,
    take,
    watched,
)
from tests.stories import ANNA

DATABASES = ["sqlite"]

watchlist = pytest.fixture(watched)
archive = pytest.fixture(history)


def kept(body: str, at: datetime) -> Capture:
    raw = f"<html lang=en><title>Privacy Policy</title><main><h1>Privacy Policy</h1>{body}</main>".encode()
    return Capture(
        document_id="parley/privacy",
        fetched_at=at,
        url="https://parley.example/privacy",
        final_url="https://parley.example/privacy",
        status=200,
        mime="text/html",
        charset="utf-8",
        sha256=hashlib.sha256(raw).hexdigest(),
        size=len(raw),
        body=raw,
    )


def check(
    database: Database,
    configs: dict[str, ExtractionConfig],
    at: datetime,
    *more: str,
) -> str | None:
    """A check of our own that found the policy with these sentences; its outcome."""
    body = "".join(
        f"<p>{line}</p>" for line in policy(*more).splitlines()[2:] if line
    )
    with database.writing() as session:
        made = kept(body, at)
        add_capture(session, made)
        session.add(
            Check(
                document_id="parley/privacy",
                checked_at=at,
                status=200,
                capture_id=made.id,
            )
        )
    ingest(database, configs, lambda *_: ["team"], [])
    with database.reading() as session:
        return newest_checks(session, "parley/privacy", limit=1)[0].outcome


def test_our_own_checks_continue_it_and_alert_only_of_what_they_saw(
    database: Database, watchlist: Watchlist, archive: Path
) -> None:
    take(database, watchlist, archive)
    configs = Job(watchlist, database, Recipients()).configs
    assert check(database, configs, day(99), TRAINING, SHARING) == "unchanged"
    gap = "We sell your email address to data brokers since March 1, 2022."
    assert check(database, configs, day(100), TRAINING, SHARING, gap) == "first"
    with database.reading() as session:
        first = current_version(session, "parley/privacy")
        assert first is not None
        assert (first.number, first.source) == (6, None)
        joint = change_to(session, first.id)
        assert joint is not None
        assert (joint.substantive, joint.alert) == (True, True)
        assert session.exec(select(Alert)).all() == []
    assert (
        check(
            database,
            configs,
            day(101),
            TRAINING,
            SHARING,
            gap,
            TRAINING.replace("posts", "messages"),
        )
        == "changed"
    )
    with database.reading() as session:
        assert len(session.exec(select(Alert)).all()) == 1


def test_a_history_goes_before_the_versions_that_are_there(
    database: Database, watchlist: Watchlist, archive: Path
) -> None:
    job = Job(watchlist, database, Recipients())
    job.declare()
    assert check(database, job.configs, day(45), TRAINING) == "first"
    assert check(database, job.configs, day(46), TRAINING, SHARING) == "changed"
    with database.reading() as session:
        mine = [
            (row.id, row.captured_at) for row in versions(session, "parley/privacy")
        ]
        alerts = len(session.exec(select(Alert)).all())
    privacy, _ = take(database, watchlist, archive)
    assert privacy.left_out == 1  # of the fiftieth day: we were there ourselves
    assert [
        (number, at) for number, at, _ in dates(database, "parley/privacy")
    ] == [
        (1, day(0)),
        (2, day(30)),
        (3, day(32)),
        (4, day(40)),
        (5, day(45)),
        (6, day(46)),
    ]
    with database.reading() as session:
        rows = versions(session, "parley/privacy")
        assert [(row.id, row.captured_at) for row in rows[4:]] == mine
        made = {
            row.version_id: row.before_id for row in session.exec(select(Change))
        }
        assert all(made[after.id] == before.id for before, after in pairwise(rows))
        assert len(session.exec(select(Alert)).all()) == alerts
        assert [since.number for since in blame(session, rows[5]) if since] == [
            1,
            1,
            1,
            1,
            1,
            2,
            6,
        ]
    with database.writing() as session:
        joint = change_to(session, rows[4].id)
        assert joint is not None
        add_review(
            session,
            joint.id,
            ReviewState.REVIEWED,
            note="",
            by="Anna",
            at=day(47),
            actor=ANNA,
        )
    repository(
        archive,
        [Commit(day(41), POLICY, policy(TRAINING, "A late find."))],
        after="main^0",
    )
    take(database, watchlist, archive)
    with database.reading() as session:
        rows = versions(session, "parley/privacy")
        assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6, 7]
        joint = change_to(session, rows[5].id)
        assert joint is not None
        assert joint.before_id == rows[4].id


@pytest.mark.parametrize(
    ("type_", "language", "expected"),
    [
        ("Privacy Policy", "en", "parley/privacy-policy"),
        ("Terms of Service", "en", "parley/user-agreement"),
        ("Developer Terms", "en", None),
        ("Trackers Policy", "en", None),  # two of that kind
        ("Trackers Policy", "fr", "parley/cookies.fr"),
        ("Brand Guidelines", "en", None),
    ],
)
def test_a_document_of_the_watchlist_is_known_by_id_or_as_the_only_one(
    tmp_path: Path, type_: str, language: str, expected: str | None
) -> None:
    rows = [
        ("parley/privacy-policy", "Privacy Policy", "privacy-policy", "en"),
        ("parley/user-agreement", "User Agreement", "terms", "en"),
        ("parley/service-terms", "Service Terms", "terms", "en"),
        ("parley/cookies", "Cookies", "cookie-policy", "en"),
        ("parley/cookie-table", "Cookie table", "cookie-policy", "en"),
        ("parley/cookies.fr", "Cookies", "cookie-policy", "fr"),
    ]
    file = tmp_path / "policywatch.toml"
    file.write_text(
        "\n".join(
            f'[[documents]]\nid = "{id_}"\nservice = "Parley"\ntitle = "{title}"\nkind = "{kind}"\n'
            f'language = "{code}"\nurl = "https://parley.example/{id_}"'
            for id_, title, kind, code in rows
        )
    )
    found = continued_by(Archived("PARLEY", type_), load(file).documents, language)
    assert (found.id if found else None) == expected


@pytest.mark.parametrize(
    ("repository", "title", "expected"),
    [
        ("https://forge.example/a-versions.git", "", "parley/service-terms"),
        ("b-versions", "", "parley/user-agreement"),
        ("history.bundle", "Parley Service Terms", "parley/service-terms"),
        ("history.bundle", "User agreement of Parley", "parley/user-agreement"),
    ],
)
def test_of_two_archives_that_give_one_type_each_goes_to_its_own_document(
    tmp_path: Path, repository: str, title: str, expected: str
) -> None:
    rows = [
        ("user-agreement", "User Agreement", "b"),
        ("service-terms", "Service Terms", "a"),
    ]
    file = tmp_path / "policywatch.toml"
    file.write_text(
        "\n".join(
            f'[[documents]]\nid = "parley/{id_}"\nservice = "Parley"\ntitle = "{name}"\nkind = "terms"\n'
            f'url = "https://parley.example/{id_}"\nsource = "open-terms-archive"\ntype = "Terms of Service"\n'
            f'repository = "https://forge.example/{archive}-versions.git"'
            for id_, name, archive in rows
        )
    )
    archived = Archived("Parley", "Terms of Service")
    found = continued_by(
        archived, load(file).documents, "en", title=title, repository=repository
    )
    assert found is not None
    assert found.id == expected
