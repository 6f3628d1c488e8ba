"""Pages that somebody saved as files, and their import as a document's history."""

from __future__ import annotations

import csv
import errno
import os
import re
import stat
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePath
from typing import NamedTuple

from messages import Message
from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import Watchlist
from policywatch.ingest.archived import ArchivedText, import_document
from policywatch.ingest.extraction import extraction_configs
from policywatch.sources.files import MIMES
from policywatch.sources.imports import DocumentReport, Progress
from policywatch.sources.repository import LARGEST, NotAnArchive
from storage.clock import utc_now
from storage.database import Database
from storage.versions import imported_around

_DAY = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)")


class Saved(NamedTuple):
    """A page without its bytes, which `load` reads when it is its turn."""

    at: datetime
    load: Callable[[], ArchivedText]


def import_saved(
    database: Database,
    watchlist: Watchlist,
    entry: DocumentEntry,
    pages: Sequence[Saved],
    progress: Progress,
) -> DocumentReport:
    """What is later than what was imported before, and earlier than our own first text."""
    with database.reading() as session:
        done, own = imported_around(session, entry.id, None)
    left = sorted(
        (
            page
            for page in pages
            if (not done or page.at > done.captured_at)
            and (not own or page.at < own.captured_at)
        ),
        key=lambda page: page.at,
    )
    progress(entry.id, len(pages) - len(left))
    config, texts = (
        extraction_configs(watchlist)[entry.id],
        (page.load() for page in left),
    )
    imported = import_document(
        database, entry.id, config, texts, progress=partial(progress, entry.id)
    )
    return DocumentReport(
        entry.id,
        entry.service,
        entry.title,
        False,
        len(pages),
        len(pages) - len(left),
        imported,
    )


def saved_files(path: Path, url: str) -> list[Saved]:
    """The pages of a folder, dated by their names, or those that a CSV of file and date lists. Raises `NotAnArchive`
    where one has no date, or is no regular file below the folder: what is imported is shown to everybody."""
    if path.is_dir():
        folder = path
        names = sorted(
            file.name for file in path.iterdir() if file.suffix.lower() in MIMES
        )
        rows = [
            (name, "".join(_DAY.findall(name)[:1]), str(path / name)) for name in names
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
    times = [(name, _time(date.strip(), where)) for name, date, where in rows]
    for name, _ in times:
        _read(folder, name, only_look=True)
    return [Saved(at, partial(_read_file, folder, name, at, url)) for name, at in times]


def _time(written: str, where: str) -> datetime:
    """Of a date alone its beginning."""
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


def _read_file(folder: Path, name: str, at: datetime, url: str) -> ArchivedText:
    body, file = _read(folder, name), Path(name)
    return ArchivedText(
        name,
        at,
        body if body is not None else Message("archive.no_text"),
        f"saved page, {file.name}",
        url,
        url,
        mime=MIMES.get(file.suffix.lower(), "text/html"),
        charset=None,
    )


def _read(
    folder: Path, name: str, *, follow: bool = False, only_look: bool = False
) -> bytes | None:
    """The bytes of a regular file; None where it is too large. Below the folder no link is followed, whoever puts one
    there meanwhile. Raises `NotAnArchive`."""
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
            )  # a named pipe would wait for its writer
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
