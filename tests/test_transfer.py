"""A store moves between the two kinds of database, and into a file and back: all of it, or nothing."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from storage.checks import Check
from storage.clock import utc_now
from storage.database import Database, all_tables
from storage.documents import Document
from storage.integrity import all_damage
from storage.search import search
from storage.transfer import NotCopied, copy
from tests.conftest import made
from tests.site import policywatch, with_small_files
from tests.story_of_parley import PRIVACY


@pytest.fixture
def parley_file(story_file: Path, tmp_path: Path) -> Path:
    return shutil.copyfile(story_file, tmp_path / "parley.db")


@pytest.fixture
def server(postgres_server: str, migrated_postgres: str) -> Iterator[str]:
    with made(postgres_server, migrated_postgres) as url:
        yield url


def parley_in(kind: str, file: Path, server: str) -> str:
    """The URL of the story's store in a database of this kind."""
    url = f"sqlite:///{file}"
    if kind == "sqlite":
        return url
    policywatch("database", "copy", url, server)
    return server


def watched(url: str | Path, folder: Path) -> Path:
    url = url if isinstance(url, str) else f"sqlite:///{url}"
    config = folder / "policywatch.toml"
    config.write_text(
        f'contact = "test@example.org"\ndatabase = "{url}"\n', "utf-8"
    )
    return config


def changes(url: str | Path, folder: Path) -> list[dict[str, object]]:
    """As a person gets them."""
    listed: list[dict[str, object]] = json.loads(
        policywatch("changes", "--json", "--config", watched(url, folder))
    )
    assert listed
    return listed


def counts(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {
            table.name: session.exec(select(func.count()).select_from(table)).one()
            for table in all_tables()
        }


def test_a_store_goes_to_postgresql_and_back(
    parley_file: Path, server: str, tmp_path: Path
) -> None:
    before = changes(parley_file, tmp_path)
    output = policywatch(
        "database",
        "copy",
        f"sqlite:///{parley_file}",
        "${NEW}",
        environ={"NEW": server},
    )
    assert re.match(
        r"\d+ rows of \d+ tables copied to postgresql.*, where they are the same\.",
        output,
    )
    assert changes(server, tmp_path) == before
    back = tmp_path / "back.db"
    policywatch("database", "copy", server, f"sqlite:///{back}")
    assert changes(back, tmp_path) == before
    opened = [
        Database(f"sqlite:///{parley_file}"),
        Database(server),
        Database(f"sqlite:///{back}"),
    ]
    with opened[1].reading() as session:
        known = "SELECT reltuples FROM pg_class WHERE relname = 'checks'"
        rows = session.connection().exec_driver_sql(known).scalar_one()
        assert rows == counts(opened[1])["checks"], (
            "else PostgreSQL would plan its first queries without knowing"
        )
    stored, answers = [counts(database) for database in opened], []
    for database in opened:
        assert list(all_damage(database)) == []
        with database.reading() as session:
            answers.append(
                [
                    (hit.document.id, hit.text)
                    for hit in search(session, "train").hits
                ]
            )
        with database.writing() as session:
            last = session.exec(select(func.max(Check.id))).one() or 0
            session.add(Check(document_id=PRIVACY, checked_at=utc_now()))
            session.flush()
            assert (
                session.exec(
                    select(Check.id).order_by(col(Check.id).desc())
                ).first()
                == last + 1
            )
        database.close()
    assert answers[0]
    assert answers[0] == answers[1] == answers[2]
    assert stored[0] == stored[1] == stored[2]


def test_what_can_not_be_copied_is_refused(
    parley_file: Path, migrated: Path, tmp_path: Path
) -> None:
    source, other = (
        f"sqlite:///{parley_file}",
        shutil.copyfile(migrated, tmp_path / "other.db"),
    )
    again = policywatch("database", "copy", source, source, status=1)
    assert (
        "the target has chain_entries already, and nothing was copied; name an empty database"
        in again
    )
    missing = policywatch(
        "database",
        "copy",
        f"sqlite:///{tmp_path}/none.db",
        f"sqlite:///{other}",
        status=1,
    )
    assert f"there is no file {tmp_path}/none.db" in missing
    assert not (tmp_path / "none.db").exists()
    with closing(sqlite3.connect(tmp_path / "foreign.db")) as foreign:
        foreign.execute("CREATE TABLE songs (name)")
    foreign_url = f"sqlite:///{tmp_path}/foreign.db"
    assert "is not a database of policywatch" in policywatch(
        "database", "copy", foreign_url, source, status=1
    )
    with closing(sqlite3.connect(other)) as newer, newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    output = policywatch(
        "database",
        "copy",
        f"sqlite:///{other}",
        f"sqlite:///{tmp_path}/new.db",
        status=1,
    )
    assert "it was written by a newer one" in output
    assert "NAME is not set" in policywatch(
        "database", "copy", "${NAME}", source, status=2
    )


def test_a_copy_that_fails_leaves_nothing(
    parley_file: Path, server: str, tmp_path: Path
) -> None:
    source, target = Database(f"sqlite:///{parley_file}"), Database(server)
    with source.writing() as session:
        session.get_one(
            Document, PRIVACY
        ).title = "A title with\0 what PostgreSQL can't hold"
    with pytest.raises(NotCopied, match="nothing was copied to postgresql"):
        copy(source, target)
    assert not any(counts(target).values())
    with closing(sqlite3.connect(parley_file)) as damaged, damaged:
        damaged.execute("UPDATE documents SET title = 'Terms'")
        damaged.execute("UPDATE checks SET checked_at = 'noon' WHERE id = 3")
    with pytest.raises(NotCopied, match="database check` says what is damaged"):
        copy(source, target)
    assert not any(counts(target).values())
    source.close()
    target.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_backup_is_made_while_others_write_and_restores(
    parley_file: Path, server: str, tmp_path: Path, kind: str
) -> None:
    url, file = parley_in(kind, parley_file, server), tmp_path / "backup.db"
    before = changes(url, tmp_path)
    at_work = Database(url)
    with at_work.writing() as session:
        session.get_one(Document, PRIVACY).title = "Not yet"
        session.flush()
        assert policywatch(
            "database", "backup", file, "--config", watched(url, tmp_path)
        ).startswith(f"Wrote {file}")
    at_work.close()
    assert "is there already" in policywatch(
        "database", "backup", file, "--config", watched(url, tmp_path), status=1
    )
    assert "the target has" in policywatch(
        "database", "restore", file, "--config", watched(url, tmp_path), status=1
    )
    new = watched(f"sqlite:///{tmp_path}/new.db", tmp_path)
    assert "the same" in policywatch("database", "restore", file, "--config", new)
    assert changes(tmp_path / "new.db", tmp_path) == before
    assert sorted(each.name for each in tmp_path.glob("backup*")) == ["backup.db"]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_of_daily_backups_the_newest_stay(
    kind: str, parley_file: Path, server: str, tmp_path: Path
) -> None:
    url, folder = parley_in(kind, parley_file, server), tmp_path / "backups"
    config = watched(url, tmp_path)
    folder.mkdir()
    others = ["notes.txt", "policywatch-2021-01-01.db", "policywatch-2022-02-02.db"]
    for name in others:
        (folder / name).touch()
    today = f"policywatch-{utc_now():%Y-%m-%d}.db"
    (folder / f"{today}.part").write_text("of a killed one")
    for _ in range(2):
        policywatch("database", "backup", folder, "--keep", "2", "--config", config)
    assert sorted(each.name for each in folder.iterdir()) == [
        "notes.txt",
        "policywatch-2022-02-02.db",
        today,
    ]
    assert changes(f"sqlite:///{folder / today}", tmp_path) == changes(
        url, tmp_path
    )


def test_a_backup_for_which_there_is_no_room_leaves_nothing(
    parley_file: Path, tmp_path: Path
) -> None:
    words = (
        "database",
        "backup",
        tmp_path / "backup.db",
        "--config",
        watched(parley_file, tmp_path),
    )
    done = with_small_files(2**16, *words)
    assert done.returncode == 1
    assert re.search("can't copy the database to .*backup.db", done.stderr)
    assert not list(tmp_path.glob("backup*"))
