"""Repositories that are odd, hostile or none: named, and nothing of theirs is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from policywatch.config.watchlist import Watchlist
from policywatch.sources.open_terms_archive import chosen
from policywatch.sources.repository import ArchiveUnreachable, NotAnArchive, opened
from storage.database import Database
from storage.versions import current_version
from tests.archive import Commit, git, repository
from tests.archived import ALL, SHARING, day, history, policy, take, watched

DATABASES = ["sqlite"]

watchlist = pytest.fixture(watched)
archive = pytest.fixture(history)


def test_odd_names_and_contents_do_no_harm(
    database: Database, watchlist: Watchlist, tmp_path: Path
) -> None:
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
    reports = {
        each.id: each.done
        for each in take(database, watchlist, repository(tmp_path / "odd.git", odd))
    }
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
    assert (
        str(reports["parley/huge"].set_aside[0][1])
        == "The archive has no text of this document, or only one that is too large."
    )
    assert "empty" in str(reports["parley/empty"].set_aside[0][1])
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
    for name in (
        "post-checkout",
        "reference-transaction",
        "pre-auto-gc",
        "post-index-change",
        "pre-receive",
    ):
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
    assert [each.done.versions for each in take(database, watchlist, folder)] == [
        5,
        1,
    ]
    assert not mark.exists()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda folder: folder / "nowhere",
            "there is no folder or file '.*nowhere'",
        ),
        (lambda folder: folder, "git can't read .*not exist"),
        (
            lambda folder: repository(folder / "none.git", []),
            "none.git is empty: it has no commits",
        ),
        (
            lambda folder: repository(
                folder / "s.git",
                [Commit(day(0), "Parley/Privacy Policy.html", "<p>")],
            ),
            r"not laid out .*it has 'Parley/Privacy Policy.html'.*snapshots",
        ),
        (
            lambda folder: "--upload-pack=touch owned",
            "there is no folder or file '--upload-pack",
        ),
        (
            lambda folder: "ext::sh -c touch% owned",
            "there is no folder or file 'ext::",
        ),
    ],
)
def test_what_is_no_archive_is_named(
    tmp_path: Path, make: object, said: str
) -> None:
    source = make(tmp_path)  # type: ignore[operator]
    with pytest.raises(NotAnArchive, match=said), opened(str(source)) as found:
        chosen(found, ALL)


def test_an_address_that_does_not_answer_is_said_without_its_password() -> None:
    address = "https://me:secret@127.0.0.1:1/a.git"
    with (
        pytest.raises(
            ArchiveUnreachable,
            match=r"git can't read https://127\.0\.0\.1:1/a\.git",
        ) as raised,
        opened(address),
    ):
        pass
    assert "secret" not in str(raised.value)
