"""Archives as sources, through the program: followed repositories, copies in place of a page that does not answer."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import wayback

from policywatch.config.watchlist import Watchlist, load
from policywatch.sources import open_terms_archive
from policywatch.sources.repository import followed
from storage.clock import utc_now
from storage.database import Database
from tests import warm
from tests.archive import Commit, git, repository
from tests.archived import HISTORY, POLICY, SHARING, TRAINING, dates, day, policy
from tests.internet_archive import InternetArchive, internet_archive
from tests.site import (
    AI,
    Site,
    a_job,
    a_site,
    outcomes,
    policywatch,
    run,
    watchlist,
)
from tests.site import policy as page

DATABASES = ["sqlite"]

FOLLOWED = """contact = "a@example.org"
database = "{database}"
[[routes]]
name = "all"
to = ["file://{folder}/alerts.txt"]
[operator]
to = ["file://{folder}/operator.txt"]
after = 1
[[documents]]
id = "parley/privacy"
service = "Parley"
title = "Privacy Policy"
kind = "privacy-policy"
url = "https://parley.example/privacy"
source = "open-terms-archive"
repository = "file://{repository}"
type = "Privacy Policy"
"""
CAMERAS = "We use facial recognition on your pictures to train AI models since May 1, 2024."


def following(folder: Path, database: str, there: Path) -> Path:
    file = folder / "policywatch.toml"
    file.write_text(
        FOLLOWED.format(database=database, folder=folder, repository=there), "utf-8"
    )
    return file


def served(folder: Path, commits: list[Commit]) -> Path:
    """A repository that lets others leave files out, as public ones do."""
    there = repository(folder / "versions.git", commits)
    git(f"--git-dir={there}", "config", "uploadpack.allowFilter", "true")
    return there


def alerts(folder: Path, name: str = "alerts.txt") -> str:
    file = folder / name
    return file.read_text("utf-8") if file.exists() else ""


def test_workers_that_follow_one_repository_clone_it_one_after_the_other(
    tmp_path: Path,
) -> None:
    there = served(tmp_path, HISTORY)
    with ThreadPoolExecutor(4) as pool:
        clones = [
            pool.submit(followed, f"file://{there}", tmp_path / "clones")
            for _ in range(4)
        ]
    assert {len([*clone.result().records()]) for clone in clones} == {len(HISTORY)}


def test_the_history_is_taken_silently_and_each_later_commit_alerts_once_whatever_is_killed(
    tmp_path: Path, database_url: str
) -> None:
    there = served(tmp_path, HISTORY)
    config = following(tmp_path, database_url, there)
    first = run(config, status=0)
    check = first["checks"][0]
    assert (outcomes(first), check["version"], first["deliveries"]["sent"]) == (
        {"parley/privacy": "first"},
        5,
        0,
    )
    assert check["source"].startswith("Open Terms Archive, file://")
    assert outcomes(run(config, status=0)) == {"parley/privacy": "unchanged"}
    news = [
        Commit(day(60), POLICY, policy(TRAINING, SHARING, CAMERAS)),
        Commit(
            day(61),
            POLICY,
            policy(TRAINING, SHARING, CAMERAS, "More words."),
            "Refilter Parley Privacy Policy",
        ),
        Commit(day(62), "Parley/Terms of Service.md", "# Terms\n\nOther ones.\n"),
    ]
    repository(there, news, after="main^0")
    killed = "import os, policywatch.sources.source as source, policywatch.cli as cli, sys\n"
    for where in (
        "source.ArchiveChecks.take = lambda *_: os._exit(9)",  # before the commit is written
        "import policywatch.pipeline as p; p.ingest = lambda *_a, **_k: os._exit(9)",  # before it is read
        "import policywatch.pipeline as p; p.DeliveryRun = lambda *_a, **_k: os._exit(9)",  # before it is sent
    ):
        words = f"{killed}{where}\nsys.argv[1:] = ['run', '--now', '--config', {str(config)!r}]\ncli.main()"
        assert warm.done("-c", words).returncode == 9
    last = run(config, status=0)
    assert outcomes(last) == {"parley/privacy": "unchanged"}
    assert (
        last["deliveries"]["sent"],
        run(config, status=0)["deliveries"]["sent"],
    ) == (1, 0)
    told = alerts(tmp_path)
    assert told.count("facial recognition on your pictures") >= 1
    assert told.count("Version archived by Open Terms Archive on ") == 1
    assert "More words" not in told
    database = Database(database_url)
    assert [row[::2] for row in dates(database, "parley/privacy")[5:]] == [
        (6, "page"),
        (7, "reader"),
    ]
    database.close()
    shown = policywatch("history", "parley/privacy", "--config", config)
    assert "Open Terms Archive, file://" in shown


def test_only_texts_of_watched_documents_are_fetched(tmp_path: Path) -> None:
    there = served(tmp_path, HISTORY)
    config = following(tmp_path, f"sqlite:///{tmp_path}/a.db", there)
    run(config, status=0)
    (clone,) = (tmp_path / "policywatch-archives").glob("*.git")
    listing = [
        "git",
        f"--git-dir={clone}",
        "cat-file",
        "--batch-check",
        "--batch-all-objects",
    ]
    kinds = subprocess.run(
        listing, capture_output=True, text=True, check=True
    ).stdout.split()[1::3]
    assert kinds.count("blob") == 6  # of ten texts, one of them twice


def test_a_repository_in_trouble_is_a_failed_check_and_one_that_was_rewritten_goes_on_by_date(
    tmp_path: Path,
) -> None:
    there = served(tmp_path, HISTORY)
    config = following(tmp_path, f"sqlite:///{tmp_path}/a.db", there)
    run(config, status=0)
    there.rename(tmp_path / "elsewhere")
    gone = run(config, status=1)
    assert outcomes(gone) == {"parley/privacy": "failed"}
    assert "could not be fetched" in gone["checks"][0]["reason"]
    logged = policywatch("-v", "run", "--now", "--config", config, status=1)
    assert "WARNING git can't read" in logged
    assert "has been unreadable since" in alerts(tmp_path, "operator.txt")
    rewritten = [
        *HISTORY[3:],
        Commit(day(70), POLICY, policy(TRAINING, SHARING, CAMERAS)),
    ]
    served(tmp_path, rewritten)
    back = run(config, status=0)
    assert outcomes(back) == {"parley/privacy": "changed"}
    assert alerts(tmp_path).count("facial recognition") >= 1
    missing = config.read_text("utf-8").replace(
        'type = "Privacy Policy"', 'type = "Cookies"'
    )
    config.write_text(missing, "utf-8")
    assert outcomes(run(config, status=1)) == {"parley/privacy": "gone"}


def test_what_is_no_archive_is_fetched_once_for_all_its_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "empty.git"
    git("init", "--quiet", "--bare", str(there))
    config = following(tmp_path, f"sqlite:///{tmp_path}/a.db", there)
    text = config.read_text("utf-8")
    another = text[text.index("[[documents]]") :].replace(
        "parley/privacy", "parley/terms"
    )
    config.write_text(text + another, "utf-8")
    asked: list[str] = []

    def counted(address: str, *args: Any, **options: Any) -> Any:
        asked.append(address)
        return followed(address, *args, **options)

    monkeypatch.setattr(open_terms_archive, "followed", counted)
    failed = run(config, status=1)
    assert outcomes(failed) == {
        "parley/privacy": "failed",
        "parley/terms": "failed",
    }
    assert all("is empty" in check["reason"] for check in failed["checks"])
    assert len(asked) == 1


def test_a_wall_that_the_archive_recorded_is_held_until_it_is_gone(
    tmp_path: Path,
) -> None:
    there = served(tmp_path, HISTORY)
    config = following(tmp_path, f"sqlite:///{tmp_path}/a.db", there)
    run(config, status=0)
    repository(
        there,
        [Commit(day(60), POLICY, "# Sign in\n\nSign in to continue.\n")],
        after="main^0",
    )
    assert [outcomes(run(config, status=1)) for _ in range(2)] == [
        {"parley/privacy": "held"}
    ] * 2
    repository(
        there, [Commit(day(61), POLICY, policy(TRAINING, SHARING))], after="main^0"
    )
    assert outcomes(run(config, status=0)) == {"parley/privacy": "unchanged"}
    assert alerts(tmp_path) == ""


@pytest.fixture
def site() -> Iterator[Site]:
    with a_site() as running:
        running.pages["/privacy"] = page()
        yield running


@pytest.fixture
def archive() -> Iterator[InternetArchive]:
    with internet_archive() as running:
        yield running


def copied(
    folder: Path, site: Site, archive: InternetArchive, database: str, more: str
) -> Path:
    file = watchlist(
        folder, site, database, more=f'[sources]\nwayback_url = "{archive.url}"'
    )
    text = file.read_text("utf-8").replace(
        "[operator]\n", "[operator]\nafter = 2\n"
    )
    file.write_text(f"{text}{more}\n", "utf-8")
    return file


def both(report: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(check["outcome"], check["source"]) for check in report["checks"]]


def test_a_copy_stands_in_for_a_page_that_does_not_answer_until_it_is_back(
    tmp_path: Path, site: Site, archive: InternetArchive, database_url: str
) -> None:
    config = copied(tmp_path, site, archive, database_url, 'fallback = "wayback"')
    url, theirs = f"{site.url}/privacy", "Internet Archive"
    archive.copies[url] = [
        (
            utc_now() - timedelta(days=9),
            200,
            page("A text of the past, older than ours."),
        )
    ]
    assert both(run(config, status=0)) == [("first", None)]
    site.pages["/privacy"] = (403, "no robots")
    assert both(run(config, status=1)) == [("blocked", None)]
    assert archive.asked == []
    assert both(run(config, status=1)) == [
        ("blocked", None),
        ("unchanged", theirs),
    ]  # what is there is older
    soon = utc_now() + timedelta(hours=1)
    archive.copies[url] += [
        (soon, 200, page(AI)),
        (soon + timedelta(minutes=1), 302, "moved"),
    ]
    changed = run(config, status=1)
    assert both(changed) == [("blocked", None), ("changed", theirs)]
    assert (
        changed["checks"][1]["change"]["alert"],
        changed["deliveries"]["sent"],
    ) == (
        True,
        1,
    )
    told = alerts(tmp_path)
    assert (
        told.count(
            f"Version archived by Internet Archive on {soon.day} {soon:%B %Y}"
        )
        == 1
    )
    assert "has been unreadable since" in alerts(tmp_path, "operator.txt")
    asked = len(archive.asked)
    assert both(run(config, status=1)) == [("blocked", None), ("unchanged", theirs)]
    assert len(archive.asked) == asked + 1  # only the index
    (listed,) = json.loads(policywatch("documents", "--json", "--config", config))
    assert (listed["outcome"], listed["good"]) == ("blocked", False)
    site.pages["/privacy"] = page(AI)
    back = run(config, status=0)
    assert (both(back), back["checks"][0]["version"]) == ([("unchanged", None)], 2)
    assert "can be read again" in alerts(tmp_path, "operator.txt")
    site.pages["/privacy"] = page(
        AI, "We sell your borrowing history to advertisers."
    )
    assert both(run(config, status=0)) == [("changed", None)]
    assert alerts(tmp_path).count("Version archived by") == 1


def test_a_page_that_comes_back_with_its_own_last_text_is_no_news(
    tmp_path: Path, site: Site, archive: InternetArchive
) -> None:
    config = copied(
        tmp_path,
        site,
        archive,
        f"sqlite:///{tmp_path}/a.db",
        'fallback = "wayback"',
    )
    run(config, status=0)
    site.pages["/privacy"] = (403, "no robots")
    archive.copies[f"{site.url}/privacy"] = [
        (utc_now() + timedelta(hours=1), 200, page(AI))
    ]
    assert run(config, status=1)["deliveries"]["sent"] == 0
    assert run(config, status=1)["deliveries"]["sent"] == 2  # one to the operator
    site.pages["/privacy"] = page()
    back = run(config, status=0)
    assert (both(back), back["checks"][0]["change"]["alert"]) == (
        [("changed", None)],
        False,
    )
    assert sum(run(config, status=0)["deliveries"]["sent"] for _ in range(3)) == 0


def test_the_archive_can_be_the_source(
    tmp_path: Path, site: Site, archive: InternetArchive
) -> None:
    config = copied(
        tmp_path, site, archive, f"sqlite:///{tmp_path}/a.db", 'source = "wayback"'
    )
    url, then = f"{site.url}/privacy", datetime(2024, 3, 1, tzinfo=UTC)
    none = run(config, status=1)
    assert (both(none), none["checks"][0]["reason"]) == (
        [("gone", "Internet Archive")],
        "The Internet Archive has no copy of this page.",
    )
    login = '<html><body><form><input type="password"></form></body></html>'
    archive.copies[url] = [
        (then, 200, page()),
        (then + timedelta(days=1), 200, login),
    ]
    assert both(run(config, status=0)) == [("first", "Internet Archive")]
    archive.copies[url] += [(then + timedelta(days=2), 200, page(AI))]
    assert run(config, status=0)["deliveries"]["sent"] == 1
    assert site.asked == {}


@pytest.mark.parametrize(
    ("trouble", "outcome", "words"),
    [
        (
            (429, "text/plain", "slow down"),
            "blocked",
            "Wayback rate limit exceeded, retry after 60 s",
        ),
        ((503, "text/html", "<h1>down</h1>"), "failed", "it answered with 503"),
        (
            (200, "text/html", "\n<h1>Be right back</h1>"),
            "failed",
            "its index answered with a page",
        ),
        (
            (200, "text/plain", "no such thing\n"),
            "failed",
            "Could not parse CDX output",
        ),
        (
            (403, "text/plain", "AdministrativeAccessControlException"),
            "gone",
            "does not publish its copies",
        ),
        ((200, "text/plain", "x" * 11_000), "failed", "too large"),
    ],
)
def test_an_archive_in_trouble_is_a_check_with_its_reason(
    tmp_path: Path,
    site: Site,
    archive: InternetArchive,
    monkeypatch: pytest.MonkeyPatch,
    trouble: tuple[int, str, str],
    outcome: str,
    words: str,
) -> None:
    config = copied(
        tmp_path, site, archive, f"sqlite:///{tmp_path}/a.db", 'source = "wayback"'
    )
    config.write_text(
        config.read_text("utf-8").replace(
            "[crawl]\n", "[crawl]\nmax_size = 10000\n"
        ),
        "utf-8",
    )
    archive.copies[f"{site.url}/privacy"] = [
        (datetime(2024, 3, 1, tzinfo=UTC), 200, page())
    ]
    archive.trouble = trouble
    hasty = partial(
        wayback.WaybackSession, search_calls_per_second=0
    )  # the limits are the public archive's
    monkeypatch.setattr(wayback, "WaybackSession", hasty)
    with a_job(config) as job:
        (check,) = job.run(force=True).checks
        assert (check["outcome"], words in check["reason"]) == (outcome, True), (
            check["reason"]
        )
        archive.trouble = None
        assert job.run(force=True).checks[0]["outcome"] == "first"


def test_past_copies_become_a_history_and_a_stopped_import_goes_on(
    tmp_path: Path, site: Site, archive: InternetArchive
) -> None:
    config = copied(tmp_path, site, archive, f"sqlite:///{tmp_path}/a.db", "")
    run(config, status=0)
    then = datetime(2020, 3, 1, tzinfo=UTC)
    login = '<html><body><form><input type="password"></form></body></html>'
    texts = [
        page("Old."),
        page("Old."),
        login,
        *(page(f"Edition {number}.") for number in range(9)),
        page(AI),
    ]
    copies = [
        (then + timedelta(days=30 * number), 200, text)
        for number, text in enumerate(texts)
    ]
    archive.copies[f"{site.url}/privacy"] = [
        *copies,
        (utc_now() + timedelta(hours=1), 200, page("Of today.")),
    ]
    words = ("import", "wayback", "library/privacy", "--json", "--config", config)
    late = json.loads(policywatch(*words, "--from", "2021-02-01"))
    assert (late["versions"], late["in_archive"]) == (1, 1)
    archive.last = f"{copies[9][0]:%Y%m%d}"
    stopped = policywatch(*words, status=1)
    assert "What was read is kept; the same command goes on there" in stopped
    archive.last = "9"
    asked = len(archive.asked)
    done = json.loads(policywatch(*words))
    assert (done["in_archive"], len(archive.asked) - asked) == (
        6,
        7,
    )  # five were done, the same bytes left out
    assert json.loads(policywatch(*words))["in_archive"] == 0
    history = json.loads(
        policywatch("history", "library/privacy", "--json", "--config", config)
    )
    days = [version["captured_at"][:10] for version in history["versions"]]
    assert days[:2] == ["2020-03-01", "2020-05-30"]
    assert (days, len(days)) == (sorted(days), 12)
    place = f"https://web.archive.org/web/20200301000000/{site.url}/privacy"
    assert history["versions"][0]["source"] == f"Internet Archive, {place}"
    assert (len(history["changes"]), alerts(tmp_path)) == (11, "")
    wrong = policywatch(*words, "--every", "often", status=2)
    assert "write a number and m, h or d" in wrong


NOTICE = """# Parley Northern Privacy Notice

This notice adds to the Privacy Policy of Parley what holds for those who live in the north, and for nobody else.

Our office on the northern shore answers for what we do with the names of those who live there.

You can complain about us to the authority of the north, which will look at each case within three months.

{}
"""


def test_another_document_at_the_address_is_a_cut_and_nobody_hears_of_a_promise_dropped(
    tmp_path: Path,
) -> None:
    north = [NOTICE.format(more) for more in ("It is new.", "It is a year old.")]
    texts = [policy(TRAINING), policy(SHARING), *north]
    there = served(
        tmp_path,
        [Commit(day(number), POLICY, text) for number, text in enumerate(texts)],
    )
    config = following(tmp_path, f"sqlite:///{tmp_path}/a.db", there)
    assert run(config, status=0)["checks"][0]["version"] == 4
    words = ("history", "parley/privacy", "--config", config)
    history = json.loads(policywatch(*words, "--json"))
    assert [(each["number"], each["cause"]) for each in history["versions"]][2] == (
        3,
        "replaced",
    )
    assert [each["versions"]["after"]["number"] for each in history["changes"]] == [
        4,
        2,
    ]
    assert "From here on, another document stands at this address" in policywatch(
        *words
    )
    repository(there, [Commit(day(9), POLICY, policy(TRAINING))], after="main^0")
    held = run(config, status=1)
    assert outcomes(held) == {"parley/privacy": "held"}
    assert held["checks"][0]["reason"].startswith(
        "another document stands at this address now: its title is “Privacy"
    )
    taken = policywatch("accept", "parley/privacy", "--yes", "--config", config)
    assert "It would be a first text, compared with no other" in taken
    assert "Taken as version 5;" in taken
    repository(
        there, [Commit(day(10), POLICY, policy(TRAINING, CAMERAS))], after="main^0"
    )
    assert outcomes(run(config, status=0)) == {"parley/privacy": "changed"}
    assert alerts(tmp_path).count("facial recognition") >= 1
    assert "complain" not in alerts(tmp_path)


def test_the_shipped_linkedin_watch_brings_versions_and_alerts_on_the_first_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [
        entry
        for entry in load_starter(tmp_path).documents
        if entry.source == "open-terms-archive"
    ]
    texts = {entry.id: policy(f"This is about {entry.title}.") for entry in entries}
    texts["linkedin/privacy-policy-us"] = texts["linkedin/privacy-policy"]
    archives: dict[str, list[Commit]] = {}
    for entry in entries:
        commit = Commit(day(0), entry.archive_path or "", texts[entry.id])
        archives.setdefault(entry.repository or "", []).append(commit)
    there = {
        address: served(tmp_path / str(number), commits)
        for number, (address, commits) in enumerate(archives.items())
    }
    rewrite = (
        f'[url "file://{folder}"]\n\tinsteadOf = {address}\n'
        for address, folder in there.items()
    )
    (tmp_path / ".gitconfig").write_text("".join(rewrite), "utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    config = tmp_path / "policywatch.toml"
    chosen = [word for entry in entries for word in ("--document", entry.id)]
    words = ("run", "--now", "--json", *chosen, "--config", config)
    first = json.loads(policywatch(*words))
    assert outcomes(first) == {entry.id: "first" for entry in entries}
    names = [address.rpartition("/")[2] for address in there]
    assert [*zip(names, map(len, archives.values()), strict=True)] == [
        ("contrib-versions.git", 6),
        ("vlopses-us-versions.git", 3),
        ("pga-versions.git", 3),
    ]
    assert first["deliveries"]["sent"] == 0
    path = "LinkedIn/Privacy Policy.md"
    ours, theirs, _ = there.values()
    repository(ours, [Commit(day(9), path, policy(CAMERAS))], after="main^0")
    assert json.loads(policywatch(*words))["deliveries"] == {
        "sent": 1,
        "failed": 0,
        "pending": 0,
    }
    assert "facial recognition" in alerts(tmp_path)
    repository(theirs, [Commit(day(10), path, policy(CAMERAS))], after="main^0")
    again = json.loads(policywatch(*words))
    assert outcomes(again)["linkedin/privacy-policy-us"] == "changed"
    assert again["deliveries"]["sent"] == 0, (
        "one change, told by two archives, is told once"
    )


def load_starter(folder: Path) -> Watchlist:
    file = folder / "policywatch.toml"
    shown = policywatch("init", "--contact", "a@example.org", "--config", file)
    assert "followed in Open Terms Archive's public repositories" in shown
    text = file.read_text("utf-8")
    file.write_text(
        text.replace("file://alerts.txt", f"file://{folder}/alerts.txt"), "utf-8"
    )
    return load(file)
