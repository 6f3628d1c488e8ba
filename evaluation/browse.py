"""How long pages, feeds and the API take on a large store, and how much memory the server needs for them.

    python -m evaluation.browse make URL [--documents 1000 --versions 100000 --changes 90000]
    python -m evaluation.browse measure URL [--times 200] [--core 0] [--clients 8]
    python -m evaluation.browse archive FOLDER [--versions 42000]  # then: policywatch import open-terms-archive FOLDER

The server runs as a process of its own, on one core if it is given, asked over the loopback by one client. The time is
the client's, on a busy machine mostly waiting; CPU is what the server process spent on the answer, so with SQLite all
of it, and with PostgreSQL all but the work of the database's own process. Then several clients ask at once, without
pause, and a new server is asked for each thing once with nothing of a SQLite file in the system's cache.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import psutil
from sqlmodel import col, select
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evaluation.browse_store import FIRST, LONGEST, NOW, Maker, Sizes, fill
from foundation.vocabulary import TODAY
from policywatch.views.today import store_answers
from policywatch.web.app import create_app
from policywatch.web.serving import Listening, serve
from storage.change_list import ChangeFilter, changes_page
from storage.changes import Change
from storage.database import Database
from storage.documents import documents_page, services_page
from tests.archive import Commit, repository

_TYPES = (
    "Privacy Policy",
    "Terms of Service",
    "Trackers Policy",
    "Community Guidelines",
    "Developer Terms",
)
_LIMIT, _SEARCH_LIMIT = 50, 150  # milliseconds, of the 95th percentile
_LATEST, _SEARCH_LATEST = 80, 250  # of the 99th
_AT_ONCE_LIMIT = 250  # of the 95th, for several clients


def addresses(database: Database, chance: random.Random) -> dict[str, list[str]]:
    """What is asked, by what is measured; several of each, so that no answer stays in a cache for all of them."""
    with database.reading() as session:
        ids = sorted(
            session.exec(select(Change.id).where(col(Change.id) % 997 == 0))
        )
        deep = [
            str(
                changes_page(
                    session,
                    ChangeFilter(until=(FIRST + (NOW - FIRST) * part).date()),
                    limit=1,
                ).older
            )
            for part in (0.1, 0.3, 0.5, 0.7, 0.9)
        ]
        known = [row.id for row in documents_page(session, limit=10_000)][10:]
        services = [name for name, _ in services_page(session, limit=1000)][1::7]
    places = [quote(each, safe="") for each in deep]
    documents = [chance.choice(known) for _ in range(20)]
    filters = {
        "": [""],
        "far back": [f"?cursor={each}" for each in places],
        "common topic": ["?topic=ai_training"],
        "rare topic": ["?topic=security", "?topic=sensitive_minors&severity=high"],
        "service": [f"?service={quote(name)}" for name in services],
        "language": ["?language=fr", "?language=en&topic=tracking"],
        "a rare mixture": [
            "?language=de&topic=transfer&severity=high&direction=limits"
        ],
        "dates": [
            "?since=2023-01-01&until=2023-01-31",
            "?effective_from=2025-12-30",
        ],
        "nothing": ["?until=1970-01-01"],
    }
    searches = [
        "cookies",
        "train models",
        '"to train our models"',
        "we collect your posts",
        "1234",
        "partner*",
    ]
    searches += [
        "sell&service=Service 001",
        "advertising&language=en",
        "delete&standing=true",
        "rank&since=2025-06-01",
    ]
    longest = "service-000/document-0"
    lists = {
        f"changes, {name}" if name else "changes": queries
        for name, queries in filters.items()
    }
    found = {
        "first page": ["/"],
        **{
            name: [f"/changes{query}" for query in queries]
            for name, queries in lists.items()
        },
        "a change": [f"/changes/{id_}" for id_ in ids],
        "services": ["/services"],
        "a service": [f"/services?service={quote(name)}" for name in services],
        "a document": [f"/documents/{id_}" for id_ in documents],
        f"a document of {LONGEST} versions": [
            f"/documents/{longest}",
            f"/documents/{longest}?before=900",
        ],
        "text of a version": [
            f"/documents/{id_}/versions/{chance.randint(1, 40)}"
            for id_ in documents
        ]
        + [f"/documents/{longest}/versions/1500"],
        "one version against the next": [
            f"/documents/{id_}/compare?from=30&to=31" for id_ in documents
        ],
        "a whole rewrite": [
            f"/documents/{id_}/compare?from=1&to=90" for id_ in documents[:4]
        ],
        "text of a day with what came since": [
            f"/documents/{id_}/compare?from=2025-12-01&view=whole"
            for id_ in documents
        ],
        "a change in the whole text": [f"/changes/{id_}?view=whole" for id_ in ids],
        "what holds today": [
            f"/services/{quote(name)}/today" for name in services[:5]
        ],
        "services side by side": [
            f"/today?{'&'.join(f'services={quote(name)}' for name in services[:5])}"
            f"&question={question}"
            for question in TODAY
        ],
        "sitemap": ["/sitemap.xml"],
        "upcoming": ["/upcoming"],
        "health": ["/health"],
        "feed": ["/feed.atom", "/feed.atom?topic=security", "/feed.json"],
        "calendar": ["/calendar.ics"],
        "search": [f"/search?q={quote(each, safe='&=')}" for each in searches],
    }
    api = "/api/v1"
    found |= {
        f"API {name}": [f"{api}/changes{query}" for query in queries]
        for name, queries in lists.items()
    }
    found |= {
        "API a change": [f"{api}/changes/{id_}" for id_ in ids],
        "API passages": [
            f"{api}/passages",
            f"{api}/passages?topic=security",
            f"{api}/passages?service=Service+001",
        ],
        "API services": [f"{api}/services"],
        "API documents": [
            f"{api}/documents",
            f"{api}/documents?service=Service+001",
            f"{api}/documents?limit=200",
        ],
        "API a document": [f"{api}/documents/{id_}" for id_ in documents],
        "API versions": [f"{api}/documents/{longest}/versions"],
        "API a version": [f"{api}/documents/{id_}/versions/7" for id_ in documents],
        "API course": [f"{api}/documents/{longest}/course"],
        "API health": [f"{api}/health"],
        "API what holds today": [
            f"{api}/services/{quote(name)}/today" for name in services[:5]
        ],
        "API search": [
            f"{api}/search?q={quote(each, safe='&=')}" for each in searches
        ],
    }
    return found


@contextmanager
def server(url: str, core: int | None) -> Iterator[tuple[psutil.Process, int]]:
    """A process that serves the store, and its port."""
    command = [sys.executable, "-m", "evaluation.browse", "serve", url]
    environ = os.environ | {"OPENBLAS_NUM_THREADS": "1"}  # as the command does
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environ,
    )
    assert process.stdout is not None
    port = int(process.stdout.readline().split("127.0.0.1:")[1].split("/")[0])
    watched = psutil.Process(process.pid)
    if core is not None:
        watched.cpu_affinity([core])
    try:
        yield watched, port
    finally:
        process.terminate()
        process.wait()


def measure(url: str, *, times: int, core: int | None, clients: int) -> bool:
    """Print a line for each thing that can be asked; whether all were quick enough."""
    database = Database(url)
    file, asked = database.sqlite_file, addresses(database, random.Random(1))
    with database.reading() as session:
        services = [name for name, _ in services_page(session, limit=1000)][1::7]
    while store_answers(database, NOW.date(), services[:5]):
        pass  # as a run does for those that somebody looked at
    database.close()
    well = True
    with server(url, core) as (process, port):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        print(
            f"{'':42} {'time':>8} {'p95':>8} {'p99':>8} {'CPU':>8} {'p95':>8}  ms   kB"
        )
        for name, paths in asked.items():
            _ask(
                connection, paths[0]
            )  # what the first request of a process costs is no page's cost
            answers = [
                _ask(connection, paths[number % len(paths)])
                for number in range(times)
            ]
            (time_, late, latest), (cpu, worst, _) = (
                _figures(row) for row in list(zip(*answers, strict=True))[:2]
            )
            limits = (
                (_SEARCH_LIMIT, _SEARCH_LATEST)
                if "search" in name
                else (_LIMIT, _LATEST)
            )
            is_over = name != "a whole rewrite" and (
                late > limits[0] or latest > limits[1]
            )
            well = well and not is_over
            mark = (
                f"  {'CPU' if worst > limits[0] else 'time'} over {limits}"
                if is_over
                else ""
            )
            figures = f"{time_:8.1f} {late:8.1f} {latest:8.1f} {cpu:8.1f} {worst:8.1f}  {answers[-1][2] / 1000:8.1f}"
            print(f"{name:42} {figures}{mark}", flush=True)
        well = _measure_at_once(port, asked, times, clients) and well
        print(f"memory of the server: {process.memory_info().rss / 1e6:.0f} MB")
    if file is not None:
        with server(url, core) as (_, port):
            _measure_cold(port, asked, file)
    return well


def _measure_cold(port: int, asked: dict[str, list[str]], file: Path) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    _ask(connection, "/api/v1/services")
    took = {}
    for name, paths in asked.items():
        with file.open("rb") as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        took[name], *_ = _ask(connection, paths[-1])
    slowest = sorted(took, key=lambda name: took[name])[-3:]
    of_them = ", ".join(f"{name} {took[name]:.0f}" for name in reversed(slowest))
    print(
        f"cold cache: median {statistics.median(took.values()):.0f} ms, slowest {of_them}"
    )


def _measure_at_once(
    port: int, asked: dict[str, list[str]], times: int, clients: int
) -> bool:
    """Each client asks for everything `times` divided by their number, in an order of its own."""
    requests = [
        (name, path)
        for name, paths in asked.items()
        for path in paths[: max(times // clients, 1)]
    ]

    def client(number: int) -> list[tuple[str, int, float]]:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        mine = random.Random(number).sample(requests, len(requests))
        return [(name, *_answered(connection, path)) for name, path in mine]

    with ThreadPoolExecutor(clients) as pool:
        answers = [
            answer
            for answered in pool.map(client, range(clients))
            for answer in answered
        ]
    statuses = Counter(status for _, status, _ in answers)
    print(
        f"{clients} clients at once: {', '.join(f'{n} answered {status}' for status, n in statuses.items())}"
    )
    _, late, latest = _figures(
        [took for name, _, took in answers if name != "a whole rewrite"]
    )
    print(
        f"{'all but whole rewrites':42} p95 {late:.0f} p99 {latest:.0f} ms (95th percentile at most {_AT_ONCE_LIMIT})"
    )
    return late <= _AT_ONCE_LIMIT and not statuses[503]


def _figures(values: Sequence[float]) -> tuple[float, float, float]:
    """Median, 95th and 99th percentile."""
    hundredths = statistics.quantiles(values, n=100, method="inclusive")
    return hundredths[49], hundredths[94], hundredths[98]


def _answered(
    connection: http.client.HTTPConnection, path: str
) -> tuple[int, float]:
    """The status, and milliseconds until all of the answer was there."""
    began = time.perf_counter()
    connection.request("GET", path, headers={"Accept-Language": "en"})
    answer = connection.getresponse()
    answer.read()
    return answer.status, (time.perf_counter() - began) * 1000


def _ask(
    connection: http.client.HTTPConnection, path: str
) -> tuple[float, float, int]:
    """Milliseconds until all of the answer was there, those of the server's CPU, and bytes."""
    began = time.perf_counter()
    connection.request("GET", path, headers={"Accept-Language": "en"})
    answer = connection.getresponse()
    body = answer.read()
    took = (time.perf_counter() - began) * 1000
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status}")
    return took, float(answer.headers["x-cpu"]), len(body)


class Clocked:
    """The app, with what each answer cost the process up to its first byte in a header; pages are made whole before."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.process_time()

        async def send_with_cost(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-cpu"] = (
                    f"{(time.process_time() - began) * 1000:.2f}"
                )
            await send(message)

        await self._app(scope, receive, send_with_cost)


def archive(folder: Path, versions: int) -> None:
    """A repository of versions: 60 services with 5 documents each, whose texts change by a sentence or two."""
    chance = random.Random(1)
    maker = Maker(chance, 1)
    sentences = [maker.sentence() for _ in range(4000)]
    texts: dict[str, list[str]] = {}
    made = 0
    while made < versions:
        commits = []
        for _ in range(min(2000, versions - made)):
            path = f"Service {chance.randrange(60)}/{chance.choice(_TYPES)}.md"
            lines = texts.setdefault(path, chance.sample(sentences, 60))
            for place in chance.sample(range(60), chance.randint(1, 2)):
                lines[place] = chance.choice(sentences)
            body = "# The policy\n\n" + "\n\n".join(lines) + "\n"
            commits.append(Commit(FIRST + timedelta(hours=made), path, body))
            made += 1
        repository(
            folder,
            commits,
            after="refs/heads/main^0" if made > len(commits) else None,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_subparsers(dest="what", required=True)
    make = what.add_parser("make")
    make.add_argument("url")
    for name, value in (
        ("documents", 1000),
        ("versions", 100_000),
        ("changes", 90_000),
    ):
        make.add_argument(f"--{name}", type=int, default=value)
    measured = what.add_parser("measure")
    measured.add_argument("url")
    measured.add_argument("--times", type=int, default=200)
    measured.add_argument("--clients", type=int, default=8)
    measured.add_argument("--core", type=int)
    served = what.add_parser("serve")
    served.add_argument("url")
    made = what.add_parser("archive")
    made.add_argument("folder", type=Path)
    made.add_argument("--versions", type=int, default=42_000)
    asked = parser.parse_args()
    if asked.what == "make":
        began = time.monotonic()
        fill(
            Database(asked.url),
            Sizes(asked.documents, asked.versions, asked.changes),
        )
        print(f"made in {time.monotonic() - began:.0f} s")
    elif asked.what == "serve":
        app = create_app(Database(asked.url), now=lambda: NOW)
        app.add_middleware(Clocked)
        serve(app, Listening(port=0))
    elif asked.what == "archive":
        archive(asked.folder, asked.versions)
    else:
        sys.exit(
            0
            if measure(
                asked.url, times=asked.times, core=asked.core, clients=asked.clients
            )
            else 1
        )


if __name__ == "__main__":
    main()
