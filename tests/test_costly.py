"""No page can stop the watch: what takes too much to read, or ends the program, is given up, and holds up no other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.extract import read_page
from analysis.model import TooCostly, UnreadablePage
from policywatch import sandbox
from storage.checks import checks_of
from storage.database import Database
from tests import warm
from tests.site import AI, PARAGRAPHS, Site, a_site, outcomes, policy, policywatch, run, watchlist

DATABASES = ["sqlite"]
NAMES = ("hostile", *(f"page{number}" for number in range(3)))
# no trick in it that is known beforehand: there is just very much of it
MUCH = "".join(f"<p>{paragraph} {number}</p>" for number in range(9_000) for paragraph in PARAGRAPHS)
# the program, with little patience
_PATIENT_FOR_A_SECOND = """
from policywatch import sandbox
sandbox.CPU_SECONDS = 1
from policywatch.cli import main
main()
"""
DEADLY = "We count the stones on the way."
# the program, that something ends when it reads a page with these words
_ENDED = f"""
import os, signal
from policywatch.ingest.extraction import ExtractionConfig
plain = ExtractionConfig.extract_parts
def extract_parts(self, parts, *more, **options):
    if any({DEADLY!r}.encode() in each.body for each in parts):
        os.kill(os.getpid(), signal.SIGKILL)
    return plain(self, parts, *more, **options)
ExtractionConfig.extract_parts = extract_parts
from policywatch.cli import main
main()
"""


@pytest.fixture
def site() -> Iterator[Site]:
    with a_site() as running:
        running.pages |= {f"/{name}": policy() for name in NAMES}
        yield running


@pytest.fixture
def config(tmp_path: Path, site: Site, database_url: str) -> Path:
    made = watchlist(tmp_path, site, database_url, names=NAMES)
    run(made, status=0)
    return made


def run_of(program: str, config: Path) -> subprocess.CompletedProcess[str]:
    return warm.done("-c", program, "run", "--now", "--json", "--config", config)


def test_a_page_that_takes_too_much_is_unreadable_and_the_others_are_told(
    tmp_path: Path, site: Site, config: Path, database_url: str
) -> None:
    site.pages |= {f"/{name}": policy(AI) for name in NAMES[1:]}
    site.pages["/hostile"] = policy(AI).replace("</main>", f"{MUCH}</main>")
    done = run_of(_PATIENT_FOR_A_SECOND, config)
    assert done.returncode == 1, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    found = outcomes(report)
    assert found.pop("library/hostile") == "unreadable"
    assert set(found.values()) == {"changed"}
    assert report["deliveries"]["sent"] == 1, "one event"
    reason = next(check["reason"] for check in report["checks"] if check["document"] == "library/hostile")
    assert reason.startswith("too costly to read")
    asked = site.asked["/hostile"]
    for _ in range(3):
        assert outcomes(json.loads(run_of(_PATIENT_FOR_A_SECOND, config).stdout))["library/hostile"] == "unreadable"
    database = Database(database_url)
    with database.reading() as session:
        checks = checks_of(session, "library/hostile", limit=4)
    database.close()
    assert [check.attempts for check in checks] == [3, 3, 2, 1], "the same page is given up after three attempts"
    assert site.asked["/hostile"] > asked
    assert (tmp_path / "operator.txt").read_text("utf-8").count("too costly to read") == 1


def test_a_page_that_ends_the_program_is_given_up_and_read_when_a_person_asks(
    tmp_path: Path, site: Site, config: Path
) -> None:
    site.pages["/hostile"], site.pages["/page0"] = policy(AI, DEADLY), policy(AI)
    for _ in range(3):
        assert run_of(_ENDED, config).returncode == -signal.SIGKILL
    done = run_of(_ENDED, config)
    assert done.returncode == 1, done.stderr
    assert outcomes(json.loads(done.stdout))["library/hostile"] == "unreadable"
    assert "train generative AI models" in (tmp_path / "alerts.txt").read_text("utf-8")
    policywatch("read", "--again", "--config", config)
    assert outcomes(run(config, status=0))["library/hostile"] == "unchanged"


@pytest.mark.parametrize(("name", "most"), [("CPU_SECONDS", 1), ("MEMORY", 100_000_000), ("SECONDS", 1)])
def test_what_takes_too_much_ends_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch, name: str, most: int) -> None:
    assert sandbox.run(len, b"warm") == 4
    monkeypatch.setattr(sandbox, name, most)
    with pytest.raises(TooCostly, match="too costly to read"):
        sandbox.run(list, range(10**9))
    monkeypatch.undo()
    assert sandbox.run(os.getpid) != os.getpid()


def test_what_is_raised_there_is_raised_here() -> None:
    with pytest.raises(UnreadablePage, match="no text inside"):
        sandbox.run(read_page, policy().encode(), select=("aside",))
    with pytest.raises(ValueError, match="invalid literal") as raised:
        sandbox.run(int, "a word")
    assert "Traceback" in raised.value.__notes__[0]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (f"<p {' '.join(f'a{number}=1' for number in range(70_000))}>Hello.</p>", "more than 1000 attributes"),
        (f"<p{'/a' * 70_000}>Hello.</p>", "more than 1000 attributes"),
        (
            "<p {}>Hello.</p>".format(" ".join(f"a{number}='>'" for number in range(70_000))),
            "more than 1000 attributes",
        ),
        ("<b>a</b>" * 200_000, "more than 200000 elements"),
        (f"<p>{'We keep your name. ' * 120_000}</p>", "too costly to read"),
        (f"<h1>{'Title ' * 20_000}</h1>" + "<p>We keep your name.</p>" * 200, "too costly to read"),
    ],
    ids=["attributes", "slashes", "quoted", "elements", "text", "titles"],
)
def test_what_no_policy_has_is_refused(body: str, why: str) -> None:
    with pytest.raises(UnreadablePage, match=why):
        read_page(f"<html><body>{body}</body></html>".encode())


def test_what_a_page_may_have_is_read() -> None:
    script = f"<script>for (i = 0; i <n; i++) {{ say('{'a word and '.join('=' * 9_000)}') }}</script>"
    picture = f'<img alt="" src="data:image/png;base64,{"QUJD" * 100_000}" data-words="{"some words " * 5_000}">'
    page = read_page(policy().replace("<h1>", f"{script}{picture}<h1>").encode())
    assert [block.text for block in page.blocks if block.kind == "paragraph"] == list(PARAGRAPHS)
