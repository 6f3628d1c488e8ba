"""Copies of the Internet Archive: read for documents that have them as their source, in place of pages that don't
answer, or as the history of a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import wayback

from crawler.failures import CheckEnded
from crawler.targets import CrawlSettings, Fetched, Fingerprint, FingerprintOf
from foundation.vocabulary import Outcome
from messages import Message
from policywatch.config.schema import DocumentEntry
from policywatch.ingest.archived import ArchivedText
from policywatch.sources.archive_checks import ArchiveChecks
from policywatch.sources.wayback import (
    ArchiveFailed,
    connected,
    copies,
    memento_url,
    newest_copies,
    page_of,
)
from storage.captures import INTERNET_ARCHIVE
from storage.checks import checks_by_id, last_check_from
from storage.database import Database
from storage.documents import document, is_silent
from storage.versions import current_version, imported_around, last_import

_INSTEAD = {
    Outcome.ROBOTS,
    Outcome.BLOCKED,
    Outcome.GONE,
    Outcome.FAILED,
}  # of a page that does not answer


def silent(
    database: Database, entries: Sequence[DocumentEntry], checks: Sequence[int]
) -> list[DocumentEntry]:
    """Those whose page did not answer, by its check among `checks` and as many before as the operator's `after` says,
    and which the archive may stand in for."""
    with database.reading() as session:
        failing = {
            row.document_id
            for row in checks_by_id(session, checks)
            if row.outcome in _INSTEAD
        }
        allowed = [entry for entry in entries if entry.fallback and entry.id in failing]
        return [entry for entry in allowed if is_silent(document(session, entry.id))]


def read_copies(
    database: Database,
    entries: Sequence[DocumentEntry],
    address: str,
    settings: CrawlSettings,
    fingerprint_of: FingerprintOf,
    mistakes: list[Exception],
) -> Iterator[tuple[str, list[int]]]:
    """Read the newest copy of each page if it is later than what is known of it: the document's id, and its check.

    An archive that does not answer rests: the documents that are left fail as the first one did.
    """
    failed: list[ArchiveFailed] = []

    def read(checks: ArchiveChecks) -> list[int]:
        if failed:
            raise failed[0]
        try:
            return _read(
                checks, entry=entry, client=client, fingerprint_of=fingerprint_of
            )
        except ArchiveFailed as failure:
            if failure.outcome is not Outcome.GONE:  # that is said of one page
                failed.append(failure)
            raise

    with connected(address, settings) as client:
        for entry in entries:
            checks = ArchiveChecks(
                database, entry.id, INTERNET_ARCHIVE, stands_in=entry.source == "page"
            )
            yield entry.id, checks.attempt(read, mistakes)


def _read(
    checks: ArchiveChecks,
    *,
    entry: DocumentEntry,
    client: wayback.WaybackClient,
    fingerprint_of: FingerprintOf,
) -> list[int]:
    with checks.database.reading() as session:
        current = current_version(session, entry.id)
        last = last_check_from(session, entry.id, INTERNET_ARCHIVE)
        own = last_check_from(session, entry.id, None, good=True)
    times = [
        *([current.captured_at] if current else []),
        *([own.checked_at] if own else []),
    ]
    last_met = last.final_url if last is not None else None
    refused: CheckEnded | None = None
    for record in newest_copies(client, entry.addresses[0], max(times, default=None)):
        if memento_url(record) == last_met:
            break
        try:
            page = page_of(client, record, entry.id, entry.addresses[0])
        except ArchiveFailed:
            raise
        except CheckEnded as ended:  # this copy is of no use; the one before may be
            refused = refused or ended
            continue
        if (
            current is not None
            and fingerprint_of(page, Fingerprint(None)).text == current.fingerprint
        ):
            return [checks.end(Outcome.UNCHANGED, address=memento_url(record))]
        return [checks.take(_text(record, page, ""))]
    if refused is not None:
        raise refused
    if current is None and last is None:
        raise CheckEnded(Outcome.GONE, Message("archive.no_copy"))
    return [checks.repeat(last_met)]


def _text(record: wayback.CdxRecord, page: Fetched, mark: str) -> ArchivedText:
    return ArchivedText(
        mark=mark,
        recorded_at=record.timestamp,
        body=page.body,
        source=f"{INTERNET_ARCHIVE}, {memento_url(record)}",
        url=page.url,
        address=memento_url(record),
        final_url=page.final_url,
        mime=page.mime,
        charset=page.charset,
        headers=page.headers,
    )


@dataclass(frozen=True, slots=True)
class Span:
    """Which copies are asked for: of these days, at most one in each time of `every`."""

    since: datetime | None
    until: datetime | None
    every: timedelta

    @property
    def mark(self) -> str:
        return f"{self.since} {self.until} {self.every}"


def past_copies(
    database: Database, client: wayback.WaybackClient, entry: DocumentEntry, span: Span
) -> list[wayback.CdxRecord]:
    """The copies of the span that are still to be read: before the text that stands after them, and after those that
    the same import read before it was stopped. Raises `ArchiveFailed`."""
    with database.reading() as session:
        done = last_import(session, entry.id, INTERNET_ARCHIVE)
    records = copies(
        client, entry.addresses[0], span.since, span.until, every=span.every
    )
    if done is not None and done.commit == span.mark:
        records = [record for record in records if record.timestamp > done.recorded_at]
    if not records:
        return []
    with database.reading() as session:
        before, after = imported_around(session, entry.id, records[0].timestamp)
    records = [
        record
        for record in records
        if before is None or record.timestamp > before.captured_at
    ]
    return [
        record
        for record in records
        if after is None or record.timestamp < after.captured_at
    ]


def past_texts(
    client: wayback.WaybackClient,
    entry: DocumentEntry,
    records: Sequence[wayback.CdxRecord],
    span: Span,
) -> Iterator[ArchivedText]:
    """What stands in each copy, or why nothing can be read there. Raises `ArchiveFailed`."""
    for record in records:
        try:
            yield _text(
                record, page_of(client, record, entry.id, entry.addresses[0]), span.mark
            )
        except ArchiveFailed:
            raise
        except CheckEnded as ended:
            at = memento_url(record)
            source = f"{INTERNET_ARCHIVE}, {at}"
            yield ArchivedText(
                span.mark,
                record.timestamp,
                ended.reason,
                source,
                entry.addresses[0],
                at,
            )
