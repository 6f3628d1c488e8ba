"""Damage to a store is noticed: by `database check` (and `doctor --deep`) all of it, by `doctor` each day some."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import zstandard
from sqlalchemy import Connection, create_engine, text

from storage.database import Database
from storage.integrity import all_damage
from tests.conftest import made
from tests.site import (
    AI,
    PARAGRAPHS,
    a_site,
    outcomes,
    policy,
    policywatch,
    run,
    watchlist,
)

PRIVACY, TERMS = "library/privacy", "library/terms"
Damage = Callable[[Connection], None]


def a_store(folder: Path, url: str) -> Path:
    """Two documents: one with three versions and their alerts, one whose second text is held. Its watchlist."""
    with a_site() as site:
        site.pages |= {
            "/privacy": policy(),
            "/terms": policy("Terms hold for all."),
        }
        config = watchlist(folder, site, url, names=("privacy", "terms"))
        run(config, status=0)
        site.pages |= {
            "/privacy": policy(AI),
            "/terms": policy(paragraphs=PARAGRAPHS[:2]),
        }
        assert outcomes(run(config, status=1)) == {
            PRIVACY: "changed",
            TERMS: "held",
        }
        sold = (
            "We sell your name and your e-mail address to anyone who asks for them."
        )
        site.pages["/privacy"] = policy(AI, sold, paragraphs=PARAGRAPHS[1:])
        run(config, status=1)
    return config


@pytest.fixture(scope="module")
def kept(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The watchlist of a store to copy."""
    folder = tmp_path_factory.mktemp("kept")
    shutil.copyfile(migrated, folder / "watch.db")
    return a_store(folder, f"sqlite:///{folder}/watch.db")


@pytest.fixture
def config(kept: Path, tmp_path: Path) -> Path:
    """The watchlist of a copy."""
    shutil.copyfile(kept.with_name("watch.db"), tmp_path / "watch.db")
    words = kept.read_text("utf-8").replace(str(kept.parent), str(tmp_path))
    (tmp_path / "policywatch.toml").write_text(words, "utf-8")
    return tmp_path / "policywatch.toml"


@pytest.fixture(scope="module")
def kept_postgres(
    postgres_server: str,
    migrated_postgres: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    with made(postgres_server, migrated_postgres) as url:
        a_store(tmp_path_factory.mktemp("kept"), url)
        yield re.sub(r".*/(test_\w+)\?.*", r"\1", url)


def sql(*statements: str) -> Damage:
    def damage(connection: Connection) -> None:
        for statement in statements:
            assert connection.execute(text(statement)).rowcount != 0, statement

    return damage


def rewritten(
    table: str, column: str, change: Callable[[bytes], bytes], where: str = "id = 1"
) -> Damage:
    """The bytes of one row are others."""

    def damage(connection: Connection) -> None:
        old = connection.execute(
            text(f"SELECT {column} FROM {table} WHERE {where}")
        ).scalar_one()
        new = {"new": change(bytes(old))}
        connection.execute(
            text(f"UPDATE {table} SET {column} = :new WHERE {where}"), new
        )

    return damage


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :]


def packed(words: str) -> bytes:
    return zstandard.compress(words.encode())


TERMS_CAPTURE = f"(SELECT min(id) FROM captures WHERE document_id = '{TERMS}')"
FIRST_PACK = "first_id = (SELECT min(first_id) FROM paragraph_packs)"
# on both databases: what is done, and what is said of it
ROWS: dict[str, tuple[Damage, str]] = {
    "a capture's bytes flipped": (
        rewritten("captures", "body", flipped),
        "capture 1 is damaged",
    ),
    "a capture of a vast length": (
        rewritten(
            "captures", "body", lambda _: b"\x28\xb5\x2f\xfd\xe0" + b"\xff" * 20
        ),
        "capture 1 is damaged",
    ),
    "another text in a capture": (
        rewritten("captures", "body", lambda _: packed("<p>No")),
        "capture 1 is damaged",
    ),
    "a capture's hash": (
        sql(f"UPDATE captures SET sha256 = '{'0' * 64}' WHERE id = 1"),
        "capture 1 is damaged",
    ),
    "headers": (
        sql("UPDATE captures SET headers = '[1]' WHERE id = 1"),
        "capture 1 is damaged",
    ),
    "a capture gone": (
        sql("DELETE FROM captures WHERE id = 1"),
        "the capture of entry-1 is missing",
    ),
    "a page that is no JSON": (
        rewritten("versions", "page", lambda _: packed("{")),
        "versions: its row 1 can't be read",
    ),
    "a page of other words": (
        rewritten(
            "versions", "page", lambda _: packed('{"blocks": [{"text": "No."}]}')
        ),
        "the text of version 1 is not the one that was extracted",
    ),
    "paragraphs' texts flipped": (
        rewritten("paragraph_packs", "texts", flipped, FIRST_PACK),
        "paragraph_packs: its row ",
    ),
}
# what PostgreSQL does not let in
LOOSE: dict[str, tuple[Damage, str]] = {
    "a version gone": (
        sql("DELETE FROM versions WHERE number = 2"),
        "names one of versions, which is missing",
    ),
    "a document gone": (
        sql(f"DELETE FROM documents WHERE id = '{TERMS}'"),
        "names one of documents, which is missing",
    ),
    "a change gone": (
        sql("DELETE FROM changes WHERE id = 2"),
        "names one of changes, which is missing",
    ),
    "an alert gone": (
        sql("DELETE FROM alerts"),
        "delivery_items names one of alerts, which is missing",
    ),
    "a time": (
        sql("UPDATE checks SET checked_at = 'noon' WHERE id = 1"),
        "checks: its row 1 can't be read",
    ),
    "half a list": (
        sql("""UPDATE changes SET topics = '["ai' WHERE id = 1"""),
        "changes: its row 1 can't be read",
    ),
    "letters": (
        sql(
            "UPDATE documents SET title = CAST(x'ff41' AS TEXT) WHERE id = 'library/terms'"
        ),
        "UTF-8",
    ),
    "no schema": (sql("DELETE FROM alembic_version"), "already exists"),
    "no word of the schema": (
        sql("UPDATE alembic_version SET version_num = 'xx'"),
        "which this version of policywatch",
    ),
}


def checked(config: Path) -> str:
    return policywatch("database", "check", "--config", config, status=1)


def damage_sqlite(config: Path, damage: Damage) -> None:
    engine = create_engine(f"sqlite:///{config.with_name('watch.db')}")
    with engine.begin() as connection:
        damage(connection)
    engine.dispose()


def test_a_store_that_is_well_is_said_to_be(
    config: Path, kept_postgres: str, postgres_server: str
) -> None:
    assert (
        policywatch("database", "check", "--config", config)
        == "ok    store: all that is stored is as it was written\n"
    )
    assert "ok    store: no damage in today's sample" in policywatch(
        "doctor", "--config", config, status=1
    )
    with made(postgres_server, kept_postgres) as url:
        assert damage_in(url) == ""


def damage_in(url: str) -> str:
    database = Database(url)
    try:
        return "\n".join(
            f"{each.about}: {each.problem}" for each in all_damage(database)
        )
    finally:
        database.close()


def test_each_damage_to_rows_is_noticed(kept: Path, tmp_path: Path) -> None:
    for number, (kind, (damage, said)) in enumerate(ROWS.items()):
        config = tmp_path / f"{number}.toml"
        shutil.copyfile(kept.with_name("watch.db"), config.with_name("watch.db"))
        damage_sqlite(config, damage)
        assert said in damage_in(f"sqlite:///{config.with_name('watch.db')}"), kind


@pytest.mark.parametrize("kind", LOOSE)
def test_each_damage_that_sqlite_lets_in_is_noticed(
    config: Path, kind: str
) -> None:
    damage, said = LOOSE[kind]
    damage_sqlite(config, damage)
    assert said in checked(config)


def test_damage_to_rows_is_noticed_on_postgresql(
    kept_postgres: str, postgres_server: str
) -> None:
    kinds = (
        "a capture's hash",
        "a page of other words",
        "paragraphs' texts flipped",
    )  # that do not hide each other
    with made(postgres_server, kept_postgres) as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            for kind in kinds:
                ROWS[kind][0](connection)
        engine.dispose()
        found = damage_in(url)
    assert [kind for kind in kinds if ROWS[kind][1] not in found] == []


def zeroed(name: str) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        with closing(sqlite3.connect(file)) as opened:
            (size,) = opened.execute("PRAGMA page_size").fetchone()
            (root,) = opened.execute(
                "SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)
            ).fetchone()
        with file.open("r+b") as data:
            data.seek((root - 1) * size)
            data.write(bytes(size))

    return damage


def written(where: Callable[[int], int], what: bytes) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        with file.open("r+b") as data:
            data.seek(where(file.stat().st_size))
            data.write(what)

    return damage


def cut(size: Callable[[int], int]) -> Callable[[Path], None]:
    return lambda file: file.open("r+b").truncate(size(file.stat().st_size))  # type: ignore[return-value]


# a table, one with bodies, an index, those of the search, that of the schema
NAMES = (
    *("checks", "captures", "ix_checks_outcome", "alembic_version"),
    *("paragraph_words_data", "paragraph_words_idx", "paragraph_words_config"),
)
FILES: dict[str, Callable[[Path], None]] = {
    **{f"a zeroed page of {name}": zeroed(name) for name in NAMES},
    "half the file": cut(lambda size: size // 2),
    "its last page gone": cut(lambda size: size - 4096),
    "a page and a half gone": cut(lambda size: size - 6000),
    "its header": written(lambda _: 0, bytes(100)),
    "its schema": written(lambda _: 100, b"\xaa" * 1000),
    "rubbish amid it": written(lambda size: size // 8192 * 4096, b"\xaa" * 4096),
    "another kind of file": lambda file: (
        file.write_bytes(b"%PDF-1.7" * 100) and None
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_each_damage_to_the_file_is_noticed(config: Path, kind: str) -> None:
    FILES[kind](config.with_name("watch.db"))
    assert "damage" in checked(config) or "not a database" in checked(config)


def test_what_is_damaged_is_said_with_what_to_do(config: Path) -> None:
    damage_sqlite(config, ROWS["a capture's bytes flipped"][0])
    for words in (
        ["doctor", "--quiet"],
        ["doctor", "--deep", "--quiet"],
        ["database", "check"],
    ):
        said = policywatch(*words, "--config", config, status=1)
        assert (
            f"FIX   {PRIVACY}: capture 1 is damaged: its bytes are not those that were fetched\n"
            in said
        )
        assert (
            "FIX   store: 1 thing is damaged: stop the job, keep a copy of the damaged database"
            in said
        )
        assert "restore the newest backup" in said


def test_a_daily_look_finds_a_zeroed_page(config: Path) -> None:
    FILES["a zeroed page of ix_checks_outcome"](config.with_name("watch.db"))
    assert "FIX   database: its file: " in policywatch(
        "doctor", "--quiet", "--config", config, status=1
    )


def test_reading_again_names_each_damaged_capture_and_goes_on(config: Path) -> None:
    for where in ("id = 1", f"id = {TERMS_CAPTURE}"):
        damage_sqlite(config, rewritten("captures", "body", flipped, where))
    done: Any = policywatch("read", "--again", "--config", config, status=1)
    assert "4 versions read again: 0 have another text now" in done
    assert (
        done.count(
            "is damaged: its bytes are not those that were fetched. Restore a backup"
        )
        == 2
    )
    assert f"{PRIVACY}: Capture 1 is damaged" in done
    assert f"{TERMS}: Capture 2 is damaged" in done
