"""Scrapy's settings, for `scrapy crawl policies` and `crawl()`; each gives the reason why it differs from the default."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from crawler.targets import CrawlSettings
from storage.clock import utc_now

BOT_NAME = "policywatch"  # in a robots.txt
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"
TWISTED_REACTOR_ENABLED = False  # `watch` crawls repeatedly
LOG_LEVEL = "WARNING"
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

DOWNLOAD_HANDLERS = {
    "http": "crawler.downloader.GuardedDownloadHandler",
    "https": "crawler.downloader.GuardedDownloadHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
DOWNLOAD_VERIFY_CERTIFICATES = True
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/pdf;q=0.9,*/*;q=0.5",
    "Accept-Encoding": "gzip, deflate",  # the standard library decodes these
}

ROBOTSTXT_OBEY = True
CONCURRENT_REQUESTS_PER_DOMAIN = 1
CONCURRENT_REQUESTS = 0  # would count requests that only wait
CONCURRENT_HOSTS = 16  # counts connections
DOWNLOAD_DELAY_JITTER = 0  # the delay is a minimum
DOWNLOAD_SLOTS = {
    "browser": {"concurrency": 1, "delay": 0}
}  # requests of a rendered page
REDIRECT_MAX_TIMES = 5
METAREFRESH_MAXDELAY = 6  # seconds
RETRY_HTTP_CODES = [500, 502, 504]  # 429 and 503 follow Retry-After
RETRY_EXCEPTIONS = ["crawler.failures.TemporaryFailure"]
RETRY_GIVE_UP_LOG_LEVEL = "INFO"  # the check has the reason
HTTPERROR_ALLOW_ALL = True  # each status has its outcome
REFERRER_POLICY = "no-referrer"
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"  # a new text is fetched twice; documents may share a page
URLLENGTH_LIMIT = 0  # each document needs a check
CONCURRENT_ITEMS = 1  # callbacks return one

DOWNLOADER_MIDDLEWARES = {
    "crawler.middlewares.DelayMiddleware": 60,
    "crawler.browser.RenderMiddleware": 90,
    # lets pages through when robots.txt fails
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.middlewares.RobotsMiddleware": 100,
    "crawler.middlewares.ValidatorsMiddleware": 450,
    # retries at once and ignores Retry-After
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "crawler.middlewares.PatientRetryMiddleware": 550,
    # follow to any port
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "crawler.middlewares.GuardedMetaRefreshMiddleware": 580,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "crawler.middlewares.GuardedRedirectMiddleware": 600,
    # takes the first half of a compressed page for all of it
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    # keeps cookies for the whole crawl
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "crawler.middlewares.ChainCookiesMiddleware": 700,
    # a proxy resolves names itself
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,
}
SPIDER_MIDDLEWARES = {"crawler.middlewares.ErrbackMiddleware": 500}
ITEM_PIPELINES = {"crawler.pipelines.StoragePipeline": 300}
EXTENSIONS = {
    "scrapy.extensions.telnet.TelnetConsole": None,  # listens
    "scrapy.extensions.remote_control.RemoteControl": None,  # listens
    "scrapy.extensions.logcount.LogCount": None,  # changes the root logger
    "crawler.extensions.HostPauses": 0,
}
FEED_EXPORT_FIELDS = ["document", "check", "outcome", "reason"]

CLOCK = utc_now  # for tests to replace


def scrapy_settings(settings: CrawlSettings) -> dict[str, Any]:
    fixed = {name: value for name, value in globals().items() if name.isupper()}
    return fixed | {
        "USER_AGENT": f"{BOT_NAME}/{version(BOT_NAME)} (+{settings.contact})",
        "DOWNLOAD_DELAY": max(
            settings.delay, 0.001
        ),  # a slot without a delay can't be paused
        "DOWNLOAD_TIMEOUT": settings.timeout,
        "DOWNLOAD_MAXSIZE": settings.max_size,
        "CHECK_TIMEOUT": settings.check_timeout,
        "CONFIRM_DELAY": settings.confirm_delay,
        "CRAWL_DELAY_LIMIT": settings.longest_crawl_delay,
        "RETRY_WAITS": settings.retry_waits,
        "RETRY_TIMES": len(settings.retry_waits),
        "RETRY_AFTER_PATIENCE": settings.patience,
    }
