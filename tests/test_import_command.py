"""`import open-terms-archive` as a program: killed, used wrongly."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from sqlmodel import func, select

from policywatch.config.watchlist import Watchlist
from storage.captures import Capture
from storage.changes import Change
from storage.database import Database
from storage.versions import Version
from tests import warm
from tests.archive import Commit, repository
from tests.archived import POLICY, WATCHLIST, dates, day, history, policy, watched
from tests.site import policywatch, settled

DATABASES = ["sqlite"]

watchlist = pytest.fixture(watched)


def command(file: Path, *arguments: object) -> list[object]:
    return [
        "-m",
        "policywatch",
        "import",
        "open-terms-archive",
        *arguments,
        "--config",
        file,
    ]


def test_killed_at_any_moment_it_goes_on_where_it_was(
    database: Database, watchlist: Watchlist, tmp_path: Path
) -> None:
    said = [
        f"Rule {number} is that we keep the things you wrote for {number} days."
        for number in range(75)
    ]
    there = repository(
        tmp_path / "long.git",
        [Commit(day(at), POLICY, policy(*said[: at + 1])) for at in range(75)],
    )
    for _ in range(2):
        with warm.running(*command(watchlist.file, there)):
            seen = len(dates(database, "parley/privacy"))
            until = time.monotonic() + 60
            while (
                len(dates(database, "parley/privacy")) <= seen
                and time.monotonic() < until
            ):
                time.sleep(0.05)
        settled(database)
    told = json.loads(policywatch(*command(watchlist.file, there, "--json")[2:]))
    assert told["documents"][0]["document"] == "parley/privacy"
    assert dates(database, "parley/privacy") == [
        (at + 1, day(at), "page") for at in range(75)
    ]
    with database.reading() as session:
        assert session.exec(select(func.count()).select_from(Version)).one() == 75
        assert session.exec(select(func.count()).select_from(Change)).one() == 74
        assert session.exec(select(func.count()).select_from(Capture)).one() == 75


def test_wrong_use_ends_with_its_status(tmp_path: Path) -> None:
    file = tmp_path / "policywatch.toml"
    file.write_text(
        WATCHLIST.format(database=f"sqlite:///{tmp_path / 'a.db'}"), "utf-8"
    )
    wrong = warm.done(*command(file, "nothing-here"))
    assert (wrong.returncode, wrong.stdout) == (2, "")
    id_ = warm.done(*command(file, "x", "-d", "Terms=../x"))
    assert id_.returncode == 2
    assert "write service/document" in id_.stderr
    assert wrong.stderr.startswith(
        "policywatch: there is no folder or file 'nothing-here'; name a repository's folder"
    )


def test_an_id_that_is_hardly_meant_is_refused_before_anything_is_taken(
    tmp_path: Path,
) -> None:
    file = tmp_path / "policywatch.toml"
    file.write_text(
        WATCHLIST.format(database=f"sqlite:///{tmp_path / 'a.db'}"), "utf-8"
    )
    archive = history(tmp_path)
    ghost = policywatch(
        *command(file, archive, "-d", "Privacy Policy=parley/privcy")[2:], status=2
    )
    assert "parley/privcy is no document; did you mean 'parley/privacy'?" in ghost
    other = policywatch(
        *command(file, archive, "-d", "Terms of Service=parley/privacy")[2:],
        status=2,
    )
    assert (
        "parley/privacy is privacy-policy, and “Terms of Service” is terms" in other
    )
    assert "parley/privcy" not in policywatch("documents", "--config", file)
    policywatch(
        *command(file, archive, "--insist", "-d", "Privacy Policy=parley/before")[
            2:
        ]
    )
    assert "version 1" in policywatch("history", "parley/before", "--config", file)
