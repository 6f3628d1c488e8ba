"""The crawler's front door: check these documents now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.settings import Settings
from scrapy.utils.log import configure_logging
from twisted.python.failure import Failure

from crawler.items import CheckResult
from crawler.settings import scrapy_settings
from crawler.spiders.policies import PoliciesSpider
from crawler.targets import (
    CrawlJob,
    CrawlSettings,
    Fingerprint,
    Isolate,
    Progress,
    Target,
    directly,
)
from storage.clock import utc_now
from storage.errors import LostLease

_LOOK = 0.5  # seconds
_QUIET_TURNS = 10  # of the event loop without a task: callbacks start further ones


def crawl(
    job: CrawlJob,
    settings: CrawlSettings,
    *,
    mistakes: list[Exception],
    now: Callable[[], datetime] = utc_now,
    progress: Progress | None = None,
    on_text: Callable[[str], None] = lambda _document: None,
) -> list[int]:
    """Check each target once. Returns the ids of the checks, in the order in which they ended.

    Mistakes of the program (`FAILED`) are also added to `mistakes`. Errors of the store and `LostLease` are raised at
    once; the checks until then are kept. `on_text` gets each document whose new text is stored. Blocks.
    """
    if not job.targets:
        return []
    checks: list[int] = []

    def on_stored(item: CheckResult) -> None:
        assert item.check is not None
        checks.append(item.check)
        if item.outcome is None:
            on_text(item.document)
        if progress is not None:
            progress(len(checks), len(job.targets), item.document)

    if progress is not None:
        progress(0, len(job.targets), "")
    mistakes += _run_spider(
        job, scrapy_settings(settings) | {"CLOCK": now}, on_stored
    )
    return checks


def fetch_once(
    target: Target, settings: CrawlSettings, isolate: Isolate = directly
) -> CheckResult:
    """With a check's guards and politeness, unconfirmed and unstored. Raises mistakes of the program."""
    results: list[CheckResult] = []
    job = CrawlJob(
        None, [target], fingerprint_of=lambda *_: Fingerprint(""), isolate=isolate
    )
    for mistake in _run_spider(
        job, scrapy_settings(settings) | {"ITEM_PIPELINES": {}}, results.append
    ):
        raise mistake
    (result,) = results
    return result


def _run_spider(
    job: CrawlJob, settings: dict[str, Any], on_ended: Callable[[CheckResult], None]
) -> list[Exception]:
    """Returns the mistakes of the program. Raises what the store raises."""
    own = {"POLICYWATCH_JOB": lambda: job, "LOG_INSTALL_ROOT_HANDLER": False}
    configure_logging(own)
    for name in ("scrapy", "twisted", PoliciesSpider.name):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    storage_failures: list[BaseException] = []

    def on_item(
        item: CheckResult,
    ) -> None:  # Scrapy keeps only weak references to receivers
        on_ended(item)

    async def run() -> list[Exception]:
        async def watch_lease() -> None:
            """Ends requests under way, too, before another process may ask the same hosts."""
            while job.database is not None:
                try:
                    job.database.before_request(0)
                except LostLease as failure:
                    storage_failures.append(failure)
                    crawling.cancel()
                    return
                await asyncio.sleep(_LOOK)

        crawler = Crawler(PoliciesSpider, Settings(settings | own))

        def on_not_stored(failure: Failure) -> None:
            assert failure.value is not None
            storage_failures.append(failure.value)
            crawling.cancel()

        crawler.signals.connect(on_item, signal=signals.item_scraped)
        crawler.signals.connect(on_not_stored, signal=signals.item_error)
        crawling = asyncio.create_task(crawler.crawl_async())
        watching = asyncio.create_task(watch_lease())
        crawling.add_done_callback(lambda _: watching.cancel())
        try:
            await crawling
        finally:
            await _cancel_rest(crawler)
        assert isinstance(crawler.spider, PoliciesSpider)
        return crawler.spider.mistakes

    mistakes = asyncio.run(run())
    if storage_failures:
        raise storage_failures[0]
    return mistakes


async def _cancel_rest(crawler: Crawler) -> None:
    """Each request that ends lets its slot start the next one."""
    quiet = 0
    while quiet < _QUIET_TURNS:
        if rest := asyncio.all_tasks() - {asyncio.current_task()}:
            quiet = 0
            for task in rest:
                task.cancel()
            await asyncio.wait(rest)
            with suppress(RuntimeError):  # aborted before it had an engine
                crawler.engine.downloader.close()
        else:
            quiet += 1
            await asyncio.sleep(0)
