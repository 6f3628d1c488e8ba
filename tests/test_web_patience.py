"""Who connects to the pages and says nothing, or takes nothing, keeps nobody else from them."""

from __future__ import annotations

import random
import re
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI

from policywatch.web.serving import LimitedProtocol
from tests.site import a_site, policy, run, serving, watchlist
from tests.web_server import get, served

_ALLOWED = 256  # files that the system lets the pages open
_HALF = b"GET /services HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def test_connections_that_ask_for_nothing_neither_shut_the_pages_nor_fill_the_log(
    tmp_path: Path,
) -> None:
    with a_site() as site:
        file = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
    few = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({_ALLOWED}, {_ALLOWED}))"
    with serving(file, first=few) as (url, program), ExitStack() as silent:
        where = urlsplit(url)
        for _ in range(2 * _ALLOWED):
            one = silent.enter_context(
                socket.create_connection((where.hostname, where.port), timeout=60)
            )
            one.send(_HALF)
        assert get(f"{url}services").status_code == 200
        program.terminate()
        lines = program.wait().stderr.splitlines()
    assert [line.split()[4:6] for line in lines] == [["/services", "200"]]


class _Hasty(LimitedProtocol):
    request_seconds = 0.2


@pytest.mark.parametrize(
    "said",
    [b"", _HALF, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhal"],
    ids=["nothing", "half a head", "half a form"],
)
def test_who_does_not_say_what_he_wants_is_left(said: bytes) -> None:
    app = FastAPI()

    @app.post("/")
    def take(form: dict[str, str]) -> None: ...

    with served(app, http=_Hasty) as url:
        where = urlsplit(url)
        with socket.create_connection(
            (where.hostname, where.port), timeout=60
        ) as one:
            one.sendall(said)
            with suppress(ConnectionResetError):
                assert one.recv(1) == b""
        assert get(f"{url}/openapi.json").status_code == 200


def test_an_answer_may_take_longer_than_a_question() -> None:
    app = FastAPI()

    @app.get("/slow")
    def slow() -> str:
        time.sleep(1)
        return "done"

    with served(app, http=_Hasty) as url:
        assert get(f"{url}/slow").json() == "done"


def test_captures_that_nobody_takes_fill_no_memory(tmp_path: Path) -> None:
    """Forty of 4 MB each took 160 MB more."""
    with a_site() as site:
        site.pages["/privacy"] = policy().replace(
            "</html>",
            f"<!-- {random.Random(1).randbytes(2 * 2**20).hex()} --></html>",
        )
        file = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
        run(file, status=0)
    with serving(file) as (url, program), ExitStack() as silent:
        where, path = urlsplit(url), "documents/library/privacy/versions/1/capture"
        whole = get(f"{url}{path}").content
        before = memory(program.pid)
        for _ in range(40):
            one = silent.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect((where.hostname, where.port))
            one.sendall(f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        answers = [
            get(f"{url}{path}", headers={"Accept-Encoding": "identity"})
            for _ in range(3)
        ]  # which come after theirs have begun
        grown = memory(program.pid) - before
    assert {answer.content for answer in answers} == {whole}
    assert answers[0].headers["content-length"] == str(len(whole))
    assert grown < 60, grown


def memory(pid: int) -> float:
    """Of a process at its most, in MB."""
    (line,) = re.findall(
        r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("ascii")
    )
    return int(line) / 1024
