"""Writes a file so that at every moment the old one or the new one is there, also where the disk is full."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def replacement(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, which stands beside the old one until all is written, then in its place.

    Keeps the permissions of the old one, and what a link leads to. Raises `OSError` with the file's name.
    """
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.new")
    try:
        with beside.open("wb") as file:
            yield file
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    except OSError as failure:
        failure.filename = failure.filename or str(
            path
        )  # of a write that failed the system names no file
        raise
    finally:
        beside.unlink(missing_ok=True)  # half of it, where the disk is full


@contextmanager
def published() -> Iterator[None]:
    """What is written meanwhile everyone may read, a web server say; all else that the program writes, its user
    alone."""
    former = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(former)


def replace_file(path: Path, body: bytes) -> None:
    """Write the new content as a whole. Raises `OSError` with the file's name."""
    with replacement(path) as file:
        file.write(body)
