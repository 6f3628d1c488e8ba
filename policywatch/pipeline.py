"""The job: plan, crawl, ingest, confirm, notify. Each step can be stopped and restarted anywhere.

Documents are ingested and alerted while others are fetched. A change, its verdict and its alerts are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Self

from sqlmodel import Session

from analysis.model import TooCostly, UnreadablePage
from analysis.page_json import page_from_json
from crawler.crawl import crawl
from crawler.targets import (
    CrawlJob,
    CrawlSettings,
    Differing,
    Fetched,
    Fingerprint,
    Progress,
    Target,
)
from foundation.vocabulary import Outcome
from messages import Message, program_error
from notifier.delivery import Backoff, DeliveryRun
from policywatch.config.recipients import Recipients
from policywatch.config.schema import DocumentEntry
from policywatch.config.watchlist import Watchlist
from policywatch.evidence.timestamps import authority_of, report_late
from policywatch.ingest.alerting import confirm
from policywatch.ingest.captures import ingest
from policywatch.ingest.checks import finish
from policywatch.ingest.extraction import (
    Extracted,
    Memory,
    PageCache,
    digest_with_text,
    extraction_configs,
    isolated,
    join_pages,
    of_part,
    source_of,
)
from policywatch.ingest.noise import (
    MEMORY,
    TurningText,
    answers_differ,
    find_difference,
    turning_documents,
)
from policywatch.ingest.reprocess import reprocess_current
from policywatch.logs import log, log_decision
from policywatch.plan import due_documents
from policywatch.reader import reader_of
from policywatch.report import Report, outcomes
from policywatch.sources.open_terms_archive import follow
from policywatch.sources.wayback import read_copies, silent
from storage.alternating import forget_turns
from storage.chain import head_line
from storage.checks import Check
from storage.clock import utc_now
from storage.database import Database
from storage.days import close_day
from storage.deliveries import Deliveries
from storage.documents import Document, declare, few, known, mark_applied
from storage.errors import isolate_errors
from storage.lock import one_at_a_time
from storage.retention import Retention, thin
from storage.standing import stored_states
from storage.versions import InForce, current_version, in_force

TOGETHER = 30.0  # seconds that alerts wait for more of their event
_LATE_SECONDS = 300.0  # for all repeated questions


class Job:
    """Every step but `notify` needs `one_at_a_time`."""

    def __init__(
        self, watchlist: Watchlist, database: Database, recipients: Recipients
    ) -> None:
        self.watchlist = watchlist
        self.database = database  # under a lease
        self._shared = database
        self.recipients = recipients
        self.authority = authority_of(watchlist)
        self.unsigned: str | None = None  # why timestamps have stopped
        self.reader = reader_of(database, recipients)
        self.configs = extraction_configs(watchlist, self.reader)
        self.mistakes: list[Exception] = []  # of the program, raised at the end
        self._failed: dict[str, Exception] = {}  # by document, those of `reprocess`
        self._pages = PageCache()
        self._delivered = Deliveries(0, 0, 0)
        self._resting: dict[str, Backoff] = {}  # failed addresses
        self._in_force: dict[str, InForce] = {}  # of documents with one address
        self._turning: dict[str, TurningText] = {}  # with alternating passages

    def run(
        self,
        *,
        only: Sequence[str] = (),
        force: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """For what is due (`force`: everything). Raises `Busy`.

        Program errors with one document do not stop others; the caller raises them at the end.
        """
        started = utc_now()
        with self._alone():
            planned = self.plan(only=only, force=force)
            self.reprocess()
            read: list[int] = []
            with FollowUp(
                lambda document: read.extend(self.ingest(only=document)),
                lambda: self._deliver(alerts_only=True, patience=timedelta()),
            ) as follow_up:
                checks = self.crawl(
                    planned, progress=progress, on_text=follow_up.take
                )
            read += self.ingest()
            checks += [check for check in read if check not in checks]
            self.confirm()
            self.thin([entry.id for entry in planned])
        deliveries = self.notify()
        self.read_late()
        self.answer()
        self.timestamp()
        if self.database.is_sqlite:  # PostgreSQL does so by itself
            self.database.optimize()
        if follow_up.failure is not None:
            raise follow_up.failure
        with self.database.writing() as session:
            mark_applied(session, self.watchlist.digest)
            head = head_line(session)
        return Report(
            started, utc_now(), outcomes(self.database, checks), deliveries, head
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            with one_at_a_time(self._shared) as self.database:
                yield
        finally:
            self.database = self._shared

    def plan(
        self, *, only: Sequence[str] = (), force: bool = False
    ) -> list[DocumentEntry]:
        """Also updates the store to the watchlist."""
        self.declare()
        entries = [
            entry
            for entry in self.watchlist.documents
            if not only or entry.id in only
        ]
        if force:
            return entries
        with self.database.reading() as session:
            return due_documents(session, entries, utc_now())

    def declare(self) -> None:
        alert_after = self.watchlist.operator.after
        with self.database.writing() as session:
            declare(
                session,
                [_row(entry, alert_after) for entry in self.watchlist.documents],
            )

    def reprocess(self) -> None:
        """Extracts texts in force again where rules or selectors changed. A document that fails can't be checked."""
        with self.database.reading() as session:
            current = in_force(session)
        for id_, config in self.configs.items():
            if id_ in current and current[id_].extractor != config.extractor:
                raised: list[Exception] = []
                with isolate_errors(raised):
                    reprocess_current(self.database, id_, config)
                for mistake in raised:
                    self._failed[id_] = mistake
                self.mistakes += raised

    def crawl(
        self,
        planned: Sequence[DocumentEntry],
        *,
        progress: Progress | None = None,
        on_text: Callable[[str], None] = lambda _document: None,
    ) -> list[int]:
        """From sites or archives. Returns ids of checks. `on_text` gets each document once its possibly new text is
        stored.
        """
        with self.database.writing() as session:
            forget_turns(session, utc_now() - MEMORY)
        with self.database.reading() as session:
            whole = {entry.id for entry in planned if len(entry.addresses) == 1}
            current = in_force(session, few(whole))
            self._in_force = {
                id_: version for id_, version in current.items() if id_ in whole
            }
            self._turning = turning_documents(session, self._in_force, utc_now())
        checks = [
            self._failed_check(entry.id)
            for entry in planned
            if entry.id in self._failed
        ]
        planned = [entry for entry in planned if entry.id not in self._failed]
        checks += crawl(
            self.crawl_job(planned),
            crawl_settings(self.watchlist),
            mistakes=self.mistakes,
            progress=progress,
            on_text=on_text,
        )
        return checks + self.read_archives(
            planned, checks, progress=progress, on_text=on_text
        )

    def crawl_job(self, entries: Sequence[DocumentEntry]) -> CrawlJob:
        targets = [
            target(self.watchlist, each)
            for each in entries
            if each.source == "page"
        ]
        return CrawlJob(
            self.database,
            targets,
            self.fingerprint_of,
            self.settle,
            isolated,
            finish,
        )

    def read_archives(
        self,
        planned: Sequence[DocumentEntry],
        checks: Sequence[int],
        *,
        progress: Progress | None,
        on_text: Callable[[str], None],
    ) -> list[int]:
        """News from archives that are documents' source, and newest copies for pages that failed in these `checks`.
        Returns ids of checks.
        """
        if all(entry.source == "page" and not entry.fallback for entry in planned):
            return []
        followed = [
            entry for entry in planned if entry.source == "open-terms-archive"
        ]
        copied = [entry for entry in planned if entry.source == "wayback"] + silent(
            self.database, planned, checks
        )
        address, settings = (
            self.watchlist.sources.wayback_url,
            crawl_settings(self.watchlist),
        )
        read = chain(
            follow(
                self.database, followed, self.configs, self._clones, self.mistakes
            ),
            read_copies(
                self.database,
                copied,
                address,
                settings,
                self.fingerprint_of,
                self.mistakes,
            ),
        )
        added: list[int] = []
        for done, (document, ids) in enumerate(read, 1):
            added += ids
            on_text(document)
            if progress is not None:
                progress(done, len(followed) + len(copied), document)
        return added

    @property
    def _clones(self) -> Path:
        """Beside the database or watchlist; may be deleted."""
        return (
            self.database.sqlite_file or self.watchlist.file
        ).parent / "policywatch-archives"

    def _failed_check(self, document_id: str) -> int:
        """A document that `reprocess` failed on is not fetched: there is nothing to compare with."""
        with self.database.writing() as session:
            check = Check(document_id=document_id, checked_at=utc_now())
            finish(
                session,
                check,
                Outcome.FAILED,
                program_error(self._failed[document_id]),
            )
            session.flush()
            return check.id

    def ingest(self, *, again: bool = False, only: str | None = None) -> list[int]:
        """`again` includes failed captures. Returns ids of checks."""
        readable = {
            id_: config
            for id_, config in self.configs.items()
            if id_ not in self._failed
        }
        return ingest(
            self.database,
            readable,
            self.recipients.names_for,
            self.mistakes,
            cache=self._pages,
            again=again,
            only=only,
        )

    def confirm(self) -> None:
        with self.database.writing() as session:
            confirm(session, self.recipients.names_for)

    def thin(self, documents: Sequence[str]) -> None:
        """By `[retention]`."""
        days = self.watchlist.retention.model_dump()
        retention = Retention(
            **{
                name: number and timedelta(days=number)
                for name, number in days.items()
            }
        )
        removed = thin(self.database, retention, documents, utc_now())
        if removed.total():
            counts = ", ".join(
                f"{number} {name}" for name, number in removed.items()
            )
            log.info(
                "removed by [retention]: %s",
                counts,
                extra={"event": "thinned", "facts": removed},
            )

    def notify(self) -> Deliveries:
        """Counts include alerts sent during the crawl."""
        if self.reader is not None:
            self.reader.report_month()
        return self._deliver()

    def _deliver(self, **options: Any) -> Deliveries:
        """`alerts_only` during the crawl: the operator is notified at its end, of all documents together."""
        done = DeliveryRun(  # without a lease: results must be recorded
            self._shared,
            (*self.recipients.routes, self.recipients.operator),
            base_url=self.watchlist.site,
            route_to=self.recipients.route_to,
            change_json=_webhook_change,
            grace=self.recipients.grace,
            resting=self._resting,
            **options,
        ).deliver_due()
        self._delivered = Deliveries(
            self._delivered.sent + done.sent,
            self._delivered.failed + done.failed,
            done.pending,
        )
        return self._delivered

    def read_late(self) -> None:
        """Changes whose answers came too late; pages, feeds and the next digest show the corrections."""
        if self.reader is None:
            return
        from policywatch.reader.again import late_changes, read_again

        with self._shared.reading() as session:
            late = late_changes(session, utc_now())
        if late:
            self.reader.left = _LATE_SECONDS
            names_for = self.recipients.names_for
            for _ in read_again(self.reader, late, names_for):
                pass

    def answer(self) -> None:
        """Renews stored answers of texts in force, for the pages that were asked for."""
        with self._shared.reading() as session:
            asked = stored_states(session)
        if not asked:
            return
        # loads NumPy
        from policywatch.views.today import services_today, store_answers

        day = utc_now().date()
        store_answers(self._shared, day, asked_before=True)
        if self.reader is None:
            return
        from policywatch.reader.sentences import write_sentences

        with self._shared.reading() as session:
            services = {each.service for each in known(session) if each.id in asked}
            answers = services_today(session, sorted(services), day)
        self.reader.left = _LATE_SECONDS
        write_sentences(self.reader, answers)

    def timestamp(self) -> None:
        """Close the day in the chain and have it signed, once a day each."""
        close_day(self.database, utc_now())
        if self.authority is not None:
            self.authority.timestamp_chain(self.database, utc_now())
            self.unsigned = report_late(self.database, utc_now())

    def fingerprint_of(self, fetched: Fetched, known: Fingerprint) -> Fingerprint:
        """Bodies of the text in force, or markup of the last answer, are not extracted again; a new text is cached for
        `ingest`.
        """
        fingerprint, why = self._fingerprint_of(fetched, known)
        log_decision(
            fetched.document,
            "%s answered %d, %d bytes: %s",
            fetched.final_url,
            fetched.status,
            len(fetched.body),
            why,
        )
        return fingerprint

    def _fingerprint_of(
        self, fetched: Fetched, known: Fingerprint
    ) -> tuple[Fingerprint, str]:
        config, current = (
            self.configs[fetched.document],
            self._in_force.get(fetched.document),
        )
        turning = self._turning.get(fetched.document)
        is_same = (
            current is not None
            and current.extractor == config.extractor
            and current.source == source_of(fetched)
        )
        if current is not None and is_same and turning is None:
            fingerprint = Fingerprint(current.fingerprint)
            return (
                known if known.text == current.fingerprint else fingerprint,
                "the bytes of the text in force",
            )
        markup = None
        try:
            if turning is None and known.markup is not None:
                markup = config.markup_digest(fetched)
                if known.markup == digest_with_text(markup, known.text):
                    return known, f"markup {known.markup} as in the answer before"
            memory = self._memory(fetched.document)
            if turning is not None and current is not None:
                page = config.extract(fetched, memory)
                self._pages.keep(config, fetched, memory, Extracted.of(page).page)
                text = turning.fingerprint_of(page, current.fingerprint)
                return Fingerprint(
                    text
                ), f"text {text}, with what alternates held still"
            new = config.extract_new(fetched, memory, markup)
        except UnreadablePage as failure:
            if isinstance(failure, TooCostly):
                memory = self._memory(fetched.document)
                self._pages.keep(config, fetched, memory, None)
            return Fingerprint(None), f"no text: {failure.reason}"
        if current is None or current.fingerprint != new.fingerprint.text:
            self._pages.keep(config, fetched, memory, new.page)
        in_force = current.fingerprint if current is not None else None
        return (
            new.fingerprint,
            f"text {new.fingerprint.text}; in force is {in_force}",
        )

    def settle(
        self, first: Sequence[Fetched | None], second: Sequence[Fetched]
    ) -> Differing | Message:
        """What differs between two answers, to be held still; or why neither is accepted."""
        document = second[0].document
        config = self.configs[document]
        with self.database.reading() as session:
            current = current_version(session, document)
        memory = Memory.of(current)
        parts = [one or other for one, other in zip(first, second, strict=True)]
        try:
            before, after = (
                config.extract_parts(answer, memory=memory)
                for answer in (parts, second)
            )
        except UnreadablePage:
            return Message("answer.unstable")
        gaps = map(find_difference, before, after)
        number, gap = next(
            ((number, gap) for number, gap in enumerate(gaps) if gap), (0, None)
        )
        if gap is None:
            return Message("answer.unstable")
        in_force = page_from_json(current.page) if current else None
        passages = answers_differ(in_force, join_pages(before), join_pages(after))
        code = "differing.unstable" if passages is None else "differing.still"
        reason = of_part(second, number, gap.message(code))
        return (
            reason if passages is None else Differing(passages, reason, gap.titles)
        )

    def _memory(self, document_id: str) -> Memory:
        """The same that `ingest` will use."""
        with self.database.reading() as session:
            return Memory.of(current_version(session, document_id))


def _webhook_change(session: Session, change_id: int) -> dict[str, Any]:
    from policywatch.views.serializer import webhook_change  # loads slowly

    return webhook_change(session, change_id)


def target(watchlist: Watchlist, entry: DocumentEntry) -> Target:
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
    given = watchlist.crawl.model_dump(exclude={"robots"})
    return CrawlSettings(watchlist.contact or "", **given)


def _row(entry: DocumentEntry, alert_after: int) -> Document:
    return Document(**entry.declared, added_at=utc_now(), alert_after=alert_after)


class FollowUp:
    """Handles new texts in a thread while other documents are fetched, so that a slow page delays nobody's alerts.

    Its error is kept in `failure` and raised at the end of the run, which does what is left anyway.
    """

    def __init__(
        self, ingest: Callable[[str], object], notify: Callable[[], object]
    ) -> None:
        self.failure: BaseException | None = None
        self._ingest, self._notify = ingest, notify
        self._documents: SimpleQueue[str | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="follow-up", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._documents.put(None)
        self._thread.join()

    def take(self, document: str) -> None:
        """Returns at once."""
        self._documents.put(document)

    def _work(self) -> None:
        try:
            self._follow()
        except BaseException as failure:  # noqa: BLE001  # raised by the waiting thread
            self.failure = failure

    def _follow(self) -> None:
        notify_at: float | None = None
        while True:
            try:
                document = self._documents.get(
                    timeout=None
                    if notify_at is None
                    else max(0.01, notify_at - monotonic())
                )
                if document is None:
                    return
                self._ingest(document)
                notify_at = notify_at or monotonic() + TOGETHER
            except Empty:
                pass
            if notify_at is not None and monotonic() >= notify_at:
                self._notify()
                notify_at = None
