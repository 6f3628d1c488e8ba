"""Makes repositories of versions with git, as an archive would have written them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Commit:
    """A text of one file; None takes it away."""

    at: datetime | int  # or seconds since 1970, where no calendar goes that far
    path: bytes | str
    text: bytes | str | None
    subject: str = "Record new changes"
    mode: str = "100644"


def repository(
    folder: Path, commits: Iterable[Commit], *, after: str | None = None
) -> Path:
    """A bare repository with these commits on `main`, after those that are there."""
    if not folder.exists():
        git("init", "--quiet", "--bare", "--initial-branch=main", str(folder))
    stream = bytearray()
    for number, commit in enumerate(commits):
        at = f"{commit.at if isinstance(commit.at, int) else int(commit.at.timestamp())} +0000"
        message = commit.subject.encode()
        stream += f"commit refs/heads/main\nauthor A <a@example.org> {at}\ncommitter A <a@example.org> {at}\n".encode()
        stream += b"data %d\n%s\n" % (len(message), message)
        if number == 0 and after:
            stream += f"from {after}\n".encode()
        if commit.text is None:
            stream += b"D " + _quoted(commit.path) + b"\n"
            continue
        text = commit.text.encode() if isinstance(commit.text, str) else commit.text
        stream += b"M %s inline %s\ndata %d\n%s\n" % (
            commit.mode.encode(),
            _quoted(commit.path),
            len(text),
            text,
        )
    git(f"--git-dir={folder}", "fast-import", "--quiet", input_=bytes(stream))
    return folder


def bundle(folder: Path, file: Path) -> Path:
    """The repository as one file, without a HEAD, as archives are handed round."""
    git(f"--git-dir={folder}", "bundle", "create", "--quiet", str(file), "main")
    return file


def git(*arguments: str, input_: bytes = b"") -> bytes:
    return subprocess.run(
        ["git", *arguments], input=input_, capture_output=True, check=True
    ).stdout


def _quoted(path: bytes | str) -> bytes:
    raw = path.encode() if isinstance(path, str) else path
    return (
        b'"'
        + b"".join(
            bytes([c]) if 32 <= c < 127 and c not in b'"\\' else b"\\%03o" % c
            for c in raw
        )
        + b'"'
    )
