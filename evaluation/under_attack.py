"""What visitors and long paragraphs cost that are made to hurt: wrong passwords, captures that nobody reads, one paragraph.

python -m evaluation.under_attack
"""

from __future__ import annotations

import random
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.site import a_site, policy, run, serving, watchlist
from tests.test_web_patience import memory
from tests.web_server import get

MANY = 200  # passwords
CAPTURES = 100  # of 4 MB
SENTENCE = "We may use your personal data to train AI models with our partners until you opt out. "


def guess_passwords(url: str) -> None:
    """Print how they are answered, and how long the first page takes meanwhile."""
    waits: list[float] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            began = time.monotonic()
            get(url)
            waits.append(time.monotonic() - began)

    def guess(number: int) -> int:
        tried = {"password": f"wrong {number}"}
        return httpx.post(f"{url}sign-in", data=tried, timeout=100).status_code

    looking = threading.Thread(target=look)
    looking.start()
    with ThreadPoolExecutor(MANY) as pool:
        answers = Counter(pool.map(guess, range(MANY)))
    done.set()
    looking.join()
    print(f"{MANY} passwords: {dict(answers)}; / took at most {max(waits):.1f} s")


def leave_captures(url: str, pid: int) -> None:
    """Ask for them and read nothing; print the memory of the server before and after."""
    where, path = urlsplit(url), "documents/library/privacy/versions/1/capture"
    get(f"{url}{path}")
    before = memory(pid)
    with ExitStack() as silent:
        for _ in range(CAPTURES):
            one = silent.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect((where.hostname, where.port))
            one.sendall(f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        for _ in range(3):
            get(f"{url}{path}", headers={"Accept-Encoding": "identity"})
        print(f"{CAPTURES} captures: {before:.0f} MB, then {memory(pid):.0f} MB")


def compare_paragraph(folder: Path, size: int) -> None:
    before, after = folder / "before.md", folder / "after.md"
    sane = "# Privacy\n\nWe keep your name.\n"
    before.write_text(sane)
    paragraph = SENTENCE * (size // len(SENTENCE))
    after.write_text(f"{sane}\n{paragraph}\n\nWe sell your posts to anyone.\n")
    began = _cpu()
    command = ["-m", "policywatch", "compare", str(before), str(after), "--json"]
    subprocess.run(
        [sys.executable, *command], stdout=subprocess.DEVNULL, check=True
    )
    print(f"a paragraph of {size // 1000} kB: {_cpu() - began:.1f} s of CPU")


def _cpu() -> float:
    """Of children, seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in (20_000, 40_000, 80_000, 130_000):
            compare_paragraph(folder, size)
        with a_site() as site:
            noise = random.Random(1).randbytes(2 * 2**20).hex()
            site.pages["/privacy"] = f"{policy()}<!-- {noise} -->"
            config = watchlist(folder, site, f"sqlite:///{folder}/watch.db")
            run(config, status=0)
        password = {"POLICYWATCH_PASSWORD": "a password that nobody guesses"}
        with serving(config, environ=password) as (url, program):
            get(url)
            guess_passwords(url)
            leave_captures(url, program.pid)


if __name__ == "__main__":
    main()
