"""Scrapy's settings for `scrapy crawl policies`: the crawler's own, for the watchlist that POLICYWATCH_CONFIG names."""

from __future__ import annotations

import os
from pathlib import Path

from crawler.settings import scrapy_settings
from crawler.targets import CrawlJob
from policywatch.config import DEFAULT_FILE
from policywatch.config.recipients import Recipients
from policywatch.config.watchlist import load
from policywatch.pipeline import Job, crawl_settings
from storage.database import Database

_watchlist = load(Path(os.environ.get("POLICYWATCH_CONFIG", DEFAULT_FILE)))


def _crawl_job() -> CrawlJob:
    job = Job(
        _watchlist,
        Database(_watchlist.database, upgrade=_watchlist.upgrade),
        Recipients(),
    )
    job.declare()
    return job.crawl_job(_watchlist.documents)


globals().update(scrapy_settings(crawl_settings(_watchlist)))
POLICYWATCH_JOB = _crawl_job
