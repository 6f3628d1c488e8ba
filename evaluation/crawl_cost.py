"""What a crawl costs beside the monitors of this field, over the loopback: CPU and memory of the whole process tree.

    python -m evaluation.crawl_cost [--peers VENV] [--repeat 3] [history]

300 pages of 58 to 125 kB are checked for the first time, then again: with a nonce in each answer, with the bytes of the
last time, and answered 304. Medians of the repetitions; CPU (user and system, by the kernel's account of the program
and of all that it started) includes the program's start. VENV is a virtual environment with webchanges and urlwatch,
each with its filter html2text.

history  the peak of a run over one document with 600 versions, and of `read --again` over them
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

PAGES = 300
SIZES = range(58_000, 125_000, 223)  # bytes of a page, one after the other
WORDS = [
    "we",
    "keep",
    "the",
    "name",
    "and",
    "the",
    "address",
    "that",
    "you",
    "give",
    "us",
    "for",
    "as",
    "long",
    "as",
    "you",
    "are",
    "with",
    "us",
    "and",
    "then",
    "for",
    "one",
    "month",
]


def a_page(number: int, nonce: str, more: str = "") -> bytes:
    """A policy of some 9,000 words' worth of markup; `nonce` stands where pages have theirs."""
    parts = [f"<h1>Privacy policy {number}</h1><p>{more}</p>"]
    wanted = SIZES[number % len(SIZES)]
    size = 0
    for section in range(10_000):
        turned = section * 7 + number
        said = " ".join(WORDS[(turned + n) % len(WORDS)] for n in range(60))
        parts.append(
            f"<h2 id='s{section}'>Part {section}</h2><p class='css-1a2b3c text'>In part {section}, {said}.</p>"
        )
        size += len(parts[-1])
        if size > wanted * 0.8:
            break
    script = f"<script nonce='{nonce}'>window.build = '{nonce}'; {'/* padding */' * (wanted // 80)}</script>"
    menu = "".join(
        f"<li><a href='/p{n}?t={nonce}'>Page {n}</a></li>" for n in range(30)
    )
    text = "".join(parts)
    return (
        f"<!doctype html><html lang='en'><head><title>Privacy policy {number}</title>{script}</head>"
        f"<body><nav><ul>{menu}</ul></nav><main>{text}</main><footer>© 2025</footer></body></html>"
    ).encode()


class Server:
    """Serves /p0, /p1 ...; `etag` answers 304 to whoever shows it; `nonce` is in each answer; `more` is a sentence of
    the text."""

    def __init__(self) -> None:
        self.etag = False
        self.nonce = False
        self.more = ""
        server = self

        class Answer(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                found = re.fullmatch(r"/p(\d+)", self.path)
                if found is None:
                    return self.say(404, b"")
                if server.etag and self.headers.get("If-None-Match") == '"1"':
                    return self.say(304, b"")
                return self.say(
                    200,
                    a_page(
                        int(found[1]),
                        os.urandom(8).hex() if server.nonce else "0",
                        server.more,
                    ),
                )

            def say(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                if server.etag:
                    self.send_header("ETag", '"1"')
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.server.shutdown()


@dataclass
class Tool:
    """A monitor: its command, and the files that it is set up with and that it keeps its pages in."""

    name: str
    command: list[str]
    files: Callable[
        [Path, str], dict[str, str]
    ]  # by name, for a folder and the server's address
    store: str
    figures: dict[str, list[float]] = field(default_factory=dict)


def _watchlist(folder: Path, url: str, pages: int = PAGES) -> dict[str, str]:
    text = (
        f'contact = "bench@example.org"\ndatabase = "sqlite:///{folder}/watch.db"\n'
    )
    text += "[crawl]\ndelay = 0\nconfirm_delay = 0\n"
    for n in range(pages):
        text += f'[[documents]]\nid = "bench/p{n}"\nservice = "Bench"\ntitle = "Privacy policy {n}"\n'
        text += (
            f'kind = "privacy-policy"\nurl = "{url}/p{n}"\nallow_private = true\n'
        )
    return {"policywatch.toml": text}


def _jobs(config: str) -> Callable[[Path, str], dict[str, str]]:
    def files(_: Path, url: str) -> dict[str, str]:
        jobs = (
            f"name: p{n}\nurl: {url}/p{n}\nfilter:\n  - html2text\n"
            for n in range(PAGES)
        )
        return {"jobs.yaml": "---\n".join(jobs), "config.yaml": config}

    return files


def tools(peers: Path | None) -> Iterator[Tool]:
    policywatch = [
        sys.executable,
        "-m",
        "policywatch",
        "run",
        "--now",
        "--config",
        "policywatch.toml",
    ]
    yield Tool("policywatch", policywatch, _watchlist, "watch.db*")
    quiet = "report:\n  stdout:\n    enabled: false\n"
    given = ["--urls", "jobs.yaml", "--config", "config.yaml"]
    if peers is not None:
        webchanges = [
            str(peers / "bin/webchanges"),
            "--jobs",
            "jobs.yaml",
            *given[2:],
            "--database",
            "store.db",
        ]
        yield Tool("webchanges", webchanges, _jobs(quiet), "store.db*")
        yield Tool(
            "urlwatch",
            [str(peers / "bin/urlwatch"), *given, "--cache", "store.db"],
            _jobs(quiet),
            "store.db*",
        )


def measured(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds of CPU, and the peak in MB of what the processes have for themselves, of one command."""
    peak = 0.0
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=folder)
        done = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not done.wait(0.1):
                try:
                    tree = [
                        psutil.Process(process.pid),
                        *psutil.Process(process.pid).children(recursive=True),
                    ]
                    peak = max(
                        peak,
                        sum(each.memory_full_info().pss for each in tree) / 2**20,
                    )
                except psutil.Error:
                    continue

        watcher = threading.Thread(target=watch)
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
        done.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        if process.returncode != 0:
            sys.exit(
                f"{command} ended with {process.returncode}: {out.read()[-2000:].decode()}"
            )
    return used.ru_utime + used.ru_stime, peak


def check(tool: Tool, server: Server) -> None:
    """One repetition: a first check and the three kinds of re-check, in a folder of their own."""

    def note(row: str, figure: float) -> None:
        tool.figures.setdefault(row, []).append(figure)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in tool.files(folder, server.url).items():
            (folder / file).write_text(text, "utf-8")
        server.nonce, server.etag = False, True
        seconds, peak = measured(tool.command, folder)
        note("first check, ms", 1000 * seconds / PAGES)
        note("peak memory, MB", peak)
        note(
            "store, MB",
            sum(file.stat().st_size for file in folder.glob(tool.store)) / 1e6,
        )
        note("304, ms", 1000 * measured(tool.command, folder)[0] / PAGES)
        server.etag = False
        note(
            "identical bytes, ms", 1000 * measured(tool.command, folder)[0] / PAGES
        )
        server.nonce = True
        measured(tool.command, folder)
        seconds, peak = measured(tool.command, folder)
        note("a nonce in each answer, ms", 1000 * seconds / PAGES)
        note("peak memory, MB", max(peak, tool.figures["peak memory, MB"].pop()))


def history(server: Server, folder: Path, versions: int) -> tuple[float, float]:
    """Peaks in MB of a re-check of a document with so many versions, and of reading them all again."""
    (folder / "policywatch.toml").write_text(
        _watchlist(folder, server.url, 1)["policywatch.toml"], "utf-8"
    )
    run = next(tools(None)).command
    measured(run, folder)
    _lengthen(folder / "watch.db", versions)
    again = [*run[:3], "read", "--again", "--config", "policywatch.toml"]
    return measured(run, folder)[1], measured(again, folder)[1]


def _lengthen(database: Path, versions: int) -> None:
    """Make a history of one version by writing it again, each with another sentence."""
    from datetime import timedelta

    from sqlmodel import select

    from analysis.page_json import page_from_json
    from analysis.text.normal import fingerprint
    from foundation.vocabulary import Cause
    from policywatch.ingest.captures import add_change, add_version
    from policywatch.ingest.drafts import draft_change
    from policywatch.ingest.extraction import ExtractionConfig
    from storage.captures import Capture, add_capture
    from storage.database import Database
    from storage.versions import current_version

    store = Database(f"sqlite:///{database}")
    config = ExtractionConfig("Privacy policy 0", "en")
    for n in range(1, versions):
        with store.writing() as session:
            current = current_version(session, "bench/p0")
            assert current is not None
            last = session.exec(
                select(Capture).where(Capture.id == current.capture_id)
            ).one()
            body = a_page(
                0, "0", f"This is the text of day {n}, and of no other day."
            )
            known = {
                name: getattr(last, name)
                for name in (
                    "document_id",
                    "url",
                    "final_url",
                    "status",
                    "headers",
                    "mime",
                    "charset",
                )
            }
            kept = Capture(
                **known,
                fetched_at=last.fetched_at + timedelta(hours=6),
                sha256=str(n),
                size=len(body),
                body=body,
            )
            add_capture(session, kept)
            page = config.extract(kept)
            assert fingerprint(page.blocks) != current.fingerprint
            before = page_from_json(current.page)
            draft = draft_change(config.compare(before, page))
            version = add_version(session, kept, config, page, current, Cause.PAGE)
            add_change(
                session,
                current,
                version,
                draft,
                Cause.PAGE,
                detected_at=kept.fetched_at,
            )
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=["history"])
    parser.add_argument("--peers", type=Path, metavar="VENV")
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    with serving() as server:
        if args.what == "history":
            with tempfile.TemporaryDirectory() as folder:
                checked, read = history(server, Path(folder), 600)
            print(
                f"history of 600 versions: re-check {checked:.0f} MB, read --again {read:.0f} MB"
            )
            return
        compared = list(tools(args.peers))
        for _ in range(args.repeat):
            for tool in compared:
                check(tool, server)
    print("| | " + " | ".join(tool.name for tool in compared) + " |")
    print("| --- |" + " --- |" * len(compared))
    for row in compared[0].figures:
        print(
            f"| {row} | "
            + " | ".join(
                f"{statistics.median(tool.figures[row]):.1f}" for tool in compared
            )
            + " |"
        )


if __name__ == "__main__":
    main()
