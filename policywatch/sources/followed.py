"""Documents that are followed in a repository of Open Terms Archive: each of its new texts becomes a check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from crawler.failures import CheckEnded
from messages import Message
from policywatch.config.schema import DocumentEntry
from policywatch.ingest.archived import import_document
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.sources.archive_checks import ArchiveChecks
from policywatch.sources.imports import archived_texts, past_records, unread_records
from policywatch.sources.repository import ArchiveUnreachable, NotAnArchive, Record, Repository, followed
from storage.captures import OPEN_TERMS_ARCHIVE
from storage.checks import Outcome, last_check_from
from storage.database import Database
from storage.versions import archive_name, current_version, first_own, last_import, mark_imported


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
        opened = _opened(address, folder, documents)
        for entry in documents:
            checks = ArchiveChecks(database, entry.id, f"{OPEN_TERMS_ARCHIVE}, {address}, {entry.archive_path}")
            read = partial(_follow, entry=entry, config=configs[entry.id], opened=opened)
            yield entry.id, checks.attempt(read, mistakes)


_Opened = tuple[Repository, dict[str, list[Record]]]  # records by path


def _opened(address: str, folder: Path, entries: Sequence[DocumentEntry]) -> _Opened | Exception:
    """With the records of these documents; or why it can't be read, which is the outcome of each of them."""
    records: dict[str, list[Record]] = {entry.archive_path or "": [] for entry in entries}
    try:
        repository = followed(address, folder)
        for record in repository.records([*records]):
            records[record.path].append(record)
    except (ArchiveUnreachable, NotAnArchive) as failure:
        return failure
    except OSError as failure:
        return ArchiveUnreachable(str(failure))
    for run in records.values():
        run.sort(key=lambda record: (record.at, record.order))
    return repository, records


def _follow(
    checks: ArchiveChecks, *, entry: DocumentEntry, config: ExtractionConfig, opened: _Opened | Exception
) -> list[int]:
    """What is there before the first check that is well is taken as history, and alerts nobody. A text is marked as
    read in the transaction of its check, so that each becomes one, whenever a run is killed."""
    if isinstance(opened, Exception):
        raise opened
    repository, records = opened[0], opened[1][entry.archive_path or ""]
    if not records:
        path = entry.archive_path or ""
        raise CheckEnded(Outcome.GONE, Message("archive.no_document", name=repository.name, path=path))
    database, url = checks.database, entry.addresses[0]
    with database.reading() as session:
        was_read = last_check_from(session, entry.id, checks.source, good=True) is not None
        current = current_version(session, entry.id)
        has_mark = last_import(session, entry.id, OPEN_TERMS_ARCHIVE) is not None
        news = unread_records(session, entry.id, records)
    if not was_read or current is None:
        past = past_records(database, entry.id, records)
        import_document(database, entry.id, config, archived_texts(repository, past, url))
        return [_first_check(checks, records[-1])]
    if not has_mark or archive_name(current.source) != OPEN_TERMS_ARCHIVE:
        news = [record for record in news if record.recorded_at > current.captured_at]
    return [checks.take(text) for text in archived_texts(repository, news, url)] or [checks.repeat()]


def _first_check(checks: ArchiveChecks, newest: Record) -> int:
    with checks.database.writing() as session:
        version = current_version(session, checks.document_id)
        if first_own(session, checks.document_id) is not None:  # what the page said goes on from here
            mark_imported(session, checks.document_id, OPEN_TERMS_ARCHIVE, newest.commit, newest.recorded_at)
    if version is None:
        return checks.end(Outcome.UNREADABLE, Message("archive.no_text"))
    return checks.end(Outcome.FIRST)
