"""A site on the loopback whose pages a test sets, and programs started on it as a person would."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from policywatch.config.recipients import recipients
from policywatch.config.watchlist import load
from policywatch.pipeline import Job
from storage.database import Database
from tests import warm

PARAGRAPHS = (
    "We collect the name and the e-mail address that you give us when you open an account with our library.",
    "We keep the list of the books that you borrow for as long as they are with you, and then for one month.",
    "We use your e-mail address to remind you of books that are due, and for nothing else that we can think of.",
    "Our staff can see which books you have borrowed. Nobody else can, unless a court tells us to show them.",
    "You can ask at the desk what we know of you, and have it corrected or deleted on the spot, at any time.",
    "We keep our computers locked and up to date, and tell you within three days if somebody broke into them.",
)
AI = (
    "From 3 November 2025 we use your reading history and your reviews to train generative AI models, "
    "unless you turn this off under Settings > Privacy > AI training."
)


# for a test whose queries differ, in a module that else tests on SQLite alone
BOTH = pytest.mark.parametrize(
    "database_url", ["sqlite", "postgresql"], indirect=True
)
MAIN = "from policywatch.cli import main; main()"
# the process is bound by the rights of files, also where the tests run as root
BOUND = """
import ctypes
header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
libc = ctypes.CDLL(None)
assert libc.capget(header, data) == 0
for number in (0, 1):  # what it may do now, and what it may allow itself
    data[number] &= ~(1 << 1 | 1 << 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
assert libc.capset(header, data) == 0
"""


def policy(
    *more: str, paragraphs: tuple[str, ...] = PARAGRAPHS, noise: str = ""
) -> str:
    """A small privacy policy; `more` are paragraphs at its end, `noise` stands in its menu."""
    text = "".join(f"<p>{paragraph}</p>" for paragraph in (*paragraphs, *more))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Privacy policy of the library</title></head>'
        f'<body><nav><a href="/">Home</a><a href="/?{noise}">Books {noise}</a></nav>'
        f"<main><h1>Privacy policy of the library</h1><h2>Your data</h2>{text}</main></body></html>"
    )


ERROR_PAGE = (
    '<html lang="en"><head><title>Error</title></head><body><h1>Something went wrong</h1>'
    "<p>Please try again later.</p></body></html>"
)


def unlike(sentence: str, answer: int) -> tuple[str, ...]:
    """Paragraphs that another answer has not: more than the policy has text, so that neither is accepted."""
    return tuple(
        f"{sentence} Number {answer} of {'abcdefghijklmnopqrstuvwxyz'[k] * (k + answer)}."
        for k in range(26)
    )


class Site:
    """`pages` by path, or what makes one anew each time; a path that is not in it answers 404. `asked` counts requests
    by path."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pages: dict[str, str | tuple[int, str] | Callable[[], str]] = {}
        self.asked: dict[str, int] = {}
        self.headers: dict[str, str] = {}  # more of them, of every answer


class Answering(BaseHTTPRequestHandler):
    """Answers whole texts, and logs nothing."""

    def answer(
        self,
        status: int,
        mime: str,
        text: str,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": mime,
            "Content-Length": str(len(text.encode())),
            **(more or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server on the loopback that answers by this handler."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:  # else a test that fails keeps its process from ending
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def a_site() -> Iterator[Site]:
    """A running site."""

    class Answer(Answering):
        def do_GET(self) -> None:
            site.asked[self.path] = site.asked.get(self.path, 0) + 1
            page = site.pages.get(self.path, (404, "no such page"))
            page = page() if callable(page) else page
            status, text = page if isinstance(page, tuple) else (200, page)
            self.answer(status, "text/html; charset=utf-8", text, site.headers)

    with served(Answer) as url:
        site = Site(url)
        yield site


def library() -> Iterator[Site]:
    """A running site with the policy of the library: the `site` of a test."""
    with a_site() as running:
        running.pages["/privacy"] = policy()
        yield running


def watchlist(
    folder: Path,
    site: Site,
    database: str,
    names: tuple[str, ...] = ("privacy",),
    more: str = "",
) -> Path:
    """A policywatch.toml for pages /NAME of the site, as documents library/NAME, alerts going to alerts.txt."""
    text = f'contact = "test@example.org"\ndatabase = "{database}"\nsite = "http://watch.example"\n'
    text += f'{more}\n[crawl]\ndelay = 0\nconfirm_delay = 0\n[[routes]]\nname = "all"\nto = ["file://{folder}/alerts.txt"]\n'
    text += f'[operator]\nto = ["file://{folder}/operator.txt"]\n'
    for name in names:
        text += f'[[documents]]\nid = "library/{name}"\nservice = "Library"\ntitle = "Privacy policy of the library"\n'
        text += f'kind = "privacy-policy"\nurl = "{site.url}/{name}"\nallow_private = true\n'
    file = folder / "policywatch.toml"
    file.write_text(text, "utf-8")
    return file


@contextmanager
def a_job(config: Path) -> Iterator[Job]:
    """The job of a watchlist in this process: for tests of many runs, where starting the program takes the time."""
    loaded = load(config)
    database = Database(loaded.database)
    yield Job(loaded, database, recipients(loaded))
    database.close()


def settled(database: Database) -> None:
    """Wait until nobody else is connected: a server learns a moment later that a process was killed, and does until
    then what it was told."""
    if database.url.get_backend_name() != "postgresql":
        return
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with database.connect().execution_options(
        isolation_level="AUTOCOMMIT"
    ) as connection:
        until(
            lambda: (
                not connection.exec_driver_sql(
                    f"SELECT count(*) {others}"
                ).scalar_one()
            )
        )


def command(*words: object) -> list[str]:
    """The program as installed here, for tests of its start."""
    return [sys.executable, "-m", "policywatch", *map(str, words)]


def policywatch(
    *words: object, status: int | None = 0, environ: Mapping[str, str] | None = None
) -> str:
    """Run it in this process; its standard output. Fails where the exit status is another (None: any) or a traceback is
    shown."""
    done = warm.called(*words, environ=environ)
    assert "Traceback" not in done.stderr, done.stderr
    assert status is None or done.returncode == status, (
        done.returncode,
        done.stdout,
        done.stderr,
    )
    return done.stdout if status == 0 else done.stdout + done.stderr


def with_small_files(size: int, *words: object) -> subprocess.CompletedProcess[str]:
    """Run it where no file can have more bytes than this, as on a full disk."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
    return warm.done("-c", f"{limit}\n{MAIN}", *words)


@contextmanager
def serving(
    config: Path,
    *options: object,
    first: str = "",
    environ: Mapping[str, str] | None = None,
) -> Iterator[tuple[str, warm.Running]]:
    """The address of the pages, with a slash at its end, and the program, which does `first` at its start."""
    words = ("serve", "--port", 0, "--config", config, *options)
    with warm.running("-c", f"{first}\n{MAIN}", *words, environ=environ) as program:
        until(lambda: program.output.endswith("\n"))
        yield program.output.split()[4], program


def until(holds: Callable[[], object]) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + 180
    while not holds():
        assert time.monotonic() < end, "it did not come in three minutes"
        time.sleep(0.05)


def run(config: Path, *words: object, status: int | None = None) -> dict[str, Any]:
    """`run --now --json`, read."""
    printed = policywatch(
        "run", "--now", "--json", *words, "--config", config, status=status
    )
    report: dict[str, Any] = json.JSONDecoder().raw_decode(printed)[
        0
    ]  # what is logged stands behind it
    return report


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    """Each document's outcome."""
    return {check["document"]: check["outcome"] for check in report["checks"]}
