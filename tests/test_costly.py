"""No page can stop the watch: what takes too much to read, or ends the program, is given up, and holds up no other."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.compare import compare
from analysis.extract import read_page
from analysis.model import UnreadablePage
from analysis.text.lexicon import matches
from evaluation import hostile_texts
from storage.checks import newest_checks
from storage.database import Database
from tests import warm
from tests.site import (
    AI,
    PARAGRAPHS,
    Site,
    a_site,
    outcomes,
    policy,
    policywatch,
    run,
    watchlist,
)

DATABASES = ["sqlite"]
NAMES = ("hostile", *(f"page{number}" for number in range(3)))
# no trick in it that is known beforehand: there is just very much of it
MUCH = "".join(
    f"<p>{paragraph} {number}</p>"
    for number in range(9_000)
    for paragraph in PARAGRAPHS
)
# the program, with little memory: seconds would depend on the machine
_SHORT_OF_MEMORY = """
from policywatch import sandbox
sandbox.MEMORY = 32 << 20
from policywatch.cli import main
main()
"""
# the program, on a machine where nothing is compared in less than a second
_COMPARES_SLOWLY = """
from policywatch import sandbox
plain = sandbox.run
def run(function, *args, **options):
    sandbox.CPU_SECONDS = 0 if function.__name__ in ("compare", "word_diffs") else 60
    return plain(function, *args, **options)
sandbox.run = run
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
    done = run_of(_SHORT_OF_MEMORY, config)
    assert done.returncode == 1, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    found = outcomes(report)
    assert found.pop("library/hostile") == "unreadable"
    assert set(found.values()) == {"changed"}
    assert report["deliveries"]["sent"] == 1, "one event"
    reason = next(
        check["reason"]
        for check in report["checks"]
        if check["document"] == "library/hostile"
    )
    assert reason.startswith("too costly to read")
    asked = site.asked["/hostile"]
    for _ in range(3):
        assert (
            outcomes(json.loads(run_of(_SHORT_OF_MEMORY, config).stdout))[
                "library/hostile"
            ]
            == "unreadable"
        )
    database = Database(database_url)
    with database.reading() as session:
        checks = newest_checks(session, "library/hostile", limit=4)
    database.close()
    assert [check.attempts for check in checks] == [3, 3, 2, 1], (
        "the same page is given up after three attempts"
    )
    assert site.asked["/hostile"] > asked
    assert (tmp_path / "operator.txt").read_text("utf-8").count(
        "too costly to read"
    ) == 1


def test_a_change_that_takes_too_much_to_compare_is_told_to_all_who_asked_for_anything(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    route = f'[[routes]]\nname = "ads"\nto = ["file://{tmp_path}/ads.txt"]\ntopics = ["advertising"]\n'
    route += 'directions = ["limits"]\nseverity = "high"\n'
    config = watchlist(tmp_path, site, database_url, names=NAMES[:1])
    config.write_text(f"{config.read_text('utf-8')}{route}", "utf-8")
    text = hostile_texts.words(400_000)
    site.pages["/hostile"] = policy(text)
    run(config, status=0)
    site.pages["/hostile"] = policy(
        text.replace("share", "sell"), hostile_texts.NEWS
    )
    report = json.loads(run_of(_COMPARES_SLOWLY, config).stdout)
    (check,) = report["checks"]
    change = check["change"]
    assert (
        check["outcome"],
        change["alert"],
        change["severity"],
        change["topics"],
    ) == ("changed", True, "high", [])
    for name in ("alerts", "ads"):
        told = (tmp_path / f"{name}.txt").read_text("utf-8")
        assert "Library changes a page; the change could not be classified" in told
        assert hostile_texts.NEWS in told
    assert not (tmp_path / "operator.txt").exists(), "the page was read"
    shown = json.loads(
        policywatch("show", change["id"], "--json", "--config", config)
    )
    assert hostile_texts.NEWS in [passage["after"] for passage in shown["passages"]]
    assert shown["why"][0].startswith("changed, but not classified")
    assert outcomes(json.loads(run_of(_COMPARES_SLOWLY, config).stdout)) == {
        "library/hostile": "unchanged"
    }


def test_a_page_that_ends_the_program_is_given_up_and_read_when_a_person_asks(
    tmp_path: Path, site: Site, config: Path
) -> None:
    site.pages["/hostile"], site.pages["/page0"] = policy(AI, DEADLY), policy(AI)
    for _ in range(3):
        assert run_of(_ENDED, config).returncode == -signal.SIGKILL
    done = run_of(_ENDED, config)
    assert done.returncode == 1, done.stderr
    assert outcomes(json.loads(done.stdout))["library/hostile"] == "unreadable"
    assert "train generative AI models" in (tmp_path / "alerts.txt").read_text(
        "utf-8"
    )
    policywatch("read", "--again", "--config", config)
    assert outcomes(run(config, status=0))["library/hostile"] == "unchanged"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (
            f"<p {' '.join(f'a{number}=1' for number in range(70_000))}>Hello.</p>",
            "more than 1000 attributes",
        ),
        (f"<p{'/a' * 70_000}>Hello.</p>", "more than 1000 attributes"),
        (
            "<p {}>Hello.</p>".format(
                " ".join(f"a{number}='>'" for number in range(70_000))
            ),
            "more than 1000 attributes",
        ),
        ("<b>a</b>" * 200_000, "more than 200000 elements"),
        (f"<p>{'We keep your name. ' * 120_000}</p>", "too costly to read"),
        (
            f"<h1>{'Title ' * 20_000}</h1>" + "<p>We keep your name.</p>" * 200,
            "too costly to read",
        ),
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
    assert [
        block.text for block in page.blocks if block.kind == "paragraph"
    ] == list(PARAGRAPHS)


def seconds(call: Callable[..., object], *args: Any, **options: Any) -> float:
    """Of CPU; the better of two, as the first one also fills caches."""
    spent = []
    for _ in range(2):
        start = time.process_time()
        call(*args, **options)
        spent.append(time.process_time() - start)
    return min(spent)


def test_phrases_in_a_paragraph_six_times_as_long_take_six_times_as_long() -> None:
    short, long = (
        "do not sell your personal data to train AI " * count
        for count in (500, 3_000)
    )
    assert seconds(matches, long, "en") < 14 * seconds(matches, short, "en")


def test_a_paragraph_six_times_as_long_takes_six_times_as_long_to_compare() -> None:
    spent = []
    for size in (15_000, 90_000):
        text = hostile_texts.words(size).split()
        every_other = [
            word if place % 2 else "sold" for place, word in enumerate(text)
        ]
        pages = [
            read_page(hostile_texts.page(f"<p>{' '.join(each)}</p>").encode())
            for each in (text, every_other)
        ]
        spent.append(
            seconds(compare, *pages, language="en", document="Privacy Policy")
        )
    assert spent[1] < 14 * spent[0], "with the square it is 30 times"
