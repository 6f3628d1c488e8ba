"""The store: what it knows of documents before a check, and the checks that it gets, with their captures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Self

from scrapy.crawler import Crawler
from sqlmodel import Session

from crawler.items import CheckResult, PartState, PreviousState, is_elsewhere
from crawler.markup import canonical_address
from crawler.targets import CrawlJob, Differing, Fetched, Isolate, Target
from foundation.vocabulary import NoticeKind, Outcome
from storage.alternating import note_differing
from storage.captures import Capture, add_capture, capture, newest_captures
from storage.checks import Check, last_kept, pauses
from storage.database import Database
from storage.deliveries import Notice, notices_of
from storage.documents import Document, document, few, known
from storage.versions import InForce, Version, in_force, is_read_as

_WAIT = 0.05  # seconds; lost if the program is killed
_WITH_CAPTURE = (None, Outcome.HELD)


class StoragePipeline:
    """Those that end at nearly the same time in one transaction: committing is most of what a check costs."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._waiting: list[CheckResult] = []
        self._are_written = asyncio.Event()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(
        self, item: CheckResult
    ) -> CheckResult | Awaitable[CheckResult]:
        """Written at once if it has a capture, or no other page is under way: of a document that was not asked for,
        Scrapy sees five seconds later that it was the last.
        """
        self._waiting.append(item)
        engine = self._crawler.engine
        assert engine.scraper.slot is not None, "the spider is open"
        under_way = len(engine.downloader.active) + len(engine.scraper.slot.active)
        if item.outcome in _WITH_CAPTURE or under_way <= len(self._waiting):
            self._write()
            return item
        return self._written(item)

    async def _written(self, item: CheckResult) -> CheckResult:
        """The first that waits writes all."""
        are_written = self._are_written
        with suppress(TimeoutError):
            await asyncio.wait_for(are_written.wait(), _WAIT)
        if not are_written.is_set():
            self._write()
        return item

    def _write(self) -> None:
        items, self._waiting = self._waiting, []
        are_written, self._are_written = self._are_written, asyncio.Event()
        job: CrawlJob = self._crawler.spider.job  # type: ignore[union-attr]
        assert job.database is not None, (
            "what is fetched without one comes through no pipeline"
        )
        ended = [item.document for item in items if item.outcome is not None]
        with job.database.writing() as session:
            # held to the end: the session holds rows weakly, and would read each again
            _rows = known(session, documents=ended) if ended else []
            checks = [_record(session, item, job) for item in items]
            session.flush()
            for item, check in zip(items, checks, strict=True):
                item.check = check.id
        are_written.set()


def _record(session: Session, result: CheckResult, job: CrawlJob) -> Check:
    assert result.at is not None, "a check that ended has a time"
    check = Check(
        document_id=result.document,
        checked_at=result.at,
        status=result.status,
        final_url=result.final_url,
        seconds=result.seconds,
        version_id=result.previous.version_id,
        moved_to=_canonical(session, result, job.isolate)
        if result.outcome is Outcome.GONE
        else result.moved_to,
    )
    if result.is_complete and result.target.more:
        check.parts = [asdict(answer.state) for answer in result.answers]
    elif result.is_complete:
        state = result.answers[0].state
        check.etag, check.last_modified, check.markup = (
            state.etag,
            state.last_modified,
            state.markup,
        )
    if result.outcome in _WITH_CAPTURE:
        check.capture_id = _keep(session, result.pages, result.at)
    if result.outcome is None:
        session.add(check)
    else:
        job.finish(session, check, result.outcome, result.reason, result.not_before)
    if result.differing is not None:
        session.flush()
        _note(session, check, result.differing)
    return check


def _note(session: Session, check: Check, differing: Differing) -> None:
    """Later extraction holds these passages still; the operator is notified of each place once."""
    note_differing(session, check, differing.passages)
    place = [*differing.place]
    known = notices_of(session, NoticeKind.VOLATILE, check.document_id)
    if all(notice.facts["place"] != place for notice in known):
        facts = {
            "since": check.checked_at.isoformat(),
            "reason": differing.reason.to_json(),
            "place": place,
            "answers": True,
        }
        session.add(Notice.of(check, NoticeKind.VOLATILE, **facts))


def _canonical(
    session: Session, result: CheckResult, isolate: Isolate
) -> str | None:
    """Where it differs from a document's only address."""
    version = (
        session.get(Version, result.previous.version_id)
        if result.previous.version_id
        else None
    )
    if version is None or result.target.more:
        return None
    capture = session.get_one(Capture, version.capture_id)
    url: str | None = isolate(
        canonical_address, capture.body, capture.mime, capture.final_url
    )
    return url if url is not None and is_elsewhere(result.url, url) else None


def _keep(session: Session, pages: Sequence[Fetched], at: datetime) -> int:
    """The newest capture if all parts are the same: a page that is set aside at every check is stored once."""
    fresh = [page.capture(at) for page in pages]
    newest = newest_captures(session, pages[0].document)
    if list(map(_identity, newest)) == list(map(_identity, fresh)):
        fresh = newest
    else:
        for part in fresh:
            part.head_id = fresh[0].id  # None for the first part
            add_capture(session, part)
    return fresh[0].id


def _identity(page: Capture) -> tuple[object, ...]:
    """Captures with equal ones are extracted alike."""
    return (
        page.sha256,
        page.url,
        page.final_url,
        page.status,
        page.mime,
        page.charset,
    )


def previous_states(
    database: Database, targets: Sequence[Target], now: datetime
) -> dict[str, PreviousState]:
    """Raises `UnknownDocument`."""
    states = {}
    ids = few(target.document for target in targets)
    with database.reading() as session:
        current, waits = in_force(session, ids), pauses(session, now, ids)
        rows = {row.id: row for row in known(session, documents=ids or ())}
        for target in targets:
            row = rows.get(target.document) or document(session, target.document)
            version = current.get(row.id)
            states[row.id] = PreviousState(
                parts=_parts(
                    target,
                    row,
                    version if _is_of(session, target, version) else None,
                ),
                version_id=version.version_id if version else None,
                not_before=waits.get(row.id),
            )
    return states


def _is_of(session: Session, target: Target, version: InForce | None) -> bool:
    """Of what the watchlist declares now."""
    if version is None or not is_read_as(version.extractor, target.language):
        return False
    if target.more or version.url == target.url:
        return True
    moved = last_kept(
        session, target.document, version.version_id
    )  # at another address
    return moved is not None and capture(session, moved).url == target.url


def _parts(
    target: Target, row: Document, version: InForce | None
) -> tuple[PartState, ...]:
    """Unknown if the watchlist's addresses are not those of the version."""
    if version is not None and not target.more and not row.parts:
        return (
            PartState(
                target.url,
                version.final_url,
                version.fingerprint,
                row.etag,
                row.last_modified,
                row.markup,
            ),
        )
    if version is not None and row.addresses == [*target.addresses]:
        return tuple(PartState(**part) for part in row.parts or ())  # type: ignore[arg-type]
    return tuple(PartState(url) for url in target.addresses)
