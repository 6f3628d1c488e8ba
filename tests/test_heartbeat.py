"""The heartbeat and the health check: somebody notices when the job itself stops, and nobody when a page is blocked."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from notifier.heartbeat import Heartbeat
from storage.checks import Check
from storage.clock import utc_now
from storage.database import Database
from tests.inbox import Answer, Hook, held_port, reset, webhook
from tests.site import Site, library, policywatch, watchlist

site = pytest.fixture(library)


def beating(
    folder: Path, site: Site, more: str = "", names: tuple[str, ...] = ("privacy",)
) -> Path:
    """A watchlist whose operator has a heartbeat, at the address that the environment's HEARTBEAT holds."""
    config = watchlist(folder, site, f"sqlite:///{folder / 'a.db'}", names)
    text = config.read_text("utf-8").replace(
        "[operator]\n", f'[operator]\nheartbeat = "${{HEARTBEAT}}"\n{more}', 1
    )
    config.write_text(text, "utf-8")
    return config


def environ(hook: Hook, path: str = "s3cretpath") -> dict[str, str]:
    return {**os.environ, "HEARTBEAT": f"http://127.0.0.1:{hook.port}/{path}"}


def told(hook: Hook) -> list[tuple[str, str]]:
    return [(call.path, call.body["text"]) for call in hook.calls]


def test_a_good_run_is_told_a_bad_one_with_its_reason(
    tmp_path: Path, site: Site
) -> None:
    config = beating(tmp_path, site, "heartbeat_start = true\n")
    with webhook() as hook:
        policywatch("run", "--config", config, environ=environ(hook))
        policywatch(
            "run", "--config", config, environ=environ(hook)
        )  # nothing is due: alive all the same
        site.pages["/privacy"] = (404, "gone")
        said = policywatch(
            "run", "--now", "--config", config, environ=environ(hook), status=1
        )
    paths = [path.removeprefix("/s3cretpath") for path, _ in told(hook)]
    assert paths == ["/start", "", "/start", "", "/start", "/fail"]
    assert "none of 1 documents could be read" in told(hook)[-1][1]
    assert "s3cret" not in said
    digest = json.loads(policywatch("verify", "--json", "--config", config))[0][
        "sha256"
    ]
    assert told(hook)[-1][1].endswith(f"\nentry-2, SHA-256 {digest}")


def test_one_page_of_several_that_is_blocked_does_not_hide_that_the_job_lives(
    tmp_path: Path, site: Site
) -> None:
    config = beating(tmp_path, site, names=("privacy", "gone"))
    with webhook() as hook:
        policywatch("run", "--config", config, environ=environ(hook), status=1)
    ((path, said),) = told(hook)
    assert (path, said.splitlines()[0]) == (
        "/s3cretpath",
        "could not be read: library/gone",
    )


def test_a_heartbeat_that_fails_never_fails_the_run(
    tmp_path: Path, site: Site
) -> None:
    config = beating(tmp_path, site)
    with webhook() as hook:
        hook.always = 500
        report = json.loads(
            policywatch("run", "--json", "--config", config, environ=environ(hook))
        )
    assert report["checks"][0]["outcome"] == "first"


@pytest.mark.parametrize(
    ("answer", "said", "calls"),
    [
        (500, "status 500", 2),
        (404, "status 404", 1),
        ((302, {"Location": "http://127.0.0.1:1/"}, ""), "status 302", 1),
        (reset, "no connection: Connection reset by peer", 2),
    ],
)
def test_why_it_could_not_be_told_is_said(
    answer: Answer, said: str, calls: int
) -> None:
    with webhook() as hook:
        hook.always = answer
        assert (
            Heartbeat(f"http://127.0.0.1:{hook.port}/s3cret").beat("good") == said
        )
    assert len(hook.calls) == calls


def test_the_address_is_shown_nowhere() -> None:
    with held_port() as port:
        assert (
            Heartbeat(f"http://127.0.0.1:{port}/s3cret").beat("good")
            == "no connection: Connection refused"
        )
    with webhook() as hook:
        hook.always = 410
        assert (
            Heartbeat(f"http://127.0.0.1:{hook.port}/s3cret?key=1").beat(
                "fail", "why"
            )
            == "status 410"
        )
    assert told(hook)[-1] == ("/s3cret/fail?key=1", "why")
    assert "s3cret" not in repr(Heartbeat("https://hc.example/s3cret"))


def test_a_blocked_page_makes_no_container_unhealthy_and_a_job_that_stopped_does(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(
        tmp_path, site, f"sqlite:///{tmp_path / 'a.db'}", ("privacy", "gone")
    )
    assert "no document was checked yet" in policywatch(
        "doctor", "--alive", "--config", config, status=1
    )
    policywatch("run", "--config", config, status=1)
    assert "library/gone: gone" in policywatch(
        "doctor", "--quiet", "--config", config, status=1
    )
    assert policywatch("doctor", "--alive", "--quiet", "--config", config) == ""
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    with database.writing() as session:
        for check in session.exec(select(Check)):
            check.checked_at = utc_now() - timedelta(hours=9)
    database.close()
    assert "does the job still run?" in policywatch(
        "doctor", "--alive", "--quiet", "--config", config, status=1
    )
    config.write_text("documents = 3", "utf-8")
    assert "double brackets" in policywatch(
        "doctor", "--alive", "--config", config, status=2
    )
