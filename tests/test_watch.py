"""`watch` and `serve` stay while their watchlist is edited."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import psycopg
from sqlalchemy.engine import make_url

from policywatch.config.reloadable import Reloadable, at_rest
from storage.checks import newest_check
from storage.clock import utc_now
from storage.database import Database
from storage.documents import document
from tests import warm
from tests.conftest import made
from tests.owed import owe
from tests.site import AI, a_site, policy, serving, until, watchlist
from tests.web_server import get

HASTY = (
    "import policywatch.watch as w; from datetime import timedelta as t; w._LONGEST_SLEEP = w._SHORTEST_SLEEP = "
    "w._LOST_SLEEP = t(seconds=0.3); from policywatch.cli import main; main()"
)


ENDED_AT_A_START = """
import os, signal, subprocess
from policywatch.cli import main

class Started(subprocess.Popen):
    def __init__(self, *words, **more):
        super().__init__(*words, **more)
        os.kill(os.getpid(), signal.SIGTERM)

subprocess.Popen = Started
main()
"""


def edit(file: Path, words: str) -> None:
    """At one stroke: who reads the file meanwhile sees the old words or the new ones, and not half of them."""
    new = file.with_suffix(".new")
    new.write_text(words)
    new.replace(file)


def test_an_edited_watchlist_holds_at_the_next_turn_and_a_wrong_one_not_at_all(
    tmp_path: Path,
) -> None:
    with a_site() as site:
        site.pages |= {f"/{name}": policy() for name in ("old", "new", "last")}
        config = watchlist(
            tmp_path, site, f"sqlite:///{tmp_path}/watch.db", names=("old",)
        )
        with warm.running("-c", HASTY, "watch", "--config", config) as watching:
            until(lambda: site.asked.get("/old"))
            edit(
                config,
                config.read_text()
                .replace("library/old", "library/new")
                .replace("/old", "/new"),
            )
            until(lambda: site.asked.get("/new"))
            edit(config, f"{config.read_text()}nonsense = 1\n")
            until(lambda: "nonsense" in watching.errors)
            asked = site.asked["/new"]
            with (
                closing(
                    sqlite3.connect(tmp_path / "watch.db", timeout=30)
                ) as database,
                database,
            ):
                database.execute(
                    "UPDATE checks SET checked_at = '2020-01-01 00:00:00.000000'"
                )
            until(lambda: site.asked["/new"] > asked)
            edit(
                config,
                config.read_text()
                .replace("nonsense = 1\n", "")
                .replace("/new", "/last"),
            )
            until(lambda: site.asked.get("/last"))
            watching.terminate()
            done = watching.wait()
        assert (done.returncode, done.stderr.count("until this is fixed")) == (0, 1)


def test_a_watch_that_is_ended_at_the_very_start_of_a_run_ends_that_too(
    tmp_path: Path,
) -> None:
    ended = Event()
    with a_site() as site:
        site.pages["/privacy"] = lambda: policy() if ended.wait(600) else ""
        config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
        edit(
            config, config.read_text().replace("[crawl]", "[crawl]\ntimeout = 600")
        )
        try:
            done = warm.done("-c", ENDED_AT_A_START, "watch", "--config", config)
        finally:
            ended.set()
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), (
            done.stderr
        )


def test_a_database_that_fails_for_a_while_ends_no_watch(tmp_path: Path) -> None:
    with a_site() as site:
        site.pages["/privacy"] = policy()
        config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
        Database(f"sqlite:///{tmp_path}/watch.db").close()
        with (
            warm.running("-c", HASTY, "watch", "--config", config) as watching,
            closing(
                sqlite3.connect(
                    tmp_path / "watch.db", isolation_level=None, timeout=30
                )
            ) as database,
        ):
            until(
                lambda: database.execute(
                    "SELECT count(*) FROM versions"
                ).fetchone()[0]
            )
            database.execute("ALTER TABLE checks RENAME TO gone")
            until(
                lambda: (
                    "no such table: checks; nothing is lost, the watch tries again"
                    in watching.errors
                )
            )
            time.sleep(1)
            database.execute("ALTER TABLE gone RENAME TO checks")
            until(lambda: "the database is back" in watching.errors)
            asked = site.asked["/privacy"]
            database.execute(
                "UPDATE checks SET checked_at = '2020-01-01 00:00:00.000000'"
            )
            until(lambda: site.asked["/privacy"] > asked)
            watching.terminate()
            done = watching.wait()
        assert (
            done.returncode,
            done.stderr.count("no such table: checks; nothing is lost"),
        ) == (0, 1)
        assert "Traceback" not in done.stderr


def test_a_server_that_is_restarted_or_takes_nothing_for_a_while_ends_no_watch(
    tmp_path: Path, postgres_server: str, migrated_postgres: str
) -> None:
    with (
        made(postgres_server, migrated_postgres) as url,
        a_site() as site,
        psycopg.connect(postgres_server, autocommit=True) as server,
    ):
        name = make_url(url).database

        def alter(how: str) -> None:
            server.execute(f"ALTER DATABASE {name} {how}")

        def break_off() -> None:
            server.execute(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            )

        def count(rows: str) -> int:
            """With all documents due: a run that was under way may have fetched what the page said before."""
            with psycopg.connect(url) as database:
                database.execute("SET default_transaction_read_only = off")
                database.commit()
                database.execute(
                    "UPDATE checks SET checked_at = checked_at - interval '1 day'"
                )
                (number,) = database.execute(
                    f"SELECT count(*) FROM {rows}"
                ).fetchone()
            return int(number)

        site.pages["/privacy"] = policy()
        config = watchlist(tmp_path, site, url)
        with warm.running("-c", HASTY, "watch", "--config", config) as watching:
            until(lambda: site.asked.get("/privacy"))
            alter("ALLOW_CONNECTIONS false")
            break_off()
            until(
                lambda: (
                    "not currently accepting connections; nothing is lost"
                    in watching.errors
                )
            )
            alter("ALLOW_CONNECTIONS true")
            until(lambda: "the database is back" in watching.errors)
            until(lambda: count("versions") == 1)
            site.pages["/privacy"] = policy(AI)
            # recorded: before, a connection that breaks off makes it come again
            until(lambda: count("deliveries WHERE state = 'sent'") == 1)
            alter("SET default_transaction_read_only = on")
            break_off()
            count("checks")
            until(lambda: "is it a copy that is only read" in watching.errors)
            site.pages["/privacy"] = policy(
                AI, "We sell your loans to advertisers."
            )
            alter("SET default_transaction_read_only = off")
            until(lambda: count("deliveries WHERE state = 'sent'") == 2)
            watching.terminate()
            done = watching.wait()
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), (
            done.stderr
        )
        told = (tmp_path / "alerts.txt").read_text()
        assert (told.count("Sent for:"), "sell your loans" in told) == (2, True)


def test_the_pages_follow_an_edited_watchlist_and_say_that_a_wrong_one_does_not_hold(
    tmp_path: Path,
) -> None:
    database = Database(f"sqlite:///{tmp_path}/watch.db")
    owe(database, "team")
    database.close()
    config = tmp_path / "policywatch.toml"
    at_once = f'database = "sqlite:///{tmp_path}/watch.db"\n[[routes]]\nname = "team"\nto = ["console://"]\n'
    config.write_text(f'{at_once}when = "weekly tuesday 08:00"\n')
    environ = {**os.environ, "POLICYWATCH_TOKEN": "a token for programs"}
    with serving(config, environ=environ) as (home, program):

        def health() -> tuple[str, str]:
            return get(f"{home}health").text, get(f"{home}api/v1/health").json()[
                "watchlist"
            ]

        assert "in the digest of 7 October 2025" in health()[0]
        config.write_text(at_once)
        assert "with the next run" in health()[0]
        for wrong in (
            f'{at_once}wehn = "daily 08:00"\n',
            at_once.replace("watch.db", "other.db"),
        ):
            config.write_text(wrong)
            for shown, word in (health(), health()):
                assert "The watchlist contains an error." in shown
                assert "with the next run" in shown
                assert "wehn" not in shown, (
                    "who has not signed in need not know the file"
                )
                assert word == "wrong"
        config.write_text(at_once.replace("console://", "${NOT_SET}"))
        assert health()[1] == "wrong", (
            "who can accept a held text must know whom to tell"
        )
        config.write_text(f'{at_once}when = "daily 08:00"\n')
        shown, word = health()
        assert ("in the digest of 6 October 2025" in shown, word) == (True, "good")
        complaints = {
            line.partition(" WARNING ")[2]
            for line in program.errors.splitlines()
            if "until this is fixed" in line
        }
        assert len(complaints) == 3
        assert "can't be changed while `serve` runs" in program.errors


def test_a_file_that_is_just_being_written_is_read_when_it_is_whole(
    tmp_path: Path,
) -> None:
    file = tmp_path / "policywatch.toml"
    file.write_text("contact = 'watch@example.org'\n")

    def write_on() -> None:
        for _ in range(3):
            time.sleep(0.4)
            with file.open("a") as rest:
                rest.write("[[routes]]\n")

    writing = Thread(target=write_on)
    writing.start()
    assert at_rest(file).read_text().count("[[routes]]") == 3
    writing.join()
    began = time.monotonic()
    assert (at_rest(file), at_rest(tmp_path / "none")) == (file, tmp_path / "none")
    assert time.monotonic() - began < 0.5, "nobody waits for a file that is at rest"


def test_a_file_is_read_again_only_when_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    read: list[str] = []
    last = Reloadable(file, lambda: read.append(file.read_text()))
    for text in ("one", "one", "other", "other"):
        if file.read_text() != text:
            file.write_text(text)
        last()
    assert read == ["one", "other"]


def test_a_check_that_somebody_asks_for_comes_within_seconds(
    tmp_path: Path,
) -> None:
    with a_site() as site:
        site.pages["/privacy"] = policy()
        url = f"sqlite:///{tmp_path}/watch.db"
        config = watchlist(tmp_path, site, url)
        with warm.running("-m", "policywatch", "watch", "--config", config):
            until(lambda: site.asked.get("/privacy"))
            database = Database(url)
            until(lambda: _checked(database))
            asked = site.asked["/privacy"]
            with database.writing() as session:
                document(session, "library/privacy").asked_at = utc_now()
            start = time.monotonic()
            until(lambda: site.asked["/privacy"] > asked)
            assert time.monotonic() - start < 20  # it sleeps for minutes
            database.close()


def _checked(database: Database) -> bool:
    with database.reading() as session:
        last = newest_check(session, "library/privacy")
        return last is not None and last.outcome is not None
