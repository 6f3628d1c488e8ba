"""What processes on one database do at once never ends in a deadlock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from foundation.vocabulary import NoticeKind, Outcome
from notifier.plan import plan
from notifier.routes import Address, Route
from policywatch.ingest.checks import finish
from storage.captures import add_capture
from storage.checks import Check
from storage.database import AdvisoryLock, Database, take
from storage.deliveries import Notice
from storage.documents import Document
from storage.removal import remove
from tests.post import notices
from tests.site import until
from tests.stories import START
from tests.test_storage import a_capture, a_document

DATABASES = ["postgresql"]
PRIVACY, TERMS = "example/privacy", "example/terms"


@pytest.fixture
def silent(database: Database) -> Database:
    """Two documents that the operator is to hear of, one of which has two texts set aside and a third to be read."""
    with database.writing() as session:
        session.add_all(
            [a_document(), a_document(TERMS, "https://example.org/terms")]
        )
        for number in range(3):
            capture = a_capture()
            capture.body = b"%d" % number
            add_capture(session, capture)
            check = Check(
                document_id=PRIVACY, checked_at=START, capture_id=capture.id
            )
            if number < 2:
                finish(session, check, Outcome.HELD)
            session.add(check)
        for id_ in (PRIVACY, TERMS):
            session.get_one(Document, id_).failures = 9
            session.get_one(Document, id_).alerted_at = None
        session.add(
            Check(document_id=TERMS, checked_at=START, outcome=Outcome.BLOCKED)
        )
    return database


class Pausing(list[Route]):
    """Routes at which planning stops for a while."""

    def __init__(self, pause: Callable[[], object]) -> None:
        super().__init__()
        self.pause = pause

    def __iter__(self) -> Iterator[Route]:
        self.pause()
        return super().__iter__()


@contextmanager
def beside(
    database: Database, work: Callable[[], object]
) -> Iterator[Callable[[], None]]:
    """Another process, which works once it is told to: until it has done its work, or waits for a lock."""
    begun: list[Future[object]] = []
    with ThreadPoolExecutor(1) as other:

        def goes_on() -> None:
            if begun:
                return
            waiting = _waiting(database)
            begun.append(other.submit(work))
            until(lambda: begun[0].done() or _waiting(database) > waiting)

        yield goes_on
    assert begun[0].exception() is None


def _waiting(database: Database) -> int:
    """How many transactions wait for another one."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with database.reading() as session:
        return int(session.connection().execute(text(waiting)).scalar_one())


def planned(database: Database, routes: Sequence[Route] = ()) -> None:
    with database.writing() as session:
        plan(
            session,
            [*routes, Route("[operator]", (Address("ops", "json://localhost"),))],
            START + timedelta(days=1),
        )


def test_a_text_is_set_aside_while_another_process_plans(silent: Database) -> None:
    """A check writes its document, then the chain; planning wrote documents while it kept the chain's lock."""

    def set_aside() -> None:
        with silent.writing() as session:
            finish(session, session.get_one(Check, 3), Outcome.HELD)

    with beside(silent, set_aside) as goes_on:
        planned(silent, Pausing(goes_on))
    assert len(notices(silent)) == 2


def test_planning_waits_for_no_document(silent: Database) -> None:
    """Two checks write two documents in one order, planning in another."""
    with (
        beside(silent, lambda: planned(silent)) as goes_on,
        silent.writing() as session,
    ):
        finish(session, Check(document_id=TERMS, checked_at=START), Outcome.BLOCKED)
        session.flush()
        goes_on()
        finish(
            session, Check(document_id=PRIVACY, checked_at=START), Outcome.BLOCKED
        )
    planned(silent)
    assert len(notices(silent)) == 2


def test_a_document_is_removed_while_another_process_plans(
    silent: Database,
) -> None:
    """Both write the notice of a document and the document itself."""
    with silent.writing() as session:
        session.add(
            Notice(kind=NoticeKind.VOLATILE, document_id=PRIVACY, created_at=START)
        )

    def removed() -> None:
        with silent.writing() as session:
            remove(session, PRIVACY)

    with (
        beside(silent, removed) as remove_it,
        beside(silent, lambda: planned(silent)) as plan_it,
        silent.writing() as session,
    ):
        take(session, AdvisoryLock.CHAIN)  # a third one captures
        remove_it()
        plan_it()


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_locks_are_taken_in_one_order(database: Database) -> None:
    """Who took them in another one would wait for who takes them in this."""
    with database.writing() as session:
        for lock in (
            AdvisoryLock.PLANNING,
            AdvisoryLock.CHAIN,
            AdvisoryLock.PARAGRAPHS,
            AdvisoryLock.PLANNING,
        ):
            take(session, lock)
    with database.writing() as session:
        take(session, AdvisoryLock.PARAGRAPHS)
        with pytest.raises(AssertionError, match="PLANNING is taken after"):
            take(session, AdvisoryLock.PLANNING)
    assert len({*AdvisoryLock}) == len(AdvisoryLock.__members__), (
        "each has a number of its own"
    )


def test_locks_of_different_work_exclude_nobody(database: Database) -> None:
    def take_last() -> None:
        with database.writing() as session:
            take(session, AdvisoryLock.CHAIN)
            take(session, AdvisoryLock.PARAGRAPHS)

    with ThreadPoolExecutor(1) as other, database.writing() as session:
        take(session, AdvisoryLock.PLANNING)
        other.submit(take_last).result(timeout=20)
