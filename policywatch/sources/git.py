"""The git command for strangers' repositories, within limits of time, memory and file size.

No hooks, no configuration of the repository; it ends with us. It connects to checked addresses only, and follows no
redirect.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import IO
from urllib.parse import urlsplit

from foundation.addresses import public_addresses
from policywatch.config.schema import GIT_ADDRESS

SECONDS = 600  # for one command
_LARGEST_FILE = 2 * 2**30  # bytes of a pack
_MEMORY = 2**30  # bytes
_STALLED = (
    "http.lowSpeedLimit=100",
    "http.lowSpeedTime=120",
)  # bytes a second for so many seconds
_FRUGAL = (
    "core.bigFileThreshold=8m",
    "core.deltaBaseCacheLimit=32m",
    "pack.windowMemory=64m",
    "pack.threads=1",
)
_ALONE = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "http.followRedirects=false",
)
# a block has 512 bytes
_LIMITED = (
    'ulimit -f "$1" 2>/dev/null; ulimit -d "$2" 2>/dev/null; shift 2; exec git "$@"'
)
_LAST_WORDS = 4096  # bytes
_PORTS = {"http": 80, "https": 443, "git": 9418, "ssh": 22}


class GitFailed(Exception):
    """On one line, for the operator only: it may speak of the network."""


class Git:
    """`address` is where it may connect to, if anywhere."""

    def __init__(self, address: str = "", *, allow_private: bool = True) -> None:
        """Raises `ForbiddenAddress`, `OSError`."""
        self._scheme = _scheme(address)
        self._pinned: tuple[str, ...] = ()
        if allow_private or self._scheme == "file":
            return
        real = self.run("ls-remote", "--get-url", "--", address).strip()
        if real != address:  # by the user's configuration
            self._scheme = _scheme(real)
            return
        matched, parts = GIT_ADDRESS.match(address), urlsplit(address)
        host = (matched["host"] if matched else None) or parts.hostname or ""
        port = parts.port or _PORTS[self._scheme]
        # ssh knows its host by the key
        addresses = ",".join(
            f"[{each}]" if ":" in each else each
            for each in public_addresses(host, port)
        )
        self._pinned = (f"http.curloptResolve={host}:{port}:{addresses}",)

    def run(self, *arguments: str, input_: str = "") -> str:
        """Its output. Raises `GitFailed`."""
        with (
            self._started(*arguments, stdin=subprocess.PIPE) as process,
            _ended_with_us(process),
        ):
            printed, _ = process.communicate(input_.encode())
        return printed.decode("utf-8", "replace")

    @contextmanager
    def streaming(
        self, *arguments: str, stdin: int = subprocess.DEVNULL
    ) -> Iterator[subprocess.Popen[bytes]]:
        """The rest of its output is drained. Raises `GitFailed`. No deadline, so only for commands without network."""
        with self._started(*arguments, stdin=stdin) as process:
            yield process
            assert process.stdout is not None
            while process.stdout.read(2**16):
                pass

    @contextmanager
    def _started(
        self, *arguments: str, stdin: int
    ) -> Iterator[subprocess.Popen[bytes]]:
        if shutil.which("git") is None:
            raise GitFailed(
                "the `git` command is needed to read an archive, and it is not installed"
            )
        settings = (*_ALONE, *_FRUGAL, *_STALLED, *self._pinned)
        limits = (str(_LARGEST_FILE // 512), str(_MEMORY // 1024))
        command = ["sh", "-c", _LIMITED, "git", *limits, "--no-pager"]
        command += [word for setting in settings for word in ("-c", setting)]
        late = threading.Event()
        with (  # a process group, killed as a whole
            tempfile.TemporaryFile() as errors,
            subprocess.Popen(
                [*command, *arguments],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=self._environment(),
                start_new_session=True,
            ) as process,
        ):

            def end_late() -> None:
                late.set()
                _end(process)

            deadline = threading.Timer(SECONDS, end_late)
            deadline.daemon = True
            deadline.start()
            try:
                yield process
                status = process.wait()
            except BrokenPipeError:
                status = process.wait()
            finally:
                deadline.cancel()
                _end(process)
            if late.is_set():
                raise GitFailed(f"it took longer than {SECONDS / 60:g} minutes")
            if status != 0:
                raise GitFailed(_last_line(errors))

    def _environment(self) -> dict[str, str]:
        """The user's own, so that credentials work; git prompts nobody and takes no repository from it."""
        names = [
            name
            for name in os.environ
            if not name.startswith("GIT_") or name == "GIT_SSH_COMMAND"
        ]
        return (
            {name: os.environ[name] for name in names}
            | {
                "GIT_ALLOW_PROTOCOL": self._scheme,  # above all not "ext", which runs a command
                "GIT_TERMINAL_PROMPT": "0",
                "GIT_NO_LAZY_FETCH": "1",  # fail rather than fetch one by one
                "GIT_OPTIONAL_LOCKS": "0",
                "LC_ALL": "C.UTF-8",
            }
        )


def _scheme(address: str) -> str:
    matched = GIT_ADDRESS.match(address)
    return (matched["scheme"] or "ssh").lower() if matched else "file"


def _end(process: subprocess.Popen[bytes]) -> None:
    """With its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def _ended_with_us(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """SIGTERM ends it, then has its usual effect on us. Only the main thread gets signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: FrameType | None) -> None:
        _end(process)
        signal.signal(number, before)
        os.kill(os.getpid(), number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _last_line(errors: IO[bytes]) -> str:
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - _LAST_WORDS))
    lines = [
        line
        for line in errors.read().decode("utf-8", "replace").splitlines()
        if line.strip()
    ]
    return lines[-1].removeprefix("fatal: ")[:300] if lines else "git said nothing"
