"""Channels without a server: the terminal, and a text file."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from apprise import NotifyBase, NotifyFormat

_RULE = "=" * 72


class Console(NotifyBase):
    request_rate_per_sec = 0
    notify_format = NotifyFormat.TEXT
    body_maxlen = 1_000_000

    def send(self, body: str, title: str = "", *args: Any, **kwargs: Any) -> bool:
        sys.stdout.write(_entry(title, body))
        sys.stdout.flush()
        return True

    @staticmethod
    def parse_url(url: str, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        return {} if url.strip().lower() == "console://" else None


class TextFile(NotifyBase):
    """`file:///path/alerts.txt`, synced to disk before it reports success."""

    request_rate_per_sec = 0
    notify_format = NotifyFormat.TEXT
    body_maxlen = 1_000_000

    def __init__(self, path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self.path = Path(path)

    def send(self, body: str, title: str = "", *args: Any, **kwargs: Any) -> bool:
        try:
            with self.path.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                size = os.fstat(file.fileno()).st_size
                try:
                    file.write(_entry(title, body).encode())
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    os.ftruncate(file.fileno(), size)
                    raise
        except OSError as failure:
            self.logger.warning("the file can't be written: %s", failure.strerror)
            return False
        return True

    @staticmethod
    def parse_url(url: str, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        written, _, query = url.strip()[len("file://") :].partition("?")
        path = unquote(written)
        if not path or path.endswith("/"):
            return None
        return {
            "path": path,
            **{key: value for key, value in parse_qsl(query) if key == "format"},
        }


def _entry(title: str, body: str) -> str:
    return f"{_RULE}\n{title}\n{_RULE}\n{body.rstrip()}\n\n"
