"""How Scrapy is set up: nothing that listens, nothing between a request and our own download handler."""

from __future__ import annotations

from typing import Any

from crawler.targets import CrawlSettings
from crawler.user_agent import NAME, user_agent

_DOWNLOADS = "crawler.download.GuardedDownloads"


def scrapy_settings(settings: CrawlSettings) -> dict[str, Any]:
    """All that differs from Scrapy's defaults.

    Redirects, robots.txt, retries, cookies, delays and decompression are the crawler's own (docs/crawling.md says why),
    so that Scrapy's middlewares and extensions are left out altogether; its checks are set all the same, for whoever
    puts one of its handlers back.
    """
    return {
        "BOT_NAME": NAME,
        "USER_AGENT": user_agent(settings.contact),
        "SPIDER_MODULES": ["crawler.spiders"],
        "TWISTED_REACTOR_ENABLED": False,
        "DOWNLOAD_HANDLERS": {
            "http": _DOWNLOADS,
            "https": _DOWNLOADS,
            "data": None,
            "file": None,
            "ftp": None,
            "s3": None,
        },
        "DOWNLOADER_MIDDLEWARES_BASE": {},
        "SPIDER_MIDDLEWARES_BASE": {},
        "EXTENSIONS_BASE": {},
        "EXTENSIONS": {"scrapy.extensions.feedexport.FeedExporter": 0},  # idle without `scrapy crawl policies -o FILE`
        "REMOTE_CONTROL_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOAD_MAXSIZE": settings.max_size,
        "DOWNLOAD_TIMEOUT": settings.timeout,
        "ROBOTSTXT_OBEY": True,
        # `Hosts` decides who asks when; Scrapy must not hold requests back a second time.
        "CONCURRENT_REQUESTS": 0,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_DELAY": 0,
        "LOG_LEVEL": "WARNING",
    }
