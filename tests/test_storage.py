"""The store: schema, health of documents, one run at a time."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel, select

from foundation.vocabulary import Outcome
from messages import Message
from notifier.plan import report_unreadable
from policywatch.ingest.checks import finish
from storage import database as database_of_store
from storage.captures import Capture, add_capture
from storage.checks import (
    VALID,
    Check,
    count_checks,
    earlier_checks,
    last_checks,
    last_set_aside,
    later_than,
    unread_checks,
)
from storage.database import Database
from storage.deliveries import Notice
from storage.documents import Document, declare, document, watched
from storage.errors import (
    Busy,
    DatabaseUnavailable,
    NewerDatabase,
    UnknownDocument,
    with_advice,
)
from storage.lock import leases, one_at_a_time
from tests import warm
from tests.conftest import made

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def a_document(
    id_: str = "example/privacy", url: str = "https://example.org/privacy"
) -> Document:
    return Document(
        id=id_,
        service="Example",
        title="Privacy",
        kind="privacy-policy",
        url=url,
        language="en",
        added_at=MONDAY,
    )


def a_capture() -> Capture:
    url = "https://example.org/privacy"
    return Capture(
        document_id="example/privacy",
        fetched_at=MONDAY,
        url=url,
        final_url=url,
        status=200,
        mime="text/html",
        sha256="0" * 64,
        size=4,
        body=b"text",
    )


def check(
    database: Database,
    hours: int,
    outcome: Outcome,
    reason: str | None = None,
    etag: str | None = None,
) -> None:
    with database.writing() as session:
        made = Check(
            document_id="example/privacy",
            checked_at=MONDAY + timedelta(hours=hours),
            etag=etag,
        )
        finish(
            session,
            made,
            outcome,
            Message("rejection.stops", text=reason) if reason else None,
        )


def notices(database: Database) -> list[str]:
    with database.writing() as session:
        report_unreadable(session)
    with database.reading() as session:
        return [notice.kind for notice in session.exec(select(Notice))]


def test_the_migrations_make_the_tables_that_the_code_declares(
    new_url: str,
) -> None:
    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return not (
            kind == "table" and (name or "").startswith("paragraph_words")
        )  # the index of words has no model

    database = Database(new_url)
    with database.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": ours}
        )
        assert compare_metadata(context, [SQLModel.metadata, leases.metadata]) == []
    database.close()


def test_a_server_that_says_nothing_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert database_of_store._TIMEOUTS["connect_timeout"] < 30
    monkeypatch.setitem(database_of_store._TIMEOUTS, "connect_timeout", 2)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        with pytest.raises(
            DatabaseUnavailable,
            match="timeout expired; is the host right, and does a firewall let",
        ):
            Database(f"postgresql://u@127.0.0.1:{mute.getsockname()[1]}/db")


def test_who_locks_the_store_for_long_is_not_waited_for_for_ever(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_of_store, "_LOCK_WAIT", 1)
    one, other = Database(database_url), Database(database_url)
    with one.writing() as session:
        session.add(a_document())
    with one.writing() as session:
        session.exec(select(Document).with_for_update()).all()
        with pytest.raises(OperationalError) as failed, other.writing() as waiting:
            waiting.exec(select(Document).with_for_update()).all()
    assert (
        "another program is writing to it for long: wait for it, or end it"
        in with_advice(failed.value.orig)
    )
    one.close()
    other.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_table_that_is_locked_against_readers_holds_nobody_up_for_ever(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_of_store, "_LOCK_WAIT", 1)
    one, other = Database(database_url), Database(database_url)
    with one.writing() as session, other.reading() as reader:
        session.execute(text("LOCK TABLE documents"))
        with pytest.raises(OperationalError) as failed:
            watched(reader)
    said = "canceling statement due to lock timeout; another program is writing to it for long: wait for it, or end it"
    assert with_advice(failed.value.orig) == said
    one.close()
    other.close()


def test_every_foreign_key_leads_an_index(database: Database) -> None:
    with database.connect() as connection:
        found = inspect(connection)
        for table in SQLModel.metadata.tables:
            keys = [*found.get_indexes(table), *found.get_unique_constraints(table)]
            leading = {key["column_names"][0] for key in keys} | {
                *found.get_pk_constraint(table)["constrained_columns"][:1]
            }
            naming = {
                each["constrained_columns"][0]
                for each in found.get_foreign_keys(table)
            }
            assert naming <= leading, (
                f"{table}: without one, each row that goes costs a look at all of these"
            )


def test_a_newer_database_is_refused_and_left_alone(database_url: str) -> None:
    opened = Database(database_url)
    with opened.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    opened.close()
    with pytest.raises(NewerDatabase, match=r"9999.*newer"):
        Database(database_url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "can't be understood"),
        ("mysql://u:secret@host/db", "not supported"),
        ("sqlite:////nowhere/at/all.db", "can't open"),
        ("postgresql://u:secret@127.0.0.1:1/db", "can't open"),
        (
            "postgres://u:secret@127.0.0.1:1/db",
            r"can't open postgresql\+psycopg://u:\*\*\*@127.0.0.1:1/db",
        ),
    ],
)
def test_a_database_that_cannot_be_opened_says_why_without_its_password(
    url: str, said: str
) -> None:
    with pytest.raises(DatabaseUnavailable, match=said) as raised:
        Database(url)
    assert "secret" not in str(raised.value)


def test_a_time_keeps_its_zone(database: Database) -> None:
    with database.writing() as session:
        session.add(a_document())
    with database.reading() as session:
        assert document(session, "example/privacy").added_at == MONDAY


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def crash() -> None:
        with database.writing() as session:
            session.add(a_document())
            session.flush()
            raise RuntimeError("stopped half-way")

    with pytest.raises(RuntimeError):
        crash()
    with database.reading() as session:
        assert watched(session) == []


def test_who_reads_sees_one_state_of_the_store_whatever_is_written_meanwhile(
    database: Database,
) -> None:
    with database.reading() as session:
        assert watched(session) == []
        with database.writing() as writer:
            writer.add(a_document())
        assert watched(session) == []
    with database.reading() as session:
        assert [one.id for one in watched(session)] == ["example/privacy"]


def test_a_document_that_leaves_the_watchlist_is_retired_and_comes_back(
    database: Database,
) -> None:
    with database.writing() as session:
        declare(session, [a_document(), a_document("example/terms")])
    with database.writing() as session:
        declare(session, [a_document()])
    with database.reading() as session:
        assert [row.id for row in watched(session)] == ["example/privacy"]
        assert document(session, "example/terms").retired
    with database.writing() as session:
        declare(session, [a_document(), a_document("example/terms")])
    with database.reading() as session:
        assert len(watched(session)) == 2


def test_a_text_that_was_set_aside_is_found_however_many_checks_failed_since(
    database: Database,
) -> None:
    with database.writing() as session:
        session.add(a_document())
        session.flush()
        kept = a_capture()
        add_capture(session, kept)
        session.add(
            Check(
                document_id="example/privacy",
                checked_at=MONDAY,
                outcome="held",
                capture_id=kept.id,
            )
        )
        session.flush()
        session.add_all(
            Check(
                document_id="example/privacy", checked_at=MONDAY, outcome="failed"
            )
            for _ in range(300)
        )
    with database.reading() as session:
        aside = last_set_aside(session, "example/privacy")
    assert aside is not None
    assert aside.outcome == "held"


def test_of_a_streak_of_held_texts_the_first_the_newest_and_what_was_told_stay(
    database: Database,
) -> None:
    def held(
        number: int, *, told: bool = False, outcome: Outcome = Outcome.HELD
    ) -> None:
        with database.writing() as session:
            kept = a_capture()
            kept.final_url = f"https://example.org/{number}"
            add_capture(session, kept)
            part = a_capture()
            part.head_id, part.final_url = (
                kept.id,
                f"https://example.org/part/{number}",
            )
            add_capture(session, part)
            made = Check(
                document_id="example/privacy", checked_at=MONDAY, capture_id=kept.id
            )
            finish(session, made, outcome, Message("answer.unstable"))
            session.flush()
            if told:
                session.add(
                    Notice(
                        kind="held",
                        document_id="example/privacy",
                        check_id=made.id,
                        created_at=made.checked_at,
                    )
                )

    def kept() -> list[str]:
        with database.reading() as session:
            found = session.exec(select(Capture).order_by(Capture.id)).all()
            heads = [
                one.final_url.rpartition("/")[2]
                for one in found
                if one.head_id is None
            ]
            assert heads == [
                one.final_url.rpartition("/")[2]
                for one in found
                if one.head_id is not None
            ]
            return heads

    with database.writing() as session:
        session.add(a_document())
    held(0)
    check(database, 1, Outcome.UNCHANGED)
    for number in range(1, 6):
        held(
            number,
            told=number == 3,
            outcome=Outcome.UNREADABLE if number == 2 else Outcome.HELD,
        )
    assert kept() == ["0", "1", "3", "5"]
    with database.reading() as session:
        aside = last_set_aside(session, "example/privacy")
        assert aside is not None
        assert session.get_one(Capture, aside.capture_id).final_url.endswith("/5")
    check(database, 9, Outcome.UNCHANGED)
    held(6)
    assert kept() == ["0", "1", "3", "5", "6"]


def test_a_new_address_forgets_the_validators_of_the_old_one(
    database: Database,
) -> None:
    with database.writing() as session:
        declare(session, [a_document()])
        document(session, "example/privacy").etag = '"abc"'
    with database.writing() as session:
        declare(session, [a_document()])
        assert document(session, "example/privacy").etag == '"abc"'
    with database.writing() as session:
        declare(session, [a_document(url="https://example.org/new")])
        assert document(session, "example/privacy").etag is None


def test_an_unknown_document_is_named_with_those_there_are(
    database: Database,
) -> None:
    with database.writing() as session:
        declare(session, [a_document()])
    with (
        database.reading() as session,
        pytest.raises(UnknownDocument, match=r"'example/privcy'.*example/privacy"),
    ):
        document(session, "example/privcy")


def test_the_operator_is_told_of_silence_once_reminded_weekly_and_told_of_recovery(
    database: Database,
) -> None:
    with database.writing() as session:
        declare(session, [a_document()])
    for hour in range(2):
        check(database, hour, Outcome.BLOCKED, "status 403")
    assert notices(database) == []
    for hour in range(2, 6):
        check(database, hour, Outcome.FAILED, "connection refused")
    assert notices(database) == ["unreadable"]
    check(database, 24 * 8, Outcome.FAILED, "connection refused")
    assert notices(database) == ["unreadable", "unreadable"]
    check(database, 24 * 8 + 1, Outcome.UNCHANGED)
    check(database, 24 * 8 + 2, Outcome.UNCHANGED)
    assert notices(database) == ["unreadable", "unreadable", "recovered"]


def test_two_failures_are_nobodys_business(database: Database) -> None:
    with database.writing() as session:
        declare(session, [a_document()])
    for hour, outcome in enumerate(
        [Outcome.FAILED, Outcome.FAILED, Outcome.UNCHANGED] * 2
    ):
        check(database, hour, outcome, "timeout")
    assert notices(database) == []


@pytest.mark.parametrize(("hours", "told"), [(23, []), (24, ["unreadable"])])
def test_a_long_pause_is_told_at_once(
    database: Database, hours: int, told: list[str]
) -> None:
    with database.writing() as session:
        declare(session, [a_document()])
    with database.writing() as session:
        made = Check(document_id="example/privacy", checked_at=MONDAY)
        finish(
            session,
            made,
            Outcome.BLOCKED,
            not_before=MONDAY + timedelta(hours=hours),
        )
    assert notices(database) == told


def test_validators_come_from_believed_answers_only(database: Database) -> None:
    with database.writing() as session:
        declare(session, [a_document()])
    check(database, 0, Outcome.FIRST, etag='"good"')
    check(database, 1, Outcome.HELD, "an error text", etag='"bad"')
    check(database, 2, Outcome.NOT_MODIFIED)
    with database.reading() as session:
        assert document(session, "example/privacy").etag == '"good"'


def test_checks_are_counted_since_a_change(database: Database) -> None:
    with database.writing() as session:
        declare(session, [a_document()])
    for hour, outcome in enumerate(
        [Outcome.CHANGED, Outcome.UNCHANGED, Outcome.FAILED, Outcome.NOT_MODIFIED]
    ):
        check(database, hour, outcome, "x")
    with database.reading() as session:
        assert count_checks(session, "example/privacy", VALID, later_than(1)) == 2
        assert last_checks(session)["example/privacy"].outcome == "not-modified"
        assert unread_checks(session) == []


def test_checks_are_found_that_are_some_checks_ago(database: Database) -> None:
    with database.writing() as session:
        declare(
            session,
            [
                a_document(),
                a_document("example/terms", "https://example.org/terms"),
            ],
        )
    for hour in range(5):
        check(database, hour, Outcome.UNCHANGED)
    with database.reading() as session:
        assert earlier_checks(session, 4) == {
            "example/privacy": MONDAY + timedelta(hours=1)
        }
        assert earlier_checks(session, 6) == {}


def test_only_one_run_at_a_time(database: Database, database_url: str) -> None:
    second = Database(database_url)
    with (
        one_at_a_time(database),
        pytest.raises(Busy, match="another run"),
        one_at_a_time(second),
    ):
        pass
    with one_at_a_time(second):
        pass
    second.close()


def test_a_run_goes_on_when_the_server_closes_all_its_connections(
    postgres_server: str, migrated_postgres: str
) -> None:
    with made(postgres_server, migrated_postgres) as url:
        database = Database(url)
        with one_at_a_time(database), psycopg.connect(url) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            )
        with one_at_a_time(database):
            pass
        database.close()


def test_a_lock_file_names_its_process(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    with one_at_a_time(database):
        assert (tmp_path / "a.db.lock").read_text().isdigit()
    database.close()


@pytest.mark.parametrize("after", [1, 3, 5])
def test_the_operator_says_after_how_many_checks_to_hear(
    database: Database, after: int
) -> None:
    row = a_document()
    row.alert_after = after
    with database.writing() as session:
        declare(session, [row])
    for number in range(6):
        check(database, number, Outcome.BLOCKED, "status 403")
        assert notices(database) == (["unreadable"] if number + 1 >= after else [])


def test_programs_that_open_an_empty_database_at_once_all_find_it_ready(
    new_url: str,
) -> None:
    code = f"from storage.database import Database; Database({new_url!r}).close()"
    with ExitStack() as opening:
        programs = [
            opening.enter_context(warm.running("-c", code)) for _ in range(3)
        ]
        assert [program.wait().stderr for program in programs] == ["", "", ""]
