"""What an operator has of the pages: a log of requests."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.site import a_site, command, watchlist
from tests.web_server import get


@contextmanager
def serving(config: Path, log: Path, *options: str) -> Iterator[str]:
    """The address of the pages, with a slash at its end."""
    words = command("serve", "--port", "0", "--config", config, *options)
    with log.open("wb") as errors, subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True) as started:
        try:
            assert started.stdout is not None
            yield started.stdout.readline().split()[4]
        finally:
            started.terminate()



@pytest.mark.parametrize("form", ["text", "json"])
def test_each_request_is_a_line_of_the_log(tmp_path: Path, form: str) -> None:
    with a_site() as site:
        config = watchlist(tmp_path, site, f"sqlite:///{tmp_path}/watch.db")
    with serving(config, tmp_path / "log", "--log-format", form, "--trusted-proxy", "127.0.0.1") as home:
        first = get(f"{home}changes?service=%0aNobody", headers={"X-Forwarded-For": "192.0.2.7"})
        httpx.head(f"{home}services", timeout=60)
        get(f"{home}search?q={'a' * 60_000}")
    lines = (tmp_path / "log").read_text().splitlines()
    size = int(first.headers["content-length"])
    if form == "json":
        told = [json.loads(line) for line in lines]
        assert told[0].items() >= {"client": "192.0.2.7", "method": "GET", "status": 400, "bytes": size}.items()
        assert told[0]["path"] == "/changes?service=%0aNobody"
        assert set(told[0]) == {"time", "client", "method", "path", "status", "bytes", "ms"}
        assert [(one["method"], one["status"], one["bytes"] > 0) for one in told[1:]] == [
            ("HEAD", 200, False),
            ("GET", 414, True),
        ]
    else:
        time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00"
        assert re.fullmatch(rf"{time} 192\.0\.2\.7 GET /changes\?service=%0aNobody 400 {size} \d+", lines[0])
        assert re.fullmatch(rf"{time} 127\.0\.0\.1 HEAD /services 200 0 \d+", lines[1])
        assert [len(line) < 2_200 for line in lines] == [True] * 3
