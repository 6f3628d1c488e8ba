"""Nobody holds a run up: what is slow, broken or hostile ends its own check, and the others' alerts go out."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policywatch.sources.open_terms_archive import chosen
from policywatch.sources.repository import Git, GitFailed, NotAnArchive, opened
from tests import misbehaving
from tests.archive import Commit, git, repository
from tests.archived import ALL, HISTORY, POLICY, TRAINING, day, policy
from tests.misbehaving import Asked, head, redirect
from tests.site import AI, Site, a_job, library, outcomes, run, until, watchlist
from tests.site import policy as page
from tests.warm import running

DATABASES = ["sqlite"]
site = pytest.fixture(library)


@pytest.fixture
def other() -> Iterator[misbehaving.Site]:
    other = misbehaving.Site()
    yield other
    other.close()


def following(
    folder: Path, site: Site, *addresses: str, more: str = "allow_private = true\n"
) -> Path:
    """The library's policy, and one of Parley in each of these repositories."""
    config = watchlist(folder, site, f"sqlite:///{folder / 'a.db'}")
    text = config.read_text("utf-8")
    for number, address in enumerate(addresses):
        text += f'[[documents]]\nid = "parley/privacy-{number}"\nservice = "Parley"\ntitle = "Privacy Policy"\n'
        text += 'kind = "privacy-policy"\nurl = "https://parley.example/privacy"\nsource = "open-terms-archive"\n'
        text += f'repository = "{address}"\ntype = "Privacy Policy"\n{more}'
    config.write_text(text, "utf-8")
    return config


def alerts(folder: Path) -> str:
    file = folder / "alerts.txt"
    return file.read_text("utf-8") if file.exists() else ""


def by_document(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {check["document"]: check for check in report["checks"]}


def without_date(there: Path) -> None:
    """One more commit on main, whose author has no date."""

    def made(*words: str, input_: bytes = b"") -> str:
        return git(f"--git-dir={there}", *words, input_=input_).decode().strip()

    blob = made(
        "hash-object",
        "-w",
        "--stdin",
        input_=policy(TRAINING, "And more.").encode(),
    )
    parley = made(
        "mktree", input_=f"100644 blob {blob}\tPrivacy Policy.md\n".encode()
    )
    tree = made("mktree", input_=f"040000 tree {parley}\tParley\n".encode())
    people = "author A <a@example.org>\ncommitter A <a@example.org>\n"
    commit = f"tree {tree}\nparent {made('rev-parse', 'main')}\n{people}\nRecord\n".encode()
    newest = made(
        "hash-object", "-t", "commit", "-w", "--literally", "--stdin", input_=commit
    )
    made("update-ref", "refs/heads/main", newest)


def test_a_commit_without_a_date_fails_its_document_and_stops_no_run(
    tmp_path: Path, site: Site
) -> None:
    there = repository(tmp_path / "versions.git", HISTORY)
    good = repository(tmp_path / "good.git", HISTORY)
    config = following(tmp_path, site, f"file://{there}", f"file://{good}")
    run(config, status=0)
    without_date(there)
    site.pages["/privacy"] = page(AI)
    checks = by_document(run(config, status=1))
    assert {id_: check["outcome"] for id_, check in checks.items()} == {
        "library/privacy": "changed",
        "parley/privacy-0": "failed",
        "parley/privacy-1": "unchanged",
    }
    assert "has no date" in checks["parley/privacy-0"]["reason"]
    assert "generative AI" in alerts(tmp_path)


def dripping(asked: Asked, connection: socket.socket) -> None:
    """An answer to git that never ends, faster than what counts as stalled."""
    kind = {
        "Content-Type": "application/x-git-upload-pack-advertisement",
        "Content-Length": "100000000",
    }
    connection.sendall(head(200, kind) + b"001e# service=git-upload-pack\n0000")
    while True:
        connection.sendall(b"0" * 18)
        time.sleep(0.1)


def gits_of(folder: Path) -> list[str]:
    """The git processes at work on clones in a folder."""
    lines = subprocess.run(
        ["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [line for line in lines if "git" in line and str(folder) in line]


def test_a_repository_that_drips_ends_with_its_deadline_and_rests(
    tmp_path: Path,
    site: Site,
    other: misbehaving.Site,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("policywatch.sources.repository.SECONDS", 2)
    other.answers["/v.git/info/refs?service=git-upload-pack"] = dripping
    address = other.url("/v.git")
    config = following(tmp_path, site, address, address, address)
    began = time.monotonic()
    with a_job(config) as job:
        report = job.run(force=True)
    assert time.monotonic() - began < 15
    checks = by_document(report.json())
    assert [
        checks[f"parley/privacy-{number}"]["outcome"] for number in range(3)
    ] == ["failed"] * 3
    assert checks["library/privacy"]["outcome"] == "first"
    assert len(other.asked) == 1
    assert not gits_of(tmp_path)


def test_git_ends_with_the_run(
    tmp_path: Path, site: Site, other: misbehaving.Site
) -> None:
    other.answers["/v.git/info/refs?service=git-upload-pack"] = dripping
    config = following(tmp_path, site, other.url("/v.git"))
    with running("-m", "policywatch", "run", "--config", config) as program:
        until(lambda: other.asked)
        assert gits_of(tmp_path)
        os.kill(program.pid, signal.SIGTERM)
        assert program.wait().returncode == -signal.SIGTERM
    until(lambda: not gits_of(tmp_path))


def test_git_follows_no_redirect_and_its_reason_tells_no_open_port(
    tmp_path: Path, site: Site, other: misbehaving.Site
) -> None:
    inside = misbehaving.Site("127.0.1.9")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        shut = closed.getsockname()[1]
    refs = "info/refs?service=git-upload-pack"
    other.answers[f"/open.git/{refs}"] = redirect(inside.url(f"/x.git/{refs}"))
    other.answers[f"/shut.git/{refs}"] = redirect(
        f"http://127.0.0.1:{shut}/x.git/{refs}"
    )
    config = following(
        tmp_path, site, other.url("/open.git"), other.url("/shut.git")
    )
    checks = by_document(run(config, status=1))
    inside.close()
    assert not inside.asked
    reasons = [checks[f"parley/privacy-{number}"]["reason"] for number in range(2)]
    assert reasons[0].replace("open", "") == reasons[1].replace("shut", "")
    assert str(shut) not in reasons[1]


def test_a_repository_in_a_private_network_is_not_asked(
    tmp_path: Path, site: Site, other: misbehaving.Site
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        shut = closed.getsockname()[1]
    addresses = [
        other.url("/v.git"),
        f"http://127.0.0.1:{shut}/v.git",
        f"http://localhost:{other.port}/v.git",
    ]
    checks = by_document(
        run(following(tmp_path, site, *addresses, more=""), status=1)
    )
    reasons = {
        checks[f"parley/privacy-{number}"]["reason"].replace(
            "localhost", "127.0.0.1"
        )
        for number in range(3)
    }
    assert len(reasons) == 1
    assert "is in a private network" in reasons.pop()
    assert not other.asked


def test_a_repository_with_an_endless_subject_is_refused(tmp_path: Path) -> None:
    there = repository(
        tmp_path / "versions.git",
        [Commit(day(0), POLICY, policy(), "x" * 3_000_000)],
    )
    with (
        pytest.raises(NotAnArchive, match="more than 1024 kB"),
        opened(str(there)) as found,
    ):
        chosen(found, ALL)


def test_an_alert_goes_out_while_another_page_is_still_fetched(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policywatch.pipeline.TOGETHER", 0.2)
    site.pages["/slow"] = page("Here we speak of something else.")
    config = watchlist(
        tmp_path, site, f"sqlite:///{tmp_path / 'a.db'}", ("slow", "privacy")
    )
    slow_host = config.read_text("utf-8").replace("127.0.0.1", "localhost", 1)
    config.write_text(slow_host, "utf-8")  # a host gets one request at a time
    seen: list[str] = []

    def slow() -> str:
        until(lambda: alerts(tmp_path) or seen)
        seen.append(alerts(tmp_path))
        return page("Here we speak of something else.")

    with a_job(config) as job:
        job.run(force=True)
        site.pages |= {"/privacy": page(AI), "/slow": slow}
        report = job.run(force=True)
    assert "generative AI" in seen[0]
    assert (
        report.deliveries.sent,
        report.deliveries.failed,
        report.deliveries.pending,
    ) == (1, 0, 0)
    assert outcomes(report.json()) == {
        "library/privacy": "changed",
        "library/slow": "unchanged",
    }


def test_an_archive_that_says_nothing_costs_its_timeout_once(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(
        tmp_path, site, f"sqlite:///{tmp_path / 'a.db'}", ("privacy", "a", "b", "c")
    )
    text = config.read_text("utf-8").replace(
        "[crawl]\n", '[sources]\nwayback_url = "SILENT"\n[crawl]\ntimeout = 2\n'
    )
    for name in "abc":
        text = text.replace(
            f'id = "library/{name}"\n',
            f'id = "library/{name}"\nsource = "wayback"\n',
        )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config.write_text(
            text.replace("SILENT", f"http://127.0.0.1:{silent.getsockname()[1]}"),
            "utf-8",
        )
        began = time.monotonic()
        said = outcomes(run(config, status=1))
    assert time.monotonic() - began < 10
    assert said == {
        "library/privacy": "first",
        "library/a": "failed",
        "library/b": "failed",
        "library/c": "failed",
    }


def test_a_long_history_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policywatch.sources.repository.SECONDS", 0.2)
    slow = ("-c", "alias.slow=!sleep 1; echo end", "slow")
    with Git().streaming(*slow) as process:
        assert process.stdout is not None
        assert process.stdout.read() == b"end\n"
    with pytest.raises(GitFailed, match="longer than"):
        Git().run(*slow)
