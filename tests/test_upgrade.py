"""A store of an older policywatch: commands that show leave it alone, those that write upgrade it where they may.

Today's release is the older one here; the newer one has one more migration.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard
from sqlalchemy import MetaData, Table, bindparam, create_engine, inspect, text
from sqlalchemy import select as select_columns
from sqlmodel import col, select

import storage
from foundation.vocabulary import NoticeKind
from storage import schema_upgrade
from storage.captures import Capture
from storage.chain import BEGINNING, ChainEntry, entry_text
from storage.database import Database, all_tables
from tests import warm
from tests.owed import POLICY, owe
from tests.site import AI, BOUND, MAIN, policy, policywatch

ENTRY = """
[[documents]]
id = "a/b"
service = "A"
title = "B"
kind = "terms"
url = "https://a.invalid/"
"""
SHOWING = (
    ["documents"],
    ["history", POLICY],
    ["show", "1"],
    ["changes"],
    ["alerts"],
    ["database", "check"],
)
TODAY = max(
    file.name
    for file in Path(storage.__file__).parent.glob("migrations/versions/0*.py")
).partition("_")[0]
MIGRATION = f"""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", "{TODAY}"


def upgrade() -> None:
    with op.batch_alter_table("documents") as table:  # other tables refer to it, and SQLite copies it
        table.alter_column("title", existing_type=sa.String, nullable=True)
"""
# the program with the migrations of another folder
NEWER = """
from storage import database, schema_upgrade
for module in (database, schema_upgrade):
    module.__file__ = {file!r}
database._newest_schema.cache_clear()
schema_upgrade._columns_at.cache_clear()
"""
Newer = Callable[..., str]


def watched(folder: Path, url: str, more: str = "") -> Path:
    file = folder / "policywatch.toml"
    file.write_text(
        f'contact = "test@example.org"\ndatabase = "{url}"\n{more}{ENTRY}', "utf-8"
    )
    return file


def store(url: str) -> None:
    database = Database(url)
    owe(database, "team")
    database.close()


@pytest.fixture
def newer(tmp_path: Path) -> Newer:
    """Runs the newer release."""
    shutil.copytree(
        Path(storage.__file__).parent / "migrations", tmp_path / "newer/migrations"
    )
    (tmp_path / "newer/migrations/versions/9999_later.py").write_text(
        MIGRATION, "utf-8"
    )
    code = NEWER.format(file=str(tmp_path / "newer/database.py"))

    def run(
        *words: object,
        status: int | None = 0,
        first: str = "",
    ) -> str:
        program = ("-c", f"{first}\n{code}\n{MAIN}", *map(str, words))
        done = warm.done(*program)
        assert "Traceback" not in done.stderr, done.stderr
        assert status is None or done.returncode == status, done
        return done.stdout + done.stderr

    return run


@pytest.fixture
def old(tmp_path: Path, new_url: str) -> Path:
    """The watchlist of an older store, of each kind."""
    store(new_url)
    return watched(tmp_path, new_url)


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    store(f"sqlite:///{tmp_path}/data/watch.db")
    return watched(tmp_path, f"sqlite:///{tmp_path}/data/watch.db")


def schema_of(file: Path) -> str:
    with closing(sqlite3.connect(file)) as opened:
        return str(
            opened.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        )


def test_what_shows_never_upgrades_and_says_what_does(
    old: Path, newer: Newer
) -> None:
    for words in SHOWING:
        output = newer(*words, "--config", old, status=1)
        assert output.startswith(
            f"policywatch: the database is of an older policywatch: it has schema {TODAY}, and 9999 is needed"
        )
        assert "run `policywatch database upgrade`" in output
    assert "FIX   database: the database is of an older" in newer(
        "doctor", "--config", old, status=1
    )
    assert "upgrade" in newer("doctor", "--alive", "--config", old, status=1)
    assert "is up to date." in newer("database", "upgrade", "--config", old)
    assert "version 2" in newer("history", POLICY, "--config", old)


def test_a_file_is_copied_before_it_is_upgraded_as_often_as_that_is(
    old_file: Path, newer: Newer
) -> None:
    file = old_file.parent / "data/watch.db"
    file.chmod(0o600)
    assert "is up to date." in newer("database", "upgrade", "--config", old_file)
    (copy,) = file.parent.glob("*.before-*")
    assert (copy.name, schema_of(copy), stat.S_IMODE(copy.stat().st_mode)) == (
        f"watch.db.before-upgrade-{TODAY}",
        TODAY,
        0o600,
    )
    assert schema_of(file) == "9999"
    copy.replace(file)
    copy.write_text("an earlier copy", "utf-8")
    newer("database", "upgrade", "--config", old_file)
    assert copy.read_text("utf-8") == "an earlier copy"
    assert schema_of(file.with_name(f"watch.db.before-upgrade-{TODAY}.2")) == TODAY
    newer("database", "upgrade", "--config", old_file)
    assert len(list(file.parent.glob("*.before-*"))) == 2


@pytest.mark.parametrize(
    ("more", "upgraded"),
    [("", True), ("upgrade = true\n", True), ("upgrade = false\n", False)],
)
def test_a_run_upgrades_a_file_where_the_watchlist_lets_it(
    tmp_path: Path, newer: Newer, more: str, upgraded: bool
) -> None:
    store(f"sqlite:///{tmp_path}/watch.db")
    config = watched(tmp_path, f"sqlite:///{tmp_path}/watch.db", more)
    output = newer("deliver", "--config", config, status=None)
    assert (tmp_path / f"watch.db.before-upgrade-{TODAY}").exists() == upgraded
    assert ("it is kept in" in output) == upgraded
    assert ("run `policywatch database upgrade`" in output) != upgraded


@pytest.mark.parametrize("new_url", ["postgresql"], indirect=True)
def test_a_run_upgrades_no_server_unless_it_may(
    tmp_path: Path, old: Path, new_url: str, newer: Newer
) -> None:
    assert "run `policywatch database upgrade`" in newer(
        "deliver", "--config", old, status=1
    )
    newer("deliver", "--config", watched(tmp_path, new_url, "upgrade = true\n"))


def test_an_old_file_that_cannot_be_written_is_explained(
    old_file: Path, newer: Newer
) -> None:
    data = old_file.parent / "data"
    data.chmod(0o555)
    try:
        output = newer(
            "history", POLICY, "--config", old_file, status=1, first=BOUND
        )
        assert f"it has schema {TODAY}" in output
        assert (
            "it can't be written here: upgrade it where it can, or a copy of it"
            in output
        )
        output = newer(
            "database",
            "upgrade",
            "--config",
            old_file,
            status=None,
            first=BOUND,
        )
        assert "its file and folder must be writable" in output
    finally:
        data.chmod(0o755)


def test_a_file_that_can_not_be_copied_is_not_upgraded(
    old_file: Path, newer: Newer
) -> None:
    full = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, 2**16))"
    )
    output = newer(
        "database", "upgrade", "--config", old_file, status=1, first=full
    )
    assert re.search(
        f"can't copy the database to .*before-upgrade-{TODAY}: .*; it was not upgraded",
        output,
    )
    data = old_file.parent / "data"
    assert schema_of(data / "watch.db") == TODAY
    assert not list(data.glob("*.before-*"))


def test_a_newer_store_is_explained(old_file: Path, newer: Newer) -> None:
    newer("database", "upgrade", "--config", old_file)
    output = policywatch("documents", "--config", old_file, status=1)
    assert re.search(
        "schema 9999, which this version .* Update policywatch, or put back the copy",
        output,
    )


def removed_without_its_name(url: str) -> None:
    """As the first release wrote it: an entry of a removal that does not name the newest of what it removed."""
    engine = create_engine(url)
    with engine.begin() as connection:
        schema_upgrade.upgrade(connection, "0001")
        hashes = {"capture-0.body": "b" * 64}
        texts = [entry_text(1, BEGINNING, "captured", hashes)]
        texts.append(entry_text(2, digest(texts[0]), "captured", hashes))
        comment = "removed 2026-03-09T09:00:00Z, of example/privacy"
        texts.append(
            entry_text(3, digest(texts[1]), comment, {"entry-1": digest(texts[0])})
        )
        rows = [
            {"number": number, "text": each} for number, each in enumerate(texts, 1)
        ]
        connection.execute(
            text(
                "INSERT INTO chain_entries (number, text) VALUES (:number, :text)"
            ),
            rows,
        )
    engine.dispose()


def digest(entry: str) -> str:
    return sha256(entry.encode()).hexdigest()


def test_a_removal_that_the_first_release_did_not_name_is_said_by_an_entry(
    new_url: str, tmp_path: Path
) -> None:
    removed_without_its_name(new_url)
    config = watched(tmp_path, new_url)
    policywatch("database", "upgrade", "--config", config)
    assert "4 entries" in policywatch("verify", "--config", config)
    database = Database(new_url)
    with database.reading() as session:
        second, third, added = (
            session.get_one(ChainEntry, number) for number in (2, 3, 4)
        )
        assert added.lines[0].endswith(
            "Z, of example/privacy, as entry 3 does not say"
        )
        assert added.lines[1:] == [
            f"{third.sha256}  entry-3",
            f"{second.sha256}  entry-2",
        ]
    database.close()


REVISIONS = ("0001", "0008", "0010", "0014", "0016", "0026", "0028", "0038")


def of_revision(revision: str, url: str, folder: Path) -> None:
    """A store as that release wrote it: today's rows, as far as it had columns for them."""
    today = Database(f"sqlite:///{folder}/today.db")
    owe(today, "team")
    engine = create_engine(url)
    with today.reading() as session, engine.begin() as connection:
        schema_upgrade.upgrade(connection, revision)
        kept = schema_upgrade.columns(connection)
        has_texts = "versions.entry" in kept  # in the chain
        chain = {
            entry.number: entry.text
            for entry in session.exec(select(ChainEntry))
            if has_texts
        }
        entries = {number: number for number in chain}
        for number, written in chain.items():
            connection.execute(
                text("INSERT INTO chain_entries (number, text) VALUES (:n, :text)"),
                {"n": number, "text": written},
            )
        previous = BEGINNING
        captures = select(Capture).order_by(col(Capture.id))
        for row in () if has_texts else session.exec(captures):
            entry, number = row.entry, len(entries) + 1
            written = row.entry_text(number, previous)
            previous, entries[entry] = digest(written), number
            connection.execute(
                text("INSERT INTO chain_entries (number, text) VALUES (:n, :text)"),
                {"n": number, "text": written},
            )
            session.expunge(row)
        for table in all_tables():
            names = [
                each.name
                for each in table.columns
                if f"{table.name}.{each.name}" in kept
            ]
            if table.name in ("chain_entries", "timestamps") or not names:
                continue
            then = Table(table.name, MetaData(), autoload_with=connection)
            wanted = select_columns(*(table.c[name] for name in names))
            for found in session.execute(wanted).mappings():
                values = dict(found)
                if table.name == "captures":
                    values["entry"] = entries[values["entry"]]
                connection.execute(
                    then.insert().values(
                        {
                            name: bindparam(f"new_{name}", type_=table.c[name].type)
                            for name in names
                        }
                    ),
                    {f"new_{name}": value for name, value in values.items()},
                )
    engine.dispose()
    today.close()


@pytest.mark.parametrize("new_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("revision", REVISIONS)
def test_a_store_of_each_release_is_opened(
    revision: str, new_url: str, tmp_path: Path
) -> None:
    of_revision(revision, new_url, tmp_path)
    config = watched(tmp_path, new_url)
    said = policywatch("history", POLICY, "--config", config, status=1)
    assert f"it has schema {revision}, and {TODAY} is needed" in said
    assert "is up to date." in policywatch(
        "database", "upgrade", "--config", config
    )
    assert "version 2" in policywatch("history", POLICY, "--config", config)
    (chain,) = json.loads(policywatch("verify", "--json", "--config", config))[:1]
    assert chain["good"], chain
    assert "as it was written" in policywatch(
        "database", "check", "--config", config
    )


@pytest.mark.parametrize("new_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("revision", REVISIONS[::3])  # the first takes every step
def test_a_store_on_a_server_is_opened(
    revision: str, new_url: str, tmp_path: Path
) -> None:
    test_a_store_of_each_release_is_opened(revision, new_url, tmp_path)


# of each revision the tables and columns that it leads to: stores have them, so a change is a new revision
SCHEMAS = {
    "0001": "9819f4f5a60f6367",
    "0008": "9819f4f5a60f6367",
    "0010": "a4539fed781482e8",
    "0014": "3b3302d10ed57033",
    "0016": "debab51ee7f2bee6",
    "0026": "987dbcda2f766da3",
    "0028": "a700c8b7d7f857d3",
    "0038": "d59d41984a889fc0",
    "0041": "ca467e74d55cfaae",
    "0044": "57f30a1c23b64fb9",
    "0045": "3cd9814c26b9a3c6",
    "0046": "8dcbb830a42504a3",
    "0047": "8dcbb830a42504a3",
    "0048": "8dcbb830a42504a3",
    "0049": "157b95eb66f512f7",
    "0050": "b4e342703e4755b3",
    "0051": "b17c16c4b1c0a211",
}


@pytest.mark.parametrize("revision", SCHEMAS)
def test_no_revision_is_edited(revision: str) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        schema_upgrade.upgrade(connection, revision)
        looked_at = inspect(connection)
        made = [
            f"{table}.{each['name']} {each['type']!r} {each['nullable']}"
            for table in sorted(looked_at.get_table_names())
            for each in looked_at.get_columns(table)
        ]
    engine.dispose()
    assert digest("\n".join(made))[:16] == SCHEMAS[revision], revision


def test_the_newest_revision_is_pinned() -> None:
    assert max(SCHEMAS) == TODAY


def test_a_notice_of_a_passage_that_comes_and_goes_can_still_be_sent() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        schema_upgrade.upgrade(connection, "0046")
        connection.execute(
            text(
                "INSERT INTO notices (kind, facts, created_at) VALUES ('alternating', '{}', '2026-03-02')"
            )
        )
        schema_upgrade.upgrade(connection, "0047")
        kind = connection.execute(text("SELECT kind FROM notices")).scalar_one()
    engine.dispose()
    assert NoticeKind(kind) is NoticeKind.VOLATILE


# as the program wrote it a week before its first release
BEFORE = """
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);
INSERT INTO alembic_version VALUES ('0013');
CREATE TABLE documents (id VARCHAR NOT NULL PRIMARY KEY, service VARCHAR NOT NULL, url VARCHAR NOT NULL);
CREATE TABLE captures (
    id INTEGER NOT NULL PRIMARY KEY, document_id VARCHAR NOT NULL, fetched_at DATETIME NOT NULL, url VARCHAR NOT NULL,
    final_url VARCHAR NOT NULL, status INTEGER NOT NULL, headers JSON NOT NULL, mime VARCHAR NOT NULL,
    charset VARCHAR, sha256 VARCHAR NOT NULL, size INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE versions (
    id INTEGER NOT NULL PRIMARY KEY, document_id VARCHAR NOT NULL, number INTEGER NOT NULL,
    capture_id INTEGER NOT NULL, captured_at DATETIME NOT NULL
);
"""


def before_the_first_release(file: Path, schema: str) -> None:
    with closing(sqlite3.connect(file)) as store:
        store.executescript(BEFORE)
        store.execute("UPDATE alembic_version SET version_num = ?", [schema])
        for id_, body in enumerate((policy(), policy(AI)), 1):
            packed = zstandard.compress(body.encode())
            at = f"2026-01-0{id_} 09:00:00.000000"
            facts = (id_, "a/b", at, "https://example.org/privacy")
            store.execute(
                "INSERT INTO captures VALUES (?, ?, ?, ?, ?, 200, '[]', 'text/html', NULL, '', 1, ?)",
                (*facts, facts[-1], packed),
            )
            row = (id_, "a/b", id_, id_, at)
            store.execute("INSERT INTO versions VALUES (?, ?, ?, ?, ?)", row)
        store.commit()


# the second number is known, but of another revision today
@pytest.mark.parametrize("schema", ["0013", "0010"])
def test_what_a_store_of_before_the_first_release_captured_is_imported(
    tmp_path: Path, schema: str
) -> None:
    old = tmp_path / "old.db"
    before_the_first_release(old, schema)
    config = watched(tmp_path, f"sqlite:///{old}")
    for words in (["history", "a/b"], ["database", "upgrade"], ["run"]):
        said = policywatch(*words, "--config", config, status=1)
        assert f"says that it has schema {schema}" in said
        assert (
            "`policywatch import store ADDRESS` takes what this one captured"
            in said
        )
    assert schema_of(old) == schema
    config = watched(tmp_path, f"sqlite:///{tmp_path}/new.db")
    words = ("import", "store", f"sqlite:///{old}", "--json", "--config", config)
    report = json.loads(policywatch(*words))
    assert (report["versions"], report["changes"]) == (2, 1)
    assert report["documents"][0]["document"] == "a/b"
    assert json.loads(policywatch(*words))["versions"] == 0, "done again"
    assert "version 2" in policywatch("history", "a/b", "--config", config)
    policywatch("verify", "--deep", "--config", config)
    missing = (
        "import",
        "store",
        f"sqlite:///{tmp_path}/none.db",
        "--config",
        config,
    )
    assert "there is no file" in policywatch(*missing, status=1)


def test_a_store_whose_tables_somebody_edited_is_recognised(old_file: Path) -> None:
    with closing(sqlite3.connect(old_file.parent / "data/watch.db")) as store:
        store.execute("DROP TABLE withdrawals")
    said = policywatch("database", "upgrade", "--config", old_file, status=1)
    assert "lacks withdrawals.change_id, withdrawals.reason" in said
    said = policywatch("database", "check", "--config", old_file, status=1)
    assert "it lacks withdrawals.version_id, which its schema has" in said
