"""The whole job through its front door: a site that changes, the program, the store, the alerts that came."""

from __future__ import annotations

import json
import random
import re
import sqlite3
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from notifier.change_view import change_view
from policywatch.ingest.curation import AnotherTextHeld, accept, held_text
from policywatch.ingest.extraction import ExtractionConfig
from storage.change_list import ChangeFilter, changes_page
from storage.clock import utc_now
from storage.database import Database
from storage.lock import one_at_a_time
from tests import warm
from tests.site import (
    AI,
    BOTH,
    ERROR_PAGE,
    MAIN,
    PARAGRAPHS,
    Site,
    a_site,
    library,
    outcomes,
    policy,
    policywatch,
    run,
    until,
    watchlist,
    with_small_files,
)
from tests.stories import ANNA

DATABASES = ["sqlite"]

site = pytest.fixture(library)


def alerts(folder: Path) -> str:
    file = folder / "alerts.txt"
    return file.read_text("utf-8") if file.exists() else ""


@BOTH
def test_a_change_about_ai_is_flagged_told_once_and_shown(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    config = watchlist(tmp_path, site, database_url)
    assert outcomes(run(config, status=0)) == {"library/privacy": "first"}
    site.pages["/privacy"] = policy(noise="utm=1")
    assert outcomes(run(config, status=0)) == {"library/privacy": "unchanged"}
    site.pages["/privacy"] = policy(AI)
    report = run(config, status=0)
    check = report["checks"][0]
    assert (check["outcome"], check["version"]) == ("changed", 2)
    assert check["change"]["alert"]
    assert "ai_training" in check["change"]["topics"]
    assert check["change"]["effective_date"] == "2025-11-03"
    assert report["deliveries"] == {"sent": 1, "failed": 0, "pending": 0}
    assert run(config, status=0)["deliveries"]["sent"] == 0
    told = alerts(tmp_path)
    assert told.count("http://watch.example/changes/") >= 1
    for words in (
        "Library",
        "train generative AI models",
        "3 November 2025",
        f"{site.url}/privacy",
    ):
        assert words in told
    shown = policywatch("show", check["change"]["id"], "--config", config)
    assert "reading history" in shown
    assert "unless you turn this off" in policywatch(
        "show", check["change"]["id"], "--why", "--config", config
    )
    assert (
        json.loads(
            policywatch("show", check["change"]["id"], "--json", "--config", config)
        )["alert"]
        is True
    )
    assert "version 2" in policywatch(
        "history", "library/privacy", "--config", config
    )
    listed = json.loads(policywatch("documents", "--json", "--config", config))
    assert (listed[0]["version"], listed[0]["good"]) == (2, True)


def test_an_error_page_is_held_told_to_the_operator_and_never_a_version(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path / 'a.db'}")
    run(config)
    for _ in range(2):
        site.pages["/privacy"] = ERROR_PAGE
        report = run(config, status=1)
        assert outcomes(report)["library/privacy"] in {
            "held",
            "unreadable",
            "blocked",
        }
        assert report["checks"][0]["reason"]
        site.pages["/privacy"] = policy()
        assert outcomes(run(config, status=0)) == {"library/privacy": "unchanged"}
    assert alerts(tmp_path) == ""
    assert "version 2" not in policywatch(
        "history", "library/privacy", "--config", config
    )


def test_a_first_answer_that_is_an_error_page_is_no_version(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path / 'a.db'}")
    site.pages["/privacy"] = ERROR_PAGE
    assert outcomes(run(config, status=1))["library/privacy"] in {
        "held",
        "unreadable",
        "blocked",
    }
    site.pages["/privacy"] = policy()
    assert outcomes(run(config, status=0)) == {"library/privacy": "first"}


def test_a_pause_is_told_once_with_all_documents_that_it_holds_up_and_a_page_never_read_as_such(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(
        tmp_path,
        site,
        f"sqlite:///{tmp_path / 'a.db'}",
        names=("privacy", "terms", "more"),
    )
    site.pages |= {
        f"/{name}": (429, "slow down") for name in ("privacy", "terms", "more")
    }
    site.headers["Retry-After"] = "200000"
    run(config, status=1)
    told = (tmp_path / "operator.txt").read_text("utf-8")
    assert told.count("* library/") == 1
    never_read = r"\* library/(\w+) has never been read; the first attempt was on "
    (first,) = re.findall(never_read, told)  # whichever was asked first
    others = sorted({"more", "privacy", "terms"} - {first})
    assert f"also delays: library/{others[0]}, library/{others[1]}" in told
    assert "has been unreadable since" not in told
    site.pages |= {f"/{name}": policy() for name in ("privacy", "terms", "more")}
    assert set(outcomes(run(config)).values()) == {"blocked"}
    with closing(sqlite3.connect(tmp_path / "a.db")) as opened, opened:
        opened.execute(
            "UPDATE documents SET not_before = NULL"
        )  # as docs/crawling.md advises
    site.headers.clear()
    assert set(outcomes(run(config)).values()) == {"first"}


def test_most_of_the_text_gone_is_held_until_a_person_accepts_it(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path / 'a.db'}")
    run(config)
    site.pages["/privacy"] = policy(paragraphs=PARAGRAPHS[:1])
    assert outcomes(run(config, status=1)) == {"library/privacy": "held"}
    operator = (tmp_path / "operator.txt").read_text("utf-8")
    assert "policywatch accept library/privacy" in operator
    assert run(config)["deliveries"]["sent"] == 0  # told once
    shown = policywatch("accept", "library/privacy", "--yes", "--config", config)
    assert "Taken" in shown
    assert "nothing is held" in policywatch(
        "accept", "library/privacy", "--yes", "--config", config, status=1
    )
    assert outcomes(run(config, status=0)) == {"library/privacy": "unchanged"}
    history = json.loads(
        policywatch("history", "library/privacy", "--json", "--config", config)
    )
    assert [version["cause"] for version in history["versions"]] == [
        "page",
        "accepted",
    ]


@pytest.mark.parametrize("after", [1, 3])
def test_the_operator_sees_what_a_held_text_would_change_however_early_he_hears(
    tmp_path: Path, site: Site, after: int
) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
    words = config.read_text("utf-8").replace(
        "[operator]\n", f"[operator]\nafter = {after}\n"
    )
    config.write_text(words, "utf-8")
    run(config)
    site.pages["/privacy"] = policy(paragraphs=PARAGRAPHS[:1])
    run(config, status=1)
    operator = (tmp_path / "operator.txt").read_text("utf-8")
    assert operator.count("policywatch accept library/privacy") == 1
    assert f"[-{PARAGRAPHS[1]}-]" in operator


def test_an_accepted_text_is_judged_by_the_operators_own_topics_too(
    tmp_path: Path, site: Site
) -> None:
    topic = '[topics.fish]\nphrases = ["the fish in our pond"]'
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path / 'a.db'}", more=topic)
    run(config)
    site.pages["/privacy"] = policy(
        "We now count the fish in our pond every day.", paragraphs=()
    )
    assert outcomes(run(config, status=1)) == {"library/privacy": "held"}
    policywatch("accept", "library/privacy", "--yes", "--config", config)
    history = json.loads(
        policywatch("history", "library/privacy", "--json", "--config", config)
    )
    assert "fish" in history["changes"][0]["topics"]


def test_an_accepted_text_is_news_of_that_day_and_says_when_it_was_found(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    config = watchlist(tmp_path, site, database_url)
    run(config)
    site.pages["/privacy"] = policy(paragraphs=PARAGRAPHS[:2])
    run(config, status=1)
    database, extraction, later = (
        Database(database_url),
        ExtractionConfig("Privacy policy", "en"),
        utc_now() + timedelta(days=30),
    )
    with database.reading() as session:
        check, held = held_text(session, "library/privacy", extraction)
    taken = accept(
        database,
        "library/privacy",
        extraction,
        lambda *_: (),
        seen=held.page,
        actor=ANNA,
        now=lambda: later,
    )
    assert taken is not None
    with database.reading() as session:
        (row,) = changes_page(
            session, ChangeFilter(since=later.date()), limit=1
        ).rows
        assert (row.change.id, row.change.detected_at) == (taken.id, later)
        assert (
            change_view(session, row.change, "en", None).found.date()
            == check.checked_at.date()
        )
    database.close()


def test_a_return_is_recorded_at_once_and_told_when_it_stays(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    config = watchlist(tmp_path, site, database_url)
    run(config)
    site.pages["/privacy"] = policy(AI)
    assert run(config)["deliveries"]["sent"] == 1
    site.pages["/privacy"] = policy()
    returned = run(config)
    assert outcomes(returned) == {"library/privacy": "changed"}
    assert returned["checks"][0]["change"]["alert"]
    sent = [
        returned["deliveries"]["sent"],
        *(run(config)["deliveries"]["sent"] for _ in range(4)),
    ]
    assert sent == [0, 0, 0, 1, 0]


def test_a_flap_is_not_told_again(tmp_path: Path, site: Site) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path / 'a.db'}")
    run(config)
    site.pages["/privacy"] = policy(AI)
    assert run(config)["deliveries"]["sent"] == 1
    sent = alerts(tmp_path)
    for _ in range(2):
        for text in (policy(), policy(AI)):
            site.pages["/privacy"] = text
            run(config)
    assert alerts(tmp_path) == sent


def test_other_rules_or_selectors_are_no_change_of_the_policy(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path / 'a.db'}")
    run(config)
    config.write_text(
        config.read_text().replace(
            "allow_private", 'remove = ["main p:last-child"]\nallow_private'
        )
    )
    report = run(config, status=0)
    assert outcomes(report) == {"library/privacy": "unchanged"}
    assert report["deliveries"]["sent"] == 0
    history = json.loads(
        policywatch("history", "library/privacy", "--json", "--config", config)
    )
    assert [version["cause"] for version in history["versions"]] == [
        "page",
        "reader",
    ]
    assert history["changes"][0]["alert"] is False
    config.write_text(
        config.read_text().replace('remove = ["main p:last-child"]\n', "")
    )
    assert "2 versions read again" in policywatch(
        "read", "--again", "--config", config
    )
    assert alerts(tmp_path) == ""


def test_steps_by_hand_are_the_run(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    config = watchlist(tmp_path, site, database_url)
    run(config)
    site.pages["/privacy"] = policy(AI)
    policywatch("crawl", "--now", "--config", config)
    assert (
        "unread"
        not in policywatch("history", "library/privacy", "--config", config).split(
            "version 1"
        )[1]
    )
    policywatch("read", "--config", config)
    assert alerts(tmp_path) == ""
    policywatch("deliver", "--config", config)
    assert "train generative AI models" in alerts(tmp_path)


def test_a_text_that_waits_to_be_read_comes_before_one_that_is_fetched_later(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/a.db")
    run(config, status=0)
    for more in ((AI,), (AI, "We sell your borrowing history to advertisers.")):
        site.pages["/privacy"] = policy(*more)
        policywatch("crawl", "--now", "--config", config)
    report = run(config, status=0)
    assert [check["version"] for check in report["checks"]] == [3, 2, 3]
    history = json.loads(
        policywatch("history", "library/privacy", "--json", "--config", config)
    )
    times = [version["captured_at"] for version in history["versions"]]
    assert times == sorted(times)


def test_scrapy_crawl_policies_fetches_for_read(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path / 'a.db'}")
    monkeypatch.chdir(Path(__file__).parents[1])
    environ = {"POLICYWATCH_CONFIG": str(config), "PATH": "/usr/bin:/bin"}
    done = warm.done("-m", "scrapy", "crawl", "policies", environ=environ)
    assert done.returncode == 0, done.stderr
    policywatch("read", "--config", config)
    assert "version 1" in policywatch(
        "history", "library/privacy", "--config", config
    )


@BOTH
def test_a_second_run_leaves_with_status_1_and_says_why(
    tmp_path: Path, site: Site, database_url: str
) -> None:
    config = watchlist(tmp_path, site, database_url)
    database = Database(database_url)
    with one_at_a_time(database):
        assert "another run" in policywatch(
            "run", "--now", "--config", config, status=1
        )
    database.close()
    run(config, status=0)


def test_cron_hears_nothing_when_all_is_well_and_the_reason_when_not(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(
        tmp_path, site, f"sqlite:///{tmp_path / 'a.db'}", ("privacy", "gone")
    )
    said = policywatch("run", "--config", config, status=1)
    assert "library/gone: gone: " in said
    assert "library/privacy" not in said
    assert policywatch("run", "--config", config) == ""  # nothing is due
    assert site.asked["/privacy"] == 2


def age(file: Path, hours: float) -> None:
    """Let the checks be so much older."""
    with closing(sqlite3.connect(file)) as opened, opened:
        for table, column in (
            ("checks", "checked_at"),
            ("documents", "failing_since"),
        ):
            opened.execute(
                f"UPDATE {table} SET {column} = datetime({column}, '-{60 * hours} minutes') || '.000000'"
            )


def test_what_robots_txt_excludes_is_told_once_and_a_page_that_stays_away_until_the_operator_knows(
    tmp_path: Path, site: Site
) -> None:
    site.pages["/robots.txt"] = "User-agent: *\nDisallow: /secret"
    config = watchlist(
        tmp_path, site, f"sqlite:///{tmp_path / 'a.db'}", ("privacy", "secret")
    )
    assert "library/secret: robots: " in policywatch(
        "run", "--config", config, status=1
    )
    age(tmp_path / "a.db", 7)
    assert policywatch("run", "--config", config, status=0) == ""
    assert outcomes(run(config, status=1))["library/secret"] == "robots", (
        "to whom asks for it"
    )
    site.pages["/privacy"] = (404, "")
    for status in (1, 1, 1, 0):
        age(tmp_path / "a.db", 7)
        said = policywatch("run", "--config", config, status=status)
        assert ("library/privacy: gone: " in said, "library/secret" in said) == (
            status == 1,
            False,
        )
    assert "has been unreadable since" in (tmp_path / "operator.txt").read_text(
        "utf-8"
    )
    assert "library/privacy" in policywatch("doctor", "--config", config, status=1)


def run_once(config: Path) -> str:
    """A run that tries nothing again, where a real one does so for more than a minute; its output."""
    first = (
        "import dataclasses, policywatch.pipeline as pipeline\n"
        "settings = pipeline.crawl_settings\n"
        "pipeline.crawl_settings = lambda of: dataclasses.replace(settings(of), retry_waits=())"
    )
    done = warm.done("-c", f"{first}\n{MAIN}", "run", "--config", config)
    assert done.returncode == 1, done.stderr
    return done.stdout + done.stderr


def test_after_total_failure_no_run_is_silent_and_the_next_attempts_come_soon(
    tmp_path: Path,
) -> None:
    with a_site() as gone:
        config = watchlist(
            tmp_path, gone, f"sqlite:///{tmp_path / 'a.db'}", ("privacy", "terms")
        )
    archived = (
        '[[documents]]\nid = "library/rules"\nservice = "Library"\ntitle = "Rules"\nkind = "guidelines"\n'
        f'url = "{gone.url}/rules"\nsource = "open-terms-archive"\ntype = "Rules"\n'
        f'repository = "file://{tmp_path}/nowhere.git"\n'
    )
    config.write_text(f"{config.read_text('utf-8')}\n{archived}", "utf-8")
    first = run_once(config)
    assert "none of 3 documents could be reached: is this machine online?" in first
    assert "library/" not in first, "one cause is told once"
    assert "3 documents, none could be read yet: tried again from " in run_once(
        config
    )
    for minutes, is_due in (
        (6, True),
        (20, True),
        (5, False),
        (40, True),
        (20, False),
    ):
        age(tmp_path / "a.db", minutes / 60)
        said = run_once(config)
        assert ("none of 3 documents could be reached" in said) is is_due, minutes


def test_unknown_documents_and_changes_are_wrong_use(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path / 'a.db'}")
    run(config)
    assert "library/privacy" in policywatch(
        "history", "library/privcy", "--config", config, status=2
    )
    assert "no change 99" in policywatch("show", 99, "--config", config, status=2)
    assert "library/privacy" in policywatch(
        "run", "--document", "x/y", "--config", config, status=2
    )
    assert "policywatch init" in policywatch(
        "run", "--config", tmp_path / "no.toml", status=2
    )


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, site: Site) -> None:
    limit = 2 * 2**20  # bytes, of any file that the program writes
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path / 'a.db'}")
    run(config)
    changed = policy(AI)
    ballast = (
        random.Random(1).randbytes(3 * limit).hex()
    )  # a comment that does not compress below the limit
    site.pages["/privacy"] = f"<!-- {ballast} -->{changed}"

    done = with_small_files(limit, "run", "--now", "--config", config)
    assert done.returncode == 1, done.stderr
    assert "the database failed" in done.stderr
    assert "Traceback" not in done.stderr
    site.pages["/privacy"] = changed
    assert outcomes(run(config)) == {"library/privacy": "changed"}
    assert "train generative AI models" in alerts(tmp_path)


def test_watch_runs_what_is_due_and_ends_on_sigterm(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path / 'a.db'}")
    with warm.running("-m", "policywatch", "watch", "--config", config) as watching:
        until(lambda: _is_read(tmp_path / "a.db"))
        watching.terminate()
        done = watching.wait()
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert (
        f"Z INFO {config}: 1 document watched; the next check is due now\n"
        in done.stderr.split("fetched")[0]
    )
    assert "version 1" in policywatch(
        "history", "library/privacy", "--config", config
    )


def _is_read(file: Path) -> bool:
    if not file.exists():
        return False
    with (
        closing(sqlite3.connect(file)) as opened,
        suppress(sqlite3.OperationalError),
    ):
        return bool(opened.execute("SELECT count(*) FROM versions").fetchone()[0])
    return False


def test_a_person_takes_the_held_text_that_was_shown_or_none(
    tmp_path: Path, site: Site
) -> None:
    config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
    site.pages["/privacy"] = policy()
    run(config)
    site.pages["/privacy"] = policy(paragraphs=PARAGRAPHS[:2])
    run(config, status=1)
    database = Database(f"sqlite:///{tmp_path}/watch.db")
    extraction = ExtractionConfig("Privacy policy of the library", "en")
    with database.reading() as session:
        _, held = held_text(session, "library/privacy", extraction)
    site.pages["/privacy"] = policy(paragraphs=PARAGRAPHS[4:])
    run(config, status=1)
    with pytest.raises(
        AnotherTextHeld,
        match="another text of library/privacy was held while you were looking",
    ):
        accept(
            database,
            "library/privacy",
            extraction,
            lambda *_: (),
            seen=held.page,
            actor=ANNA,
        )
    with database.reading() as session:
        _, held = held_text(session, "library/privacy", extraction)
    assert (
        accept(
            database,
            "library/privacy",
            extraction,
            lambda *_: (),
            seen=held.page,
            actor=ANNA,
        )
        is not None
    )
    database.close()
