"""The history of a git repository as a stream, by the `git` command; no checkout, no hooks, not its configuration."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from sys import intern
from typing import IO
from urllib.parse import urlsplit

LARGEST = 20 * 2**20  # bytes of one text; more is no policy
_PROTOCOLS = "file:git:http:https:ssh"  # not "ext", which would start a command
GIT_ADDRESS = re.compile(r"(?i)(?:https?|ssh|git|file)://|[\w.-]+@[\w.-]+:")
_CHUNK = 2**16
_WHERE = ("heads", "remotes/origin")
_BLOBLESS = "--filter=blob:none"  # public archives hold gigabytes
_STALLED = ("http.lowSpeedLimit=100", "http.lowSpeedTime=120")  # bytes a second, seconds: given up


class NotAnArchive(Exception):
    """What was named is no archive that can be read; nothing was stored."""


class ArchiveUnreachable(Exception):
    """git could not get the archive; what was stored before is kept."""


@dataclass(frozen=True, slots=True)
class Record:
    """One commit's text of one file. `order` is the commit's place in the history, from 0."""

    path: str
    blob: str
    commit: str
    order: int
    at: int  # seconds since 1970, of the author
    subject: str

    @property
    def recorded_at(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository that git can read: `folder` is a bare one of our own, `name` what people call the source."""

    folder: Path
    name: str
    branch: str

    def records(self, paths: Sequence[str] = ()) -> Iterator[Record]:
        """Every text that a commit brought, or those at these paths, oldest commit first; what a commit deleted is left
        out."""
        arguments = ("log", "--reverse", "-z", "--raw", "--no-renames", "--no-abbrev", "--no-show-signature")
        with self._git("--literal-pathspecs", *arguments, "--format=%H %at %s", self.branch, "--", *paths) as process:
            assert process.stdout is not None
            yield from _records(_tokens(process.stdout))

    def texts(self, blobs: Sequence[str]) -> Iterator[bytes | None]:
        """The contents of blobs, in order; None for one that is larger than `LARGEST` or not there. Raises
        `ArchiveUnreachable` where the clone has left them out, and they can't be fetched."""
        self._fetch(blobs)
        with self._git("cat-file", "--batch", stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for blob in blobs:
                process.stdin.write(f"{blob}\n".encode())
                process.stdin.flush()
                yield _content(process.stdout)
            process.stdin.close()

    def _fetch(self, blobs: Sequence[str]) -> None:
        """Fetch at once what is missing: git would ask for each alone."""
        here = f"--git-dir={self.folder}"
        listed = _run(self.name, here, "cat-file", "--batch-check", input_="".join(f"{blob}\n" for blob in blobs))
        missing = [line.split()[0] for line in listed.splitlines() if line.endswith(" missing")]
        if missing and "promisor = true" in (self.folder / "config").read_text("utf-8"):
            # as git itself fetches what a clone has left out
            alone = ("-c", "fetch.negotiationAlgorithm=noop", here, "fetch", "--quiet", "--no-tags", _BLOBLESS)
            wants = "".join(f"{blob}\n" for blob in missing)
            _run(self.name, *alone, "--no-write-fetch-head", "--stdin", "origin", input_=wants)

    @contextmanager
    def _git(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
        command = [*_command(), f"--git-dir={self.folder}", *arguments]
        with (
            tempfile.TemporaryFile() as errors,
            subprocess.Popen(
                command, stdin=stdin, stdout=subprocess.PIPE, stderr=errors, env=_environment()
            ) as process,
        ):
            try:
                yield process
                assert process.stdout is not None
                process.stdout.read()
                if process.wait() != 0:
                    errors.seek(0)
                    raise ArchiveUnreachable(f"git could not read {self.name}: {_last_line(errors.read())}")
            finally:
                process.kill()


@contextmanager
def opened(source: str) -> Iterator[Repository]:
    """A repository in a folder, a bundle or at an address; what is not on this disk is fetched, and dropped at the end.

    Raises `NotAnArchive` where it is no repository, `ArchiveUnreachable` where git can't fetch it.
    """
    local = Path(source)
    if not local.exists() and not GIT_ADDRESS.match(source):
        raise NotAnArchive(
            f"there is no folder or file {source!r}; name a repository's folder, a bundle or a git address"
        )
    with tempfile.TemporaryDirectory(prefix="policywatch-archive-") as folder:
        bare = Path(folder) / "archive.git"
        # What a local repository's own configuration says, hooks and all, is not looked at: ours only borrows objects.
        # All its branches come along: a clone of a bundle may know the one that counts only as its origin's.
        if not local.exists():
            _clone(source, bare, "--bare", _BLOBLESS)
        else:
            try:
                _clone(str(local.resolve()), bare, *(("--mirror", "--shared") if local.is_dir() else ("--bare",)))
            except ArchiveUnreachable as failure:
                raise NotAnArchive(str(failure)) from failure
        name = local.resolve().name if local.exists() else _without_secrets(source)
        yield Repository(bare, name, _branch(bare, name))


def followed(address: str, folder: Path) -> Repository:
    """A repository whose clone is kept in a folder, with its news; without the contents of files, where the server can
    leave them out. One process at a time, others wait. Raises `ArchiveUnreachable`; `NotAnArchive` if it is empty."""
    name = _without_secrets(address)
    bare = folder / f"{hashlib.sha256(address.encode()).hexdigest()[:16]}.git"
    folder.mkdir(parents=True, exist_ok=True)
    with bare.with_suffix(".lock").open("w") as own:
        fcntl.flock(own, fcntl.LOCK_EX)
        if bare.exists():
            for lock in bare.rglob("*.lock"):  # of a run that was killed
                lock.unlink()
            options = ("--quiet", "--no-tags", "--prune", "origin", "+refs/heads/*:refs/heads/*")
            _run(name, f"--git-dir={bare}", "fetch", *options)
        else:
            unfinished = bare.with_suffix(".part")
            shutil.rmtree(unfinished, ignore_errors=True)
            _clone(address, unfinished, "--bare", _BLOBLESS)
            unfinished.rename(bare)
    return Repository(bare, name, _branch(bare, name))


def _clone(address: str, bare: Path, *kind: str) -> None:
    options = ("--quiet", "--no-tags", "--template=", *kind)
    _run(_without_secrets(address), "clone", *options, "--", address, str(bare))


def _run(name: str, *arguments: str, input_: str = "") -> str:
    """What git prints. Raises `ArchiveUnreachable`, which names the archive."""
    if shutil.which("git") is None:
        raise ArchiveUnreachable("the `git` command is needed to read an archive, and it is not installed")
    command = [*_command(), *arguments]
    done = subprocess.run(command, input=input_.encode(), capture_output=True, env=_environment(), check=False)
    if done.returncode != 0:
        raise ArchiveUnreachable(f"git can't read {name}: {_last_line(done.stderr)}")
    return done.stdout.decode("utf-8", "replace")


def _command() -> list[str]:
    settings = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", *_STALLED)
    return ["git", "--no-pager", *(word for setting in settings for word in ("-c", setting))]


def _environment() -> dict[str, str]:
    """The user's own, so that proxies and credentials work; but git asks nobody and takes no repository from it."""
    own = {name: os.environ[name] for name in os.environ if not name.startswith("GIT_") or name == "GIT_SSH_COMMAND"}
    return own | {
        "GIT_ALLOW_PROTOCOL": _PROTOCOLS,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",  # what is missing is fetched at once, or a failure
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C.UTF-8",
    }


def _branch(bare: Path, name: str) -> str:
    """The commit to begin from: of HEAD, else of main or master, here or of the origin, else of the only branch."""
    listing = ("for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes")
    branches = _run(name, f"--git-dir={bare}", *listing).split()
    head = (bare / "HEAD").read_text("utf-8").removeprefix("ref: ").strip()
    for wanted in (head, *(f"refs/{where}/{main}" for where in _WHERE for main in ("main", "master"))):
        if wanted in branches:
            return wanted
    if len(branches) == 1:
        return branches[0]
    if not branches:
        raise NotAnArchive(f"{name} is empty: it has no commits")
    raise NotAnArchive(f"{name} has several branches ({', '.join(branches[:5])}), and none is its main one")


def _tokens(stream: IO[bytes]) -> Iterator[str]:
    rest = b""
    while chunk := stream.read(_CHUNK):
        *whole, rest = (rest + chunk).split(b"\0")
        for token in whole:
            yield token.decode("utf-8", "replace").lstrip("\n")
    if rest.strip():
        yield rest.decode("utf-8", "replace").lstrip("\n")


def _records(tokens: Iterator[str]) -> Iterator[Record]:
    commit, at, subject, order = "", 0, "", -1
    now = int(time.time())  # nobody recorded anything in time to come: that clock was wrong
    for token in tokens:
        if not token.startswith(":"):
            commit, moment, subject = (*token.split(" ", 2), "")[:3]
            at, order = min(int(moment), now), order + 1
            continue
        _, mode, _, blob, status = token.split(" ")
        path = intern(next(tokens))  # names and subjects come again and again, and a large archive is held in memory
        if status[0] in "AMT" and mode.startswith("100"):  # a file; neither a link nor another repository
            yield Record(path, blob, commit, order, at, intern(subject))


def _content(stream: IO[bytes]) -> bytes | None:
    head = stream.readline().split()
    if len(head) != 3:
        return None
    size = int(head[2])
    if size <= LARGEST:
        body = stream.read(size)
        stream.read(1)
        return body
    left = size + 1
    while left:
        left -= len(stream.read(min(left, _CHUNK)))
    return None


def _without_secrets(source: str) -> str:
    if "://" not in source:
        return source
    parts = urlsplit(source)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _last_line(output: bytes) -> str:
    lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].removeprefix("fatal: ")[:300] if lines else "git said nothing"
