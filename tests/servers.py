"""Real servers that a test starts for itself: a Matrix homeserver, and ntfy. Where one can't be had, its tests skip."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote

import pytest

SYNAPSE = (
    Path(sys.prefix) / "synapse" / "bin" / "python"
)  # .ci/run puts it there: its packages are not ours
_QUIET: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
_PATIENCE = 300  # seconds


@dataclass
class Matrix:
    """A homeserver with a room of `reader`, into which `watch` is invited."""

    port: int
    token: str = ""
    room: str = ""

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> Any:
        """Its client API, as `reader`."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_matrix/client/v3/{path}",
            json.dumps(body).encode() if body is not None else None,
            {"Content-Type": "application/json"}
            | ({"Authorization": f"Bearer {self.token}"} if self.token else {}),
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
                return json.load(answer)
        except HTTPError as failure:
            raise AssertionError(
                f"{method} {path}: {failure.code} {failure.read().decode()}"
            ) from failure

    def register(self, name: str, password: str) -> str:
        """A new user's access token."""
        asked = {
            "username": name,
            "password": password,
            "auth": {"type": "m.login.dummy"},
        }
        return str(self.call("POST", "register", asked)["access_token"])

    def messages(self) -> list[dict[str, Any]]:
        """What stands in the room, as its reader sees it, oldest first."""
        found = self.call(
            "GET", f"rooms/{quote(self.room)}/messages?dir=b&limit=50"
        )["chunk"]
        return [
            event["content"]
            for event in reversed(found)
            if event["type"] == "m.room.message"
        ]

    def url(self, password: str = "right") -> str:
        """An Apprise address of the room."""
        return f"matrix://watch:{password}@127.0.0.1:{self.port}/%23policies:localhost?e2ee=no&rto=60&cto=60"


@contextmanager
def matrix(folder: Path, port: int) -> Iterator[Matrix]:
    """Up within some ten seconds on a quiet machine."""
    if not SYNAPSE.exists():
        pytest.skip(
            f"NO MATRIX SERVER: {SYNAPSE} is not there; .ci/run installs matrix-synapse and tests with it"
        )
    server = Matrix(port)
    config = folder / "homeserver.yaml"
    synapse = [SYNAPSE, "-m", "synapse.app.homeserver", "--config-path", config]
    made = [
        *synapse,
        "--generate-config",
        "--server-name",
        "localhost",
        "--report-stats",
        "no",
    ]
    subprocess.run(
        made, cwd=folder, check=True, capture_output=True, timeout=_PATIENCE
    )
    limits = {
        name: {"per_second": 1000, "burst_count": 1000}
        for name in ("message", "login", "registration")
    }
    ours = {
        "listeners": [
            {
                "port": server.port,
                "bind_addresses": ["127.0.0.1"],
                "type": "http",
                "resources": [{"names": ["client", "media"]}],
            }
        ],
        "enable_registration": True,
        "enable_registration_without_verification": True,
        "rc_message": limits["message"],
        "rc_registration": limits["registration"],
        "rc_login": {
            "address": limits["login"],
            "account": limits["login"],
            "failed_attempts": limits["login"],
        },
        "trusted_key_servers": [],
    }
    more = folder / "ours.yaml"
    more.write_text(json.dumps(ours), "utf-8")  # JSON is YAML
    running = subprocess.Popen(
        [*synapse, "--config-path", more],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(f"http://127.0.0.1:{server.port}/_matrix/client/versions", running)
        server.register("watch", "right")
        server.token = server.register("reader", "reading")
        asked = {"room_alias_name": "policies", "invite": ["@watch:localhost"]}
        server.room = server.call("POST", "createRoom", asked)["room_id"]
        yield server
    finally:
        running.kill()
        running.wait()


@contextmanager
def ntfy(folder: Path, port: int) -> Iterator[str]:
    """Its host and port; a topic is made by writing to it."""
    program = shutil.which("ntfy")
    if program is None:
        pytest.skip(
            "NO NTFY SERVER: Debian's package ntfy is not installed; .ci/run installs it and tests with it"
        )
    host = f"127.0.0.1:{port}"
    config = folder / "server.yml"
    config.write_text(
        f'base-url: "http://{host}"\nlisten-http: "{host}"\ncache-file: "{folder}/cache.db"\n',
        "utf-8",
    )
    running = subprocess.Popen(
        [program, "serve", "--config", config],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(f"http://{host}/v1/health", running)
        yield host
    finally:
        running.kill()
        running.wait()


def _wait(url: str, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        assert running.poll() is None, "the server ended at once"
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except HTTPError:
            return
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"no answer from {url}")
