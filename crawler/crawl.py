"""The crawler's front door: check these documents now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import DontCloseSpider
from twisted.python.failure import Failure

from crawler.items import CheckResult
from crawler.settings import scrapy_settings
from crawler.spiders.policies import PoliciesSpider
from crawler.targets import CrawlJob, CrawlSettings, FingerprintOf, Progress, Target, WhyUnstable, plainly_unstable
from storage.clock import utc_now
from storage.database import Database


def crawl(
    database: Database,
    targets: Sequence[Target],
    settings: CrawlSettings,
    *,
    fingerprint_of: FingerprintOf,
    mistakes: list[Exception],
    why_unstable: WhyUnstable = plainly_unstable,
    now: Callable[[], datetime] = utc_now,
    progress: Progress | None = None,
) -> list[int]:
    """Check each target once; the ids of the checks, in the order in which they ended.

    What goes wrong with a document is its check's outcome; mistakes of the program (`FAILED`) are also added to
    `mistakes`, for the caller to raise when all is done. Raises what the store raises (a full disk, a lost server),
    at once; the checks until then are kept. Blocks, on an event loop of its own, and can be called again.
    """
    if not targets:
        return []
    job = CrawlJob(database, targets, fingerprint_of, why_unstable)
    own = {"POLICYWATCH_JOB": lambda: job, "CLOCK": now, "LOG_INSTALL_ROOT_HANDLER": False}
    process = AsyncCrawlerProcess(scrapy_settings(settings) | own)
    for name in ("scrapy", PoliciesSpider.name):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # errors are raised, below
    crawler = process.create_crawler(PoliciesSpider)
    checks: list[int] = []
    storage_failures: list[BaseException] = []

    def on_stored(item: CheckResult) -> None:
        assert item.check is not None
        checks.append(item.check)
        if progress is not None:
            progress(len(checks), len(targets), item.document)

    def on_not_stored(failure: Failure) -> None:
        assert failure.value is not None
        storage_failures.append(failure.value)
        crawling.cancel()

    def on_idle() -> None:
        if crawling.cancelling():
            raise DontCloseSpider  # the loop ends at once, and would complain of what has only begun

    for receiver, signal in (
        (on_stored, signals.item_scraped),
        (on_not_stored, signals.item_error),
        (on_idle, signals.spider_idle),
    ):
        crawler.signals.connect(receiver, signal=signal)
    if progress is not None:
        progress(0, len(targets), "")
    crawling = process.crawl(crawler)
    process.start(install_signal_handlers=False)  # Ctrl-C and the like are the caller's
    if storage_failures:
        raise storage_failures[0]
    crawling.result()
    assert isinstance(crawler.spider, PoliciesSpider)
    mistakes += crawler.spider.mistakes
    return checks
