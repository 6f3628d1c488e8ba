"""The job: crawl, read, deliver; each step can be stopped anywhere and started again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from analysis.model import TooCostly, UnreadablePage
from analysis.text.normal import fingerprint
from crawler.crawl import crawl
from crawler.targets import CrawlSettings, Fetched, Progress, Target
from messages import Message, program_error
from notifier.delivery import Deliveries, deliver_due
from policywatch import sandbox
from policywatch.config.recipients import Recipients
from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import Watchlist
from policywatch.due import LOOKED_BACK, due
from policywatch.ingest.captures import read_unread
from policywatch.ingest.extraction import Review, unreviewed
from policywatch.ingest.reprocess import refresh
from policywatch.manners import manners
from policywatch.report import Report, outcomes
from policywatch.second_reader import SecondReader
from storage.checks import Check, Outcome, earlier_checks, finish, last_checks, pauses
from storage.clock import utc_now
from storage.database import Database
from storage.documents import Document, declare
from storage.lock import one_at_a_time


class Job:
    """The steps on one database, for one watchlist. Every step but `deliver` wants `one_at_a_time` held."""

    def __init__(self, watchlist: Watchlist, database: Database, recipients: Recipients) -> None:
        self.watchlist = watchlist
        self.database = database
        self.recipients = recipients
        self.manners = manners(watchlist, _second_reader(database, recipients))
        self.mistakes: list[Exception] = []  # of ours, each with one document; to be raised when all is done
        self._costly: set[bytes] = set()  # digests of bodies: a check fetches them twice, and each takes a minute
        self._tripped: dict[str, Exception] = {}  # of those, with the texts in force that `refresh` could not read

    def run(self, *, only: Sequence[str] = (), force: bool = False, progress: Progress | None = None) -> Report:
        """Crawl what is due (all of it with `force`), read, deliver. Raises `Busy` where another run is at work.

        Mistakes of the program with one document hold up no other; the caller raises them when all is told.
        """
        started = utc_now()
        with one_at_a_time(self.database):
            checks = self.crawl(only=only, force=force, progress=progress)
            checks += [id_ for id_ in self.read() if id_ not in checks]
        sandbox.close()  # till the next run, maybe hours later, it would keep its memory
        deliveries = self.deliver()
        return Report(started, utc_now(), outcomes(self.database, checks), deliveries)

    def crawl(self, *, only: Sequence[str] = (), force: bool = False, progress: Progress | None = None) -> list[int]:
        """Fetch the documents that are due; the ids of the checks."""
        self.declare()
        tripped = self._tripped = refresh(self.database, self.manners)
        wanted = [entry for entry in self.watchlist.documents if not only or entry.id in only]
        if not force:
            now = utc_now()
            with self.database.reading() as session:
                earlier = earlier_checks(session, LOOKED_BACK)
                wanted = due(wanted, last_checks(session), pauses(session, now), now, earlier=earlier)
        checks = [self._failed(entry.id, tripped[entry.id]) for entry in wanted if entry.id in tripped]
        return checks + crawl(
            self.database,
            [target(self.watchlist, entry) for entry in wanted if entry.id not in tripped],
            crawl_settings(self.watchlist),
            fingerprint_of=self.fingerprint_of,
            mistakes=self.mistakes,
            why_unstable=self.why_unstable,
            progress=progress,
        )

    def _failed(self, document_id: str, mistake: Exception) -> int:
        """The id of a check that was not made, because the program tripped over the document before it."""
        self.mistakes.append(mistake)
        with self.database.writing() as session:
            check = Check(document_id=document_id, checked_at=utc_now())
            finish(session, check, Outcome.FAILED, program_error(mistake))
            session.flush()
            assert check.id is not None
            return check.id

    def declare(self) -> None:
        """Bring the store's documents in step with the watchlist."""
        alert_after = self.watchlist.operator[0].after
        with self.database.writing() as session:
            declare(session, [_row(entry, utc_now(), alert_after) for entry in self.watchlist.documents])

    def read(self, *, again: bool = False) -> list[int]:
        """Read what was fetched and not read yet, with `again` also what the program tripped over; the checks' ids.

        The watchlist may have been edited since it was fetched, so the texts in force are read by it first.
        """
        tripped = refresh(self.database, {i: manner for i, manner in self.manners.items() if i not in self._tripped})
        self.mistakes += tripped.values()
        self._tripped |= tripped
        readable = {id_: manner for id_, manner in self.manners.items() if id_ not in self._tripped}
        return read_unread(self.database, readable, self.recipients.names_for, self.mistakes, again=again)

    def deliver(self) -> Deliveries:
        """Send what is owed and due."""
        return deliver_due(
            self.database,
            self.recipients.routes,
            self.recipients.operator,
            operator_language=self.recipients.operator_language,
            base_url=self.watchlist.site,
            templates=self.recipients.templates,
        )

    def fingerprint_of(self, fetched: Fetched) -> str | None:
        """The fingerprint of a page's text; None where it can't be read."""
        how = self.manners[fetched.document]
        digest = hashlib.sha256(fetched.body).digest()
        if digest in self._costly:
            return None
        try:
            page = how.page(fetched.body, mime=fetched.mime, charset=fetched.charset, url=fetched.final_url)
        except TooCostly:
            self._costly.add(digest)
            return None
        except UnreadablePage:
            return None
        return fingerprint(page.blocks)

    def why_unstable(self, first: Sequence[Fetched | None], second: Sequence[Fetched]) -> Message:
        """What differs between two answers, none of which is believed."""
        return self.manners[second[0].document].unstable(first, second)


def _second_reader(database: Database, recipients: Recipients) -> Review:
    if recipients.model is None:
        return unreviewed
    languages = {route.language for route in recipients.routes} | {recipients.operator_language}
    return SecondReader(database, recipients.model, sorted(languages))


def target(watchlist: Watchlist, entry: DocumentEntry) -> Target:
    """What the crawler needs to know of a document."""
    return Target(
        document=entry.id,
        url=entry.addresses[0],
        more=entry.addresses[1:],
        language=entry.language,
        robots=watchlist.robots(entry),
        allow_private=entry.allow_private,
        render=entry.render,
        expand=entry.expand,
    )


def crawl_settings(watchlist: Watchlist) -> CrawlSettings:
    """The watchlist's `[crawl]`, for the crawler."""
    return CrawlSettings(
        contact=watchlist.contact or "",
        delay=watchlist.crawl.delay,
        confirm_delay=watchlist.crawl.confirm_delay,
        timeout=watchlist.crawl.timeout,
        max_size=watchlist.crawl.max_size,
    )


def _row(entry: DocumentEntry, now: datetime, alert_after: int) -> Document:
    return Document(
        id=entry.id,
        service=entry.service,
        title=entry.title,
        kind=entry.kind,
        url=entry.addresses[0],
        language=entry.language,
        added_at=now,
        alert_after=alert_after,
    )
