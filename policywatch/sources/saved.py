"""Pages that somebody saved, as files or in a WARC file, and their import as a document's history."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from w3lib.encoding import http_content_type_encoding
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

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
_GOOD = re.compile(rb"HTTP/\S+ 200\b")


class Saved(NamedTuple):
    """A page without its bytes, which `load` reads when it is its turn."""

    at: datetime
    load: Callable[[], ArchivedText]


def import_saved(
    database: Database, watchlist: Watchlist, entry: DocumentEntry, pages: Sequence[Saved], progress: Progress
) -> DocumentReport:
    """What is later than what was imported before, and earlier than our own first text."""
    with database.reading() as session:
        done, own = imported_around(session, entry.id, None)
    left = sorted(
        (page for page in pages if (not done or page.at > done.captured_at) and (not own or page.at < own.captured_at)),
        key=lambda page: page.at,
    )
    progress(entry.id, len(pages) - len(left))
    config, texts = extraction_configs(watchlist)[entry.id], (page.load() for page in left)
    imported = import_document(database, entry.id, config, texts, progress=partial(progress, entry.id))
    return DocumentReport(entry.id, entry.service, entry.title, False, len(pages), len(pages) - len(left), imported)


def saved_files(path: Path, url: str) -> list[Saved]:
    """The pages of a folder, dated by their names, or those that a CSV of file and date lists. Raises `NotAnArchive`
    where one has no date."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in MIMES)
        rows = [(file, "".join(_DAY.findall(file.name)[:1]), str(file)) for file in files]
    else:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            numbered = [(number, row) for number, row in enumerate(csv.reader(lines), 1) if row]
        rows = [(path.parent / row[0], row[-1], f"{path}:{number}") for number, row in numbered]
    if not rows:
        raise NotAnArchive(f"{path} has no page ({', '.join(MIMES)})")
    times = [(file, _time(date.strip(), where)) for file, date, where in rows]
    return [Saved(at, partial(_read_file, file, at, url)) for file, at in times]


def _time(written: str, where: str) -> datetime:
    """Of a date alone its beginning."""
    try:
        time = datetime.fromisoformat(written)
    except ValueError as failure:
        raise NotAnArchive(f"{where}: found {written!r} where a date like 2025-11-03 belongs") from failure
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    if time > utc_now():
        raise NotAnArchive(f"{where}: {written} is still to come")
    return time


def _read_file(file: Path, at: datetime, url: str) -> ArchivedText:
    body = file.read_bytes() if file.stat().st_size <= LARGEST else Message("archive.no_text")
    mime = MIMES.get(file.suffix.lower(), "text/html")
    return ArchivedText(file.name, at, body, f"saved page, {file.name}", url, url, mime=mime, charset=None)


def warc_pages(path: Path, addresses: Mapping[str, Sequence[str]]) -> tuple[dict[str, list[Saved]], int | None]:
    """By document the good answers of its addresses; and where the file is cut, from which byte on nothing can be read.
    Raises `NotAnArchive`."""
    documents, pages, end = defaultdict(list), defaultdict(list), 0
    for document, urls in addresses.items():
        for key in {_key(url) for url in urls}:
            documents[key].append(document)
    with path.open("rb") as file:
        archive = ArchiveIterator(file, no_record_parse=True)
        try:
            for record in archive:
                headers, start = record.rec_headers, record.raw_stream.readline(100)
                offset = archive.get_record_offset()  # which reads the record to its end
                if not record.length:
                    continue
                if record.raw_stream.limit:  # there is less of it than it says
                    break
                end = offset + archive.get_record_length()
                if headers.get_header("WARC-Type") == "response" and _GOOD.match(start):
                    at = _time(headers.get_header("WARC-Date", ""), f"{path}, byte {offset}")
                    for document in documents[_key(headers.get_header("WARC-Target-URI", ""))]:
                        load = partial(_read_record, path, offset, at, addresses[document][0])
                        pages[document].append(Saved(at, load))
        except ArchiveLoadFailed as failure:
            if not end:
                raise NotAnArchive(f"{path} is no WARC file: {str(failure).strip()[:200]}") from failure
        file.seek(end)
        return pages, end if file.read(100).strip() else None


def _key(url: str) -> str:
    """Addresses that agree in it lead to the same page."""
    parts = urlsplit(url)
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}?{parts.query}"


def _read_record(path: Path, offset: int, at: datetime, url: str) -> ArchivedText:
    with path.open("rb") as file:
        file.seek(offset)
        record = next(ArchiveIterator(file))
        body = record.content_stream().read(LARGEST + 1)
    content_type = record.http_headers.get_header("Content-Type", "")
    is_whole = len(body) <= LARGEST and not record.rec_headers.get_header("WARC-Truncated")
    return ArchivedText(
        record.rec_headers.get_header("WARC-Record-ID", ""),
        at,
        body if is_whole else Message("archive.no_text"),
        f"WARC file, {path.name}",
        url,
        url,
        mime=content_type.partition(";")[0].strip().lower() or "text/html",
        charset=http_content_type_encoding(content_type),
        final_url=record.rec_headers.get_header("WARC-Target-URI"),
        headers=[(name, "" if name.lower() == "set-cookie" else value) for name, value in record.http_headers.headers],
    )
