"""Pages that somebody kept: in a folder, or in a store from before the first release."""

from __future__ import annotations

import csv
import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePath
from typing import ClassVar

from crawler.targets import Fetched
from messages import Message
from policywatch.ingest.archived import ArchivedText
from policywatch.sources.files import MIMES
from policywatch.sources.repository import LARGEST, NotAnArchive
from policywatch.sources.source import is_new
from storage.clock import utc_now
from storage.errors import DamagedValue
from storage.older_stores import OldCapture, OlderStore
from storage.versions import Import

_DAY = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)")


@dataclass(frozen=True, slots=True)
class SavedPages:
    """`files` with their times, oldest first, named below the folder; `url` is its page's."""

    archive: ClassVar = "saved page"
    folder: Path
    files: Sequence[tuple[datetime, str]]
    document: str
    url: str

    def texts(self, since: Import | None) -> Iterator[ArchivedText]:
        for at, name in self.files:
            if is_new(at, since):
                source = f"{self.archive}, {Path(name).name}"
                load = partial(self._page, name)
                yield ArchivedText(name, at, load, source, self.url)

    def _page(self, name: str) -> Fetched | Message:
        body = _read(self.folder, name)
        if body is None:
            return Message("archive.no_text")
        return Fetched(
            self.document,
            self.url,
            final_url=self.url,
            status=200,
            headers=[],
            mime=MIMES.get(Path(name).suffix.lower(), "text/html"),
            charset=None,
            body=body,
        )


def saved_pages(path: Path, document: str, url: str) -> SavedPages:
    """Dated by their names, or by a CSV of file and date. Raises `NotAnArchive` where one lacks a date or is no regular
    file below the folder: what is imported is public.
    """
    if path.is_dir():
        folder = path
        names = sorted(
            file.name for file in path.iterdir() if file.suffix.lower() in MIMES
        )
        rows = [
            (name, "".join(_DAY.findall(name)[:1]), str(path / name))
            for name in names
        ]
    else:
        folder = path.parent
        table = _read(path.parent.resolve(), path.name, follow=True) or b""
        lines = table.decode("utf-8-sig").splitlines()
        numbered = [
            (number, row) for number, row in enumerate(csv.reader(lines), 1) if row
        ]
        rows = [(row[0], row[-1], f"{path}:{number}") for number, row in numbered]
    if not rows:
        raise NotAnArchive(f"{path} has no page ({', '.join(MIMES)})")
    files = [(_time(date.strip(), where), name) for name, date, where in rows]
    for _, name in files:
        _read(folder, name, only_look=True)
    return SavedPages(folder, sorted(files), document, url)


def _time(written: str, where: str) -> datetime:
    """A date is its beginning."""
    try:
        time = datetime.fromisoformat(written)
    except ValueError as failure:
        raise NotAnArchive(
            f"{where}: found {written!r} where a date like 2025-11-03 belongs"
        ) from failure
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    if time > utc_now():
        raise NotAnArchive(f"{where}: {written} is still to come")
    return time


def _read(
    folder: Path, name: str, *, follow: bool = False, only_look: bool = False
) -> bytes | None:
    """Of a regular file; None if too large. No link below the folder is followed, even if put there meanwhile. Raises
    `NotAnArchive`.
    """
    parts = PurePath(name).parts
    if not parts or PurePath(name).is_absolute() or ".." in parts:
        raise NotAnArchive(f"{name!r} is not below {folder}")
    follows = 0 if follow else os.O_NOFOLLOW
    with ExitStack() as opened:

        def below(part: str, flags: int, parent: int | None) -> int:
            descriptor = os.open(
                part, os.O_RDONLY | os.O_CLOEXEC | flags, dir_fd=parent
            )
            opened.callback(os.close, descriptor)
            return descriptor

        try:
            here = below(str(folder), os.O_DIRECTORY, None)
            for part in parts[:-1]:
                here = below(part, os.O_DIRECTORY | follows, here)
            file = below(
                parts[-1], os.O_NONBLOCK | follows, here
            )  # opening a named pipe would block
        except OSError as failure:
            is_link = failure.errno in {errno.ELOOP, errno.ENOTDIR}
            why = (
                "it is a link, or lies behind one"
                if is_link
                else os.strerror(failure.errno or 0)
            )
            raise NotAnArchive(f"{folder / name} can't be read: {why}") from failure
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise NotAnArchive(f"{folder / name} can't be read: it is no file")
        if only_look or status.st_size > LARGEST:
            return None
        with os.fdopen(os.dup(file), "rb") as stream:
            return stream.read(LARGEST)


@dataclass(frozen=True, slots=True)
class StoredPages:
    """`name` is the store's."""

    archive: ClassVar = "earlier store"
    store: OlderStore
    captures: Sequence[OldCapture]
    document: str
    name: str

    def texts(self, since: Import | None) -> Iterator[ArchivedText]:
        source = f"{self.archive}, {self.name}"
        for id_, at in self.captures:
            if is_new(at, since):
                load = partial(self._page, id_)
                yield ArchivedText(f"{id_}", at, load, source, self.name)

    def _page(self, id_: int) -> Fetched | Message:
        try:
            return Fetched(self.document, **self.store.answer(id_))
        except DamagedValue:
            return Message("archive.no_text")
