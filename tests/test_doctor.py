"""`doctor` before and after runs, and what can still be shown where nothing can be written."""

from __future__ import annotations

import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import psycopg
import pytest
from sqlmodel import select

from policywatch.config.watchlist import load
from policywatch.doctor import examine
from storage.changes import Change
from storage.database import Database
from tests import warm
from tests.conftest import made
from tests.site import (
    AI,
    BOTH,
    BOUND,
    MAIN,
    Site,
    library,
    policy,
    policywatch,
    run,
    serving,
    until,
    watchlist,
    with_small_files,
)
from tests.web_pages import page, visited
from tests.web_pages import text as text_of

DATABASES = ["sqlite"]

site = pytest.fixture(library)


@pytest.fixture
def config(tmp_path: Path, site: Site) -> Path:
    (tmp_path / "data").mkdir()
    made = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/data/watch.db")
    run(made, status=0)
    return made


@pytest.fixture
def unwritable(config: Path) -> Iterator[Path]:
    """The watchlist of a database that lies in a folder where nothing can be written."""
    data = config.parent / "data"
    (data / "watch.db").chmod(0o444)
    data.chmod(0o555)
    yield config
    data.chmod(0o755)


def as_anybody(*words: object) -> tuple[int, str]:
    """Run the program bound by the rights of files."""
    done = warm.done("-c", f"{BOUND}\n{MAIN}", *words)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_where_nothing_can_be_written_what_is_stored_is_shown(
    unwritable: Path,
) -> None:
    for words, said in (
        (["documents"], "library/privacy"),
        (["export", "site", unwritable.parent / "public"], "files written"),
    ):
        status, shown = as_anybody(*words, "--config", unwritable)
        assert (status, said in shown) == (0, True), shown


def test_of_a_store_that_cannot_be_written_pages_are_served_and_a_backup_is_made(
    unwritable: Path, tmp_path: Path
) -> None:
    words = ("database", "backup", tmp_path / "backup.db", "--config", unwritable)
    assert as_anybody(*words)[0] == 0
    assert versions_in(tmp_path / "backup.db") == 1
    alive = as_anybody("doctor", "--alive", "--config", unwritable)
    assert alive[0] == 0, alive
    with serving(unwritable, first=BOUND) as (address, _):
        shown = httpx.get(address, timeout=60, follow_redirects=True)
    assert shown.status_code == 200


@pytest.fixture
def full(config: Path, tmp_path: Path) -> Iterator[Path]:
    """The watchlist of a database on a disk without room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    file = config.parent / "data" / "watch.db"
    size = file.stat().st_size + 100_000
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], check=False
    )
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        shutil.copyfile(file, disk / "watch.db")
        with suppress(OSError), (disk / "more").open("wb", buffering=0) as more:
            while True:
                more.write(b"0" * 4096)
        words = config.read_text("utf-8").replace(str(file), f"{disk}/watch.db")
        config.write_text(words, "utf-8")
        yield config
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_store_on_a_full_disk_is_backed_up_elsewhere(
    full: Path, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.db"
    policywatch("database", "backup", backup, "--config", full)
    assert versions_in(backup) == 1


def versions_in(file: Path) -> int:
    with closing(sqlite3.connect(file)) as opened:
        return int(opened.execute("SELECT count(*) FROM versions").fetchone()[0])


def test_doctor_says_that_nothing_can_be_written(unwritable: Path) -> None:
    for words in ((), ("--deep",)):
        status, said = as_anybody(
            "doctor", "--quiet", *words, "--config", unwritable
        )
        assert status == 1
        assert "FIX   database: can't write to sqlite:///" in said
        assert "its file and folder must be writable" in said


def test_doctor_says_that_the_disk_is_full_and_leaves_nothing_behind(
    config: Path,
) -> None:
    data = config.parent / "data"
    before = {file.name: file.read_bytes() for file in data.iterdir()}
    assert re.search(
        r"ok    database: sqlite:///.*, \d\.\d MB",
        policywatch("doctor", "--config", config),
    )

    done = with_small_files(2**20, "doctor", "--config", config)
    assert done.returncode == 1
    assert "FIX   database: can't write to sqlite:///" in done.stdout
    assert "disk full" in done.stdout
    assert {file.name: file.read_bytes() for file in data.iterdir()} == before


@pytest.mark.parametrize(("free", "good"), [(200_000, False), (10**12, True)])
def test_doctor_warns_of_a_disk_that_will_be_full(
    config: Path, monkeypatch: pytest.MonkeyPatch, free: int, good: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    texts = [finding.text for finding in examine(config) if finding.about == "disk"]
    assert (not texts) == good
    assert all(
        re.match(
            r"0 MB are free, and the database grows by some \d+ MB in 30 days: make",
            each,
        )
        for each in texts
    )


def test_a_backup_that_is_no_longer_written_is_named(config: Path) -> None:
    policywatch("run", "--config", config)
    database = load(config).database.removeprefix("sqlite:///")
    folder = Path(database).parent / "backups"
    assert "backup:" not in policywatch("doctor", "--config", config)
    policywatch("database", "backup", folder, "--keep", 7, "--config", config)
    (fresh,) = folder.iterdir()
    assert f"backup: the newest is {fresh}\n" in policywatch(
        "doctor", "--config", config
    )
    old = fresh.rename(folder / "policywatch-2026-01-31.db")
    shown = policywatch("doctor", "--quiet", "--config", config, status=1)
    assert f"FIX   backup: the newest is {old}; the job that writes one" in shown


def test_without_a_network_one_line_says_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = Site(f"http://127.0.0.1:{closed.getsockname()[1]}")
    made = watchlist(
        tmp_path,
        nobody,
        f"sqlite:///{tmp_path}/watch.db",
        names=("privacy", "terms"),
    )
    made.write_text(
        made.read_text("utf-8").replace(
            "http://127.0.0.1", "http://nowhere.invalid"
        ),
        "utf-8",
    )
    said = policywatch("run", "--config", made, status=1)
    assert said.startswith(
        "none of 2 documents could be reached: is this machine online? Of the first: "
    )
    assert said.count("\n") == 1
    said = policywatch("doctor", "--quiet", "--config", made, status=1)
    assert said.startswith("FIX   network: none of 2 documents could be reached")
    assert said.count("\n") == 1


def test_one_cause_is_told_once_for_all_its_documents(
    tmp_path: Path, site: Site
) -> None:
    """Three of four hosts have no address: as when DNS works for some names only."""
    names = ("privacy", "terms", "cookies", "help")
    site.pages |= {f"/{name}": policy() for name in names}
    made = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db", names=names)
    text = made.read_text("utf-8")
    for name in names[1:]:
        text = text.replace(f"{site.url}/{name}", f"http://{name}.invalid/{name}")
    made.write_text(text, "utf-8")
    ids = [entry.id for entry in load(made).documents][1:]
    said = policywatch("run", "--config", made, status=1)
    assert said.count("\n") == said.count("No address was found for ") == 1
    assert said.startswith("3 documents of 3 hosts, as the first, failed: ")
    assert all(id_ in said for id_ in ids)
    said = policywatch("doctor", "--config", made, status=1)
    assert said.count("No address was found") == 1
    assert "ok    checks" not in said
    database = Database(f"sqlite:///{tmp_path}/watch.db")
    with visited(database) as pages:
        shown = page(pages, "/health")
    database.close()
    assert text_of(shown, "#held ~ ul .reason") == [
        text_of(shown, "#held ~ ul .reason")[0]
    ]
    assert len(shown.css("#held ~ ul .title")) == 3


def test_of_a_job_that_does_not_run_one_line_says_so(
    config: Path, site: Site
) -> None:
    site.pages["/terms"] = policy()
    watchlist(
        config.parent,
        site,
        f"sqlite:///{config.parent}/data/watch.db",
        names=("privacy", "terms"),
    )
    run(config, status=0)
    with (
        closing(sqlite3.connect(config.parent / "data/watch.db")) as opened,
        opened,
    ):
        opened.execute(
            "UPDATE checks SET checked_at = '2025-01-02 03:04:05.000000'"
        )
    said = policywatch("doctor", "--quiet", "--config", config, status=1)
    overdue = "2 documents are overdue; the last check was at 2025-01-02 03:04 UTC: does the job still run?"
    assert said == f"FIX   job: {overdue}\n"


def test_a_run_that_finds_nothing_due_loads_no_library_of_the_work(
    config: Path,
) -> None:
    slow = {"alembic", "apprise", "fastapi", "jinja2", "numpy", "scrapy", "twisted"}
    code = "import atexit, sys; from policywatch.cli import main; "
    code += f"atexit.register(lambda: print(*sys.modules.keys() & {slow})); main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "run", "--config", config],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("\n", "")


def test_a_missing_browser_is_said_before_the_run(config: Path) -> None:
    without = "import sys; sys.modules['playwright'] = None; from policywatch.cli import main; main()"
    words = ["-c", without, "doctor", "--quiet", "--config", config]
    assert warm.done(*words).stdout == ""
    config.write_text(config.read_text("utf-8") + "render = true\n", "utf-8")
    done = warm.done(*words)
    assert done.returncode == 1
    assert "FIX   browser: render = true needs a browser" in done.stdout


def test_a_run_under_a_wrong_clock_is_named_and_stops_nothing(config: Path) -> None:
    with sqlite3.connect(config.parent / "data/watch.db") as opened:
        opened.execute(
            "UPDATE checks SET checked_at = '2199-01-01 00:00:00.000000'"
        )
    opened.close()
    for words in ((), ("--alive",)):
        said = policywatch(
            "doctor", "--quiet", *words, "--config", config, status=1
        )
        assert (
            "the last check is dated 2199-01-01 00:00 UTC, which is still to come: was the clock wrong then"
            in said
        )
    policywatch("run", "--config", config)
    assert policywatch("doctor", "--quiet", "--config", config) == ""


def test_a_change_under_a_wrong_clock_is_named_with_what_dates_it_anew(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    made = watchlist(tmp_path, site, database_url)
    run(made, status=0)
    site.pages["/privacy"] = policy(AI)
    run(made, status=0)
    database = Database(database_url)
    with database.writing() as session:
        session.exec(select(Change)).one().detected_at = datetime(
            2199, 1, 1, tzinfo=UTC
        )
    said = policywatch("doctor", "--quiet", "--config", made, status=1)
    assert (
        "FIX   changes: 1 change is dated in time to come, the latest 2199-01-01 (change 1)"
        in said
    )
    with database.writing() as session:
        session.connection().exec_driver_sql(said[said.index("UPDATE") :])
    assert policywatch("doctor", "--quiet", "--config", made) == ""
    with database.reading() as session:
        assert abs(
            session.exec(select(Change)).one().detected_at - datetime.now(UTC)
        ) < timedelta(minutes=1)
    database.close()


def test_a_history_under_another_id_is_named(config: Path) -> None:
    config.write_text(
        config.read_text("utf-8").replace("library/privacy", "library/p"), "utf-8"
    )
    said = policywatch("doctor", "--config", config, status=1)
    assert (
        "ok    library/p: library/privacy had this address; its history ends there"
        in said
    )


def test_one_address_under_two_ids_is_named(config: Path) -> None:
    text = config.read_text("utf-8")
    entry = text[text.index("[[documents]]") :].replace(
        "library/privacy", "library/again"
    )
    config.write_text(f"{text}{entry}", "utf-8")
    said = policywatch("doctor", "--config", config, status=1)
    assert (
        "note  library/again: library/privacy has the same address: the page is fetched twice"
        in said
    )


def test_what_would_be_wise_is_a_note(tmp_path: Path) -> None:
    config = tmp_path / "policywatch.toml"
    policywatch("init", "--contact", "a@example.org", "--config", config)
    shown = policywatch("doctor", "--config", config, status=1)
    assert "note  operator: nobody hears of pages that can't be read" in shown
    assert "note  heartbeat: none is set" in shown


def test_one_page_in_two_archives_is_fetched_once_from_each(tmp_path: Path) -> None:
    config = tmp_path / "policywatch.toml"
    policywatch("init", "--contact", "a@example.org", "--config", config)
    assert "the same address" not in policywatch(
        "doctor", "--config", config, status=1
    )


def test_a_capture_that_waits_unread_is_named(config: Path) -> None:
    for hours, status in ((0.9, 0), (2.5, 1)):
        fetched = datetime.now(UTC) - timedelta(hours=hours)
        with (
            closing(sqlite3.connect(config.parent / "data/watch.db")) as opened,
            opened,
        ):
            opened.execute(
                "UPDATE checks SET outcome = NULL, checked_at = ?",
                (f"{fetched:%Y-%m-%d %H:%M:%S.%f}",),
            )
        for words in ((), ("--alive",)):
            said = policywatch(
                "doctor", "--quiet", *words, "--config", config, status=status
            )
            assert (
                "FIX   library/privacy: capture 1 has been unread for 2 hours; run `policywatch read`"
                in said
            ) == status
    policywatch("read", "--config", config)
    assert policywatch("doctor", "--quiet", "--alive", "--config", config) == ""


def test_a_wrong_or_missing_watchlist_is_wrong_use(tmp_path: Path) -> None:
    file = tmp_path / "policywatch.toml"
    for words in ((), ("--alive",), ("--deep",), ("--json",)):
        file.unlink(missing_ok=True)
        assert "there is no such file" in policywatch(
            "doctor", *words, "--config", file, status=2
        )
        file.write_text("nonsense = 1\n", "utf-8")
        assert "is not a key that is known here" in policywatch(
            "doctor", *words, "--config", file, status=2
        )


@BOTH
def test_doctor_tries_a_database_of_either_kind(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    made = watchlist(tmp_path, site, database_url)
    run(made, status=0)
    said = policywatch("doctor", "--config", made)
    assert "ok    database: " in said
    assert "ok    checks: 1 document was tried at least once" in said


@pytest.mark.parametrize("options", [(), ("--alive",)])
def test_a_database_that_goes_away_meanwhile_is_a_finding(
    tmp_path: Path,
    site: Site,
    postgres_server: str,
    migrated_postgres: str,
    options: tuple[str, ...],
) -> None:
    with made(postgres_server, migrated_postgres) as url:
        config = watchlist(tmp_path, site, url)
        with (
            psycopg.connect(url) as lock,
            psycopg.connect(url, autocommit=True) as other,
        ):
            lock.execute("LOCK TABLE documents, checks IN ACCESS EXCLUSIVE MODE")
            with warm.running(
                "-m", "policywatch", "doctor", *options, "--config", config
            ) as doctor:
                until(
                    lambda: other.execute(
                        "SELECT pid FROM pg_locks WHERE NOT granted"
                    ).fetchone()
                )
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted"
                )
                done = doctor.wait()
        assert (done.returncode, done.stderr) == (1, "")
        assert "went away while it was looked at: " in done.stdout.replace(
            "\n", " "
        )
