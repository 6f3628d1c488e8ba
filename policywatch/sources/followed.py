"""Documents that are followed in a repository of Open Terms Archive: each of its new texts becomes a check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crawler.failures import CheckEnded
from foundation.vocabulary import Outcome
from messages import Message
from policywatch.config.schema import DocumentEntry
from policywatch.ingest.archived import import_document
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.logs import log
from policywatch.sources.archive_checks import ArchiveChecks
from policywatch.sources.imports import archived_texts, past_records, unread_records
from policywatch.sources.repository import (
    ArchiveUnreachable,
    Record,
    Repository,
    followed,
)
from storage.captures import OPEN_TERMS_ARCHIVE
from storage.checks import last_check_from
from storage.database import Database
from storage.versions import (
    archive_name,
    current_version,
    first_own,
    last_import,
    mark_imported,
)


def follow(
    database: Database,
    entries: Sequence[DocumentEntry],
    configs: Mapping[str, ExtractionConfig],
    folder: Path,
    mistakes: list[Exception],
) -> Iterator[tuple[str, list[int]]]:
    """Read the news of each document in its repository, whose clone is kept in `folder`: its id, and its checks."""
    for address in dict.fromkeys(entry.repository or "" for entry in entries):
        documents = [entry for entry in entries if entry.repository == address]
        archive = _Archive(address, folder, documents)
        for entry in documents:
            checks = ArchiveChecks(
                database,
                entry.id,
                f"{OPEN_TERMS_ARCHIVE}, {address}, {entry.archive_path}",
            )
            read = partial(
                _follow, entry=entry, config=configs[entry.id], archive=archive
            )
            yield entry.id, checks.attempt(read, mistakes)


@dataclass(slots=True)
class _Archive:
    """One repository in one run. Where it can't be had, it rests: no other document waits for it again."""

    address: str
    folder: Path
    entries: Sequence[DocumentEntry]
    _failure: Exception | None = None
    _opened: tuple[Repository, dict[str, list[Record]]] | None = None  # records by path

    @contextmanager
    def opened(self, path: str) -> Iterator[tuple[Repository, list[Record]]]:
        """With the records of a file, which are fetched with those of all documents at the first call. Raises
        `ArchiveUnreachable`, `NotAnArchive`."""
        if self._failure is not None:
            raise self._failure
        try:
            self._opened = self._opened or self._read()
            yield self._opened[0], self._opened[1][path]
        except Exception as failure:
            if self._opened is None or isinstance(failure, ArchiveUnreachable):
                self._failure = failure
                log.warning("%s", failure, extra={"event": "archive failed"})
            raise

    def _read(self) -> tuple[Repository, dict[str, list[Record]]]:
        records: dict[str, list[Record]] = {
            entry.archive_path or "": [] for entry in self.entries
        }
        allow_private = all(entry.allow_private for entry in self.entries)
        repository = followed(self.address, self.folder, allow_private=allow_private)
        for record in repository.records([*records]):
            records[record.path].append(record)
        for run in records.values():
            run.sort(key=lambda record: record.place)
        return repository, records


def _follow(
    checks: ArchiveChecks,
    *,
    entry: DocumentEntry,
    config: ExtractionConfig,
    archive: _Archive,
) -> list[int]:
    with archive.opened(entry.archive_path or "") as (repository, records):
        return _news(checks, entry, config, repository, records)


def _news(
    checks: ArchiveChecks,
    entry: DocumentEntry,
    config: ExtractionConfig,
    repository: Repository,
    records: Sequence[Record],
) -> list[int]:
    """What is there before the first check that is well is taken as history, and alerts nobody. A text is marked as
    read in the transaction of its check, so that each becomes one, whenever a run is killed."""
    if not records:
        path = entry.archive_path or ""
        raise CheckEnded(
            Outcome.GONE,
            Message("archive.no_document", name=repository.name, path=path),
        )
    database, url = checks.database, entry.addresses[0]
    with database.reading() as session:
        was_read = (
            last_check_from(session, entry.id, checks.source, good=True) is not None
        )
        current = current_version(session, entry.id)
        has_mark = last_import(session, entry.id, OPEN_TERMS_ARCHIVE) is not None
        news = unread_records(session, entry.id, records)
    if not was_read or current is None:
        past = past_records(database, entry.id, records)
        import_document(
            database, entry.id, config, archived_texts(repository, past, url)
        )
        return [_first_check(checks, records[-1])]
    if not has_mark or archive_name(current.source) != OPEN_TERMS_ARCHIVE:
        news = [record for record in news if record.recorded_at > current.captured_at]
    return [checks.take(text) for text in archived_texts(repository, news, url)] or [
        checks.repeat()
    ]


def _first_check(checks: ArchiveChecks, newest: Record) -> int:
    with checks.database.writing() as session:
        version = current_version(session, checks.document_id)
        if (
            first_own(session, checks.document_id) is not None
        ):  # what the page said goes on from here
            mark_imported(
                session,
                checks.document_id,
                OPEN_TERMS_ARCHIVE,
                newest.commit,
                newest.recorded_at,
            )
    if version is None:
        return checks.end(Outcome.UNREADABLE, Message("archive.no_text"))
    return checks.end(Outcome.FIRST)
