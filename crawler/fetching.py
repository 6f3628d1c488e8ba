"""From a URL to its last answer: new attempts, Retry-After and redirects, each request in its host's turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urljoin

from aiohttp import CookieJar
from scrapy import Request
from scrapy.http import Response
from w3lib.html import get_meta_refresh
from w3lib.url import safe_url_string
from yarl import URL

from crawler.addresses import WEB_PORTS, host_of, objection, port_of
from crawler.download import ACCEPT_ENCODING, RawHeaders
from crawler.failures import CrawlError, DownloadFailed, NoPage
from crawler.politeness import Hosts
from crawler.targets import CrawlSettings
from crawler.user_agent import user_agent
from messages import Message
from storage.checks import Outcome
from storage.clock import retry_after

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PASSING = frozenset({500, 502, 504})  # statuses that are worth a new attempt
WAITING = frozenset({429, 503})  # statuses whose Retry-After is obeyed
_MAX_VALIDATOR = 512  # characters
_LEADS_ON = 4_096  # bytes of a page that does no more than lead to another; one with a text is read
_AT_ONCE = 5.0  # seconds until it does

Ask = Callable[[Request], Awaitable[Response]]
HeadersFor = Callable[[str], Mapping[str, str]]
MayAsk = Callable[[str], Awaitable[None]]


@dataclass(frozen=True)
class Answer:
    """What the last URL of a chain of redirects answered."""

    url: str  # the last one
    status: int
    headers: RawHeaders
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of that name, which is given in lower case."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def validator(self, name: str) -> str | None:
        """A validator that can be sent back as it came."""
        value = self.header(name)
        return value if value and len(value) <= _MAX_VALIDATOR and value.isascii() and value.isprintable() else None


@dataclass
class _Chain:
    """A request and the redirects after it; its cookies live no longer."""

    url: str
    private_host: str | None
    ports: frozenset[int]
    method: str = "GET"
    body: bytes = b""
    is_piece: bool = False  # of a page that is open in a browser
    jar: CookieJar | None = field(default=None)

    def cookies(self, url: str) -> str | None:
        if self.jar is None:
            return None
        return "; ".join(f"{one.key}={one.value}" for one in self.jar.filter_cookies(URL(url, encoded=True)).values())

    def keep(self, url: str, headers: RawHeaders) -> None:
        for name, value in headers:
            if name.lower() != "set-cookie":
                continue
            self.jar = self.jar or CookieJar(unsafe=True)  # "unsafe": also those of hosts without a name
            try:
                self.jar.update_cookies(SimpleCookie(value), URL(url, encoded=True))
            except CookieError:
                continue


class Fetcher:
    """Asks for one URL at a time and follows where it leads."""

    def __init__(self, ask: Ask, hosts: Hosts, settings: CrawlSettings, now: Callable[[], datetime]) -> None:
        self._ask = ask
        self._hosts = hosts
        self._settings = settings
        self._now = now

    async def follow(self, url: str, *, allow_private: bool, may_ask: MayAsk, headers_for: HeadersFor) -> Answer:
        """Return the last answer, beginning at a URL without objection.

        `may_ask` is awaited before each request and raises `NoPage` where it may not be.

        Raises `NoPage` for what redirects do wrong, `DownloadFailed` for what the network does.
        """
        chain = _Chain(url, host_of(url) if allow_private else None, WEB_PORTS | {port_of(url) or 0})
        for _ in range(self._settings.max_redirects + 1):
            answer = await self._step(chain, url, may_ask, headers_for(url))
            location = _leads_on(answer) or (answer.header("location") if answer.status in REDIRECTS else None)
            if location is None:
                return answer
            chain.keep(url, answer.headers)
            url = _target_of(location, url)
            wrong = objection(url, chain.ports)
            if wrong is not None:
                reason = Message("address.redirected_wrong", url=url[:300], wrong=wrong)
                raise NoPage(Outcome.FAILED, reason, final_url=url)
        raise NoPage(
            Outcome.FAILED,
            Message("address.redirected_often", n=self._settings.max_redirects, url=url),
            final_url=url,
        )

    async def piece(
        self,
        url: str,
        *,
        page: str,
        allow_private: bool,
        may_ask: MayAsk,
        headers: Mapping[str, str],
        method: str,
        body: bytes,
    ) -> Answer:
        """What a page that is open in a browser asks for: without a delay, a new attempt, or cookies.

        Only `page`'s own host is sent anything (POST), and it alone may be private. Raises as `follow` does.
        """
        own = host_of(url) == host_of(page)
        if method not in {"GET", "POST"} or (method == "POST" and not own):
            raise NoPage(Outcome.FAILED, Message("address.piece_sends", host=host_of(url)))
        ports = WEB_PORTS | {port_of(page) or 0}
        chain = _Chain(url, host_of(page) if allow_private else None, ports, method, body, is_piece=True)
        for _ in range(self._settings.max_redirects + 1):
            wrong = objection(url, chain.ports)
            if wrong is not None:
                raise NoPage(Outcome.FAILED, Message("address.piece_wrong", url=url[:300], wrong=wrong))
            answer = await self._step(chain, url, may_ask, headers)
            location = answer.header("location")
            if answer.status not in REDIRECTS or location is None or method != "GET":
                return answer
            url = _target_of(location, url)
        raise NoPage(Outcome.FAILED, Message("address.piece_redirected", host=host_of(url)))

    async def _step(self, chain: _Chain, url: str, may_ask: MayAsk, headers: Mapping[str, str]) -> Answer:
        try:
            await may_ask(url)
            return await self._persistently(chain, url, headers)
        except CrawlError as failure:
            if url != chain.url:
                failure.reason = Message("address.redirected", url=url[:300], reason=failure.reason)
            raise

    async def _persistently(self, chain: _Chain, url: str, headers: Mapping[str, str]) -> Answer:
        """Ask again where that may help; the last answer or failure counts."""
        if chain.is_piece:
            return await self._once(chain, url, headers)
        for wait in (*self._settings.retry_waits, None):
            try:
                answer = await self._once(chain, url, headers)
            except DownloadFailed as failure:
                if not failure.temporary or wait is None:
                    raise
                await asyncio.sleep(wait)
                continue
            asked = self._asked_to_wait(answer)
            if wait is None or not (answer.status in PASSING or asked is not None):
                return answer
            if asked is None:
                await asyncio.sleep(wait)
            elif asked <= self._settings.patience:
                self._hosts.pause(host_of(url), asked)
            else:
                return answer
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, chain: _Chain, url: str, headers: Mapping[str, str]) -> Answer:
        host = host_of(url)
        request = Request(
            url,
            method=chain.method,
            body=chain.body,
            headers={"User-Agent": user_agent(self._settings.contact), "Accept-Encoding": ACCEPT_ENCODING, **headers},
            meta={
                "download_timeout": self._settings.timeout,
                "download_maxsize": self._settings.max_size,
                "allow_private": host == chain.private_host,
            },
        )
        cookies = chain.cookies(url)
        if cookies:
            request.headers["Cookie"] = cookies
        async with self._hosts.turn(host, delayed=not chain.is_piece):
            response = await self._ask(request)
        return Answer(url, response.status, request.meta["received"], response.body)

    def _asked_to_wait(self, answer: Answer) -> float | None:
        """Seconds; None if the server did not ask."""
        if answer.status not in WAITING:
            return None
        wait = retry_after(answer.header("retry-after"), self._now())
        return None if wait is None else wait.total_seconds()

    def come_back_at(self, answer: Answer) -> datetime | None:
        """Until when the server wants to be left alone, if it does; its host is not asked again in this crawl."""
        asked = self._asked_to_wait(answer)
        if asked is None:
            return None
        longest = self._settings.longest_pause
        until = self._now() + timedelta(seconds=min(asked, longest.total_seconds()))
        self._hosts.close(host_of(answer.url), until)
        return until


def _leads_on(answer: Answer) -> str | None:
    """Where a page takes every browser by `<meta http-equiv="refresh">`, if that is all it does."""
    is_page = answer.status == 200 and "html" in (answer.header("content-type") or "")
    if not is_page or len(answer.body) > _LEADS_ON:
        return None
    try:
        wait, url = get_meta_refresh(answer.body.decode("utf-8", "replace"), answer.url)
    except ValueError:  # its address can't be one; a browser stays, too
        return None
    return url if url and url != answer.url and wait is not None and wait <= _AT_ONCE else None


def _target_of(location: str, url: str) -> str:
    """An absolute URL in ASCII; headers are bytes, most often UTF-8 where they aren't ASCII."""
    with suppress(UnicodeDecodeError):
        location = location.encode("latin-1").decode()
    try:
        return str(safe_url_string(urljoin(url, location.strip())))
    except ValueError as failure:
        raise NoPage(Outcome.FAILED, Message("address.redirected_unclear")) from failure
