"""Mistakes of the program with one page: the other pages are read and told, and nothing is swallowed."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlmodel import col, select

from analysis.model import Page
from policywatch.config.watchlist import load
from policywatch.ingest.captures import ingest
from policywatch.ingest.extraction import (
    ExtractionConfig,
    Memory,
    PageCache,
    Received,
)
from storage.checks import Check
from storage.versions import Version
from tests import warm
from tests.site import (
    AI,
    Site,
    a_job,
    a_site,
    outcomes,
    policy,
    policywatch,
    run,
    watchlist,
)
from tests.test_locks import beside
from tests.warm import PACKAGES, ROOT

DATABASES = ["sqlite"]
STUMBLE = "This policy is a part of our terms."
# the program, with a mistake in it that only a page with these words brings to light
_READER_TRIPS = f"""
from policywatch import sandbox
sandbox.run = lambda function, /, *args, **named: function(*args, **named)
from policywatch.ingest import extraction
plain = extraction.read_page
def read(body, **given):
    if {STUMBLE!r}.encode() in body:
        raise RecursionError("over a stone")
    return plain(body, **given)
extraction.read_page = read
from policywatch.cli import main
main()
"""
_COMPARISON_TRIPS = f"""
from policywatch.ingest.extraction import ExtractionConfig
plain = ExtractionConfig.compare
def compare(self, before, after, **more):
    if any(block.text == {STUMBLE!r} for block in after.blocks):
        raise RecursionError("over a stone")
    return plain(self, before, after, **more)
ExtractionConfig.compare = compare
from policywatch.cli import main
main()
"""


@pytest.fixture
def site() -> Iterator[Site]:
    with a_site() as running:
        running.pages["/privacy"] = running.pages["/terms"] = policy()
        yield running


@pytest.fixture
def config(tmp_path: Path, site: Site, database_url: str) -> Path:
    made = watchlist(tmp_path, site, database_url, names=("privacy", "terms"))
    run(made, status=0)
    return made


def tripping(program: str, *words: object) -> tuple[str, str]:
    """Run the program with that mistake in it; what it wrote on standard output and on standard error."""
    done = warm.done("-c", program, *words)
    assert done.returncode == 1, done.stderr
    return done.stdout, done.stderr


def tripping_run(program: str, config: Path) -> tuple[dict[str, Any], str]:
    report, said = tripping(program, "run", "--now", "--json", "--config", config)
    return json.loads(report), said


def reason_of(report: dict[str, Any], document: str) -> str:
    return next(
        str(check["reason"])
        for check in report["checks"]
        if check["document"] == document
    )


def test_a_page_that_the_reader_trips_over_fails_alone_is_told_and_shown(
    tmp_path: Path, site: Site, config: Path
) -> None:
    site.pages["/privacy"], site.pages["/terms"] = policy(STUMBLE), policy(AI)
    report, said = tripping_run(_READER_TRIPS, config)
    assert outcomes(report) == {
        "library/privacy": "failed",
        "library/terms": "changed",
    }
    assert report["deliveries"]["sent"] == 1
    assert "train generative AI models" in (tmp_path / "alerts.txt").read_text(
        "utf-8"
    )
    reason = reason_of(report, "library/privacy")
    assert (
        "policywatch failed on this page because of an error of its own" in reason
    )
    assert "RecursionError: 'over a stone'" in reason
    assert "Traceback" in said
    assert "RecursionError: over a stone" in said
    for _ in range(3):
        tripping_run(_READER_TRIPS, config)
    assert (tmp_path / "operator.txt").read_text("utf-8").count(
        "RecursionError"
    ) == 1
    assert outcomes(run(config, status=0))["library/privacy"] in {
        "changed",
        "cosmetic",
    }


def test_a_text_that_cannot_be_compared_waits_for_read_again_and_is_not_tried_at_every_run(
    tmp_path: Path, site: Site, config: Path
) -> None:
    site.pages["/privacy"], site.pages["/terms"] = (
        policy(AI, STUMBLE),
        policy("Our terms are a part of this policy."),
    )
    report, said = tripping_run(_COMPARISON_TRIPS, config)
    assert outcomes(report)["library/privacy"] == "failed"
    assert outcomes(report)["library/terms"] in {"changed", "cosmetic"}
    assert "RecursionError: over a stone" in said
    report, said = tripping_run(_COMPARISON_TRIPS, config)
    assert outcomes(report) == {
        "library/privacy": "failed",
        "library/terms": "unchanged",
    }
    assert "RecursionError: 'over a stone'" in reason_of(report, "library/privacy")
    assert said == ""
    _, said = tripping(_COMPARISON_TRIPS, "read", "--again", "--config", config)
    assert "RecursionError: over a stone" in said
    policywatch("read", "--again", "--config", config)
    policywatch("deliver", "--config", config)
    told = (tmp_path / "alerts.txt").read_text("utf-8")
    assert "train generative AI models" in told
    assert told.count("Sent for: all") == 1
    assert outcomes(run(config, status=0)) == {
        "library/privacy": "unchanged",
        "library/terms": "unchanged",
    }


def test_a_text_in_force_that_cannot_be_read_again_is_no_change_and_holds_up_no_other(
    tmp_path: Path, site: Site, config: Path
) -> None:
    site.pages["/privacy"] = policy(STUMBLE)
    run(config, status=0)
    config.write_text(
        config.read_text("utf-8").replace(
            "allow_private", 'remove = ["h2"]\nallow_private'
        ),
        "utf-8",
    )
    report, said = tripping_run(_READER_TRIPS, config)
    assert outcomes(report) == {
        "library/privacy": "failed",
        "library/terms": "unchanged",
    }
    assert "RecursionError: over a stone" in said
    shown, _ = tripping(_READER_TRIPS, "read", "--again", "--config", config)
    assert shown.startswith("2 versions read again")
    assert outcomes(run(config, status=0)) == {
        "library/privacy": "unchanged",
        "library/terms": "unchanged",
    }
    assert not (tmp_path / "alerts.txt").exists()


def test_weights_that_do_not_fit_end_a_command_with_what_mends_it(
    config: Path, site: Site, tmp_path: Path
) -> None:
    """As in a repository in which somebody has renamed a topic."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / "repository" / package)
    words_of_all = tmp_path / "repository/foundation/vocabulary.py"
    words_of_all.write_text(
        words_of_all.read_text("utf-8").replace(
            '    "security": ', '    "safety": '
        ),
        "utf-8",
    )
    old, new = tmp_path / "old.md", tmp_path / "new.md"
    old.write_text(
        "# Privacy Policy\n\nWe keep your posts for as long as you have an account with us."
    )
    new.write_text(
        "# Privacy Policy\n\nWe keep your posts and sell them for as long as you have an account with us."
    )
    site.pages["/privacy"] = policy(AI)
    for words in (("compare", old, new), ("run", "--now", "--config", config)):
        program = [sys.executable, "-m", "policywatch", *map(str, words)]
        done = subprocess.run(
            program, cwd=tmp_path / "repository", capture_output=True, text=True
        )
        assert done.returncode == 1, done.stdout
        assert "`python -m evaluation train evaluation/data`" in done.stderr
        assert "Traceback" not in done.stderr
    policywatch("read", "--again", "--config", config)
    with closing(sqlite3.connect(urlsplit(load(config).database).path)) as store:
        assert store.execute("SELECT count(*) FROM changes").fetchone() == (1,), (
            "nothing was lost meanwhile"
        )


class Beside(PageCache):
    """Has another process ingest the same, when a page is asked for the first time."""

    def __init__(self, other: Callable[[], object]) -> None:
        super().__init__()
        self.others = [other]

    def extract(
        self, config: ExtractionConfig, received: Received, memory: Memory
    ) -> Page:
        if self.others:
            self.others.pop()()
        return super().extract(config, received, memory)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_who_ingests_later_than_another_makes_no_mistake(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    config = watchlist(tmp_path, site, database_url)
    run(config, status=0)
    with a_job(config) as job:
        for word in ("later", "latest"):
            site.pages["/privacy"] = policy(
                f"We keep your letters and do so {word}."
            )
            job.crawl(job.plan(force=True))

        def ingested(cache: PageCache | None = None) -> list[Exception]:
            mistakes: list[Exception] = []
            ingest(
                job.database,
                job.configs,
                job.recipients.names_for,
                mistakes,
                cache=cache,
            )
            return mistakes

        assert ingested(Beside(ingested)) == []
        with job.database.reading() as session:
            numbers = session.exec(
                select(Version.number).order_by(col(Version.number))
            ).all()
            ends = session.exec(select(Check.outcome).order_by(col(Check.id))).all()
    assert (numbers, ends) == ([1, 2, 3], ["first", "changed", "changed"])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_that_write_a_version_of_a_document_at_once_make_no_mistake(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    config = watchlist(tmp_path, site, database_url)
    run(config, status=0)
    with a_job(config) as job:
        for word in ("train", "develop"):
            site.pages["/privacy"] = policy(AI, f"We {word} machines.")
            job.crawl(job.plan(force=True))
        mistakes: list[Exception] = []

        def ingested(wait: Callable[[], object]) -> None:
            def names_for(*words: Any) -> Any:
                wait()
                return job.recipients.names_for(*words)

            ingest(job.database, job.configs, names_for, mistakes)

        with beside(job.database, lambda: ingested(lambda: None)) as goes_on:
            ingested(goes_on)
        assert mistakes == []
        with job.database.reading() as session:
            numbers = session.exec(
                select(Version.number).order_by(col(Version.number))
            ).all()
    assert numbers == [1, 2, 3]
