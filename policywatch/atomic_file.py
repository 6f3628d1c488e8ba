"""Replaces files atomically, even when the disk fills up."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def replacement(path: Path) -> Iterator[IO[bytes]]:
    """A file beside the old one, which it replaces once complete. Keeps the permissions, and follows links. Raises
    `OSError` with the file's name.
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
        )  # the system names none in write errors
        raise
    finally:
        beside.unlink(missing_ok=True)  # incomplete


@contextmanager
def published() -> Iterator[None]:
    """Files written inside are world-readable; all others are private to the user."""
    former = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(former)


def replace_file(path: Path, body: bytes) -> None:
    """Raises `OSError` with the file's name."""
    with replacement(path) as file:
        file.write(body)
