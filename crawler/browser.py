"""Pages built by scripts: a Chromium without network, which gets every byte from our own downloads
(docs/decisions/0011).
"""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response

from crawler.downloader import too_large
from crawler.failures import CheckEnded, DownloadFailed
from crawler.targets import WEB_PORTS, objection, port_of
from foundation.addresses import host_of
from messages import Message

if TYPE_CHECKING:  # an optional extra
    from playwright import async_api as playwright

_FLAGS = (
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # nothing resolves
    "--proxy-server=http://nowhere.invalid:9",
    "--proxy-bypass-list=<-loopback>",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--js-flags=--max-old-space-size=512",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FETCHED = frozenset({"script", "fetch", "xhr"})  # no pictures, fonts or frames
_MOST_REQUESTS = 300
_QUIET = 0.5  # seconds without a request or a change of size
_NOT_SENT = frozenset(
    {
        "host",
        "cookie",
        "user-agent",
        "accept-encoding",
        "connection",
        "content-length",
    }
)
_NOT_RETURNED = frozenset(
    {"set-cookie", "content-length", "transfer-encoding", "connection"}
)
# no links elsewhere, menus or forms
_OPEN_ALL = """() => {
  const text = document.querySelector("main, [role=main], article") || document.body
  for (const each of text.querySelectorAll("details")) each.open = true
  const closed = 'button[aria-expanded=false], [role=button][aria-expanded=false], [role=tab][aria-expanded=false]'
  const opens = (each) => !each.closest("nav, header, footer, form, a[href]") && !each.hasAttribute("aria-haspopup")
  const buttons = [...text.querySelectorAll(closed)].filter(opens).slice(0, 300)
  for (const button of buttons) button.click()
  return buttons.length
}"""
_STATE = "() => [document.readyState, document.documentElement ? document.documentElement.outerHTML.length : 0]"


class RenderMiddleware:
    """Where `request.meta["render"]` says so. One page at a time, each in a browser of its own."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._turn = asyncio.Lock()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Raises `DownloadFailed` where the optional extra is missing."""
        if request.meta.get("render"):
            require()

    async def process_response(
        self, request: Request, response: Response
    ) -> Response:
        """Raises `DownloadFailed`."""
        is_page = (
            response.status in {200, 203}
            and response.body.strip()
            and isinstance(response, HtmlResponse)
        )
        if not request.meta.get("render") or not is_page:
            return response
        seconds = self._crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        host = host_of(response.url)
        async with self._turn:
            try:
                async with (
                    require().async_playwright() as driver,
                    asyncio.timeout(seconds),
                ):
                    return await self._rendered(request, response, driver)
            except TimeoutError as failure:
                raise DownloadFailed(
                    Message("browser.late", host=host, seconds=seconds)
                ) from failure
            except require().Error as failure:
                message = failure.message.splitlines()[0][:200]
                raise DownloadFailed(
                    Message("browser.failed", host=host, error=message)
                ) from failure

    async def _rendered(
        self, request: Request, response: Response, driver: playwright.Playwright
    ) -> Response:
        settings, meta = self._crawler.settings, request.meta
        browser = await _launched(driver)  # ends with its driver
        context = await browser.new_context(
            user_agent=settings["USER_AGENT"],
            locale=meta["language"],
            service_workers="block",
            accept_downloads=False,
        )
        open_page = _OpenPage(self._crawler, request, response)
        try:
            await context.route("**/*", open_page.serve)
            await context.route_web_socket("**/*", _hang_up)
            page = await context.new_page()
            await page.goto(response.url, wait_until="commit", timeout=0)
            await open_page.settle(page)
            if meta["expand"] and await page.evaluate(_OPEN_ALL):
                await open_page.settle(page)
            body = await open_page.body(page)
        finally:
            open_page.close()
        content_type = "text/html; charset=utf-8"  # no longer the server's bytes
        headers = [
            (name, value)
            for name, value in meta["received_headers"]
            if name.lower() != "content-type"
        ]
        rendered_by = ("Policywatch-Rendered-By", f"Chromium {browser.version}")
        meta["received_headers"] = [
            *headers,
            ("Content-Type", content_type),
            rendered_by,
        ]
        return response.replace(
            body=body,
            headers={**response.headers, "Content-Type": content_type},
            encoding="utf-8",
        )


def require() -> Any:
    """Raises `DownloadFailed`."""
    try:
        return import_module("playwright.async_api")
    except ImportError as failure:
        raise DownloadFailed(Message("browser.missing")) from failure


async def printed(html: str) -> bytes:
    """Raises `DownloadFailed`."""
    async with require().async_playwright() as driver:
        page = await (await _launched(driver)).new_page(java_script_enabled=False)
        await page.set_content(html)
        return await page.pdf(format="A4", print_background=True)


async def _launched(driver: playwright.Playwright) -> playwright.Browser:
    path = os.environ.get("POLICYWATCH_CHROMIUM") or next(
        filter(None, map(shutil.which, _NAMES)), None
    )
    try:
        return await driver.chromium.launch(
            executable_path=path,
            args=_FLAGS,
            chromium_sandbox=os.geteuid()
            != 0,  # as root it does not start with one
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
    except require().Error as failure:
        raise DownloadFailed(Message("browser.no_chromium")) from failure


class _OpenPage:
    def __init__(
        self, crawler: Crawler, request: Request, response: Response
    ) -> None:
        self._crawler = crawler
        self._document: Response | None = response  # until handed to the browser
        self._url = response.url
        self._meta = {
            "download_slot": "browser",
            "dont_retry": True,
            "dont_obey_robotstxt": request.meta.get("dont_obey_robotstxt"),
            "private_host": request.meta["private_host"]
            if self._is_own(request.meta["private_host"])
            else None,
        }
        self._limit = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self._size = len(response.body)
        self._asked = 0
        self._open: set[asyncio.Task[Response]] = set()

    def _is_own(self, host: str | None) -> bool:
        return host == host_of(self._url)

    async def serve(self, route: playwright.Route) -> None:
        with suppress(require().Error):  # the page may be gone
            request = route.request
            if request.is_navigation_request():
                await self._navigate(route)
            elif request.resource_type == "stylesheet":  # some scripts wait for it
                await route.fulfill(status=200, content_type="text/css", body="")
            elif (
                request.resource_type in _FETCHED
                and (response := await self._fetched(request)) is not None
            ):
                headers = {
                    str(name): value
                    for name, value in response.headers.to_unicode_dict().items()
                    if name.lower() not in _NOT_RETURNED
                }
                await route.fulfill(
                    status=response.status, headers=headers, body=response.body
                )
            else:
                await route.abort()

    async def _navigate(self, route: playwright.Route) -> None:
        """Once: no frames, and no navigation by scripts or clicks."""
        response, self._document = self._document, None
        if response is None:
            await route.fulfill(status=204)  # a failure would replace the page
            return
        content_type = (
            response.headers.get("Content-Type") or b"text/html"
        ).decode("latin-1")
        await route.fulfill(
            status=200, content_type=content_type, body=response.body
        )

    async def _fetched(self, request: playwright.Request) -> Response | None:
        """Only the page's own host gets a POST; it alone may be private or on another port."""
        is_post = request.method == "POST" and self._is_own(host_of(request.url))
        self._asked += 1
        if (
            self._asked > _MOST_REQUESTS
            or self._size > self._limit
            or not (is_post or request.method == "GET")
        ):
            return None
        if objection(request.url, WEB_PORTS | {port_of(self._url) or 0}):
            return None
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in _NOT_SENT and not name.startswith("sec-")
        }
        meta = {**self._meta, "dont_redirect": is_post}
        own = Request(
            request.url,
            method=request.method,
            headers=headers,
            body=request.post_data_buffer,
            meta=meta,
        )
        task = asyncio.ensure_future(self._crawler.engine.download_async(own))
        self._open.add(task)
        try:
            response = await task
        except (CheckEnded, asyncio.CancelledError):
            return None
        finally:
            self._open.discard(task)
        self._size += len(response.body)
        return response if self._size <= self._limit else None

    async def settle(self, page: playwright.Page) -> None:
        """Until the page stops asking and growing, for a third of the timeout at most. Raises `DownloadFailed`."""
        loop = asyncio.get_running_loop()
        end, last = (
            loop.time() + self._crawler.settings.getfloat("DOWNLOAD_TIMEOUT") / 3,
            None,
        )
        while loop.time() < end:
            state, size = await page.evaluate(_STATE)
            if max(size, self._size) > self._limit:
                raise too_large(self._limit)
            if (
                state != "loading"
                and not self._open
                and last == (size, self._asked)
            ):
                return
            last = (size, self._asked)
            await asyncio.sleep(_QUIET)

    async def body(self, page: playwright.Page) -> bytes:
        if (await page.evaluate(_STATE))[1] > self._limit:
            raise too_large(self._limit)
        return (await page.content()).encode("utf-8", "replace")

    def close(self) -> None:
        for task in self._open:
            task.cancel()


async def _hang_up(socket: playwright.WebSocketRoute) -> None:
    await socket.close()
