"""Middlewares where Scrapy's own do not carry our guarantees.

They read from `request.meta`: `delay` (seconds to wait first), `private_host` (the only host that may have a private
address), `previous` (a `PartState`), `budget` (of its check).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self, TypeVar
from urllib.parse import urljoin

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.redirect import (
    MetaRefreshMiddleware,
    RedirectMiddleware,
)
from scrapy.downloadermiddlewares.retry import RetryMiddleware, get_retry_request
from scrapy.http import HtmlResponse, Response
from scrapy.http.cookies import CookieJar
from scrapy.settings import BaseSettings
from scrapy.utils.response import get_meta_refresh
from twisted.python.failure import Failure
from w3lib.url import safe_url_string
from yarl import URL

from crawler.extensions import Budget, budget_of, is_redirected, pauses_of
from crawler.failures import CheckEnded, DownloadFailed
from crawler.targets import WEB_PORTS, objection, port_of
from foundation.addresses import host_of
from foundation.vocabulary import Outcome
from messages import Message

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REFRESH_SIZE = 4_096  # bytes; a larger page is read
_ROBOTS_SIZE = 500 * 1024  # bytes; RFC 9309

T = TypeVar("T")


class DelayMiddleware:
    """Delays a retry or a confirmation without taking a download slot."""

    async def process_request(self, request: Request) -> None:
        # not again after a redirect
        await asyncio.sleep(request.meta.pop("delay", 0))


class ValidatorsMiddleware:
    """Makes a request conditional, if its URL gave the validators."""

    def process_request(self, request: Request) -> None:
        previous = request.meta.get("previous")
        for name in ("If-None-Match", "If-Modified-Since"):
            request.headers.pop(name, None)
        if previous is not None:
            request.headers.update(previous.conditions(request.url))


class ChainCookiesMiddleware:
    """Cookies that live as long as one chain of redirects."""

    def process_request(self, request: Request) -> None:
        request.headers.pop("Cookie", None)
        if jar := request.meta.get("chain_cookies"):
            jar.add_cookie_header(request)

    def process_response(self, request: Request, response: Response) -> Response:
        if "Set-Cookie" in response.headers:  # redirected requests inherit the jar
            request.meta.setdefault("chain_cookies", CookieJar()).extract_cookies(
                response, request
            )
        return response


class PatientRetryMiddleware(RetryMiddleware):
    """Retries after a while; after a 429 or 503 only for a short Retry-After."""

    def __init__(self, settings: BaseSettings) -> None:
        super().__init__(settings)
        self._waits = settings.getlist("RETRY_WAITS")

    def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        if request.meta.get("dont_retry"):
            return response
        if pauses_of(self.crawler).is_short(response):
            assert self.crawler.spider is not None
            return (
                get_retry_request(
                    request, spider=self.crawler.spider, reason="Retry-After"
                )
                or response
            )
        return self._delayed(super().process_response(request, response))

    def process_exception(  # type: ignore[override]
        self, request: Request, exception: Exception
    ) -> Request | Response | None:
        return self._delayed(super().process_exception(request, exception))

    def _delayed(self, result: T) -> T:
        if isinstance(result, Request):
            result.meta["delay"] = wait = self._waits[
                result.meta["retry_times"] - 1
            ]
            budget_of(result).charge(wait)
        return result


class GuardedRedirectMiddleware(RedirectMiddleware):
    """A bad address, a forbidden port, or too many."""

    def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        """Raises `CheckEnded` where Scrapy would return the response, or raise without a reason."""
        location = response.headers.get("Location")
        if (
            location is not None
            and response.status in _REDIRECTS
            and not request.meta.get("dont_redirect")
        ):
            try:
                url = urljoin(request.url, safe_url_string(location.strip()))
            except ValueError as failure:
                raise CheckEnded(
                    Outcome.FAILED, Message("address.redirected_unclear")
                ) from failure
            _check_redirect(request, url, self.max_redirect_times)
        return super().process_response(request, response)

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Failures after a redirect name where it led."""
        if isinstance(exception, CheckEnded) and "redirect_urls" in request.meta:
            exception.reason = Message(
                "address.redirected", url=request.url[:300], reason=exception.reason
            )


class GuardedMetaRefreshMiddleware(MetaRefreshMiddleware):
    """Follows a page that only refreshes to another within some seconds."""

    def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        """A page that stays, or whose target is no address, is the page, as in a browser."""
        if (
            response.status != 200
            or len(response.body) > _REFRESH_SIZE
            or not isinstance(response, HtmlResponse)
        ):
            return response
        try:
            delay, url = get_meta_refresh(response, ignore_tags=self._ignore_tags)
        except ValueError:
            return response
        if (
            not url
            or url == response.url
            or delay is None
            or delay >= self._maxdelay
        ):
            return response
        _check_redirect(request, url, self.max_redirect_times)
        return super().process_response(request, response)


def _check_redirect(request: Request, url: str, most: int) -> None:
    """Raises `CheckEnded`."""
    first = request.meta.get("redirect_urls", [request.url])[0]
    if wrong := objection(url, WEB_PORTS | {port_of(first) or 0}):
        reason = Message("address.redirected_wrong", url=url[:300], wrong=wrong)
        raise CheckEnded(Outcome.FAILED, reason, final_url=url)
    if request.meta.get("redirect_times", 0) >= most:
        raise CheckEnded(
            Outcome.FAILED,
            Message("address.redirected_often", n=most, url=url),
            final_url=url,
        )


class RobotsMiddleware:
    """Read once a crawl and origin (RFC 9309) while requests wait. Raises `CheckEnded` for what it forbids, and for
    everything if it could not be read.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._rules: dict[
            tuple[str, str | None], asyncio.Task[Protego | CheckEnded | None]
        ] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        if request.meta.get("dont_obey_robotstxt"):
            return
        host = host_of(request.url)
        private_host = host if request.meta.get("private_host") == host else None
        key = (str(URL(request.url, encoded=True).origin()), private_host)
        if key not in self._rules:
            self._rules[key] = asyncio.ensure_future(self._read(*key))
        if is_redirected(request):  # other documents share only the first host's
            async with budget_of(request).spending(host):
                rules = await asyncio.shield(self._rules[key])
        else:
            rules = await asyncio.shield(self._rules[key])
        if isinstance(rules, CheckEnded):
            raise CheckEnded(
                rules.outcome,
                rules.reason,
                final_url=request.url,
                not_before=rules.not_before,
            )
        name = self._crawler.settings["BOT_NAME"]
        if rules is not None and not rules.can_fetch(request.url, name):
            self._crawler.stats.inc_value("robotstxt/forbidden")
            reason = Message("robots.forbidden", host=host, name=name)
            raise CheckEnded(Outcome.ROBOTS, reason, final_url=request.url)

    async def _read(
        self, origin: str, private_host: str | None
    ) -> Protego | CheckEnded | None:
        """None: all is allowed."""
        host = host_of(origin)
        budget = Budget(self._crawler.settings.getfloat("CHECK_TIMEOUT"))
        meta = {
            "dont_obey_robotstxt": True,
            "private_host": private_host,
            "budget": budget,
        }
        request = Request(f"{origin}/robots.txt", meta=meta)
        try:
            response = await self._crawler.engine.download_async(request)
        except DownloadFailed as failure:
            if not failure.reached:  # a person must know
                return failure
            is_large = (
                failure.reason.code == "network.large"
            )  # that reason speaks of a page
            size = failure.reason.params.get("size", "")
            return _unreadable(
                host,
                Message("robots.large", size=size) if is_large else failure.reason,
            )
        except CheckEnded as failure:
            return (
                failure
                if failure.outcome is Outcome.BLOCKED
                else _unreadable(host, failure.reason)
            )
        if 200 <= response.status < 300:
            rules = Protego.parse(
                response.body[:_ROBOTS_SIZE].decode("utf-8", "replace")
            )
            self._slow_down(
                request, rules.crawl_delay(self._crawler.settings["BOT_NAME"]) or 0
            )
            return rules
        if 400 <= response.status < 500 and response.status != 429:
            return None
        if until := pauses_of(self._crawler).until(response):
            reason = Message(
                "robots.paused",
                status=response.status,
                until=f"{until:%Y-%m-%d %H:%M}",
            )
        else:
            reason = Message("robots.answered", status=response.status)
        return _unreadable(host, reason, until)

    def _slow_down(self, request: Request, crawl_delay: float) -> None:
        """Also when the host's download slot is made anew."""
        downloader, settings = (
            self._crawler.engine.downloader,
            self._crawler.settings,
        )
        host = downloader.get_slot_key(request)
        known = downloader.per_slot_settings.get(host, {}).get(
            "delay", settings.getfloat("DOWNLOAD_DELAY")
        )
        delay = max(min(crawl_delay, settings.getfloat("CRAWL_DELAY_LIMIT")), known)
        downloader.per_slot_settings[host] = {"delay": delay}
        if slot := downloader.slots.get(host):
            slot.delay = delay


def _unreadable(
    host: str, why: Message, not_before: datetime | None = None
) -> CheckEnded:
    reason = Message("robots.unreadable", host=host, why=why)
    return CheckEnded(Outcome.ROBOTS, reason, not_before=not_before)


class ErrbackMiddleware:
    """Hands a callback's exception to the request's errback, where failed downloads end too."""

    def process_spider_exception(
        self, response: Response, exception: Exception
    ) -> Iterable[Any] | None:
        request = response.request
        if request is None or request.errback is None:
            return None
        failure = Failure(exception)  # type: ignore[no-untyped-call]
        failure.request = request  # type: ignore[attr-defined]
        return [request.errback(failure)]
