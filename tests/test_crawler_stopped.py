"""A crawl that is killed, told to stop, finds the disk full or is used wrongly: what was kept is whole."""

from __future__ import annotations

import os
import resource
import socket
import threading
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from crawler.crawl import crawl
from crawler.targets import CrawlJob, Fetched, Fingerprint
from foundation.vocabulary import Outcome
from storage.checks import Check, unread_checks
from storage.database import Database
from storage.errors import UnknownDocument
from tests import misbehaving, warm
from tests.crawling import (
    NOW,
    QUICK,
    captures,
    crawled,
    declared,
    fingerprint_of,
    own,
    served,
)
from tests.misbehaving import Asked, Sites, page
from tests.site import settled, until

sites = pytest.fixture(served, scope="module")


def test_a_full_disk_ends_the_crawl_and_is_raised(
    sites: Sites, tmp_path: Path
) -> None:
    site = sites.new()
    targets = [own(site.url(f"/{n}"), f"full/{n:02}") for n in range(20)]
    for n in range(20):
        site.answers[f"/{n}"] = page(
            f"<p>{n}</p><!-- {os.urandom(40_000).hex()} -->"
        )
    database = Database(f"sqlite:///{tmp_path / 'full.db'}")
    declared(database, targets)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (800_000, before[1])
    )  # room for some captures, not for all
    try:
        with pytest.raises(OperationalError, match="disk"):
            crawl(
                CrawlJob(database, targets, fingerprint_of),
                QUICK,
                mistakes=[],
                now=lambda: NOW,
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    with database.reading() as session:
        count = len(unread_checks(session))
    assert 0 < count < 20
    assert len(captures(database)) == count
    assert len(site.paths()) < 2 * 20, "the rest was not asked for in vain"
    assert len(crawled(database, *targets)) == 20


def test_a_mistake_with_one_page_fails_it_and_is_handed_over_after_the_others_are_checked(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers |= {"/bad": page("<p>bad</p>"), "/good": page("<p>good</p>")}
    targets = [
        own(site.url("/bad"), "mistake/bad"),
        own(site.url("/good"), "mistake/good"),
    ]
    declared(database, targets)

    def breaks(fetched: Fetched, known: Fingerprint) -> Fingerprint:
        if b"bad" in fetched.body:
            raise ZeroDivisionError("\0 \ud800")
        return fingerprint_of(fetched, known)

    mistakes: list[Exception] = []
    ids = crawl(CrawlJob(database, targets, breaks), QUICK, mistakes=mistakes)
    assert [type(mistake) for mistake in mistakes] == [ZeroDivisionError]
    with database.reading() as session:
        checks = {
            check.document_id: check
            for check in (session.get_one(Check, id_) for id_ in ids)
        }
        assert [check.document_id for check in unread_checks(session)] == [
            "mistake/good"
        ]
    assert checks["mistake/bad"].outcome == Outcome.FAILED
    assert r"ZeroDivisionError: '\x00 \ud800'" in str(
        checks["mistake/bad"].reason or ""
    )


def test_an_undeclared_document_is_refused_before_anything_is_asked(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    job = CrawlJob(database, [own(site.url())], fingerprint_of)
    with pytest.raises(UnknownDocument):
        crawl(job, QUICK, mistakes=[])
    assert site.asked == []


_CRAWL = """
import sys
from crawler.crawl import crawl
from crawler.targets import CrawlJob
from storage.database import Database
from tests.crawling import QUICK, declared, fingerprint_of, own
targets = [own(f"{sys.argv[2]}/{n}", f"killed/{n}") for n in range(40)]
database = Database(sys.argv[1])
declared(database, targets)
report = lambda done, *_: done and print("kept", flush=True)
job = CrawlJob(database, targets, fingerprint_of)
crawl(job, QUICK, mistakes=[], progress=report)
"""


def test_a_kill_leaves_nothing_half_written(
    sites: Sites, database_url: str
) -> None:
    site, killed = sites.new(), threading.Event()

    def answer(asked: Asked, connection: socket.socket) -> None:
        if len(site.asked) > 60:  # of 81: it can't be done before it is killed
            killed.wait(60)
        page(f"<p>{asked.path}</p>")(asked, connection)

    for n in range(40):
        site.answers[f"/{n}"] = answer
    with warm.running("-c", _CRAWL, database_url, site.url("")) as program:
        until(lambda: program.output.count("kept") >= 7)
        program.kill()
    killed.set()
    database = Database(database_url)
    settled(database)
    with database.reading() as session:
        unread = unread_checks(session)
        all_checks = session.exec(select(Check)).all()
    stored = {row.id for row in captures(database)}
    assert 7 <= len(all_checks) < 40
    assert {check.capture_id for check in all_checks} == stored
    assert len(unread) == len(all_checks)
    checks = crawled(
        database, *(own(site.url(f"/{n}"), f"killed/{n}") for n in range(40))
    )
    assert {check.outcome for check in checks.values()} == {None}
    assert len(captures(database)) == 40, (
        "what was kept before the kill is the same page"
    )
    database.close()


_INTERRUPTED = """
import signal, sys
from dataclasses import replace
from tests.crawling import QUICK, checked, own
from storage.database import Database
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
checked(Database(sys.argv[1]), own(sys.argv[2]), replace(QUICK, timeout=600))
"""


def test_a_signal_of_the_caller_ends_the_crawl_at_once_and_quietly(
    sites: Sites, tmp_path: Path
) -> None:
    site = sites.new()
    site.answers["/robots.txt"] = misbehaving.silent
    with warm.running(
        "-c", _INTERRUPTED, f"sqlite:///{tmp_path / 'stopped.db'}", site.url()
    ) as program:
        until(lambda: site.asked)
        program.terminate()
        done = program.wait()
    assert (done.returncode, done.stderr) == (7, "")
