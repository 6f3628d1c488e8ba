"""What a whole re-check costs, over the loopback: crawl, reader and store, in the process's own CPU.

    python -m evaluation.crawl_cost [nonce] [etag] [memory] [history]

nonce    300 pages of 80 kB that differ from the last time by a nonce only: ms of CPU a page
etag     the same pages, answered 304
memory   the peak of a run over 1,000 pages, beside that over 100
history  the peak of a run over one document with 600 versions, and of `read --again` over them

Each run is a process of its own, so that its CPU (user and system) and its peak are what a person would see; the server
is another. What starting the program costs is measured apart, by a run over one page, and taken off.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SIZE = 80_000  # bytes of a page
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
    size = 0
    for section in range(10_000):
        turned = section * 7 + number
        said = " ".join(WORDS[(turned + n) % len(WORDS)] for n in range(60))
        parts.append(
            f"<h2 id='s{section}'>Part {section}</h2><p class='css-1a2b3c text'>In part {section}, {said}.</p>"
        )
        size += len(parts[-1])
        if size > SIZE * 0.8:
            break
    script = f"<script nonce='{nonce}'>window.build = '{nonce}'; {'/* padding */' * (SIZE // 80)}</script>"
    menu = "".join(f"<li><a href='/p{n}?t={nonce}'>Page {n}</a></li>" for n in range(30))
    text = "".join(parts)
    return (
        f"<!doctype html><html lang='en'><head><title>Privacy policy {number}</title>{script}</head>"
        f"<body><nav><ul>{menu}</ul></nav><main>{text}</main><footer>© 2025 {nonce[:0]}</footer></body></html>"
    ).encode()


class Server:
    """Serves /p0, /p1 ...; `etag` answers 304 to whoever shows it; `more` is a sentence of the text."""

    def __init__(self) -> None:
        self.etag = False
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
                return self.say(200, a_page(int(found[1]), os.urandom(8).hex(), server.more))

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


def watchlist(folder: Path, server: Server, pages: int) -> Path:
    text = f'contact = "bench@example.org"\ndatabase = "sqlite:///{folder}/watch.db"\n'
    text += "[crawl]\ndelay = 0\nconfirm_delay = 0\n"
    for n in range(pages):
        text += f'[[documents]]\nid = "bench/p{n}"\nservice = "Bench"\ntitle = "Privacy policy {n}"\n'
        text += f'kind = "privacy-policy"\nurl = "{server.url}/p{n}"\nallow_private = true\n'
    file = folder / "policywatch.toml"
    file.write_text(text, "utf-8")
    return file


def timed(*words: object) -> tuple[float, float]:
    """Seconds of CPU and the peak in MB of one command, as the system counts them."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([sys.executable, "-m", "policywatch", *map(str, words)], stdout=out, stderr=out)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        if process.returncode != 0:
            sys.exit(f"{words} ended with {process.returncode}: {out.read()[-2000:].decode()}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def per_page(server: Server, folder: Path, pages: int) -> float:
    """Milliseconds of CPU for each page of a re-check, what a run over one page costs taken off."""
    (folder / "one").mkdir()
    (folder / "all").mkdir()
    one, all_ = watchlist(folder / "one", server, 1), watchlist(folder / "all", server, pages)
    for config in (one, all_):
        timed("run", "--now", "--config", config)
    start = min(timed("run", "--now", "--config", one)[0] for _ in range(3))
    whole = min(timed("run", "--now", "--config", all_)[0] for _ in range(3))
    return 1000 * (whole - start) / (pages - 1)


def memory(server: Server, folder: Path, pages: int) -> tuple[float, float]:
    """Peaks in MB of a first run and of a re-check."""
    config = watchlist(folder, server, pages)
    return timed("run", "--now", "--config", config)[1], timed("run", "--now", "--config", config)[1]


def history(server: Server, folder: Path, versions: int) -> tuple[float, float]:
    """Peaks in MB of a re-check of a document with so many versions, and of reading them all again."""
    config = watchlist(folder, server, 1)
    timed("run", "--now", "--config", config)
    _lengthen(folder / "watch.db", versions)
    return timed("run", "--now", "--config", config)[1], timed("read", "--again", "--config", config)[1]


def _lengthen(database: Path, versions: int) -> None:
    """Make a history of one version by writing it again, each with another sentence."""
    from datetime import timedelta

    from sqlmodel import select

    from analysis.page_json import page_from_json
    from analysis.text.normal import fingerprint
    from policywatch.ingest.drafts import draft_change
    from policywatch.ingest.extraction import ExtractionConfig
    from policywatch.ingest.recording import add_change, add_version
    from storage.captures import Capture
    from storage.database import Database
    from storage.versions import Cause, current_version

    store = Database(f"sqlite:///{database}")
    config = ExtractionConfig("Privacy policy 0", "en")
    for n in range(1, versions):
        with store.writing() as session:
            current = current_version(session, "bench/p0")
            assert current is not None
            last = session.exec(select(Capture).where(Capture.id == current.capture_id)).one()
            body = a_page(0, "0", f"This is the text of day {n}, and of no other day.")
            known = {
                name: getattr(last, name)
                for name in ("document_id", "url", "final_url", "status", "headers", "mime", "charset")
            }
            kept = Capture(
                **known, fetched_at=last.fetched_at + timedelta(hours=6), sha256=str(n), size=len(body), body=body
            )
            session.add(kept)
            session.flush()
            page = config.extract(kept)
            assert fingerprint(page.blocks) != current.fingerprint
            before = page_from_json(current.page)
            draft = draft_change(config.compare(before, page))
            version = add_version(session, kept, config, page, current, Cause.PAGE)
            add_change(session, current, version, draft, Cause.PAGE, detected_at=kept.fetched_at)
    store.close()


def main() -> None:
    wanted = sys.argv[1:] or ["nonce", "etag", "memory", "history"]
    for name in wanted:
        started = time.monotonic()
        with serving() as server, tempfile.TemporaryDirectory() as folder:
            here = Path(folder)
            if name in ("nonce", "etag"):
                server.etag = name == "etag"
                print(f"{name}: {per_page(server, here, 300):.1f} ms of CPU a page")
            elif name == "memory":
                (here / "few").mkdir()
                few, many = memory(server, here / "few", 100), memory(server, here, 1000)
                print(
                    f"memory: first run {few[0]:.0f} MB over 100 pages, {many[0]:.0f} MB over 1,000; "
                    f"re-check {few[1]:.0f} and {many[1]:.0f} MB"
                )
            elif name == "history":
                checked, read = history(server, here, 600)
                print(f"history of 600 versions: re-check {checked:.0f} MB, read --again {read:.0f} MB")
        print(f"  ({time.monotonic() - started:.0f} s)", file=sys.stderr)


if __name__ == "__main__":
    main()
