"""Reading and comparing hold up no other writer, and a kill between comparing and writing loses nothing."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from analysis.model import Comparison, Page
from crawler.targets import Fetched
from policywatch.ingest.archived import ArchivedText, import_document
from policywatch.ingest.curation import accept, held_text
from policywatch.ingest.extraction import Extracted, ExtractionConfig, Received
from policywatch.ingest.reprocess import reprocess_all
from policywatch.pipeline import Job
from storage.changes import Change, changes_of
from storage.checks import Check
from storage.database import Database
from storage.deliveries import Alert, Notice
from storage.documents import document
from storage.paragraphs import blame
from storage.versions import last_import, numbered_version, versions
from tests import warm
from tests.site import (
    AI,
    PARAGRAPHS,
    Site,
    a_job,
    library,
    outcomes,
    policy,
    policywatch,
    run,
    settled,
    watchlist,
)
from tests.stories import ANNA

ID = "library/privacy"

pytestmark = pytest.mark.usefixtures("read_here")


site = pytest.fixture(library)


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


def watched(config: ExtractionConfig, other: Meanwhile) -> ExtractionConfig:
    """The same, with the other process at work each time when it reads or compares."""

    class Watched(ExtractionConfig):
        def extract(self, received: Received, *memory: Any) -> Page:
            other.write("extract")
            return super().extract(received, *memory)

        def extract_new(self, *page: Any) -> Extracted:
            other.write("extract")
            return super().extract_new(*page)

        def compare(self, *texts: Any, **more: Any) -> Comparison:
            other.write("compare")
            return super().compare(*texts, **more)

    return Watched(
        **{each.name: getattr(config, each.name) for each in fields(config)}
    )


def test_another_process_can_write_while_a_text_is_read_and_compared(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    config = watchlist(tmp_path, site, database_url)
    other = Meanwhile(Database(database_url), [])
    with a_job(config) as job:
        job.run(force=True)
        job.configs[ID] = watched(job.configs[ID], other)

        def read(page: str) -> tuple[str, set[str]]:
            other.wrote.clear()
            site.pages["/privacy"] = page
            return outcomes(job.run(force=True).json())[ID], {*other.wrote}

        gone = policy(paragraphs=PARAGRAPHS[:1])
        assert read(policy(AI)) == ("changed", {"extract", "compare"})
        assert read(policy()) == (
            "changed",
            {"extract", "compare"},
        )  # a return, whose alert waits
        assert read(policy(AI)) == (
            "changed",
            {"extract", "compare"},
        )  # which this one takes back
        assert read(gone) == ("held", {"extract"})
        assert read(gone.replace("member", "reader")) == ("held", {"extract"})
        other.wrote.clear()
        _take(job)
        assert {*other.wrote} == {"extract", "compare"}
        _read_by_another_rule(job, other)
        assert {*other.wrote} == {"extract", "compare"}
        other.wrote.clear()
        mistakes: list[Exception] = []
        assert (
            reprocess_all(job.database, {ID: job.configs[ID]}, mistakes)["read"]
            == 6
        )
        assert (mistakes, {*other.wrote}) == ([], {"extract", "compare"})
        other.wrote.clear()
        import_document(job.database, ID, job.configs[ID], archived(42))
        assert {*other.wrote} == {"extract", "compare"}
    other.database.close()


def test_no_transaction_is_open_while_a_held_text_is_read_and_compared(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    seen: set[tuple[str, bool]] = set()
    with a_job(watchlist(tmp_path, site, database_url)) as job:
        job.run(force=True)
        site.pages["/privacy"] = policy(paragraphs=PARAGRAPHS[:1])
        job.run(force=True)
        known = job.configs[ID]
        with job.database.reading() as session:

            class Watched(ExtractionConfig):
                def extract(self, received: Received, *memory: Any) -> Page:
                    seen.add(("extract", session.in_transaction()))
                    return super().extract(received, *memory)

                def compare(self, *texts: Any, **more: Any) -> Comparison:
                    seen.add(("compare", session.in_transaction()))
                    return super().compare(*texts, **more)

            held_text(
                session,
                ID,
                Watched(
                    **{
                        each.name: getattr(known, each.name)
                        for each in fields(known)
                    }
                ),
            )
    assert seen == {("extract", False), ("compare", False)}


def archived(texts: int) -> Iterator[ArchivedText]:
    """More than one batch of them."""
    said = "\n\n".join(
        ["# Privacy policy of the library", "## Your data", *PARAGRAPHS]
    )
    for number in range(texts):
        body = f"{said}\n\nWe keep what you lend to us for {number + 2} months.".encode()
        at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=number)
        yield ArchivedText(
            f"{number:040}",
            at,
            partial(
                Fetched,
                ID,
                "https://library.example/privacy",
                f"archive#{number}",
                200,
                [],
                "text/markdown",
                "utf-8",
                body,
            ),
            "an archive",
            f"archive#{number}",
        )


def _take(job: Job) -> None:
    config = job.configs[ID]
    with job.database.reading() as session:
        _, held = held_text(session, ID, config)
    assert (
        accept(job.database, ID, config, lambda *_: (), seen=held.page, actor=ANNA)
        is not None
    )


def _read_by_another_rule(job: Job, other: Meanwhile) -> None:
    known = job.configs[ID]
    job.configs[ID] = watched(
        ExtractionConfig(known.title, known.language, remove=("h2",)), other
    )
    other.wrote.clear()
    job.reprocess()
    with job.database.reading() as session:
        assert versions(session, ID)[-1].cause == "reader"


DIES = """
import os, signal, sys
import policywatch.ingest.extraction, policywatch.ingest.captures
from policywatch.cli import main

where, name = {
    "amid comparing": (policywatch.ingest.extraction.ExtractionConfig, "compare"),
    "before writing": (policywatch.ingest.captures, "apply"),
    "after writing": (policywatch.ingest.captures, "notify_noise"),
}[sys.argv.pop(1)]
setattr(where, name, lambda *_args, **_more: os.kill(os.getpid(), signal.SIGKILL))
main()
"""


@pytest.mark.parametrize(
    ("when", "written"),
    [("amid comparing", 0), ("before writing", 0), ("after writing", 1)],
)
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
        assert (
            len(session.exec(select(Check).where(Check.outcome == None)).all())  # noqa: E711
            == 1 - written
        )
    policywatch("read", "--config", config)
    policywatch("deliver", "--config", config)
    with database.reading() as session:
        assert [version.number for version in versions(session, ID)] == [1, 2]
        assert (
            len(session.exec(select(Alert)).all())
            == len(session.exec(select(Change)).all())
            == 1
        )
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
            import_document(job.database, ID, job.configs[ID], ends(45))
        with job.database.reading() as session:
            assert [version.number for version in versions(session, ID)] == [
                *range(1, 47)
            ]
            taken = last_import(session, ID, "an archive")
            assert taken is not None
            left = texts[int(taken.commit) + 1 :]
            own = numbered_version(session, ID, 46)
            assert {each.number for each in blame(session, own) if each} == {46}, (
                "the index moved along"
            )
        import_document(job.database, ID, job.configs[ID], left[:-1])
        with job.database.reading() as session:
            assert [version.number for version in versions(session, ID)] == [
                *range(1, 61)
            ]
            assert len(changes_of(session, ID)) == 59, (
                "each with the one before, ours with the archive's last"
            )
            assert {
                each.number
                for each in blame(session, numbered_version(session, ID, 60))
                if each
            } == {1}
