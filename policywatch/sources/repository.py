"""The history of strangers' git repositories as a stream, without a checkout.

The git command works within limits of time, memory and file size: no hooks, no configuration of the repository; it
ends with us. It connects to checked addresses only, and follows no redirect.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from sys import intern
from types import FrameType
from typing import IO
from urllib.parse import urlsplit

from foundation.addresses import ForbiddenAddress, public_addresses
from messages import Message
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
            self._started(
                *arguments, stdin=subprocess.PIPE, limited=True
            ) as process,
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
        self, *arguments: str, stdin: int, limited: bool = False
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
            if limited:
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


LARGEST = 20 * 2**20  # bytes
_CHUNK = 2**16
_LONGEST = 2**20  # bytes of a path or subject
_MOST_RECORDS = 1_000_000
_WHERE = ("heads", "remotes/origin")
_BLOBLESS = "--filter=blob:none"  # public archives hold gigabytes


class NotAnArchive(Exception):
    pass


class ArchiveUnreachable(Exception):
    """The message is for the operator; `reason` is public, and says nothing of the network."""

    def __init__(self, problem: str, reason: Message) -> None:
        super().__init__(problem)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Record:
    """`order` is the commit's place in the history, from 0."""

    path: str
    blob: str
    commit: str
    order: int
    at: int | None  # author's Unix time
    subject: str

    @property
    def place(self) -> tuple[float, int]:
        """Oldest first; undated last."""
        return inf if self.at is None else self.at, self.order

    @property
    def recorded_at(self) -> datetime:
        """Raises `NotAnArchive` where the commit has no date."""
        if self.at is None:
            raise NotAnArchive(f"its commit {self.commit[:12]} has no date")
        return datetime.fromtimestamp(self.at, UTC)


@dataclass(frozen=True, slots=True)
class Repository:
    """`folder` is a bare clone of our own."""

    folder: Path
    name: str
    branch: str
    git: Git

    def records(self, paths: Sequence[str] = ()) -> Iterator[Record]:
        """Of every commit, or of these paths, oldest first, without deletions."""
        log = (
            "log",
            "--reverse",
            "-z",
            "--raw",
            "--no-renames",
            "--no-abbrev",
            "--no-show-signature",
        )
        arguments = (
            "--literal-pathspecs",
            *log,
            "--format=%H %at %s",
            self.branch,
            "--",
            *paths,
        )
        with (
            _named(self.name),
            self.git.streaming(f"--git-dir={self.folder}", *arguments) as process,
        ):
            assert process.stdout is not None
            yield from _records(_tokens(process.stdout, self.name), self.name)

    def texts(self, blobs: Sequence[str]) -> Iterator[bytes | None]:
        """None if larger than `LARGEST` or missing. Raises `ArchiveUnreachable`."""
        with _named(self.name):
            self._fetch(blobs)
            here = f"--git-dir={self.folder}"
            with self.git.streaming(
                here, "cat-file", "--batch", stdin=subprocess.PIPE
            ) as process:
                assert process.stdin is not None
                assert process.stdout is not None
                for blob in blobs:
                    process.stdin.write(f"{blob}\n".encode())
                    process.stdin.flush()
                    yield _content(process.stdout)
                process.stdin.close()

    def _fetch(self, blobs: Sequence[str]) -> None:
        """In one fetch; git would fetch each alone."""
        here = f"--git-dir={self.folder}"
        listed = self.git.run(
            here,
            "cat-file",
            "--batch-check",
            input_="".join(f"{blob}\n" for blob in blobs),
        )
        missing = [
            line.split()[0]
            for line in listed.splitlines()
            if line.endswith(" missing")
        ]
        if missing and "promisor = true" in (self.folder / "config").read_text(
            "utf-8"
        ):
            # as git itself fetches omitted objects
            alone = (
                "-c",
                "fetch.negotiationAlgorithm=noop",
                here,
                "fetch",
                "--quiet",
                "--no-tags",
                _BLOBLESS,
            )
            wants = "".join(f"{blob}\n" for blob in missing)
            self.git.run(
                *alone, "--no-write-fetch-head", "--stdin", "origin", input_=wants
            )


@contextmanager
def opened(source: str) -> Iterator[Repository]:
    """A folder, bundle or address; a remote one is cloned and dropped at the end. Raises `NotAnArchive`,
    `ArchiveUnreachable`.
    """
    local = Path(source)
    if not local.exists() and not GIT_ADDRESS.match(source):
        raise NotAnArchive(
            f"there is no folder or file {source!r}; name a repository's folder, a bundle or a git address"
        )
    with tempfile.TemporaryDirectory(prefix="policywatch-archive-") as folder:
        bare, git = (
            Path(folder) / "archive.git",
            Git("" if local.exists() else source),
        )
        # its configuration and hooks are not used: ours only borrows objects; all branches, as a clone of a bundle may
        # have the main one only as its origin's
        if not local.exists():
            _clone(git, source, bare, "--bare", _BLOBLESS)
        else:
            try:
                _clone(
                    git,
                    str(local.resolve()),
                    bare,
                    *(("--mirror", "--shared") if local.is_dir() else ("--bare",)),
                )
            except ArchiveUnreachable as failure:
                raise NotAnArchive(str(failure)) from failure
        name = local.resolve().name if local.exists() else _without_secrets(source)
        yield Repository(bare, name, _branch(git, bare, name), git)


def followed(
    address: str, folder: Path, *, allow_private: bool = False
) -> Repository:
    """A clone kept in a folder, updated. One process at a time. Raises `ArchiveUnreachable`; `NotAnArchive` if empty."""
    name = _without_secrets(address)
    git = _git(address, name, allow_private=allow_private)
    bare = folder / f"{hashlib.sha256(address.encode()).hexdigest()[:16]}.git"
    folder.mkdir(parents=True, exist_ok=True)
    with bare.with_suffix(".lock").open("w") as own:
        fcntl.flock(own, fcntl.LOCK_EX)
        if bare.exists():
            for lock in bare.rglob("*.lock"):  # left by a killed run
                lock.unlink()
            options = (
                "--quiet",
                "--no-tags",
                "--prune",
                "origin",
                "+refs/heads/*:refs/heads/*",
            )
            with _named(name):
                git.run(f"--git-dir={bare}", "fetch", *options)
        else:
            unfinished = bare.with_suffix(".part")
            shutil.rmtree(unfinished, ignore_errors=True)
            _clone(git, address, unfinished, "--bare", _BLOBLESS)
            unfinished.rename(bare)
    return Repository(bare, name, _branch(git, bare, name), git)


def _git(address: str, name: str, *, allow_private: bool) -> Git:
    try:
        with _named(name):
            return Git(address, allow_private=allow_private)
    except ForbiddenAddress as failure:
        raise ArchiveUnreachable(
            str(failure), Message("network.private", where=failure.host)
        ) from failure
    except (OSError, ValueError) as failure:  # no such host or port
        problem = f"no address was found for {name}: {failure}"
        raise ArchiveUnreachable(
            problem, Message("archive.unreachable", name=name)
        ) from failure


def _clone(git: Git, address: str, bare: Path, *kind: str) -> None:
    with _named(_without_secrets(address)):
        git.run(
            "clone",
            "--quiet",
            "--no-tags",
            "--template=",
            *kind,
            "--",
            address,
            str(bare),
        )


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except GitFailed as failure:
        problem = f"git can't read {name}: {failure}"
        raise ArchiveUnreachable(
            problem, Message("archive.unreachable", name=name)
        ) from failure


def _branch(git: Git, bare: Path, name: str) -> str:
    """HEAD, else main or master, local or of the origin, else the only branch."""
    listing = ("for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes")
    with _named(name):
        branches = git.run(f"--git-dir={bare}", *listing).split()
    head = (bare / "HEAD").read_text("utf-8").removeprefix("ref: ").strip()
    for wanted in (
        head,
        *(
            f"refs/{where}/{main}"
            for where in _WHERE
            for main in ("main", "master")
        ),
    ):
        if wanted in branches:
            return wanted
    if len(branches) == 1:
        return branches[0]
    if not branches:
        raise NotAnArchive(f"{name} is empty: it has no commits")
    raise NotAnArchive(
        f"{name} has several branches ({', '.join(branches[:5])}), and none is its main one"
    )


def _tokens(stream: IO[bytes], name: str) -> Iterator[str]:
    rest = b""
    while chunk := stream.read(_CHUNK):
        *whole, rest = (rest + chunk).split(b"\0")
        if len(rest) > _LONGEST:
            raise NotAnArchive(
                f"{name} has a path, or a commit's subject, of more than {_LONGEST // 1024} kB"
            )
        for token in whole:
            yield token.decode("utf-8", "replace").lstrip("\n")
    if rest.strip():
        yield rest.decode("utf-8", "replace").lstrip("\n")


def _records(tokens: Iterator[str], name: str) -> Iterator[Record]:
    commit, moment, subject, order, count = "", "", "", -1, 0
    now = int(time.time())  # later dates come from wrong clocks
    for token in tokens:
        if not token.startswith(":"):
            commit, moment, subject = (*token.split(" ", 2), "", "")[:3]
            order += 1
            continue
        _, mode, _, blob, status = token.split(" ")
        path = intern(next(tokens))  # they recur
        if status[0] in "AMT" and mode.startswith("100"):  # no link or submodule
            count += 1
            if count > _MOST_RECORDS:
                raise NotAnArchive(f"{name} has more than {_MOST_RECORDS} texts")
            at = min(int(moment), now) if moment else None
            yield Record(path, blob, commit, order, at, intern(subject))


def _content(stream: IO[bytes]) -> bytes | None:
    """Raises `GitFailed`."""
    head = stream.readline()
    if not head:
        raise GitFailed("its contents end early")
    words = head.split()
    if len(words) != 3:
        return None
    size = int(words[2])
    left = size + 1
    if size <= LARGEST:
        body = stream.read(left)
        if len(body) < left:
            raise GitFailed("its contents end early")
        return body[:-1]
    while left:
        chunk = stream.read(min(left, _CHUNK))
        if not chunk:
            raise GitFailed("its contents end early")
        left -= len(chunk)
    return None


def _without_secrets(source: str) -> str:
    if "://" not in source:
        return source
    parts = urlsplit(source)
    return parts._replace(
        netloc=parts.netloc.rpartition("@")[2], query="", fragment=""
    ).geturl()
