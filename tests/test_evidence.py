"""What was captured can be proved: by the chain of hashes, timestamps on it, bundles and WARC files."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import zstandard
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from policywatch.config.watchlist import load
from policywatch.evidence.timestamps import authority_of
from storage.captures import Capture, add_capture
from storage.chain import ChainEntry, Timestamp, last_entry
from storage.clock import utc_now
from storage.database import Database
from storage.verification import evidence_damage
from tests.misbehaving import Asked, Site, head, redirect
from tests.site import AI, a_job, a_site, policy, policywatch, run, watchlist
from tests.test_storage import a_capture, a_document
from tests.timestamp_authority import TimestampAuthority, timestamp_authority

PRIVACY, TERMS = "library/privacy", "library/terms"
Damage = Callable[[Connection], None]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimestampAuthority]:
    with timestamp_authority(tmp_path_factory.mktemp("authority") / "own") as running:
        yield running


@pytest.fixture(scope="module")
def kept(
    migrated: Path,
    authority: TimestampAuthority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The watchlist of a store to copy: three captures, of which the second has a timestamp."""
    folder = tmp_path_factory.mktemp("kept")
    shutil.copyfile(migrated, folder / "watch.db")
    more = f'[evidence]\ntimestamp_url = "{authority.url}"\ncertificate = "{authority.root}"\n'
    with a_site() as site:
        site.headers = {"X-Served-By": "the library"}
        site.pages |= {"/privacy": policy(), "/terms": policy("Terms hold for all.")}
        config = watchlist(
            folder,
            site,
            f"sqlite:///{folder}/watch.db",
            names=("privacy", "terms"),
            more=more,
        )
        run(config, status=0)
        site.pages["/privacy"] = policy(AI)
        run(config, status=0)
    return config


@pytest.fixture
def config(kept: Path, tmp_path: Path) -> Path:
    """The watchlist of a copy."""
    shutil.copyfile(kept.with_name("watch.db"), tmp_path / "watch.db")
    words = kept.read_text("utf-8").replace(str(kept.parent), str(tmp_path))
    (tmp_path / "policywatch.toml").write_text(words, "utf-8")
    return tmp_path / "policywatch.toml"


@contextmanager
def opened(config: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{config.with_name('watch.db')}")
    yield database
    database.close()


def stamped(config: Path, *, days: int) -> None:
    """As a run does some days later."""
    authority = authority_of(load(config))
    assert authority is not None
    with opened(config) as database:
        authority.timestamp_chain(database, utc_now() + timedelta(days=days))


def verified(config: Path, status: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        policywatch("verify", "--json", "--config", config, status=status)
    )
    return found


def sql(*statements: str) -> Damage:
    def damage(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        for statement in statements:
            assert connection.execute(text(statement)).rowcount != 0, statement

    return damage


def another_body(connection: Connection) -> None:
    """With all that the row itself says of it."""
    body = policy("Nothing else.").encode()
    new = {"body": zstandard.compress(body), "size": len(body)}
    connection.execute(
        text("UPDATE captures SET body = :body, size = :size WHERE id = 1"), new
    )


def flipped(connection: Connection) -> None:
    body = zstandard.decompress(
        connection.execute(text("SELECT body FROM captures WHERE id = 1")).scalar_one()
    )
    new = {"body": zstandard.compress(body.replace(b"lock", b"luck"))}
    connection.execute(text("UPDATE captures SET body = :body WHERE id = 1"), new)


def rewritten(connection: Connection) -> None:
    """Whoever can write to the store can write a chain that fits."""
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    connection.execute(
        text("UPDATE captures SET fetched_at = '2020-01-01 00:00:00.000000'")
    )
    with Session(connection) as session:
        previous = "0" * 64
        for row in session.exec(select(Capture).order_by(col(Capture.entry))).all():
            entry = session.get_one(ChainEntry, row.entry)
            entry.text = row.entry_text(row.entry, previous)
            previous = entry.sha256
        session.commit()


TAMPERING: dict[str, tuple[Damage, str]] = {
    "a byte": (flipped, "capture 1 is damaged: its bytes are not those that were fetched"),
    "a body": (another_body, "capture 1 is damaged: its bytes are not those that were fetched"),
    "a time": (
        sql("UPDATE captures SET fetched_at = '2020-01-01 00:00:00.000000' WHERE id = 3"),
        "capture 3 is damaged: its time is not that of the fetch",
    ),
    "a header": (
        sql("UPDATE captures SET headers = replace(headers, 'the library', 'someone') WHERE id = 2"),
        "capture 2 is damaged: its headers are not those that were fetched",
    ),
    "headers that are none": (sql("UPDATE captures SET headers = '[1]' WHERE id = 2"), "can't be read"),
    "an address": (
        sql("UPDATE captures SET final_url = 'https://example.org/' WHERE id = 2"),
        "capture 2 is damaged: its address, status, type, size or hash is not that of what was fetched",
    ),
    "a status": (sql("UPDATE captures SET status = 203 WHERE id = 2"), "capture 2 is damaged: its address, status,"),
    "two captures exchanged": (
        sql(
            "UPDATE captures SET entry = -1 WHERE id = 1",
            "UPDATE captures SET entry = 1 WHERE id = 3",
            "UPDATE captures SET entry = 3 WHERE id = 1",
        ),
        "capture 3 is damaged: its time is not that of the fetch",
    ),
    "a capture taken away": (
        sql("DELETE FROM captures WHERE id = 2"),
        "the capture of entry-2 is missing, and no entry says that it was removed",
    ),
    "an entry's hash": (
        sql("UPDATE chain_entries SET text = replace(text, 'a  capture-1.body', 'b  capture-1.body') || '#'"),
        "the chain is broken between entry-1 and entry-2",
    ),
    "an entry taken away": (
        sql("DELETE FROM chain_entries WHERE number = 2"),
        "the chain is broken between entry-1 and entry-3",
    ),
    "the newest entries taken away": (
        sql("DELETE FROM captures WHERE entry > 1", "DELETE FROM chain_entries WHERE number > 1"),
        "entry-2, which has a timestamp, is missing: the chain ends at 1",
    ),
    "a line behind the newest entry": (
        sql("UPDATE chain_entries SET text = text || '# more' WHERE number = 3"),
        "capture 3 is damaged: its entry is not the one that was written",
    ),
    "a chain written anew": (rewritten, "the timestamp of entry-2 does not prove it"),
    "a timestamp's time": (
        sql("UPDATE timestamps SET made_at = '2020-01-01 00:00:00.000000'"),
        "the timestamp of entry-2 does not prove it: it is of ",
    ),
    "a timestamp": (sql("UPDATE timestamps SET response = x'00'"), "the timestamp of entry-2 does not prove it"),
}  # fmt: skip


def test_a_store_that_is_as_it_was_written_is_verified(config: Path) -> None:
    chain, stamp = verified(config)
    with opened(config) as database, database.reading() as session:
        head = last_entry(session)
        assert head is not None
        said = f"3 entries, SHA-256 of the last: {head.sha256}"
        assert chain == {
            "good": True,
            "about": "chain",
            "said": said,
            "sha256": head.sha256,
        }
    assert stamp["said"].endswith(" UTC, on entry-2; checked")
    unsigned = config.with_name("unsigned.toml")
    unsigned.write_text(config.read_text("utf-8").split("[evidence]")[0], "utf-8")
    assert (
        "not checked, as [evidence] names no authority" in verified(unsigned)[1]["said"]
    )
    unsigned.write_text(
        unsigned.read_text("utf-8").replace("watch.db", "new.db"), "utf-8"
    )
    assert verified(unsigned) == [{"good": True, "about": "chain", "said": "empty"}]


@pytest.mark.parametrize("kind", TAMPERING)
def test_tampering_is_found(config: Path, kind: str) -> None:
    damage, problem = TAMPERING[kind]
    engine = create_engine(f"sqlite:///{config.with_name('watch.db')}")
    with engine.connect() as connection:
        damage(connection)
        connection.commit()
    engine.dispose()
    assert problem in policywatch("verify", "--config", config, status=1)


def written_anew(connection: Connection) -> None:
    """The last capture, with its entry."""
    with Session(connection) as session:
        row = session.exec(select(Capture).where(Capture.entry == 3)).one()
        row.fetched_at += timedelta(hours=1)
        entry = session.get_one(ChainEntry, 3)
        entry.text = row.entry_text(3, entry.lines[1].partition("  ")[0])
        session.commit()


# behind the last timestamp
UNNOTICED: dict[str, Damage] = {
    "cut": sql(
        "DELETE FROM captures WHERE entry = 3",
        "DELETE FROM chain_entries WHERE number = 3",
    ),
    "written anew": written_anew,
}


@pytest.mark.parametrize("kind", UNNOTICED)
def test_who_keeps_the_digest_of_an_entry_elsewhere_notices_that_it_is_gone(
    config: Path, kind: str
) -> None:
    first, last = (entry_digest(config, number) for number in (1, 3))
    assert verified(config)[0]["sha256"] == last
    policywatch(
        "verify", "--expect", first, "--expect", last.upper(), "--config", config
    )
    engine = create_engine(f"sqlite:///{config.with_name('watch.db')}")
    with engine.connect() as connection:
        UNNOTICED[kind](connection)
        connection.commit()
    engine.dispose()
    policywatch("verify", "--expect", first, "--config", config)
    answer = policywatch(
        "verify", "--expect", first, "--expect", last, "--config", config, status=1
    )
    assert (
        f"no entry has the SHA-256 {last}: the chain was cut before it, or written anew"
        in answer
    )
    assert first not in answer
    assert "'abc' is no SHA-256" in policywatch(
        "verify", "--expect", "abc", "--config", config, status=2
    )


def entry_digest(config: Path, number: int) -> str:
    with opened(config) as database, database.reading() as session:
        return session.get_one(ChainEntry, number).sha256


def test_what_is_removed_on_purpose_leaves_an_entry(config: Path) -> None:
    policywatch("documents", "rename", PRIVACY, "library/data", "--config", config)
    policywatch("documents", "remove", TERMS, "--yes", "--config", config)
    assert verified(config)[0]["said"].startswith("4 entries")
    with opened(config) as database, database.reading() as session:
        entry = session.get_one(ChainEntry, 4)
        assert entry.lines[0].endswith(f", of {TERMS}")
        assert entry.lines[2] == f"{session.get_one(ChainEntry, 2).sha256}  entry-2"


def test_the_removal_of_the_newest_capture_is_said_too(
    config: Path, tmp_path: Path
) -> None:
    policywatch("documents", "remove", PRIVACY, "--yes", "--config", config)
    assert verified(config)[0]["said"].startswith("4 entries")
    with opened(config) as database, database.reading() as session:
        for entry in session.exec(select(ChainEntry)):
            (tmp_path / entry.name).write_text(entry.text, "utf-8")
        newest = session.get_one(ChainEntry, 3)
        removal = session.get_one(ChainEntry, 4)
    assert removal.lines[1] == f"{newest.sha256}  entry-3", "the link"
    assert removal.names == ["entry-1", "entry-3"], "what was removed"
    done = shell(tmp_path, "sha256sum --check entry-4")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_page_that_comes_and_goes_leaves_a_chain_that_is_whole(
    database_url: str, tmp_path: Path
) -> None:
    with a_site() as site:
        config = watchlist(tmp_path, site, database_url)
        with a_job(config) as job:
            for site.pages["/privacy"] in (policy(), policy(AI)) * 3:
                job.run(force=True)
    assert verified(config)[0]["said"].startswith("6 entries")


def test_captures_that_are_written_at_the_same_time_stand_in_a_row(
    database: Database,
) -> None:
    with database.writing() as session:
        session.add(a_document())

    def write() -> None:
        for _ in range(10):
            with database.writing() as session:
                add_capture(session, a_capture())

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with database.reading() as session:
        head = last_entry(session)
        assert head is not None
        assert head.number == 30
        assert [*evidence_damage(session)] == []


def test_a_capture_without_an_entry_is_refused_by_the_database(
    database: Database,
) -> None:
    with database.writing() as session:
        session.add(a_document())
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(a_capture())


def test_each_day_the_newest_entry_is_signed_once(
    config: Path, authority: TimestampAuthority
) -> None:
    asked = authority.asked
    stamped(config, days=0)
    assert authority.asked == asked
    for _ in range(2):
        stamped(config, days=1)
    assert authority.asked == asked + 1
    assert "on entry-3; checked" in verified(config)[1]["said"]


def old_answer(authority: TimestampAuthority, query: bytes) -> tuple[int, bytes]:
    """To another question."""
    entry = TimestampRequestBuilder(b"another text", HashAlgorithm.SHA256).build()
    return 200, authority.answer(entry.as_bytes())


ANSWERS: dict[str, Callable[[TimestampAuthority, bytes], tuple[int, bytes]]] = {
    "it is down": lambda _, query: (503, b""),
    "it talks nonsense": lambda _, query: (200, b"<html>Welcome"),
    "it refuses": lambda _, query: (200, bytes.fromhex("30053003020102")),
    "it signs another text": old_answer,
    "its certificate is another": lambda _, query: (200, OTHER[0].answer(query)),
}
OTHER: list[TimestampAuthority] = []


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_authority_that_fails_is_asked_again_and_nothing_else_fails(
    config: Path,
    authority: TimestampAuthority,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    if kind == "its certificate is another":
        OTHER[:] = [TimestampAuthority(tmp_path / "other")]
    monkeypatch.setattr(authority, "broken", partial(ANSWERS[kind], authority))
    asked = authority.asked
    stamped(config, days=1)
    assert authority.asked == asked + 1
    assert "on entry-2; checked" in verified(config)[1]["said"]
    if kind == "it is down":
        with a_job(config) as job, job.database.writing() as session:
            session.delete(session.get_one(Timestamp, 2))
            session.commit()
            assert job.run().deliveries.failed == 0
    monkeypatch.setattr(authority, "broken", None)
    stamped(config, days=1)
    assert "on entry-3; checked" in verified(config)[1]["said"]


def dripping(_asked: Asked, connection: socket.socket) -> None:
    """An answer of which a byte comes each second, so that no time between two of them is long."""
    connection.sendall(head(200, {"Content-Length": "1000"}))
    while True:
        connection.sendall(b"0")
        time.sleep(1)


def test_an_authority_that_drips_or_leads_elsewhere_holds_nothing_up(
    config: Path, authority: TimestampAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policywatch.evidence.timestamps._SECONDS", 2)
    site, inside = Site(), Site()
    site.answers |= {"/drip": dripping, "/lead": redirect(inside.url("/"), 307)}
    for path in ("/drip", "/lead"):
        config.write_text(
            config.read_text("utf-8").replace(authority.url, site.url(path)), "utf-8"
        )
        began = time.monotonic()
        stamped(config, days=1)
        assert time.monotonic() - began < 10
        config.write_text(
            config.read_text("utf-8").replace(site.url(path), authority.url), "utf-8"
        )
    assert {"/drip", "/lead"} <= {*site.paths()}
    assert not inside.paths()
    assert "on entry-2; checked" in verified(config)[1]["said"]
    for each in (site, inside):
        each.close()


def test_a_certificate_that_is_none_stops_the_program(
    config: Path, authority: TimestampAuthority
) -> None:
    good = config.read_text("utf-8")
    for certificate, problem in (
        ("missing.pem", "No such file"),
        ("policywatch.toml", "evidence.certificate"),
    ):
        config.write_text(good.replace(str(authority.root), certificate), "utf-8")
        for command in ("run", "doctor"):
            assert problem in policywatch(command, "--config", config, status=2)
    config.write_text(good.replace("timestamp_url", "url"), "utf-8")
    assert "evidence.timestamp_url" in policywatch("run", "--config", config, status=2)


def shell(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False
    )


HASHES = "sha256sum --check --ignore-missing SHA256SUMS entry-*"


def test_a_bundle_is_checked_by_the_two_commands_of_its_readme(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLICYWATCH_CHROMIUM", "/nowhere")
    words = ("export", "evidence", "1", tmp_path / "bundle", "--config", config)
    said = policywatch(*words)
    assert "Without change.pdf: " in said
    assert "Without a timestamp of the last entries" in said
    stamped(config, days=1)
    assert "File exists" in policywatch(*words, status=1)
    folder = tmp_path / "other"
    policywatch("export", "evidence", "1", folder, "--config", config)
    readme = (folder / "README.txt").read_text("utf-8")
    assert HASHES in readme
    done = shell(folder, HASHES)
    assert done.returncode == 0, done.stderr
    assert {*done.stdout.splitlines()} >= {
        "entry-1: OK",
        "entry-2: OK",
        "capture-1.body: OK",
        "capture-3.headers: OK",
    }
    checks = [
        line.strip()
        for line in readme.splitlines()
        if line.startswith("   openssl ts -verify")
    ]
    assert len(checks) == 2
    for check in checks:
        assert (
            "Verification: OK"
            in shell(folder, check).stdout + shell(folder, check).stderr
        )
    assert AI in (folder / "after.txt").read_text("utf-8")
    assert AI not in (folder / "before.txt").read_text("utf-8")
    html = (folder / "change.html").read_text("utf-8")
    assert "<details>" not in html
    assert 'href="/' not in html
    (folder / "entry-2").write_text(
        (folder / "entry-2").read_text().replace("captured 2", "captured 1")
    )
    assert "entry-2: FAILED" in shell(folder, HASHES).stdout
    assert shell(folder, checks[0]).returncode == 1


def test_a_bundle_as_a_zip_file_holds_the_same(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLICYWATCH_CHROMIUM", "/nowhere")
    policywatch(
        "export", "evidence", "1", tmp_path / "change-1.zip", "--config", config
    )
    shutil.unpack_archive(tmp_path / "change-1.zip", tmp_path / "out")
    assert shell(tmp_path / "out" / "change-1", HASHES).returncode == 0
    assert "there is no change 9" in policywatch(
        "export", "evidence", "9", tmp_path / "x", "--config", config, status=2
    )
    assert not (tmp_path / "x").exists()


@pytest.mark.browser
def test_a_bundle_has_the_change_on_paper(config: Path, tmp_path: Path) -> None:
    policywatch("export", "evidence", "1", tmp_path / "bundle", "--config", config)
    assert (tmp_path / "bundle" / "change.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("name", ["all.warc", "all.warc.gz"])
def test_captures_are_written_as_a_warc_file(
    config: Path, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    assert (
        policywatch("export", "warc", file, "--config", config)
        == f"3 captures written: {file}\n"
    )
    assert Checker(Namespace(inputs=[str(file)], verbose=False)).process_all() == 0
    with opened(config) as database, database.reading() as session:
        first = session.get_one(Capture, 1)
    with file.open("rb") as stream:
        kinds = []
        for record in ArchiveIterator(stream):
            kinds.append(record.rec_type)
            if kinds == ["warcinfo", "response"]:
                assert record.rec_headers.protocol == "WARC/1.1"
                assert (
                    record.rec_headers.get_header("WARC-Target-URI") == first.final_url
                )
                at = datetime.fromisoformat(record.rec_headers.get_header("WARC-Date"))
                assert at == first.fetched_at.astimezone(UTC)
                assert record.http_headers.get_header("X-Served-By") == "the library"
                assert record.content_stream().read() == first.body
    assert kinds == ["warcinfo", *3 * ["response", "request", "metadata"]]
    one = policywatch("export", "warc", file, "--document", TERMS, "--config", config)
    assert one.startswith("1 capture written")


def test_a_damaged_capture_leaves_no_half_of_a_file(
    config: Path, tmp_path: Path
) -> None:
    with opened(config) as database, database.writing() as session:
        session.connection().exec_driver_sql(
            "UPDATE captures SET body = x'00' WHERE id = 3"
        )
    assert "Capture 3 is damaged" in policywatch(
        "export", "warc", tmp_path / "a.warc", "--config", config, status=1
    )
    assert not [*tmp_path.glob("*.warc*"), *tmp_path.glob(".*.warc*")]
