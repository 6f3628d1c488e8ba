"""Polite and honest: who we say we are, one request at a time to a host, and robots.txt."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import threading
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
from sqlmodel import select

from foundation.vocabulary import Outcome
from policywatch.sanitize import terminal_reason
from storage.checks import Check
from storage.database import Database
from tests import misbehaving, warm
from tests.crawling import QUICK, checked, crawled, declared, own, served
from tests.misbehaving import Answer, Asked, Sites, in_turn, page, redirect

ALL_FORBIDDEN = "User-agent: *\nDisallow: /"
PLAIN = "text/plain"


sites = pytest.fixture(served)


DATABASES = ["sqlite"]


def test_we_say_who_we_are_and_which_language_we_want(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers["/"] = page()
    checked(database, replace(own(site.url()), language="fr"))
    assert {asked.headers["user-agent"] for asked in site.asked} == {
        f"policywatch/{version('policywatch')} (+watch@example.org)"
    }
    assert site.asked[1].headers["accept-language"] == "fr,*;q=0.5"


def test_one_request_at_a_time_to_a_host_with_a_delay(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    paths = [f"/{n}" for n in range(3)]
    for path in paths:
        site.answers[path] = page()
    crawled(
        database,
        *(own(site.url(path), f"polite{path}") for path in paths),
        settings=replace(QUICK, delay=0.3),
    )
    assert len(site.asked) == 1 + 2 * len(paths)
    for earlier, later in itertools.pairwise(site.asked):
        assert later.began - earlier.ended >= 0.3


def test_hosts_do_not_wait_for_each_other(sites: Sites, database: Database) -> None:
    slow, quick = sites.new(), sites.new()
    other_is_done = threading.Event()

    def when_other_is_done(asked: Asked, connection: socket.socket) -> None:
        assert other_is_done.wait(100)
        page()(asked, connection)

    def last(asked: Asked, connection: socket.socket) -> None:
        page()(asked, connection)
        other_is_done.set()

    slow.answers["/"] = when_other_is_done
    quick.answers["/"] = in_turn(page(), last)
    targets = (
        own(slow.url(), "host/slow", robots="ignore"),
        own(quick.url(), "host/quick"),
    )
    checks = crawled(database, *targets, settings=replace(QUICK, timeout=120))
    assert {check.outcome for check in checks.values()} == {None}


def test_a_redirect_takes_its_turn_too(sites: Sites, database: Database) -> None:
    site = sites.new()
    site.answers |= {"/": redirect("/next"), "/next": page()}
    checked(database, own(site.url(), robots="ignore"), replace(QUICK, delay=0.3))
    assert site.paths() == ["/", "/next", "/", "/next"]
    assert all(
        later.began - earlier.ended >= 0.3
        for earlier, later in itertools.pairwise(site.asked)
    )


@pytest.mark.parametrize(
    ("robots", "outcome", "words"),
    [
        (page(ALL_FORBIDDEN, 200, PLAIN), Outcome.ROBOTS, "does not allow policywatch"),
        (page("User-agent: policywatch\nDisallow: /", 200, PLAIN), Outcome.ROBOTS, "does not allow policywatch"),
        (page("User-agent: *\nDisallow: /\n\nUser-agent: PolicyWatch\nAllow: /", 200, PLAIN), None, None),
        (page("User-agent: *\nDisallow: /private", 200, PLAIN), None, None),
        (page("no", 404), None, None),
        (page("no", 403), None, None),
        (page("no", 500), Outcome.ROBOTS, "could not be read"),
        (page("no", 503), Outcome.ROBOTS, "could not be read"),
        (page("no", 429), Outcome.ROBOTS, "could not be read"),
        (page("no", 999), Outcome.ROBOTS, "could not be read"),
        (misbehaving.reset, Outcome.ROBOTS, "could not be read"),
        (misbehaving.endless, Outcome.ROBOTS, "It is too large: more than"),
        (page("#" * 400_000, 200, PLAIN), Outcome.ROBOTS, "It is too large: more than 293.0 kB."),
        (redirect("/robots.txt"), Outcome.ROBOTS, "could not be read"),
        (redirect("http://127.9.9.9/robots.txt"), Outcome.FAILED, "private network"),
        (in_turn(page("no", 500), page("", 200, PLAIN)), None, None),
        (page("", 200, PLAIN), None, None),
        (page(b"\xff\xfe\x00 not text", 200, PLAIN), None, None),
    ],
)  # fmt: skip
def test_robots_txt(
    sites: Sites,
    database: Database,
    robots: Answer,
    outcome: Outcome | None,
    words: str | None,
) -> None:
    site = sites.new()
    site.answers |= {"/robots.txt": robots, "/policy": page()}
    check = checked(database, own(site.url("/policy")))
    assert check.outcome == outcome, check.reason
    if words is None:
        return
    assert words in str(check.reason or "")
    assert "/policy" not in site.paths()
    if outcome is Outcome.ROBOTS:
        assert check.reason is not None
        assert "own responsibility" in str(check.reason)
        assert "robots =" not in str(check.reason), "pages and mails name no key"
        assert 'robots = "ignore"' in terminal_reason(check.reason)


def test_a_redirected_robots_txt_counts(sites: Sites, database: Database) -> None:
    site = sites.new()
    site.answers |= {
        "/robots.txt": redirect("/real-robots.txt"),
        "/real-robots.txt": page(ALL_FORBIDDEN, 200, PLAIN),
        "/": page(),
    }
    assert checked(database, own(site.url())).outcome == Outcome.ROBOTS


def test_the_operator_may_overrule_robots_for_a_document(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers |= {
        "/robots.txt": page(ALL_FORBIDDEN, 200, PLAIN),
        "/": page(),
        "/other": page(),
    }
    checks = crawled(
        database,
        own(site.url(), "robots/mine", robots="ignore"),
        own(site.url("/other"), "robots/obeyed"),
    )
    assert (checks["robots/mine"].outcome, checks["robots/obeyed"].outcome) == (
        None,
        Outcome.ROBOTS,
    )


def test_robots_txt_is_read_once_and_holds_all_pages_however_slow_it_is(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    forbids = page("User-agent: *\nDisallow: /1", 200, PLAIN)
    site.answers["/robots.txt"] = misbehaving.after(0.6, forbids)
    for n in range(3):
        site.answers[f"/{n}"] = page()
    checks = crawled(
        database, *(own(site.url(f"/{n}"), f"robots/{n}") for n in range(3))
    )
    assert [checks[f"robots/{n}"].outcome for n in range(3)] == [
        None,
        Outcome.ROBOTS,
        None,
    ]
    assert site.paths().count("/robots.txt") == 1
    assert "/1" not in site.paths()


def test_robots_txt_too_slow_is_not_now(sites: Sites, database: Database) -> None:
    site = sites.new()
    site.answers |= {"/robots.txt": misbehaving.silent, "/": page()}
    check = checked(
        database, own(site.url()), replace(QUICK, timeout=1.5, retry_waits=())
    )
    assert check.outcome == Outcome.ROBOTS
    assert "did not finish its answer within 1.5 seconds" in str(check.reason or "")
    assert site.paths() == ["/robots.txt"]


def test_robots_txt_holds_at_every_step_of_a_redirect(
    sites: Sites, database: Database
) -> None:
    site = sites.new()
    site.answers |= {
        "/robots.txt": page("User-agent: *\nDisallow: /hidden", 200, PLAIN),
        "/": redirect("/hidden/policy"),
        "/hidden/policy": page(),
    }
    check = checked(database, own(site.url()))
    assert (check.outcome, check.final_url) == (
        Outcome.ROBOTS,
        site.url("/hidden/policy"),
    )
    assert "/hidden/policy" not in site.paths()


def test_crawl_delay_is_kept_within_reason(
    sites: Sites, database: Database
) -> None:
    modest, greedy = sites.new(), sites.new()
    for site, delay in ((modest, "0.6"), (greedy, "86400")):
        site.answers |= {
            "/robots.txt": page(f"User-agent: *\nCrawl-delay: {delay}", 200, PLAIN),
            "/": page(),
        }
    crawled(
        database,
        own(modest.url(), "delay/modest"),
        own(greedy.url(), "delay/greedy"),
        settings=replace(QUICK, longest_crawl_delay=0.9),
    )
    assert [
        later.began - earlier.ended >= 0.6
        for earlier, later in itertools.pairwise(modest.asked)
    ][1:] == [True]
    assert len(greedy.asked) == 3
    assert greedy.asked[2].began - greedy.asked[1].ended >= 0.9


_SETTINGS = """
from crawler.settings import scrapy_settings
from crawler.targets import CrawlJob
from storage.database import Database
from tests.crawling import QUICK, fingerprint_of, own

globals().update(scrapy_settings(QUICK))


def POLICYWATCH_JOB():
    return CrawlJob(Database({database!r}), [own({url!r})], fingerprint_of)
"""


def scrapy(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path.append({str(folder)!r}); from scrapy.cmdline import execute; execute()"
    environ = os.environ | {"SCRAPY_SETTINGS_MODULE": "own_settings"}
    return warm.done("-c", code, *arguments, environ=environ)


def test_scrapy_crawl_policies_makes_the_same_checks(
    sites: Sites, tmp_path: Path, database: Database
) -> None:
    site = sites.new()
    site.answers["/"] = page()
    declared(database, [own(site.url())])
    settings = _SETTINGS.format(
        database=database.url.render_as_string(), url=site.url()
    )
    (tmp_path / "own_settings.py").write_text(settings)
    done = scrapy(
        tmp_path,
        "crawl",
        "policies",
        "-a",
        "document=example/policy",
        "-o",
        f"{tmp_path}/checks.jsonl",
    )
    assert (done.returncode, done.stderr) == (0, "")
    item = json.loads((tmp_path / "checks.jsonl").read_text())
    assert item == {
        "document": "example/policy",
        "check": 1,
        "outcome": None,
        "reason": None,
    }
    with database.reading() as session:
        (check,) = session.exec(select(Check)).all()
    assert (check.outcome, check.status, check.final_url) == (None, 200, site.url())
    wrong = scrapy(tmp_path, "crawl", "policies", "-a", "document=example/other")
    assert "there is no document 'example/other'" in wrong.stderr


def test_scrapy_shell_keeps_the_guards(
    sites: Sites, tmp_path: Path, database: Database
) -> None:
    site = sites.new()
    settings = _SETTINGS.format(
        database=database.url.render_as_string(), url=site.url()
    )
    (tmp_path / "own_settings.py").write_text(settings)
    assert (
        scrapy(tmp_path, "shell", site.url(), "-c", "response").stdout == "None\n"
    )
    assert site.asked == []
