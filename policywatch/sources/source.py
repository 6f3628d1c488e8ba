"""What all archives share: their past is imported as history, their news become checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlmodel import Session

from crawler.failures import CheckEnded
from crawler.targets import Fetched
from foundation.vocabulary import Outcome
from messages import Message, program_error
from policywatch.ingest.archived import ArchivedText, Imported, import_document
from policywatch.ingest.checks import finish
from policywatch.ingest.extraction import ExtractionConfig
from policywatch.logs import log
from policywatch.sources.repository import ArchiveUnreachable, NotAnArchive
from storage.captures import add_capture
from storage.checks import Check, last_set_aside
from storage.clock import utc_now
from storage.database import Database
from storage.errors import isolate_errors
from storage.versions import (
    Import,
    current_version,
    last_import,
    mark_imported,
)

Progress = Callable[[str, int | None, int], None]  # document, texts in all, done


class Source(Protocol):
    """Raises `CheckEnded`, `ArchiveUnreachable`, `NotAnArchive`."""

    @property
    def archive(self) -> str: ...

    def texts(self, since: Import | None) -> Iterator[ArchivedText]:
        """After the last one read, oldest first, each fetched when it is its turn."""


def is_new(at: datetime, since: Import | None) -> bool:
    """By date: for sources whose texts have no other order."""
    return since is None or at > since.recorded_at


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`continues`: it is a document of the watchlist."""

    id: str
    service: str
    type: str
    continues: bool
    in_archive: int
    done: Imported

    @property
    def left_out(self) -> int:
        """Imported before, or later than an existing text."""
        return self.in_archive - self.done.texts

    def json(self) -> dict[str, Any]:
        names = ("service", "type", "continues", "in_archive", "left_out")
        counts = ("versions", "changes", "flagged", "same")
        return {
            "document": self.id,
            **{name: getattr(self, name) for name in names},
            **{name: getattr(self.done, name) for name in counts},
            "set_aside": [
                {
                    "commit": text.mark,
                    "recorded_at": text.recorded_at.isoformat(),
                    "reason": str(reason),
                }
                for text, reason in self.done.set_aside
            ],
        }


def import_past(
    database: Database,
    source: Source,
    document_id: str,
    config: ExtractionConfig,
    *,
    progress: Callable[[int], None] = lambda _texts: None,
) -> Imported:
    """Unread texts, up to the first that exists already."""
    with database.reading() as session:
        since = last_import(session, document_id, source.archive)
    return import_document(
        database, document_id, config, source.texts(since), progress=progress
    )


class ArchiveFailed(CheckEnded):
    """The archive gives no proper answer; it may have the texts all the same."""


@dataclass(frozen=True, slots=True)
class ArchiveChecks:
    """Writes the checks of one document in one archive; methods return ids of checks.

    `resting` are archives that failed in this run.
    """

    database: Database
    document_id: str
    source: str
    resting: list[Exception] = field(default_factory=list)
    stands_in: bool = False

    def attempt(
        self, read: Callable[[ArchiveChecks], list[int]], mistakes: list[Exception]
    ) -> list[int]:
        """What `read` wrote, or a failed check."""
        raised: list[Exception] = []
        with isolate_errors(raised):
            try:
                if self.resting:
                    raise self.resting[0]
                return read(self)
            except CheckEnded as ended:
                if (
                    isinstance(ended, ArchiveFailed)
                    and ended.outcome is not Outcome.GONE  # of one page only
                ):
                    self._rest(ended)
                return [
                    self.end(
                        ended.outcome,
                        ended.reason,
                        address=ended.final_url,
                        not_before=ended.not_before,
                    )
                ]
            except ArchiveUnreachable as failure:
                self._rest(failure)
                return [self.end(Outcome.FAILED, failure.reason)]
            except NotAnArchive as failure:
                reason = Message("archive.failed", problem=str(failure))
                return [self.end(Outcome.FAILED, reason)]
        mistakes += raised
        return [self.end(Outcome.FAILED, program_error(raised[0]))]

    def _rest(self, failure: Exception) -> None:
        if not self.resting:
            log.warning("%s", failure, extra={"event": "archive failed"})
            self.resting.append(failure)

    def end(
        self,
        outcome: Outcome,
        reason: Message | None = None,
        *,
        address: str | None = None,
        not_before: datetime | None = None,
    ) -> int:
        """Without a new text."""
        with self.database.writing() as session:
            check = self._check(session, address)
            finish(session, check, outcome, reason, not_before=not_before)
            return _add(session, check)

    def take(self, text: ArchivedText, page: Fetched | Message) -> int:
        """With the mark that it is read."""
        with self.database.writing() as session:
            check = self._check(session, text.address)
            if text.mark:
                mark_imported(
                    session,
                    self.document_id,
                    text.archive,
                    text.mark,
                    text.recorded_at,
                )
            if isinstance(page, Message):
                finish(session, check, Outcome.UNREADABLE, page)
            else:
                capture = page.capture(text.recorded_at, text.source)
                add_capture(session, capture)
                check.capture_id = capture.id
            return _add(session, check)

    def repeat(self, address: str | None = None) -> int:
        """The text in force, or one set aside, which is extracted again."""
        with self.database.writing() as session:
            aside = last_set_aside(session, self.document_id)
            check = self._check(session, address)
            if aside is not None and aside.source == self.source:
                check.capture_id, check.final_url = (
                    aside.capture_id,
                    aside.final_url,
                )
            else:
                finish(session, check, Outcome.UNCHANGED)
            return _add(session, check)

    def _check(self, session: Session, address: str | None) -> Check:
        current = current_version(session, self.document_id)
        return Check(
            document_id=self.document_id,
            checked_at=utc_now(),
            source=self.source,
            stands_in=self.stands_in,
            final_url=address,
            version_id=current.id if current is not None else None,
        )


def _add(session: Session, check: Check) -> int:
    session.add(check)
    session.flush()
    return check.id
