"""Writes checks with their captures, those that end at nearly the same time in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Self

from scrapy.crawler import Crawler
from sqlmodel import Session

from crawler.items import CheckResult, is_elsewhere
from crawler.markup import canonical_address
from crawler.targets import CrawlJob, Differing, Fetched, Isolate
from foundation.vocabulary import NoticeKind, Outcome
from storage.alternating import note_differing
from storage.captures import Capture, add_capture, newest_captures
from storage.checks import Check
from storage.deliveries import Notice, notices_of
from storage.versions import Version

_WAIT = 0.05  # seconds; lost if the program is killed
_WITH_CAPTURE = (None, Outcome.HELD)


class StoragePipeline:
    """Committing is most of what a check costs."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._waiting: list[CheckResult] = []

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: CheckResult) -> CheckResult | Awaitable[CheckResult]:
        """Written at once if it has a capture, or nothing is being fetched: Scrapy then waits five seconds before it
        sees that all is done.
        """
        self._waiting.append(item)
        if item.outcome in _WITH_CAPTURE or not self._crawler.engine.downloader.active:
            self._write()
            return item
        return self._written(item)

    async def _written(self, item: CheckResult) -> CheckResult:
        await asyncio.sleep(_WAIT)
        self._write()
        return item

    def _write(self) -> None:
        items, self._waiting = self._waiting, []
        if not items:  # another call wrote them
            return
        job: CrawlJob = self._crawler.spider.job  # type: ignore[union-attr]
        assert job.database is not None, (
            "what is fetched without one comes through no pipeline"
        )
        with job.database.writing() as session:
            for item in items:
                item.check = _record(session, item, job)


def _record(session: Session, result: CheckResult, job: CrawlJob) -> int:
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
    session.flush()
    if result.differing is not None:
        _note(session, check, result.differing)
    return check.id


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


def _canonical(session: Session, result: CheckResult, isolate: Isolate) -> str | None:
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
    return page.sha256, page.url, page.final_url, page.status, page.mime, page.charset
