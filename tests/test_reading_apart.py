"""Reading and comparing hold up no other writer, and a kill between comparing and writing loses nothing."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from analysis.model import Comparison, Page
from policywatch.ingest.approve import accept, held_text
from policywatch.ingest.archived import ArchivedText, import_document
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.ingest.reprocess import reread_all
from policywatch.pipeline import Job
from storage.alerts import Alert
from storage.changes import Change, changes_of
from storage.checks import Check
from storage.database import Database
from storage.documents import document
from storage.notices import Notice
from storage.paragraphs import blame
from storage.versions import last_import, numbered_version, versions
from tests import warm
from tests.site import AI, PARAGRAPHS, Site, a_job, a_site, outcomes, policy, policywatch, run, settled, watchlist

ID = "library/privacy"


@pytest.fixture
def site() -> Iterator[Site]:
    with a_site() as running:
        running.pages["/privacy"] = policy()
        yield running


@dataclass
class Meanwhile:
    """Another process, which writes while texts are read and compared; by what it wrote amid."""

    database: Database
    wrote: list[str]

    def write(self, amid: str) -> None:
        """It waits for half a minute, if it has to, and fails then."""
        with self.database.writing() as session:
            document(session, ID).alert_after = 3 + len(self.wrote)
        self.wrote.append(amid)


def watched(manner: ExtractionConfig, other: Meanwhile) -> ExtractionConfig:
    """The same, with the other process at work each time when it reads or compares."""

    class Watched(ExtractionConfig):
        def page(self, body: bytes, *, mime: str, charset: str | None, url: str) -> Page:
            other.write("page")
            return super().page(body, mime=mime, charset=charset, url=url)

        def compared(self, *texts: Any, **how: Any) -> Comparison:
            other.write("compared")
            return super().compared(*texts, **how)

    return Watched(**{each.name: getattr(manner, each.name) for each in fields(manner)})


def test_another_process_can_write_while_a_text_is_read_and_compared(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    config = watchlist(tmp_path, site, database_url)
    other = Meanwhile(Database(database_url), [])
    with a_job(config) as job:
        job.run(force=True)
        job.manners[ID] = watched(job.manners[ID], other)

        def read(page: str) -> tuple[str, set[str]]:
            other.wrote.clear()
            site.pages["/privacy"] = page
            return outcomes(job.run(force=True).json())[ID], {*other.wrote}

        gone = policy(paragraphs=PARAGRAPHS[:1])
        assert read(policy(AI)) == ("changed", {"page", "compared"})
        assert read(policy()) == ("changed", {"page", "compared"})  # a return, whose alert waits
        assert read(policy(AI)) == ("changed", {"page", "compared"})  # which this one takes back
        assert read(gone) == ("held", {"page"})
        assert read(gone.replace("member", "reader")) == ("held", {"page"})
        other.wrote.clear()
        _take(job)
        assert {*other.wrote} == {"page", "compared"}
        _read_by_another_rule(job, other)
        assert {*other.wrote} == {"page", "compared"}
        other.wrote.clear()
        mistakes: list[Exception] = []
        assert reread_all(job.database, {ID: job.manners[ID]}, mistakes).read == 6
        assert (mistakes, {*other.wrote}) == ([], {"page", "compared"})
        other.wrote.clear()
        import_document(job.database, ID, job.manners[ID], archived(60))
        assert {*other.wrote} == {"page", "compared"}
    other.database.close()


def test_no_transaction_is_open_while_a_held_text_is_read_and_compared(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    seen: set[tuple[str, bool]] = set()
    with a_job(watchlist(tmp_path, site, database_url)) as job:
        job.run(force=True)
        site.pages["/privacy"] = policy(paragraphs=PARAGRAPHS[:1])
        job.run(force=True)
        known = job.manners[ID]
        with job.database.reading() as session:

            class Watched(ExtractionConfig):
                def page(self, body: bytes, *, mime: str, charset: str | None, url: str) -> Page:
                    seen.add(("page", session.in_transaction()))
                    return super().page(body, mime=mime, charset=charset, url=url)

                def compared(self, *texts: Any, **how: Any) -> Comparison:
                    seen.add(("compared", session.in_transaction()))
                    return super().compared(*texts, **how)

            held_text(session, ID, Watched(**{each.name: getattr(known, each.name) for each in fields(known)}))
    assert seen == {("page", False), ("compared", False)}


def archived(texts: int) -> Iterator[ArchivedText]:
    """More than one batch of them."""
    said = "\n\n".join(["# Privacy policy of the library", "## Your data", *PARAGRAPHS])
    for number in range(texts):
        body = f"{said}\n\nWe keep what you lend to us for {number + 2} months.".encode()
        at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=number)
        yield ArchivedText(f"{number:040}", at, body, "an archive", f"archive#{number}")


def _take(job: Job) -> None:
    how = job.manners[ID]
    with job.database.reading() as session:
        _, held = held_text(session, ID, how)
    assert accept(job.database, ID, how, lambda *_: (), seen=held.page) is not None


def _read_by_another_rule(job: Job, other: Meanwhile) -> None:
    known = job.manners[ID]
    job.manners[ID] = watched(ExtractionConfig(known.title, known.language, remove=("h2",)), other)
    other.wrote.clear()
    job.crawl(only=["none"])
    with job.database.reading() as session:
        assert versions(session, ID)[-1].cause == "reader"


DIES = """
import os, signal, sys
import policywatch.ingest.extraction, policywatch.ingest.captures
from policywatch.cli import main

where, name = {
    "amid comparing": (policywatch.ingest.extraction.ExtractionConfig, "compared"),
    "before writing": (policywatch.ingest.captures, "take"),
    "after writing": (policywatch.ingest.captures, "tell_restless"),
}[sys.argv.pop(1)]
setattr(where, name, lambda *_args, **_more: os.kill(os.getpid(), signal.SIGKILL))
main()
"""


@pytest.mark.parametrize(("when", "written"), [("amid comparing", 0), ("before writing", 0), ("after writing", 1)])
def test_a_kill_between_comparing_and_writing_loses_nothing(
    tmp_path: Path, site: Site, database_url: str, when: str, written: int
) -> None:
    config = watchlist(tmp_path, site, database_url)
    run(config)
    site.pages["/privacy"] = policy(AI)
    done = warm.done("-c", DIES, when, "run", "--now", "--config", config)
    assert done.returncode == -signal.SIGKILL, done.stderr
    database = Database(database_url)
    settled(database)
    with database.reading() as session:
        assert len(changes_of(session, ID)) == written
        assert len(session.exec(select(Check).where(Check.outcome == None)).all()) == 1 - written  # noqa: E711
    policywatch("read", "--config", config)
    policywatch("deliver", "--config", config)
    with database.reading() as session:
        assert [version.number for version in versions(session, ID)] == [1, 2]
        assert len(session.exec(select(Alert)).all()) == len(session.exec(select(Change)).all()) == 1
        assert session.exec(select(Notice)).all() == []
    database.close()
    assert (tmp_path / "alerts.txt").read_text("utf-8").count("/changes/1") == 1


def test_an_import_that_is_killed_amid_leaves_what_it_took_and_goes_on(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    config = watchlist(tmp_path, site, database_url)
    with a_job(config) as job:
        job.run(force=True)
        texts = list(archived(60))

        def ends(number: int) -> Iterator[ArchivedText]:
            yield from texts[:number]
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            import_document(job.database, ID, job.manners[ID], ends(40))
        with job.database.reading() as session:
            assert [version.number for version in versions(session, ID)] == [*range(1, 27)]
            taken = last_import(session, ID)
            assert taken is not None
            left = texts[int(taken.commit) + 1 :]
            own = numbered_version(session, ID, 26)
            assert {each.number for each in blame(session, own) if each} == {26}, "the index moved along"
        import_document(job.database, ID, job.manners[ID], left[:-1])
        with job.database.reading() as session:
            assert [version.number for version in versions(session, ID)] == [*range(1, 61)]
            assert len(changes_of(session, ID)) == 59, "each with the one before, ours with the archive's last"
            assert {each.number for each in blame(session, numbered_version(session, ID, 60)) if each} == {1}
