"""What the tests of importing share: a history of Parley's policy, the watchlist that it goes to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from policywatch.config.recipients import Recipients
from policywatch.config.watchlist import Watchlist, load
from policywatch.pipeline import Job
from policywatch.sources.open_terms_archive import Selection, import_archive
from policywatch.sources.repository import opened
from policywatch.sources.source import ImportReport
from storage.database import Database
from storage.versions import versions
from tests.archive import Commit, repository

POLICY = "Parley/Privacy Policy.md"
ALL = Selection()
START = datetime(2022, 3, 1, 6, 0, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def policy(*more: str) -> str:
    """A text long enough to be believed."""
    common = [
        "We collect the name, the address for mail and the picture that you give us when you make an account.",
        "We keep what you post for as long as your account is open, and delete it thirty days after it was closed.",
        "You can ask us at any time which data of yours we hold, and have mistakes in it put right.",
        "We use cookies to keep you signed in and to learn which of our pages are read most often.",
    ]
    return "# Privacy Policy\n\n" + "\n\n".join([*common, *more]) + "\n"


TRAINING = "From May 1, 2022 we use your posts to train our AI models, unless you opt out in your settings."
SHARING = "We share your email address with advertising partners so that they can show you ads."
WALL = "# Sign in\n\nSign in to continue.\n"
TERMS = "# Terms\n\nYou may use Parley if you are sixteen years old or more.\n"
HISTORY = [
    Commit(day(0), POLICY, policy(), "Start tracking Parley Privacy Policy"),
    Commit(day(0), "README.md", "An archive"),
    Commit(day(1), "Parley/Terms of Service.md", TERMS),
    Commit(day(30), POLICY, policy(TRAINING)),
    Commit(day(31), POLICY, WALL),
    Commit(day(32), POLICY, policy(TRAINING, SHARING)),
    Commit(
        day(40),
        POLICY,
        policy(TRAINING, SHARING, "Written by our people."),
        "Refilter Parley Privacy Policy",
    ),
    Commit(
        day(50), POLICY, policy(TRAINING, SHARING).replace("which of", "which  of")
    ),
]
WATCHLIST = """
contact = "a@example.org"
database = "{database}"
[[documents]]
id = "parley/privacy"
service = "parley"
title = "Privacy Policy"
kind = "privacy-policy"
url = "https://parley.example/privacy"
"""


def watched(database_url: str, tmp_path: Path) -> Watchlist:
    """Parley's policy, on an empty store."""
    file = tmp_path / "policywatch.toml"
    file.write_text(WATCHLIST.format(database=database_url), "utf-8")
    return load(file)


def history(tmp_path: Path) -> Path:
    """The repository of `HISTORY`."""
    return repository(tmp_path / "versions.git", HISTORY)


def take(
    database: Database,
    watchlist: Watchlist,
    source: Path,
    selection: Selection = ALL,
) -> list[ImportReport]:
    Job(watchlist, database, Recipients()).declare()
    with opened(str(source)) as found:
        return list(import_archive(database, watchlist, found, selection))


def dates(database: Database, document_id: str) -> list[tuple[int, datetime, str]]:
    with database.reading() as session:
        return [
            (row.number, row.captured_at, row.cause)
            for row in versions(session, document_id)
        ]
