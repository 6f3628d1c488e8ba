"""A document that gets another id, or goes; and a history that is taken out again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session, SQLModel, select

from foundation.vocabulary import Outcome, State
from notifier.plan import plan
from policywatch.config.recipients import Recipients
from policywatch.config.watchlist import Watchlist
from policywatch.ingest.checks import finish
from policywatch.pipeline import Job
from storage.captures import OPEN_TERMS_ARCHIVE, Capture
from storage.changes import Change, change_to, changes_of
from storage.checks import Check, newest_checks
from storage.database import Database
from storage.deliveries import Alert, Delivery, DeliveryItem
from storage.documents import Document, declare
from storage.errors import Busy, UnknownDocument
from storage.lock import one_at_a_time
from storage.removal import StillCompared, remove, remove_imported
from storage.search import search
from storage.versions import last_import, versions
from tests import warm
from tests.archived import SHARING, TRAINING, day, history, take, watched
from tests.owed import START, route, tell
from tests.site import BOTH, MAIN, policywatch
from tests.stories import Teller, block, passage
from tests.story_of_parley import HELP, NOTES, PRIVACY, told_with_config
from tests.test_import_joining import check

DATABASES = ["sqlite"]

watchlist = pytest.fixture(watched)
archive = pytest.fixture(history)
config = pytest.fixture(told_with_config)
NEW = "parley/privacy"


def ids(session: Session, document: str) -> list[list[int | None]]:
    """Of its versions, changes and checks."""
    checks = newest_checks(session, document, limit=100)
    return [
        [row.id for row in rows]
        for rows in (
            versions(session, document),
            changes_of(session, document),
            checks,
        )
    ]


def hits(session: Session, words: str) -> set[str]:
    return {hit.document.id for hit in search(session, words).hits}


def sizes(database: Database) -> dict[str, int]:
    """But of chain and journal, which know what was removed, and of the forms of words, which are of no document."""
    with database.reading() as session:
        names = SQLModel.metadata.tables.keys() - {
            "chain_entries",
            "journal",
            "word_forms",
        }
        return {
            name: session.connection()
            .execute(text(f"SELECT count(*) FROM {name}"))
            .scalar_one()
            for name in names
        }


@BOTH
def test_a_document_keeps_all_that_is_known_of_it_under_another_id(
    config: Path, database: Database
) -> None:
    with database.reading() as session:
        before, found = ids(session, PRIVACY), hits(session, "advertisements")
    assert PRIVACY in found
    size = sizes(database)
    said = policywatch("documents", "rename", PRIVACY, NEW, "--config", config)
    assert (
        said.splitlines()[0]
        == f"{PRIVACY} is {NEW} now, with 2 versions and 1 change."
    )
    assert "Give it this id in " in said
    assert sizes(database) == size
    with database.reading() as session:
        assert ids(session, NEW) == before
        assert ids(session, PRIVACY) == [[], [], []]
        assert hits(session, "advertisements") == found - {PRIVACY} | {NEW}
    assert "there is no document" in policywatch(
        "history", PRIVACY, "--config", config, status=2
    )
    assert "version 2" in policywatch("history", NEW, "--config", config)


def test_a_new_id_that_has_a_text_is_refused_and_one_that_was_never_read_gives_way(
    config: Path, database: Database
) -> None:
    with database.reading() as session:
        before = ids(session, PRIVACY)
    refused = policywatch(
        "documents", "rename", PRIVACY, NOTES, "--config", config, status=1
    )
    assert f"`policywatch documents remove {NOTES}` takes it out" in refused
    assert "NEW: found 'Privacy'; write service/document" in policywatch(
        "documents", "rename", PRIVACY, "Privacy", "--config", config, status=2
    )
    assert "there is no document 'a/b'" in policywatch(
        "documents", "rename", "a/b", "a/c", "--config", config, status=2
    )
    policywatch("documents", "rename", PRIVACY, HELP, "--config", config)
    with database.reading() as session:
        assert ids(session, HELP) == before


def test_a_person_is_asked_before_a_document_goes_and_never_while_a_run_is_at_work(
    config: Path, database: Database
) -> None:
    size = sizes(database)
    words = ["documents", "remove", PRIVACY, "--config", config]
    done = warm.done(
        "-c", f"import io, sys; sys.stdin = io.StringIO('n'); {MAIN}", *words
    )
    assert (
        f"{PRIVACY}, all that is known of it: 2 versions, 1 change, " in done.stdout
    )
    assert done.returncode == 1
    with one_at_a_time(database):
        assert "is at work on this database" in policywatch(
            *words, "--yes", status=1
        )
    assert sizes(database) == size
    assert policywatch(*words, "--yes").endswith("Removed.\n")
    with database.reading() as session:
        assert PRIVACY not in hits(session, "advertisements")
        with pytest.raises(UnknownDocument):
            remove(session, PRIVACY)


@BOTH
def test_what_was_told_of_it_goes_too_but_not_what_is_told_of_others(
    database: Database,
) -> None:
    with database.writing() as session:
        tell(session, ["team"], document="harbour/terms")
        session.flush()
    alone = sizes(database)
    later = START + timedelta(hours=1)
    with database.writing() as session:
        mine = tell(session, ["team", "digest"], when=later)
        tell(session, ["digest"], document="harbour/terms", when=later)
        finish(
            session,
            Check(document_id=mine.document_id, checked_at=later),
            Outcome.GONE,
        )
    with database.writing() as session:
        plan(
            session, [route("team", "json://a"), route("digest", "json://b")], later
        )
    with database.writing() as session:
        every = session.exec(select(Delivery)).all()
        assert len(every) == 4
        remove(session, mine.document_id)
    with database.reading() as session:
        about = {
            session.get_one(Change, alert.change_id).document_id
            for alert in session.exec(select(Alert))
        }
        assert about == {"harbour/terms"}
        assert (
            len(session.exec(select(Delivery)).all())
            == len(session.exec(select(DeliveryItem)).all())
            == 2
        )
        assert {row.document_id for row in session.exec(select(Capture))} == {
            "harbour/terms"
        }
    assert sizes(database)["documents"] == alone["documents"] - 1
    assert sizes(database)["captures"] == alone["captures"] + 2


def test_a_digest_that_tells_of_others_as_well_stays(database: Database) -> None:
    with database.writing() as session:
        kept = tell(session, ["team"], document="harbour/terms")
        gone = tell(session, ["team"])
        digest = Delivery(
            kind="digest",
            route="team",
            address="${A}",
            created_at=START,
            next_at=START,
        )
        session.add(digest)
        session.flush()
        for alert in session.exec(select(Alert)).all():
            session.add(
                DeliveryItem(
                    delivery_id=digest.id, address="${A}", alert_id=alert.id
                )
            )
    with database.writing() as session:
        remove(session, gone.document_id)
    with database.reading() as session:
        (item,) = session.exec(select(DeliveryItem)).all()
        assert session.get_one(Alert, item.alert_id).change_id == kept.id


@BOTH
def test_what_is_just_being_sent_is_waited_for(database: Database) -> None:
    with database.writing() as session:
        gone = tell(session, ["team"])
    with database.writing() as session:
        plan(session, [route("team", "json://a")], START)
        session.exec(select(Delivery)).one().state = State.SENDING
    size = sizes(database)
    with (
        pytest.raises(Busy, match="is being sent; nothing was removed"),
        database.writing() as session,
    ):
        remove(session, gone.document_id)
    assert sizes(database) == size


def test_what_an_announced_text_is_compared_with_is_not_taken_away(
    database: Database,
) -> None:
    facts = {
        "service": "A",
        "title": "Terms",
        "url": "https://a.example/",
        "language": "en",
        "added_at": START,
    }
    with database.writing() as session:
        declare(
            session,
            [
                Document(id=f"a/{name}", kind="terms", **facts)
                for name in ("terms", "preview-terms")
            ],
        )
        session.flush()
        teller = Teller(session)
        now, then = (
            teller.version(f"a/{name}", START, [block("paragraph", name)])
            for name in ("terms", "preview-terms")
        )
        teller.change(now, then, [passage([], "terms", "preview-terms")])
    with (
        pytest.raises(
            StillCompared, match="documents remove a/preview-terms` first"
        ),
        database.writing() as session,
    ):
        remove(session, "a/terms")
    with database.writing() as session:
        remove(session, "a/preview-terms")
        remove(session, "a/terms")
    assert set(sizes(database).values()) == {0}


@BOTH
def test_an_import_is_undone_and_can_be_done_again(
    database: Database, watchlist: Watchlist, archive: Path
) -> None:
    job = Job(watchlist, database, Recipients())
    job.declare()
    check(database, job.configs, day(45), TRAINING)
    check(database, job.configs, day(46), TRAINING, SHARING)
    before = sizes(database)
    with database.reading() as session:
        mine = ids(session, "parley/privacy")
    first = {
        report.id: report.done.versions
        for report in take(database, watchlist, archive)
    }
    with database.reading() as session:
        found = hits(session, "data")
    said = policywatch(
        "documents",
        "remove",
        "parley/privacy",
        "--imported",
        "--yes",
        "--config",
        watchlist.file,
    )
    assert said.startswith(
        f"parley/privacy, its imported history: {first['parley/privacy']} versions, "
    )
    with database.writing() as session:
        remove(session, next(id_ for id_ in first if id_ != "parley/privacy"))
    with database.reading() as session:
        rows = versions(session, "parley/privacy")
        assert [row.number for row in rows] == [1, 2]
        assert ids(session, "parley/privacy") == mine
        assert change_to(session, rows[0].id) is None
        assert last_import(session, "parley/privacy", OPEN_TERMS_ARCHIVE) is None
    after = sizes(database)
    assert {name: n for name, n in after.items() if n != before[name]} == {}
    again = {
        report.id: report.done.versions
        for report in take(database, watchlist, archive)
    }
    assert again == first
    with database.reading() as session:
        assert hits(session, "data") == found


def test_a_text_of_ours_that_said_the_same_as_the_archives_is_fetched_anew(
    database: Database, watchlist: Watchlist, archive: Path
) -> None:
    take(database, watchlist, archive)
    configs = Job(watchlist, database, Recipients()).configs
    assert check(database, configs, day(99), TRAINING, SHARING) == "unchanged"
    with database.writing() as session:
        session.get_one(Document, "parley/privacy").etag = '"1"'
    with database.writing() as session:
        remove_imported(session, "parley/privacy")
    with database.reading() as session:
        assert session.get_one(Document, "parley/privacy").etag is None
        assert versions(session, "parley/privacy") == []
    assert check(database, configs, day(100), TRAINING, SHARING) == "first"


def test_where_nothing_was_imported_nothing_is_undone(config: Path) -> None:
    said = policywatch(
        "documents", "remove", PRIVACY, "--imported", "--config", config, status=1
    )
    assert said == f"Nothing was imported as the history of {PRIVACY}.\n"
