"""Pages that somebody kept: in a folder, or in a store from before the first release."""

from __future__ import annotations

import csv
import errno
import os
import re
from collections.abc import Iterator, Sequence
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
        file = _file_below(self.folder, name)
        if file.stat().st_size > LARGEST:
            return Message("archive.no_text")
        return Fetched(
            self.document,
            self.url,
            final_url=self.url,
            status=200,
            headers=[],
            mime=MIMES.get(Path(name).suffix.lower(), "text/html"),
            charset=None,
            body=file.read_bytes(),
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
        lines = path.read_text("utf-8-sig").splitlines()
        numbered = [
            (number, row) for number, row in enumerate(csv.reader(lines), 1) if row
        ]
        rows = [(row[0], row[-1], f"{path}:{number}") for number, row in numbered]
    if not rows:
        raise NotAnArchive(f"{path} has no page ({', '.join(MIMES)})")
    files = [(_time(date.strip(), where), name) for name, date, where in rows]
    for _, name in files:
        _file_below(folder, name)
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


def _file_below(folder: Path, name: str) -> Path:
    """A regular one, behind no link below the folder. Raises `NotAnArchive`."""
    parts, file = PurePath(name).parts, folder / name
    if not parts or PurePath(name).is_absolute() or ".." in parts:
        raise NotAnArchive(f"{name!r} is not below {folder}")
    if file.resolve() != folder.resolve() / name:
        why = "it is a link, or lies behind one"
    elif not file.exists():
        why = os.strerror(errno.ENOENT)
    elif not file.is_file():
        why = "it is no file"
    else:
        return file
    raise NotAnArchive(f"{file} can't be read: {why}")


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
