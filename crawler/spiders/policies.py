"""The spider: checks every target, several hosts side by side, and keeps each finding as soon as it is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Self

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.utils.misc import load_object

from crawler.browser import Rendering
from crawler.fetching import Fetcher
from crawler.politeness import Hosts
from crawler.recording import known_of, record
from crawler.robots import Robots
from crawler.targets import Job, Target
from crawler.visit import Finding, Known, Visitor
from messages import program_error
from storage.checks import Outcome

_WAITING = 4  # findings that may wait to be kept: their pages are in memory


class PoliciesSpider(Spider):
    """One item for each check: document, check (its id), outcome (None: yet to be read) and reason."""

    name = "policies"

    def __init__(self, job: Job, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.checks: list[int] = []
        self.mistakes: list[Exception] = []  # of ours, each with one document; docs/decisions/0030
        self.failure: Exception | None = None  # what ended the crawl before its time

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, job: Job | None = None, **kwargs: Any) -> Self:
        """Without a job, as from `scrapy crawl policies`, the setting POLICYWATCH_JOB is called for one."""
        if job is None:
            job = load_object(crawler.settings["POLICYWATCH_JOB"])()
        return super().from_crawler(crawler, *args, job=job, **kwargs)

    async def start(self) -> AsyncIterator[dict[str, Any]]:
        """Check all targets; a store that can't be written to ends the crawl at once."""
        items: list[dict[str, Any]] = []
        try:
            known = known_of(self.job.database, self.job.targets, self.job.now())
            await self._check_all(known, items)
        except Exception as failure:
            self.failure = failure
            raise
        for item in items:
            yield item
        if self.mistakes:  # `scrapy crawl policies` shows what is raised here
            raise ExceptionGroup("mistakes of policywatch", self.mistakes)

    async def _check_all(self, known: dict[str, Known], items: list[dict[str, Any]]) -> None:
        rendering = Rendering(self.job.settings)
        visitor = self._visitor(rendering)
        found: asyncio.Queue[tuple[Target, Finding]] = asyncio.Queue(_WAITING)

        async def visit(target: Target) -> None:
            try:
                finding = await visitor.visit(target, known[target.document])
            except Exception as mistake:  # noqa: BLE001
                self.mistakes.append(mistake)
                finding = Finding(Outcome.FAILED, program_error(mistake), at=self.job.now())
            await found.put((target, finding))

        self._report("")
        visits = [asyncio.ensure_future(visit(target)) for target in self.job.targets]
        try:
            for _ in visits:
                target, finding = await found.get()
                items.append(self._keep(target, known[target.document], finding))
        finally:
            for one in visits:
                one.cancel()
            await asyncio.gather(*visits, return_exceptions=True)
            await rendering.close()

    def _visitor(self, rendering: Rendering) -> Visitor:
        job, settings = self.job, self.job.settings
        assert self.crawler.engine is not None
        hosts = Hosts(settings.delay, settings.hosts_at_once)
        fetcher = Fetcher(self.crawler.engine.download_async, hosts, settings, job.now)
        robots = Robots(fetcher, hosts, settings.longest_crawl_delay)
        return Visitor(
            fetcher, robots, rendering, job.fingerprint_of, job.why_unstable, settings.confirm_delay, job.now
        )

    def _keep(self, target: Target, known: Known, finding: Finding) -> dict[str, Any]:
        check = record(self.job.database, target, known, finding)
        self.checks.append(check)
        self._report(target.document)
        return {
            "document": target.document,
            "check": check,
            "outcome": finding.outcome,
            "reason": str(finding.reason) if finding.reason else None,
        }

    def _report(self, last: str) -> None:
        if self.job.progress is not None:
            self.job.progress(len(self.checks), len(self.job.targets), last)
