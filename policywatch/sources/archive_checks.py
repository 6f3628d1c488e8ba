"""What reading an archive comes to, as rows: a check with its outcome, or one whose text is yet to be ingested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from crawler.failures import CheckEnded
from foundation.vocabulary import Outcome
from messages import Message, program_error
from policywatch.ingest.archived import ArchivedText
from policywatch.sources.repository import ArchiveUnreachable, NotAnArchive
from storage.captures import add_capture
from storage.checks import Check, finish, last_set_aside
from storage.clock import utc_now
from storage.database import Database
from storage.isolate_errors import isolate_errors
from storage.versions import current_version, mark_imported


@dataclass(frozen=True, slots=True)
class ArchiveChecks:
    """Writes the checks of one document in one archive; each method returns the id of a check, or several."""

    database: Database
    document_id: str
    source: str
    stands_in: bool = False

    def attempt(
        self, read: Callable[[ArchiveChecks], list[int]], mistakes: list[Exception]
    ) -> list[int]:
        """What `read` wrote, or a check that says why it could not."""
        raised: list[Exception] = []
        with isolate_errors(raised):
            try:
                return read(self)
            except CheckEnded as ended:
                at, until = ended.final_url, ended.not_before
                return [
                    self.end(ended.outcome, ended.reason, address=at, not_before=until)
                ]
            except ArchiveUnreachable as failure:
                return [self.end(Outcome.FAILED, failure.reason)]
            except NotAnArchive as failure:
                return [
                    self.end(
                        Outcome.FAILED, Message("archive.failed", problem=str(failure))
                    )
                ]
        mistakes += raised
        return [self.end(Outcome.FAILED, program_error(raised[0]))]

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

    def take(self, text: ArchivedText) -> int:
        """With a new text, to be ingested, and the mark that it is read."""
        with self.database.writing() as session:
            check = self._check(session, text.address)
            if text.mark:
                mark_imported(
                    session, self.document_id, text.archive, text.mark, text.recorded_at
                )
            if isinstance(text.body, Message):
                finish(session, check, Outcome.UNREADABLE, text.body)
            else:
                capture = text.capture(self.document_id)
                add_capture(session, capture)
                check.capture_id = capture.id
            return _add(session, check)

    def repeat(self, address: str | None = None) -> int:
        """Nothing is new since the last check: the text in force, or one that was set aside, which is read again."""
        with self.database.writing() as session:
            aside = last_set_aside(session, self.document_id)
            check = self._check(session, address)
            if aside is not None and aside.source == self.source:
                check.capture_id, check.final_url = aside.capture_id, aside.final_url
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
