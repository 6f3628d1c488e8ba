"""What changes with the program's own files."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path


@cache
def code_digest(*packages: str) -> str:
    """Of all files of these packages but compiled ones."""
    digest = hashlib.sha256()
    for package in packages:
        for file in sorted(Path(str(resources.files(package))).rglob("*")):
            if file.is_file() and file.suffix != ".pyc":
                digest.update(file.read_bytes())
    return digest.hexdigest()
