"""What `run` and `watch` log: lines for people, a JSON object a line for programs, nothing where nobody asks."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from tests import warm
from tests.site import AI, Site, command, library, policy, until, watchlist

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


site = pytest.fixture(library)


@pytest.fixture
def config(tmp_path: Path, site: Site) -> Path:
    return watchlist(
        tmp_path, site, f"sqlite:///{tmp_path}/watch.db", names=("privacy", "gone")
    )


def ran(config: Path, *words: str) -> tuple[str, str]:
    done = warm.done(
        "-m", "policywatch", "run", "--now", *words, "--config", config
    )
    return done.stdout, done.stderr


def test_each_line_is_an_object_with_what_happened(config: Path) -> None:
    out, err = ran(config, "--log-format", "json", "--json")
    assert {check["outcome"] for check in json.loads(out)["checks"]} == {
        "first",
        "gone",
    }
    lines = [json.loads(line) for line in err.splitlines()]
    assert [line["event"] for line in lines] == [
        *(
            "run started",
            "fetched",
            "fetched",
            "checked",
            "checked",
            "delivered",
            "run ended",
        ),
    ]
    assert all(
        re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]{12}\+00:00", line["time"])
        for line in lines
    )
    checked = {
        line["document"]: line for line in lines if line["event"] == "checked"
    }
    first, gone = checked["library/privacy"], checked["library/gone"]
    assert (first["level"], first["outcome"]) == ("info", "first")
    assert isinstance(first["ms"], int)
    assert (gone["level"], gone["outcome"]) == ("warning", "gone")
    assert "404" in gone["reason"]
    assert lines[-1]["ms"] >= first["ms"]


def test_lines_for_people_have_time_and_level(config: Path) -> None:
    out, err = ran(config, "--log-format", "text")
    assert out == ""
    assert re.search(rf"^{STAMP} INFO library/privacy: first$", err, re.MULTILINE)
    assert re.search(rf"^{STAMP} WARNING library/gone: gone: ", err, re.MULTILINE)
    assert all(re.match(STAMP, line) for line in err.splitlines())


def test_what_stops_a_run_is_logged_too(config: Path) -> None:
    config.write_text(f"{config.read_text('utf-8')}nonsense = 1\n", "utf-8")
    (line,) = ran(config, "--log-format", "json")[1].splitlines()
    assert json.loads(line)["level"] == "error"
    assert "nonsense" in json.loads(line)["message"]


def test_a_scheduled_run_is_quiet_and_one_on_a_terminal_is_not(
    config: Path, site: Site
) -> None:
    site.pages["/gone"] = policy("And more.")
    assert ran(config) == ("", "")
    ours, theirs = pty.openpty()
    words = command("run", "--now", "--config", config)
    shown = b""
    with subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=theirs
    ) as process:
        os.close(theirs)
        while more := _read(ours):  # a terminal that nobody drains is full at 4 kB
            shown += more
    assert process.returncode == 0
    os.close(ours)
    assert re.search(rf"{STAMP} INFO library/privacy: unchanged", shown.decode())


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # its other end is closed, and all was read
        return b""


def test_a_watch_and_its_runs_log_alike(config: Path) -> None:
    with warm.running(
        "-m", "policywatch", "watch", "--log-format", "json", "--config", config
    ) as watching:
        until(
            lambda: (
                '"run ended"' in watching.errors and watching.errors.endswith("\n")
            )
        )
        lines = [json.loads(line) for line in watching.errors.splitlines()]
    assert lines[0]["event"] == "watch started"
    assert {
        line.get("outcome") for line in lines if line["event"] == "checked"
    } == {
        "first",
        "gone",
    }


def test_a_full_disk_behind_the_log_stops_nothing(config: Path) -> None:
    words = command(
        "run", "--now", "--json", "--log-format", "text", "--config", config
    )
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            words,
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
            timeout=300,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
        )
    assert {check["outcome"] for check in json.loads(done.stdout)["checks"]} == {
        "first",
        "gone",
    }
    assert done.returncode == 1  # of the page that is gone


def test_verbose_says_which_rule_decided_of_each_document_and_by_which_values(
    config: Path, site: Site
) -> None:
    def decided() -> list[str]:
        words = ("-m", "policywatch", "-v", "run", "--now", "--config", config)
        lines = warm.done(*words).stderr.splitlines()
        return [line for line in lines if re.match(f"{STAMP} DEBUG library/", line)]

    first, decision = decided()
    assert re.search(r"answered 200, \d+ bytes: text \w+; in force is None$", first)
    assert decision.endswith("is first, cause page, compared with nothing")
    (known,) = decided()
    assert known.endswith("the bytes of the text in force")
    site.pages["/privacy"] = policy(AI)
    _, decision, routes = decided()[-3:]
    assert "severity high, topics ai_training" in decision
    assert re.search(r"change \d+ alerts all$", routes)
    assert " DEBUG " not in ran(config, "--log-format", "text")[1]
