"""Importing an archive: its history as versions, before and after our own, whatever the repository looks like."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlmodel import func, select

from analysis.manner import Manner
from analysis.reading import read_unread
from analysis.rereading import reread_all
from policywatch.archive.importing import DocumentReport, Wish, chosen, import_archive
from policywatch.archive.layout import Archived, continued_by
from policywatch.archive.problem import ArchiveUnreachable, NotAnArchive
from policywatch.archive.repository import opened
from policywatch.job import Job
from policywatch.recipients import Recipients
from policywatch.watchlist import Watchlist, load
from storage.alerts import Alert
from storage.captures import Capture
from storage.changes import Change, change_to, changes_of
from storage.checks import Check, checks_of
from storage.database import Database
from storage.documents import document
from storage.notices import Notice
from storage.paragraphs import blame, course, reindex
from storage.search import search
from storage.versions import Version, current_version, versions
from tests.archive import Commit, bundle, git, repository

POLICY = "Parley/Privacy Policy.md"
START = datetime(2022, 3, 1, 6, 0, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def policy(*more: str) -> str:
    """A text long enough to be believed."""
    common = [
        "We collect the name, the address for mail and the picture that you give us when you make an account.",
        "We keep what you post for as long as your account is open, and delete it thirty days after it was closed.",
        "You can ask us at any time which data of yours we hold, and have mistakes in it put right.",
        "We use cookies to keep you signed in and to learn which of our pages are read most often.",
    ]
    return "# Privacy Policy\n\n" + "\n\n".join([*common, *more]) + "\n"


TRAINING = "From May 1, 2022 we use your posts to train our AI models, unless you opt out in your settings."
SHARING = "We share your email address with advertising partners so that they can show you ads."
WALL = "# Sign in\n\nSign in to continue.\n"
TERMS = "# Terms\n\nYou may use Parley if you are sixteen years old or more.\n"
HISTORY = [
    Commit(day(0), POLICY, policy(), "Start tracking Parley Privacy Policy"),
    Commit(day(0), "README.md", "An archive"),
    Commit(day(1), "Parley/Terms of Service.md", TERMS),
    Commit(day(30), POLICY, policy(TRAINING)),
    Commit(day(31), POLICY, WALL),
    Commit(day(32), POLICY, policy(TRAINING, SHARING)),
    Commit(day(40), POLICY, policy(TRAINING, SHARING, "Written by our people."), "Refilter Parley Privacy Policy"),
    Commit(day(50), POLICY, policy(TRAINING, SHARING).replace("which of", "which  of")),
]
WATCHLIST = """
contact = "a@example.org"
database = "{database}"
[[documents]]
id = "parley/privacy"
service = "parley"
title = "Privacy Policy"
kind = "privacy-policy"
url = "https://parley.example/privacy"
"""


@pytest.fixture
def watchlist(database_url: str, tmp_path: Path) -> Watchlist:
    file = tmp_path / "policywatch.toml"
    file.write_text(WATCHLIST.format(database=database_url), "utf-8")
    return load(file)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return repository(tmp_path / "versions.git", HISTORY)


ALL = Wish()


def take(database: Database, watchlist: Watchlist, source: Path, wish: Wish = ALL) -> list[DocumentReport]:
    job = Job(watchlist, database, Recipients())
    job.declare()
    with opened(str(source)) as found:
        return list(import_archive(database, watchlist, job.manners, found, chosen(found, wish), wish))


def dates(database: Database, document_id: str) -> list[tuple[int, datetime, str]]:
    with database.reading() as session:
        return [(row.number, row.captured_at, row.cause) for row in versions(session, document_id)]


def test_a_clone_that_knows_its_branch_only_as_its_origins_is_read(
    database: Database, watchlist: Watchlist, archive: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git("clone", "--quiet", str(bundle(archive, tmp_path / "handed-round.bundle")), str(clone))
    git("-C", str(clone), "symbolic-ref", "HEAD", "refs/heads/elsewhere")
    for branch in git("-C", str(clone), "for-each-ref", "--format=%(refname)", "refs/heads").decode().split():
        git("-C", str(clone), "update-ref", "-d", branch)
    privacy, _ = take(database, watchlist, clone)
    assert privacy.done.versions == 5


def test_a_history_becomes_versions_with_their_dates_and_source(
    database: Database, watchlist: Watchlist, archive: Path, tmp_path: Path
) -> None:
    privacy, terms = take(database, watchlist, bundle(archive, tmp_path / "handed-round.bundle"))
    assert (privacy.id, privacy.continues, terms.id, terms.continues) == (
        "parley/privacy",
        True,
        "parley/terms-of-service",
        False,
    )
    assert (privacy.done.versions, privacy.done.changes, privacy.done.flagged) == (5, 2, 2)
    assert [one.reason for one in privacy.done.set_aside] == ["a login wall: it says “Sign in to continue”"]
    assert dates(database, "parley/privacy") == [
        (1, day(0), "page"),
        (2, day(30), "page"),
        (3, day(32), "page"),
        (4, day(40), "reader"),
        (5, day(50), "page"),
    ]
    with database.reading() as session:
        newest = current_version(session, "parley/privacy")
        assert newest is not None
        assert newest.source is not None
        assert newest.source.startswith("Open Terms Archive, handed-round.bundle, ")
        last, refiltered, shared, trained = changes_of(session, "parley/privacy")
        assert (trained.alert, trained.topics[0], str(trained.effective_date)) == (True, "ai_training", "2022-05-01")
        assert trained.detected_at == day(30)
        assert (shared.substantive, shared.waits) == (True, 0)
        assert (refiltered.cause, refiltered.alert) == ("reader", False)
        assert last.returns_to == shared.version_id
        assert last.waits == 0
        assert document(session, "parley/terms-of-service").retired
        assert document(session, "parley/terms-of-service").kind == "terms"
        for table in (Alert, Notice, Check):
            assert session.exec(select(func.count()).select_from(table)).one() == 0
        assert search(session, '"train our AI models"').hits[0].spans[0].since == day(30)
        assert [since.number for since in blame(session, newest) if since] == [1, 1, 1, 1, 1, 2, 3]
        assert course(session, "parley/privacy")[-1].mentions["ai_training"] >= 1


def test_the_same_again_takes_nothing_and_later_only_what_is_new(
    database: Database, watchlist: Watchlist, archive: Path
) -> None:
    take(database, watchlist, archive)
    before = dates(database, "parley/privacy")
    again = take(database, watchlist, archive)
    assert [(each.done.texts, each.left_out) for each in again] == [(0, 6), (0, 1)]
    assert dates(database, "parley/privacy") == before
    repository(archive, [Commit(day(60), POLICY, policy(SHARING))], after="main^0")
    privacy, _ = take(database, watchlist, archive)
    assert (privacy.done.texts, privacy.done.versions) == (1, 1)
    assert dates(database, "parley/privacy")[-1] == (6, day(60), "page")


def test_only_what_is_asked_for_is_taken(database: Database, watchlist: Watchlist, archive: Path) -> None:
    (terms,) = take(database, watchlist, archive, Wish("parley", ["terms of service"]))
    assert terms.type == "Terms of Service"
    (privacy,) = take(database, watchlist, archive, Wish(None, ["Privacy Policy=parley/old-privacy"]))
    assert (privacy.id, privacy.continues) == ("parley/old-privacy", False)
    with pytest.raises(NotAnArchive, match=r"no such service or document; it has Parley/Privacy Policy, Parley/Terms"):
        take(database, watchlist, archive, Wish("Other"))


def test_two_documents_that_would_be_one_are_refused(database: Database, watchlist: Watchlist, tmp_path: Path) -> None:
    there = repository(
        tmp_path / "twins.git", [Commit(day(0), "A-B/Terms.md", policy()), Commit(day(1), "A B/Terms.md", policy())]
    )
    with pytest.raises(NotAnArchive, match=r"A B/Terms and A-B/Terms would both be a-b/terms; give one its own id"):
        take(database, watchlist, there)


def test_a_repository_is_fetched_from_an_address(database: Database, watchlist: Watchlist, archive: Path) -> None:
    job = Job(watchlist, database, Recipients())
    job.declare()
    with opened(f"file://{archive}") as found:
        assert [each.type for each in chosen(found, ALL)] == ["Privacy Policy", "Terms of Service"]
        assert found.name == f"file://{archive}"


def test_what_was_imported_can_be_read_again(database: Database, watchlist: Watchlist, archive: Path) -> None:
    take(database, watchlist, archive)
    before = dates(database, "parley/privacy")
    with database.writing() as session:
        row = current_version(session, "parley/privacy")
        assert row is not None
        row.page, row.fingerprint = {"title": "", "language": "en", "blocks": []}, "as if by other rules"
        reindex(session, "parley/privacy")
        assert search(session, '"advertising partners"').hits[0].spans[-1].gone == 5
    reread_all(database, Job(watchlist, database, Recipients()).manners)
    assert [each[:2] for each in dates(database, "parley/privacy")] == [each[:2] for each in before]
    with database.reading() as session:
        assert search(session, '"advertising partners"').hits[0].spans[-1].gone is None


def kept(body: str, at: datetime) -> Capture:
    raw = f"<html lang=en><title>Privacy Policy</title><main><h1>Privacy Policy</h1>{body}</main>".encode()
    return Capture(
        document_id="parley/privacy",
        fetched_at=at,
        url="https://parley.example/privacy",
        final_url="https://parley.example/privacy",
        status=200,
        mime="text/html",
        charset="utf-8",
        sha256=hashlib.sha256(raw).hexdigest(),
        size=len(raw),
        body=raw,
    )


def check(database: Database, manners: dict[str, Manner], at: datetime, *more: str) -> str | None:
    """A check of our own that found the policy with these sentences; its outcome."""
    body = "".join(f"<p>{line}</p>" for line in policy(*more).splitlines()[2:] if line)
    with database.writing() as session:
        made = kept(body, at)
        session.add(made)
        session.flush()
        session.add(Check(document_id="parley/privacy", checked_at=at, status=200, capture_id=made.id))
    read_unread(database, manners, lambda *_: ["team"])
    with database.reading() as session:
        return checks_of(session, "parley/privacy", limit=1)[0].outcome


def test_our_own_checks_continue_it_and_alert_only_of_what_they_saw(
    database: Database, watchlist: Watchlist, archive: Path
) -> None:
    take(database, watchlist, archive)
    manners = Job(watchlist, database, Recipients()).manners
    assert check(database, manners, day(99), TRAINING, SHARING) == "unchanged"
    gap = "We sell your email address to data brokers since March 1, 2022."
    assert check(database, manners, day(100), TRAINING, SHARING, gap) == "first"
    with database.reading() as session:
        first = current_version(session, "parley/privacy")
        assert first is not None
        assert (first.number, first.source) == (6, None)
        joint = change_to(session, first.id or 0)
        assert joint is not None
        assert (joint.substantive, joint.alert) == (True, True)
        assert session.exec(select(Alert)).all() == []
    assert (
        check(database, manners, day(101), TRAINING, SHARING, gap, TRAINING.replace("posts", "messages")) == "changed"
    )
    with database.reading() as session:
        assert len(session.exec(select(Alert)).all()) == 1


def test_a_history_goes_before_the_versions_that_are_there(
    database: Database, watchlist: Watchlist, archive: Path
) -> None:
    job = Job(watchlist, database, Recipients())
    job.declare()
    assert check(database, job.manners, day(45), TRAINING) == "first"
    assert check(database, job.manners, day(46), TRAINING, SHARING) == "changed"
    with database.reading() as session:
        mine = [(row.id, row.captured_at) for row in versions(session, "parley/privacy")]
        alerts = len(session.exec(select(Alert)).all())
    privacy, _ = take(database, watchlist, archive)
    assert privacy.left_out == 1  # of the fiftieth day: we were there ourselves
    assert [(number, at) for number, at, _ in dates(database, "parley/privacy")] == [
        (1, day(0)),
        (2, day(30)),
        (3, day(32)),
        (4, day(40)),
        (5, day(45)),
        (6, day(46)),
    ]
    with database.reading() as session:
        rows = versions(session, "parley/privacy")
        assert [(row.id, row.captured_at) for row in rows[4:]] == mine
        made = {row.version_id: row.before_id for row in session.exec(select(Change))}
        assert all(made[after.id or 0] == before.id for before, after in pairwise(rows))
        assert len(session.exec(select(Alert)).all()) == alerts
        assert [since.number for since in blame(session, rows[5]) if since] == [1, 1, 1, 1, 1, 2, 6]
    repository(archive, [Commit(day(41), POLICY, policy(TRAINING, "A late find."))], after="main^0")
    take(database, watchlist, archive)
    with database.reading() as session:
        rows = versions(session, "parley/privacy")
        assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6, 7]
        joint = change_to(session, rows[5].id or 0)
        assert joint is not None
        assert joint.before_id == rows[4].id


def test_a_text_that_is_not_believed_is_taken_if_the_archive_stays_with_it(
    database: Database, watchlist: Watchlist, tmp_path: Path
) -> None:
    recipe = "Take {} eggs, a pound of flour and some milk, and stir it well."
    other = "# Recipes\n\n" + "\n\n".join(recipe.format(number) for number in range(30))
    stays = [(10, policy()), (11, other), (12, other + "\n\nServe it warm with butter.")]
    there = repository(tmp_path / "a", [Commit(day(at), POLICY, text) for at, text in stays])
    (privacy,) = take(database, watchlist, there)
    assert (privacy.done.versions, privacy.done.set_aside) == (3, [])
    cut = [*stays[:2], (11.5, "")]
    last = repository(tmp_path / "b", [Commit(day(at), "Parley/Cookies.md", text) for at, text in cut])
    (cookies,) = take(database, watchlist, last)
    assert (cookies.done.versions, len(cookies.done.set_aside)) == (1, 2)
    repository(last, [Commit(day(12), "Parley/Cookies.md", stays[2][1])], after="main^0")
    (cookies,) = take(database, watchlist, last)
    # what waited was looked at again
    assert (cookies.done.versions, len(cookies.done.set_aside)) == (2, 1)


def test_odd_names_and_contents_do_no_harm(database: Database, watchlist: Watchlist, tmp_path: Path) -> None:
    odd = [
        Commit(day(0), "Parley/--upload-pack=touch owned.md", policy()),
        Commit(day(1), "-c/Terms.md", policy()),
        Commit(day(2), "Line\nBreak/Pri\tvacy.md", policy()),
        Commit(day(3), b"Caf\xe9/Privacy.md", policy()),
        Commit(day(4), "Parley/Deep/Privacy.md", policy()),
        Commit(day(5), "Parley/Link.md", "/etc/passwd", mode="120000"),
        Commit(day(6), "…/….md", policy()),
        Commit(day(7), "Parley/Broken.md", policy("Caf\u00e9").encode("latin-1")),
        Commit(day(8), "Parley/Nul.md", policy("a\0b")),
        Commit(day(9), "Parley/Empty.md", ""),
        Commit(day(10), "Parley/Huge.md", b"word " * (5 * 2**20)),
        Commit(day(11), "Parley/Gone.md", policy()),
        Commit(day(12), "Parley/Gone.md", None),
        Commit(day(13), "Parley/Gone.md", policy(SHARING)),
    ]
    reports = {each.id: each.done for each in take(database, watchlist, repository(tmp_path / "odd.git", odd))}
    assert {id_: done.versions for id_, done in reports.items()} == {
        "c/terms": 1,
        "caf/privacy": 1,
        "line-break/pri-vacy": 1,
        "parley/broken": 1,
        "parley/empty": 0,
        "parley/gone": 2,
        "parley/huge": 0,
        "parley/nul": reports["parley/nul"].versions,
        "parley/upload-pack-touch-owned": 1,
    }
    assert reports["parley/huge"].set_aside[0].reason == "the archive's text is missing or too large"
    assert "empty" in reports["parley/empty"].set_aside[0].reason
    with database.reading() as session:
        assert "Café" in str(current_version(session, "parley/broken").page)  # type: ignore[union-attr]


def test_nothing_that_a_repository_holds_is_started(
    database: Database, watchlist: Watchlist, archive: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "started"
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {mark}\nexec cat\n")
    script.chmod(0o755)
    folder = tmp_path / "working copy"
    git("clone", "--quiet", str(archive), str(folder))
    hooks = folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-index-change", "pre-receive"):
        (hooks / name).write_text(script.read_text())
        (hooks / name).chmod(0o755)
    for name, value in {
        "core.fsmonitor": script,
        "core.pager": script,
        "diff.external": script,
        "log.showSignature": "true",
        "gpg.program": script,
        "uploadpack.packObjectsHook": script,
        "core.sshCommand": script,
        "core.alternateRefsCommand": script,
    }.items():
        git("-C", str(folder), "config", name, str(value))
    assert [each.done.versions for each in take(database, watchlist, folder)] == [5, 1]
    assert not mark.exists()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "nowhere", "there is no folder or file '.*nowhere'"),
        (lambda folder: folder, "git can't read .*not exist"),
        (lambda folder: repository(folder / "none.git", []), "none.git is empty: it has no commits"),
        (
            lambda folder: repository(folder / "s.git", [Commit(day(0), "Parley/Privacy Policy.html", "<p>")]),
            r"not laid out .*it has 'Parley/Privacy Policy.html'.*snapshots",
        ),
        (lambda folder: "--upload-pack=touch owned", "there is no folder or file '--upload-pack"),
        (lambda folder: "ext::sh -c touch% owned", "there is no folder or file 'ext::"),
    ],
)
def test_what_is_no_archive_is_named(tmp_path: Path, make: object, said: str) -> None:
    source = make(tmp_path)  # type: ignore[operator]
    with pytest.raises(NotAnArchive, match=said), opened(str(source)) as found:
        chosen(found, ALL)


def test_an_address_that_does_not_answer_is_said_without_its_password() -> None:
    address = "https://me:secret@127.0.0.1:1/a.git"
    with (
        pytest.raises(ArchiveUnreachable, match=r"git can't read https://127\.0\.0\.1:1/a\.git") as raised,
        opened(address),
    ):
        pass
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("type_", "language", "expected"),
    [
        ("Privacy Policy", "en", "parley/privacy-policy"),
        ("Terms of Service", "en", "parley/user-agreement"),
        ("Developer Terms", "en", None),
        ("Trackers Policy", "en", None),  # two of that kind
        ("Trackers Policy", "fr", "parley/cookies.fr"),
        ("Brand Guidelines", "en", None),
    ],
)
def test_a_document_of_the_watchlist_is_known_by_id_or_as_the_only_one(
    tmp_path: Path, type_: str, language: str, expected: str | None
) -> None:
    rows = [
        ("parley/privacy-policy", "Privacy Policy", "privacy-policy", "en"),
        ("parley/user-agreement", "User Agreement", "terms", "en"),
        ("parley/service-terms", "Service Terms", "terms", "en"),
        ("parley/cookies", "Cookies", "cookie-policy", "en"),
        ("parley/cookie-table", "Cookie table", "cookie-policy", "en"),
        ("parley/cookies.fr", "Cookies", "cookie-policy", "fr"),
    ]
    file = tmp_path / "policywatch.toml"
    file.write_text(
        "\n".join(
            f'[[documents]]\nid = "{id_}"\nservice = "Parley"\ntitle = "{title}"\nkind = "{kind}"\n'
            f'language = "{code}"\nurl = "https://parley.example/{id_}"'
            for id_, title, kind, code in rows
        )
    )
    found = continued_by(Archived("PARLEY", type_), load(file).documents, language)
    assert (found.id if found else None) == expected


def command(file: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "policywatch", "import", "open-terms-archive", *arguments, "--config", str(file)]


def test_killed_at_any_moment_it_goes_on_where_it_was(database: Database, watchlist: Watchlist, tmp_path: Path) -> None:
    said = [f"Rule {number} is that we keep the things you wrote for {number} days." for number in range(75)]
    there = repository(tmp_path / "long.git", [Commit(day(at), POLICY, policy(*said[: at + 1])) for at in range(75)])
    for _ in range(2):
        process = subprocess.Popen(
            command(watchlist.file, str(there)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        seen = len(dates(database, "parley/privacy"))
        until = time.monotonic() + 60
        while len(dates(database, "parley/privacy")) <= seen and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = subprocess.run(command(watchlist.file, str(there), "--json"), capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["documents"][0]["document"] == "parley/privacy"
    assert dates(database, "parley/privacy") == [(at + 1, day(at), "page") for at in range(75)]
    with database.reading() as session:
        assert session.exec(select(func.count()).select_from(Version)).one() == 75
        assert session.exec(select(func.count()).select_from(Change)).one() == 74
        assert session.exec(select(func.count()).select_from(Capture)).one() == 75


def test_wrong_use_ends_with_its_status(tmp_path: Path) -> None:
    file = tmp_path / "policywatch.toml"
    file.write_text(WATCHLIST.format(database=f"sqlite:///{tmp_path / 'a.db'}"), "utf-8")
    wrong = subprocess.run(command(file, "nothing-here"), capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    id_ = subprocess.run(command(file, "x", "-d", "Terms=../x"), capture_output=True, text=True, check=False)
    assert id_.returncode == 2
    assert "write service/document" in id_.stderr
    assert wrong.stderr.startswith("policywatch: there is no folder or file 'nothing-here'; name a repository's folder")
