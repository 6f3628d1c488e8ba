"""The crawler's front door: check these documents now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from scrapy.crawler import AsyncCrawlerProcess

from crawler.settings import scrapy_settings
from crawler.spiders.policies import PoliciesSpider
from crawler.targets import CrawlSettings, FingerprintOf, Job, Progress, Target, WhyUnstable, plainly_unstable
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

    What goes wrong with a document is its check's outcome; what the program did wrong with it (`FAILED`) is also added
    to `mistakes`, for the caller to raise when all is done. Raises what the store raises (a full disk, a lost server),
    at once; the checks until then are kept. Blocks, on an event loop of its own, and can be called again.
    """
    if not targets:
        return []
    job = Job(database, targets, settings, fingerprint_of, why_unstable, now, progress)
    process = AsyncCrawlerProcess(scrapy_settings(settings) | {"LOG_INSTALL_ROOT_HANDLER": False})
    logging.getLogger("scrapy").setLevel(logging.CRITICAL)  # what ends the crawl is raised, below
    crawler = process.create_crawler(PoliciesSpider)
    crawling = process.crawl(crawler, job=job)
    process.start(install_signal_handlers=False)  # Ctrl-C and the like are the caller's
    crawling.result()
    spider = crawler.spider
    assert isinstance(spider, PoliciesSpider)
    if spider.failure is not None:
        raise spider.failure
    mistakes += spider.mistakes
    return spider.checks
