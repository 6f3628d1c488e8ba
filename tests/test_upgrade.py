"""A store of an older policywatch: commands that show leave it alone, those that write upgrade it where they may."""

from __future__ import annotations

import re
import resource
import signal
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from storage.database import Database
from storage.errors import OlderDatabase
from tests.old_store import first_release
from tests.site import command, policywatch
from tests.test_doctor import as_anybody

SHOWING = (["documents"], ["history", "a/b"], ["show", "1"], ["changes"], ["alerts"], ["database", "check"])
ENTRY = """
[[documents]]
id = "a/b"
service = "A"
title = "B"
kind = "terms"
url = "https://a.invalid/"
"""


def watched(folder: Path, url: str, more: str = "") -> Path:
    file = folder / "policywatch.toml"
    file.write_text(f'contact = "test@example.org"\ndatabase = "{url}"\n{more}{ENTRY}', "utf-8")
    return file


@pytest.fixture
def old(tmp_path: Path, new_url: str) -> Path:
    """The watchlist of a store of the first release, of each kind."""
    first_release(new_url)
    return watched(tmp_path, new_url)


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    first_release(f"sqlite:///{tmp_path}/data/watch.db")
    return watched(tmp_path, f"sqlite:///{tmp_path}/data/watch.db")


def schema(file: Path) -> str:
    with closing(sqlite3.connect(file)) as opened:
        return str(opened.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_what_shows_never_upgrades_and_says_what_does(old: Path) -> None:
    for words in SHOWING:
        said = policywatch(*words, "--config", old, status=1)
        assert said.startswith("policywatch: the database is of an older policywatch: it has schema 0001, and 00")
        assert "run `policywatch database upgrade`" in said
    assert "FIX   database: the database is of an older" in policywatch("doctor", "--config", old, status=1)
    assert "upgrade" in policywatch("doctor", "--alive", "--config", old, status=1)
    assert "is up to date." in policywatch("database", "upgrade", "--config", old)
    assert "version 2" in policywatch("history", "a/b", "--config", old)


def test_a_file_is_copied_before_it_is_upgraded_as_often_as_that_is(old_file: Path) -> None:
    file = old_file.parent / "data/watch.db"
    file.chmod(0o600)
    assert "is up to date." in policywatch("database", "upgrade", "--config", old_file)
    (copy,) = file.parent.glob("*.before-*")
    assert (copy.name, schema(copy), stat.S_IMODE(copy.stat().st_mode)) == (
        "watch.db.before-upgrade-0001",
        "0001",
        0o600,
    )
    assert schema(file) > "0001"
    copy.replace(file)
    copy.write_text("an earlier copy", "utf-8")
    policywatch("database", "upgrade", "--config", old_file)
    assert copy.read_text("utf-8") == "an earlier copy"
    assert schema(file.with_name("watch.db.before-upgrade-0001.2")) == "0001"
    policywatch("database", "upgrade", "--config", old_file)
    assert len(list(file.parent.glob("*.before-*"))) == 2


@pytest.mark.parametrize(("more", "upgraded"), [("", True), ("upgrade = true\n", True), ("upgrade = false\n", False)])
def test_a_run_upgrades_a_file_where_the_watchlist_lets_it(tmp_path: Path, more: str, upgraded: bool) -> None:
    first_release(f"sqlite:///{tmp_path}/watch.db")
    config = watched(tmp_path, f"sqlite:///{tmp_path}/watch.db", more)
    said = policywatch("deliver", "--config", config, status=None)
    assert (tmp_path / "watch.db.before-upgrade-0001").exists() == upgraded
    assert ("it is kept in" in said or upgraded) == upgraded
    assert ("run `policywatch database upgrade`" in said) != upgraded


@pytest.mark.parametrize("new_url", ["postgresql"], indirect=True)
def test_a_run_upgrades_no_server_unless_it_may(tmp_path: Path, old: Path, new_url: str) -> None:
    assert "run `policywatch database upgrade`" in policywatch("deliver", "--config", old, status=1)
    policywatch("deliver", "--config", watched(tmp_path, new_url, "upgrade = true\n"))


def test_an_old_file_that_cannot_be_written_is_explained(old_file: Path) -> None:
    data = old_file.parent / "data"
    data.chmod(0o555)
    try:
        status, said = as_anybody("history", "a/b", "--config", old_file)
        assert status == 1
        assert "it has schema 0001" in said
        assert "it can't be written here: upgrade it where it can, or a copy of it" in said
        assert "its file and folder must be writable" in as_anybody("database", "upgrade", "--config", old_file)[1]
    finally:
        data.chmod(0o755)


def test_a_file_that_can_not_be_copied_is_not_upgraded(old_file: Path) -> None:
    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, 2**16))

    words = command("database", "upgrade", "--config", old_file)
    done = subprocess.run(words, capture_output=True, text=True, preexec_fn=full, timeout=300, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert re.search("can't copy the database to .*before-upgrade-0001: .*; it was not upgraded", done.stderr)
    data = old_file.parent / "data"
    assert schema(data / "watch.db") == "0001"
    assert not list(data.glob("*.before-*"))


def test_a_newer_store_is_explained(old_file: Path) -> None:
    with closing(sqlite3.connect(old_file.parent / "data/watch.db")) as opened, opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
    said = policywatch("documents", "--config", old_file, status=1)
    assert re.search("schema 9999, which this version .* Update policywatch, or put back the copy", said)


def test_the_store_itself_is_not_upgraded_unasked(new_url: str) -> None:
    first_release(new_url)
    with pytest.raises(OlderDatabase):
        Database(new_url)
