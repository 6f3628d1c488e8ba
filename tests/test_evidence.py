"""What was captured can be proved: by the chain of hashes, timestamps on it, bundles and WARC files."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import zstandard
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from analysis.page_json import page_from_json
from analysis.text.normal import fingerprint
from foundation.http_client import fetch
from foundation.vocabulary import Outcome
from notifier.forms import Format
from notifier.notifications import Notification
from policywatch.config.watchlist import load
from policywatch.evidence.timestamps import authority_of
from policywatch.ingest.checks import finish
from storage.captures import Capture, add_capture
from storage.chain import ChainEntry, Timestamp, add_entry, last_entry
from storage.checks import Check
from storage.clock import utc_now
from storage.columns import json_bytes
from storage.database import Database
from storage.days import close_day
from storage.integrity import evidence_damage
from storage.removal import remove, rename
from storage.retention import Retention, thin
from storage.versions import Version, enter_text
from tests import warm
from tests.misbehaving import Asked, Site, head, redirect
from tests.site import AI, a_job, a_site, policy, policywatch, run, watchlist
from tests.test_storage import a_capture, a_document
from tests.timestamp_authority import TimestampAuthority, timestamp_authority
from tests.warm import ROOT
from tests.web_pages import visited

DATABASES = ["sqlite"]

PRIVACY, TERMS = "library/privacy", "library/terms"
Damage = Callable[[Connection], None]


@pytest.fixture(scope="module")
def authority(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[TimestampAuthority]:
    with timestamp_authority(
        tmp_path_factory.mktemp("authority") / "own"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def kept(
    migrated: Path,
    authority: TimestampAuthority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Path]:
    """The watchlist of a store to copy: three captures, of which the second has a timestamp."""
    folder = tmp_path_factory.mktemp("kept")
    shutil.copyfile(migrated, folder / "watch.db")
    more = f'[evidence]\ntimestamp_url = "{authority.url}"\ncertificate = "{authority.root}"\n'
    with a_site() as site:
        site.headers = {"X-Served-By": "the library"}
        site.pages |= {
            "/privacy": policy(),
            "/terms": policy("Terms hold for all."),
        }
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
        yield config


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
        connection.execute(
            text("SELECT body FROM captures WHERE id = 1")
        ).scalar_one()
    )
    new = {"body": zstandard.compress(body.replace(b"lock", b"luck"))}
    connection.execute(text("UPDATE captures SET body = :body WHERE id = 1"), new)


def rewritten(connection: Connection) -> None:
    """Whoever can write to the store can write a chain that fits."""
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    connection.execute(
        text("UPDATE captures SET fetched_at = '2020-01-01 00:00:00.000000'")
    )
    connection.execute(
        text(
            "UPDATE versions SET captured_at = '2020-01-01 00:00:00.000000', entry = NULL"
        )
    )
    connection.execute(text("DELETE FROM chain_entries"))
    with Session(connection) as session:
        for row in session.exec(select(Capture).order_by(col(Capture.id))).all():
            row.entry = add_entry(session, row.entry_text)
            for version in session.exec(
                select(Version).where(Version.capture_id == row.id)
            ).all():
                enter_text(session, version)
        session.commit()


def forged(*, fits: bool = False, again: bool = False) -> Damage:
    """Another text of the last version, its capture as it was; `fits`: with its entry, `again`: with one more."""

    def damage(connection: Connection) -> None:
        with Session(connection) as session:
            version = last_version(session)
            page = deepcopy(version.page)
            page["blocks"][-1]["text"] = "We sell your posts to anyone who asks."
            version.fingerprint = fingerprint(page_from_json(page).blocks)
            version.page = page
            if fits:
                entry = session.get_one(ChainEntry, version.entry)
                digest = sha256(json_bytes(page)).hexdigest()
                old = entry.lines[-1].partition("  ")[0]
                entry.text = entry.text.replace(old, digest)
            if again:
                enter_text(session, version)
            session.commit()

    return damage


def last_version(session: Session) -> Version:
    return session.exec(select(Version).where(Version.entry == LAST)).one()


def inserted(*, fits: bool) -> Damage:
    """A third version that nobody captured."""

    def damage(connection: Connection) -> None:
        with Session(connection) as session:
            last = last_version(session)
            page = deepcopy(last.page)
            page["blocks"][-1]["text"] = "We sell your posts to anyone who asks."
            facts = last.model_dump() | {"id": None, "number": 3, "entry": None}
            version = Version(**facts | {"page": page})
            if fits:
                enter_text(session, version)
            session.add(version)
            session.commit()

    return damage


def removed(connection: Connection) -> None:
    """As if a person had taken the document of the last capture out of the store."""
    with Session(connection) as session:
        remove(session, PRIVACY)
        session.commit()


def renamed(connection: Connection) -> None:
    with Session(connection) as session:
        rename(session, PRIVACY, "library/cookies")
        session.commit()


LAST = 6  # entry: the last text; the one before is its capture's, and the fourth has a timestamp
OLD_TIME = "'2020-01-01 00:00:00.000000'"

TAMPERING: dict[str, tuple[Damage, str]] = {
    "a byte": (flipped, "capture 1 is damaged: its bytes are not those that were fetched"),
    "a body": (another_body, "capture 1 is damaged: its bytes are not those that were fetched"),
    "a time": (
        sql(f"UPDATE captures SET fetched_at = {OLD_TIME} WHERE id = 3"),
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
    "an archive as the source": (
        sql("UPDATE captures SET source = 'Internet Archive' WHERE id = 2"),
        "capture 2 is damaged: its address, status,",
    ),
    "two captures exchanged": (
        sql(
            "UPDATE captures SET entry = -1 WHERE id = 1",
            "UPDATE captures SET entry = 1 WHERE id = 3",
            "UPDATE captures SET entry = 5 WHERE id = 1",
        ),
        "capture 3 is damaged: its time is not that of the fetch",
    ),
    "two bodies exchanged": (
        sql("UPDATE captures SET body = (SELECT body FROM captures WHERE id = 4 - captures.id) WHERE id IN (1, 3)"),
        "capture 1 is damaged: its bytes are not those that were fetched",
    ),
    "a capture taken away": (
        sql("DELETE FROM captures WHERE id = 3"),
        "the capture of entry-5 is missing, and no entry says that it was removed",
    ),
    "a capture of another document": (
        sql(f"UPDATE captures SET document_id = '{TERMS}' WHERE id = 3"),
        "the text of version 2 or its capture is of another document than the chain says",
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
        "entry-4, which has a timestamp, is missing: the chain ends at 1",
    ),
    "a line behind the newest entry": (
        sql(f"UPDATE chain_entries SET text = text || '# more' WHERE number = {LAST}"),
        "the text of version 2 is of another capture than the chain says",
    ),
    "a chain written anew": (rewritten, "the timestamp of entry-4 does not prove it"),
    "a timestamp's time": (
        sql(f"UPDATE timestamps SET made_at = {OLD_TIME}"),
        "the timestamp of entry-4 does not prove it: it is of ",
    ),
    "a timestamp": (sql("UPDATE timestamps SET response = x'00'"), "the timestamp of entry-4 does not prove it"),
    "a timestamp of another entry": (
        sql("UPDATE timestamps SET entry = 5"), "the timestamp of entry-5 does not prove it",
    ),
    "a text": (forged(), "the text of version 2 is not the one that was extracted"),
    "a text with its entry": (forged(fits=True), "the text of version 2 is not what its capture gives"),
    "a text as if extracted again": (forged(again=True), "the text of version 2 is not what its capture gives"),
    "a text that was never there": (inserted(fits=False), "the text of version 3 has no entry in the chain"),
    "a text that was never there, with an entry": (
        inserted(fits=True), "the text of version 3 is not what its capture gives",
    ),
    "a text taken away": (sql(f"DELETE FROM versions WHERE entry = {LAST}"), f"the text of entry-{LAST} is missing"),
    "a text without its entry": (
        sql(f"UPDATE versions SET entry = NULL WHERE entry = {LAST}"),
        "the text of version 2 has no entry in the chain",
    ),
    "two texts exchanged": (
        sql("UPDATE versions SET page = (SELECT page FROM versions AS other WHERE other.id = "
            "(SELECT max(id) FROM versions)) WHERE capture_id = 1"),
        "the text of version 1 is not the one that was extracted",
    ),
    "a text's time": (
        sql(f"UPDATE versions SET captured_at = {OLD_TIME} WHERE entry = {LAST}"),
        "the text of version 2 has another time than the chain says",
    ),
    "a text's capture": (
        sql(f"UPDATE versions SET capture_id = 1 WHERE entry = {LAST}"),
        "the text of version 2 is of another capture than the chain says",
    ),
    "a text's document": (
        sql(f"UPDATE versions SET document_id = '{TERMS}' WHERE entry = {LAST}"),
        "the text of version 2 or its capture is of another document than the chain says",
    ),
    "a text and its capture of another document": (
        sql(
            f"UPDATE versions SET document_id = '{TERMS}' WHERE entry = {LAST}",
            f"UPDATE captures SET document_id = '{TERMS}' WHERE id = 3",
        ),
        "the text of version 2 or its capture is of another document than the chain says",
    ),
}  # fmt: skip

# what `verify` does not notice, and whether it does so of whoever kept the digest of the last entry elsewhere; with
# what docs/evidence.md says of it
UNNOTICED: dict[str, tuple[Damage, bool, str]] = {
    "the chain cut": (
        sql(
            "DELETE FROM captures WHERE entry > 4",
            "DELETE FROM versions WHERE entry > 4",
            "DELETE FROM chain_entries WHERE number > 4",
        ),
        True, "cuts the end of the chain",
    ),
    "its end written anew": (
        lambda connection: written_anew(connection),
        True, "rewrites the entries behind the last timestamp",
    ),
    "all written anew, without timestamps": (
        lambda connection: (connection.execute(text("DELETE FROM timestamps")), rewritten(connection))[1],
        True, "deletes timestamps, and rewrites",
    ),
    "a text as if an older reader had read it": (
        lambda connection: (
            forged(fits=True)(connection),
            sql(f"UPDATE versions SET reader = '1:none:en' WHERE entry = {LAST}")(connection),
        )[1],
        True, "says that older rules extracted it",
    ),
    "timestamps deleted": (sql("DELETE FROM timestamps"), False, "deletes the newest timestamps"),
    "a removal": (removed, False, "removes or renames a document"),
    "a new name": (renamed, False, "removes or renames a document"),
    "a check's outcome": (sql("UPDATE checks SET outcome = 'unchanged'"), False, "changes checks"),
    "checks taken away": (
        sql("UPDATE changes SET check_id = NULL", "DELETE FROM checks"), False, "changes checks",
    ),
    "a verdict": (sql("UPDATE changes SET alert = 0, severity = 'low'"), False, "verdicts"),
    "a delivery": (sql("UPDATE deliveries SET state = 'parked'"), False, "deliveries"),
    "texts' order": (
        sql(
            f"UPDATE versions SET number = 9 WHERE document_id = '{PRIVACY}' AND number = 1",
        ),
        False, "numbers of versions",
    ),
}  # fmt: skip


def test_a_store_that_is_as_it_was_written_is_verified(config: Path) -> None:
    chain, stamp, texts = verified(config)
    with opened(config) as database, database.reading() as session:
        head = last_entry(session)
        assert head is not None
        said = f"{LAST} entries, SHA-256 of the last: {head.sha256}"
        assert chain == {
            "good": True,
            "about": "chain",
            "text": said,
            "sha256": head.sha256,
        }
    assert stamp["text"].endswith(" UTC, on entry-4; checked")
    assert texts["text"] == "3 of 3 texts extracted again, and the same"
    unsigned = config.with_name("unsigned.toml")
    unsigned.write_text(config.read_text("utf-8").split("[evidence]")[0], "utf-8")
    assert (
        "not checked, as [evidence] names no authority"
        in verified(unsigned)[1]["text"]
    )
    unsigned.write_text(
        unsigned.read_text("utf-8").replace("watch.db", "new.db"), "utf-8"
    )
    assert verified(unsigned) == [{"good": True, "about": "chain", "text": "empty"}]


@pytest.mark.parametrize("kind", TAMPERING)
def test_tampering_is_found(config: Path, kind: str) -> None:
    damage, problem = TAMPERING[kind]
    tampered(config, damage)
    assert problem in policywatch("verify", "--config", config, status=1)


def written_anew(connection: Connection) -> None:
    """The last capture and its text, with their entries."""
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    with Session(connection) as session:
        version = last_version(session)
        row = session.get_one(Capture, version.capture_id)
        row.fetched_at += timedelta(hours=1)
        version.captured_at, version.entry = row.fetched_at, None
        session.flush()
        connection.execute(text("DELETE FROM chain_entries WHERE number > 4"))
        session.expire_all()
        row.entry = add_entry(session, row.entry_text)
        enter_text(session, version)
        session.commit()


def tampered(config: Path, damage: Damage) -> None:
    engine = create_engine(f"sqlite:///{config.with_name('watch.db')}")
    with engine.connect() as connection:
        damage(connection)
        connection.commit()
    engine.dispose()


@pytest.mark.parametrize("kind", UNNOTICED)
def test_the_rest_is_said_and_some_of_it_noticed_by_a_digest_kept_elsewhere(
    config: Path, kind: str
) -> None:
    damage, is_noticed, words = UNNOTICED[kind]
    first, last = (entry_digest(config, number) for number in (1, LAST))
    tampered(config, damage)
    verified(config)
    status = 1 if is_noticed else 0
    answer = policywatch(
        "verify", "--expect", last, "--config", config, status=status
    )
    missing = f"no entry has the SHA-256 {last}: the chain was cut before it, or written anew"
    assert (missing in answer) == is_noticed
    assert words in (ROOT / "docs/evidence.md").read_text("utf-8")
    if kind == "the chain cut":
        policywatch("verify", "--expect", first.upper(), "--config", config)


@pytest.fixture(scope="module")
def days_ago(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The watchlist of a store whose five checks and one message are of three days ago; a run has closed that day, with
    checks of its own."""
    folder = tmp_path_factory.mktemp("days")
    shutil.copyfile(kept.with_name("watch.db"), folder / "watch.db")
    words = kept.read_text("utf-8").replace(str(kept.parent), str(folder))
    config = folder / "policywatch.toml"
    config.write_text(words, "utf-8")
    past = f"'{utc_now() - timedelta(days=3):%Y-%m-%d %H:%M:%S.%f}'"
    tampered(
        config,
        sql(
            "INSERT INTO checks (document_id, checked_at, outcome, attempts, accepted, stands_in) "
            "SELECT document_id, checked_at, outcome, 0, 0, 0 FROM checks WHERE capture_id IS NULL",
            f"UPDATE checks SET checked_at = {past}",
            f"UPDATE deliveries SET created_at = {past}, sent_at = {past}",
            "DELETE FROM timestamps",  # so that the run asks for one
        ),
    )
    run(config, status=0)
    return config


@pytest.fixture
def closed(days_ago: Path, tmp_path: Path) -> Path:
    """A copy."""
    shutil.copyfile(days_ago.with_name("watch.db"), tmp_path / "watch.db")
    words = days_ago.read_text("utf-8").replace(str(days_ago.parent), str(tmp_path))
    (tmp_path / "policywatch.toml").write_text(words, "utf-8")
    return tmp_path / "policywatch.toml"


CHECKS, MESSAGES = (
    f"{what}: those of the day that entry-7 closed"
    for what in ("checks", "messages")
)

TAMPERED_DAYS: dict[str, tuple[Damage, str]] = {
    "a check's outcome": (sql("UPDATE checks SET outcome = 'unchanged' WHERE id = 1"), CHECKS),
    "a check's status": (sql("UPDATE checks SET status = 404 WHERE id = 1"), CHECKS),
    "a check's time": (sql(f"UPDATE checks SET checked_at = {OLD_TIME} WHERE id = 1"), CHECKS),
    "a check's document": (sql(f"UPDATE checks SET document_id = '{TERMS}' WHERE id = 1"), CHECKS),
    "a check taken away": (
        sql("UPDATE changes SET check_id = NULL", "DELETE FROM checks WHERE id = 3"), CHECKS,
    ),
    "a message that was not sent": (sql("UPDATE deliveries SET state = 'parked'"), MESSAGES),
    "a message's time": (sql(f"UPDATE deliveries SET sent_at = {OLD_TIME}"), MESSAGES),
    "a message to somebody else": (sql("UPDATE delivery_items SET address = 'file:///elsewhere'"), MESSAGES),
    "a message taken away": (sql("DELETE FROM delivery_items WHERE alert_id IS NOT NULL"), MESSAGES),
    "its entry": (
        sql("UPDATE chain_entries SET text = replace(text, '1 messages', '0 messages') WHERE number = 7",
            "DELETE FROM delivery_items WHERE alert_id IS NOT NULL"),
        MESSAGES,
    ),
}  # fmt: skip


def test_a_day_is_closed_once(closed: Path, tmp_path: Path) -> None:
    with opened(closed) as database, database.reading() as session:
        entry = session.get_one(ChainEntry, 7)
        assert entry.comment.endswith(", 5 checks to 5, 1 messages to 1")
        assert entry.names == ["checks-7.txt", "messages-7.txt"]
    with opened(closed) as database:
        close_day(database, utc_now())
    answers = verified(closed)
    assert answers[0]["text"].startswith("7 entries")
    assert answers[-1]["text"] == COMPARED
    bundle = tmp_path / "bundle"
    policywatch("export", "evidence", "1", bundle, "--config", closed)
    assert (bundle / "entry-7").exists()
    done = shell(bundle, "sha256sum --check --ignore-missing SHA256SUMS entry-*")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("kind", TAMPERED_DAYS)
def test_checks_and_messages_of_a_closed_day_are_proved(
    closed: Path, kind: str
) -> None:
    damage, problem = TAMPERED_DAYS[kind]
    tampered(closed, damage)
    assert problem in policywatch("verify", "--config", closed, status=1)


def thinned(session: Session, **days: int) -> None:
    database = Database(str(session.get_bind().url))
    later = utc_now() + timedelta(days=9)
    retention = Retention(
        **{name: timedelta(days=each) for name, each in days.items()}
    )
    assert thin(database, retention, [PRIVACY, TERMS], later).total()
    database.close()


def read_again(session: Session) -> None:
    finish(session, session.get_one(Check, 1), Outcome.FAILED)


COMPARED = "1 of 1 day of checks and messages as the chain counted them"
NOT_COMPARED = "0 of 1 day of checks and messages as the chain counted them; 1 can't be compared"


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (partial(rename, old=PRIVACY, new="library/data"), COMPARED),
        (partial(remove, document_id=TERMS), NOT_COMPARED),
        (read_again, NOT_COMPARED),
        (partial(thinned, checks=1), NOT_COMPARED),
        (partial(thinned, deliveries=1), NOT_COMPARED),
    ],
    ids=["renamed", "removed", "read again", "checks thinned", "messages thinned"],
)
def test_what_the_program_changes_itself_is_no_damage(
    closed: Path, change: Callable[[Session], None], answer: str
) -> None:
    with opened(closed) as database, database.writing() as session:
        change(session)
    assert answer in policywatch("verify", "--config", closed)


def test_what_is_expected_is_a_digest(config: Path) -> None:
    assert "'abc' is no SHA-256" in policywatch(
        "verify", "--expect", "abc", "--config", config, status=2
    )


def entry_digest(config: Path, number: int) -> str:
    with opened(config) as database, database.reading() as session:
        return session.get_one(ChainEntry, number).sha256


def test_what_is_removed_on_purpose_leaves_an_entry(config: Path) -> None:
    policywatch("documents", "rename", PRIVACY, "library/data", "--config", config)
    policywatch("documents", "remove", TERMS, "--yes", "--config", config)
    assert verified(config)[0]["text"].startswith("8 entries")
    with opened(config) as database, database.reading() as session:
        renaming, removal = (
            session.get_one(ChainEntry, number) for number in (7, 8)
        )
        assert renaming.comment.endswith(f", of {PRIVACY} to library/data")
        assert removal.comment.endswith(f", of {TERMS}")
        (name,) = removal.names
        terms = session.get_one(ChainEntry, int(name.partition("-")[2]))
        assert removal.lines[2] == f"{terms.sha256}  {name}"
        assert terms.comment.startswith("captured ")


def test_the_removal_of_the_newest_capture_is_said_too(
    config: Path, tmp_path: Path
) -> None:
    policywatch("documents", "remove", PRIVACY, "--yes", "--config", config)
    assert verified(config)[0]["text"].startswith("7 entries")
    with opened(config) as database, database.reading() as session:
        for entry in session.exec(select(ChainEntry)):
            (tmp_path / entry.name).write_text(entry.text, "utf-8")
        newest = session.get_one(ChainEntry, LAST)
        removal = session.get_one(ChainEntry, 7)
    assert removal.lines[1] == f"{newest.sha256}  entry-{LAST}", "the link"
    assert removal.names == ["entry-1", "entry-5"], "what was removed"
    done = shell(tmp_path, "sha256sum --check entry-7")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_page_that_comes_and_goes_leaves_a_chain_that_is_whole(
    database_url: str, tmp_path: Path
) -> None:
    with a_site() as site:
        config = watchlist(tmp_path, site, database_url)
        with a_job(config) as job:
            for site.pages["/privacy"] in (policy(), policy(AI)) * 3:
                job.run(force=True)
    assert all(finding["good"] for finding in verified(config))


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
    assert "on entry-6; checked" in verified(config)[1]["text"]


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
    assert "on entry-4; checked" in verified(config)[1]["text"]
    if kind == "it is down":
        with a_job(config) as job, job.database.writing() as session:
            session.delete(session.get_one(Timestamp, 4))
            session.commit()
            assert job.run().deliveries.failed == 0
    monkeypatch.setattr(authority, "broken", None)
    stamped(config, days=1)
    assert "on entry-6; checked" in verified(config)[1]["text"]


def unsorted(authority: TimestampAuthority, query: bytes) -> tuple[int, bytes]:
    """Its certificates in the order in which DER does not have them."""
    pems = [
        (authority.folder / name).read_bytes()
        for name in ("root.pem", "authority.pem")
    ]
    chain = sorted(
        load_pem_x509_certificate(pem).public_bytes(Encoding.DER) for pem in pems
    )
    answer, wrong = authority.answer(query), b"".join(reversed(chain))
    assert b"".join(chain) in answer or wrong in answer
    return 200, answer.replace(b"".join(chain), wrong)


def test_an_authority_that_does_not_sort_its_certificates_is_taken_as_openssl_does(
    config: Path,
    authority: TimestampAuthority,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    answers: list[bytes] = []

    def broken(query: bytes) -> tuple[int, bytes]:
        answers.append(unsorted(authority, query)[1])
        return 200, answers[0]

    monkeypatch.setattr(authority, "broken", broken)
    stamped(config, days=1)
    assert f"on entry-{LAST}; checked" in verified(config)[1]["text"]
    with opened(config) as database, database.reading() as session:
        entry = session.get_one(ChainEntry, LAST)
    (tmp_path / entry.name).write_text(entry.text, "utf-8")
    (tmp_path / "answer.tsr").write_bytes(answers[0])
    check = f"openssl ts -verify -data {entry.name} -in answer.tsr -CAfile {authority.root}"
    assert "Verification: OK" in shell(tmp_path, check).stdout


def test_timestamps_that_no_longer_come_are_trouble(config: Path) -> None:
    tampered(
        config,
        sql(f"UPDATE checks SET checked_at = {OLD_TIME} WHERE capture_id = 3"),
    )
    problem = "captures since 2020-01-01 00:00 UTC have no timestamp, and the newest is of "
    assert problem in policywatch("verify", "--config", config, status=1)
    assert problem in policywatch("doctor", "--config", config, status=1)
    with opened(config) as database, visited(database, with_metrics=True) as site:
        age = re.search(
            r"^policywatch_unsigned_seconds (\S+)$", site.get("/metrics").text, re.M
        )
        assert age is not None
        assert float(age[1]) > 6 * 365 * 86_400
    stamped(config, days=1)
    assert problem not in policywatch("verify", "--config", config)


def test_timestamps_that_no_longer_come_are_told_once(
    migrated: Path,
    authority: TimestampAuthority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copyfile(migrated, tmp_path / "watch.db")
    more = f'[evidence]\ntimestamp_url = "{authority.url}"\ncertificate = "{authority.root}"\n'
    monkeypatch.setattr(authority, "broken", lambda _query: (503, b""))
    with a_site() as site:
        site.pages["/privacy"] = policy()
        url = f"sqlite:///{tmp_path}/watch.db"
        config = watchlist(tmp_path, site, url, more=more)
        run(config, status=0)
        tampered(config, sql(f"UPDATE checks SET checked_at = {OLD_TIME}"))
        problem = "captures since 2020-01-01 00:00 UTC have no timestamp"
        told = warm.done("-m", "policywatch", "run", "--now", "--config", config)
        assert (told.returncode, problem in told.stderr) == (1, True)
        again = warm.done("-m", "policywatch", "run", "--now", "--config", config)
        assert (again.returncode, problem in again.stderr) == (0, False)
    words = (tmp_path / "operator.txt").read_text("utf-8")
    assert words.count("shows how the timestamp authority answered") == 1


def test_readers_have_a_digest_by_which_they_notice_another_chain(
    kept: Path, config: Path
) -> None:
    alerts = kept.with_name("alerts.txt").read_text("utf-8")
    told = re.findall(r"Evidence chain: entry-(\d+), SHA-256 (\w{64})", alerts)
    assert told
    for number, digest in told:
        assert entry_digest(config, int(number)) == digest
        policywatch("verify", "--expect", digest, "--config", config)
    with opened(config) as database, visited(database) as site:
        head = f"Evidence chain: entry-{LAST}, SHA-256 {entry_digest(config, LAST)}"
        assert site.get("/feed.json").json()["description"] == head
        assert f"<subtitle>{head}</subtitle>" in site.get("/feed.atom").text


@pytest.mark.parametrize("form", ["text", "html"])
def test_notices_to_the_operator_end_in_the_digest(form: Format) -> None:
    head = "entry-1, SHA-256 ab"
    notice = Notification("notice", "Betreff", "de", lead="Zu tun.", head=head)
    assert f"Beweiskette: {head}" in notice.fitted(form, 10_000)


def dripping(_asked: Asked, connection: socket.socket) -> None:
    """An answer of which a byte comes each second, so that no time between two of them is long."""
    connection.sendall(head(200, {"Content-Length": "1000"}))
    while True:
        connection.sendall(b"0")
        time.sleep(1)


def test_an_authority_that_drips_or_leads_elsewhere_holds_nothing_up(
    config: Path, authority: TimestampAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fetch.__kwdefaults__, "seconds", 2)
    site, inside = Site(), Site()
    site.answers |= {"/drip": dripping, "/lead": redirect(inside.url("/"), 307)}
    for path in ("/drip", "/lead"):
        config.write_text(
            config.read_text("utf-8").replace(authority.url, site.url(path)),
            "utf-8",
        )
        began = time.monotonic()
        stamped(config, days=1)
        assert time.monotonic() - began < 10
        config.write_text(
            config.read_text("utf-8").replace(site.url(path), authority.url),
            "utf-8",
        )
    assert {"/drip", "/lead"} <= {*site.paths()}
    assert not inside.paths()
    assert "on entry-4; checked" in verified(config)[1]["text"]
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
    assert "evidence.timestamp_url" in policywatch(
        "run", "--config", config, status=2
    )


def shell(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
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
        "text-6.json: OK",
        "capture-1.body: OK",
        "capture-5.headers: OK",
    }
    checks = [
        line.strip()
        for line in readme.splitlines()
        if line.startswith("   openssl ts -verify")
    ]
    assert len(checks) == 2
    assert all("-attime" in check for check in checks)
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
    signed = folder / "entry-4"
    signed.write_text(signed.read_text().replace(" 2", " 1"))
    assert "entry-4: FAILED" in shell(folder, HASHES).stdout
    assert shell(folder, checks[0]).returncode == 1


@pytest.mark.parametrize("fits", [False, True])
def test_a_forged_text_is_not_exported_and_read_again_from_its_capture(
    config: Path, tmp_path: Path, fits: bool
) -> None:
    tampered(config, forged(fits=fits))
    words = ("export", "evidence", "1", tmp_path / "bundle", "--config", config)
    policywatch(*words, status=1)
    assert not (tmp_path / "bundle").exists()
    policywatch("read", "--again", "--config", config)
    policywatch(*words)
    assert "We sell" not in (tmp_path / "bundle/after.txt").read_text("utf-8")
    texts = policywatch("verify", "--config", config, status=None)
    assert "is not what its capture gives" not in texts


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
                    record.rec_headers.get_header("WARC-Target-URI")
                    == first.final_url
                )
                at = datetime.fromisoformat(
                    record.rec_headers.get_header("WARC-Date")
                )
                assert at == first.fetched_at.astimezone(UTC)
                assert (
                    record.http_headers.get_header("X-Served-By") == "the library"
                )
                assert record.content_stream().read() == first.body
    assert kinds == ["warcinfo", *3 * ["response", "request", "metadata"]]
    one = policywatch(
        "export", "warc", file, "--document", TERMS, "--config", config
    )
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
