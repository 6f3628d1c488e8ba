"""Writes a file so that at every moment the old one or the new one is there, also where the disk is full."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def replace_file(path: Path, body: bytes) -> None:
    """Write the new content beside the old and put it in its place.

    Keeps the permissions of the old one, and what a link leads to. Raises `OSError` with the file's name.
    """
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.new")
    try:
        beside.write_bytes(body)
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    except OSError as failure:
        beside.unlink(missing_ok=True)  # half of it, where the disk is full
        failure.filename = failure.filename or str(path)  # of a write that failed the system names no file
        raise
