"""Pages that a script builds: a Chromium that has no network, and is handed every byte by our own downloads.

So the guards of `crawler.download` hold for all that a page asks for, and robots.txt and the turns of hosts too: the
browser is told of an answer only after it was fetched for it. docs/decisions/0011 says why.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from crawler.addresses import host_of
from crawler.download import RawHeaders, too_large
from crawler.failures import CrawlError, DownloadFailed
from crawler.fetching import Answer
from crawler.targets import CrawlSettings
from crawler.user_agent import user_agent
from messages import Message

if TYPE_CHECKING:  # an optional extra, imported when a page needs it
    from playwright.async_api import Browser, Page, Playwright, Request, Route, WebSocketRoute

_FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # no name and no address leads anywhere
    "--proxy-server=http://nowhere.invalid:9",
    "--proxy-bypass-list=<-loopback>",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--js-flags=--max-old-space-size=512",
)
_FETCHED = frozenset({"script", "fetch", "xhr"})  # what makes text; pictures, fonts and frames are not asked for
_MOST_REQUESTS = 300
_QUIET = 0.5  # seconds without a request and without a change of the page's size, after which it is taken for built
_NOT_PASSED_ON = frozenset({"host", "cookie", "user-agent", "accept-encoding", "connection", "content-length"})
_NOT_HANDED_ON = frozenset({"set-cookie", "content-encoding", "content-length", "transfer-encoding", "connection"})
# Opens what a click opens in the text, and nothing that leads elsewhere, belongs to a menu or sends a form.
_OPEN_ALL = """() => {
  const text = document.querySelector("main, [role=main], article") || document.body
  for (const each of text.querySelectorAll("details")) each.open = true
  const closed = 'button[aria-expanded=false], [role=button][aria-expanded=false], [role=tab][aria-expanded=false]'
  const opens = (each) => !each.closest("nav, header, footer, form, a[href]") && !each.hasAttribute("aria-haspopup")
  const found = [...text.querySelectorAll(closed)].filter(opens).slice(0, 300)
  for (const each of found) each.click()
  return found.length
}"""
_STATE = "() => [document.readyState, document.documentElement ? document.documentElement.outerHTML.length : 0]"

Ask = Callable[[str, str, dict[str, str], bytes], Awaitable[Answer]]


class Rendering:
    """One Chromium a crawl, started for the first page that needs it; pages are opened one at a time."""

    def __init__(self, settings: CrawlSettings) -> None:
        self._settings = settings
        self._turn = asyncio.Lock()
        self._driver: Playwright | None = None
        self._browser: Browser | None = None

    async def filled(self, answer: Answer, ask: Ask, *, language: str, expand: bool) -> Answer:
        """The page as it is after its scripts ran, beginning at an answer that was fetched as any other.

        `ask` fetches what the page asks for (URL, method, headers, body). Raises `DownloadFailed`.
        """
        from playwright.async_api import Error

        seconds = self._settings.timeout
        async with self._turn:
            try:
                async with asyncio.timeout(seconds):
                    return await self._opened(answer, ask, language, expand=expand)
            except TimeoutError as failure:
                await self.close()  # its process may be busy for ever
                raise DownloadFailed(Message("browser.late", host=host_of(answer.url), seconds=seconds)) from failure
            except Error as failure:
                await self.close()
                said = failure.message.splitlines()[0][:200]
                raise DownloadFailed(Message("browser.failed", host=host_of(answer.url), error=said)) from failure

    async def _opened(self, answer: Answer, ask: Ask, language: str, *, expand: bool) -> Answer:
        browser = await self._started()
        context = await browser.new_context(
            user_agent=user_agent(self._settings.contact),
            locale=language,
            service_workers="block",
            accept_downloads=False,
        )
        visit = _Visit(answer, ask, self._settings.max_size)
        try:
            await context.route("**/*", visit.serve)
            await context.route_web_socket("**/*", _hang_up)
            page = await context.new_page()
            await page.goto(answer.url, wait_until="commit", timeout=0)
            await visit.rest(page, self._settings.timeout / 3)
            if expand and await page.evaluate(_OPEN_ALL):
                await visit.rest(page, self._settings.timeout / 3)
            return Answer(
                answer.url, answer.status, _described(answer.headers, browser.version), await visit.body(page)
            )
        finally:
            visit.end()
            with suppress(TimeoutError):
                await asyncio.wait_for(context.close(), 5)

    async def _started(self) -> Browser:
        if self._browser is not None and self._browser.is_connected():
            return self._browser
        from playwright.async_api import Error, async_playwright

        self._driver = await async_playwright().start()
        names = ("chromium", "chromium-browser", "google-chrome")
        found = os.environ.get("POLICYWATCH_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
        try:
            self._browser = await self._driver.chromium.launch(
                executable_path=found, args=_FLAGS, handle_sigint=False, handle_sigterm=False, handle_sighup=False
            )
        except Error as failure:
            await self.close()
            raise DownloadFailed(Message("browser.no_chromium")) from failure
        return self._browser

    async def close(self) -> None:
        """End the browser, if there is one."""
        browser, driver = self._browser, self._driver
        self._browser = self._driver = None
        if browser is not None:
            from playwright.async_api import Error

            with suppress(Error, TimeoutError):  # it may be gone, or hang; the driver ends it in any case
                await asyncio.wait_for(browser.close(), 5)
        if driver is not None:
            await driver.stop()


def require() -> None:
    """Raise `DownloadFailed` where the optional extra is missing."""
    try:
        import playwright.async_api  # noqa: F401
    except ImportError as failure:
        raise DownloadFailed(Message("browser.missing")) from failure


class _Visit:
    """What one page asks for while it is open."""

    def __init__(self, answer: Answer, ask: Ask, limit: int) -> None:
        self._answer: Answer | None = answer
        self._ask = ask
        self._limit = limit
        self._size = len(answer.body)
        self._asked = 0
        self._open: set[asyncio.Task[Answer]] = set()

    async def serve(self, route: Route) -> None:
        """Answer one request of the page, or refuse it."""
        from playwright.async_api import Error

        with suppress(Error):  # the page has gone meanwhile
            request = route.request
            if request.is_navigation_request():
                await self._navigate(route)
            elif request.resource_type == "stylesheet":  # some scripts wait for it
                await route.fulfill(status=200, content_type="text/css", body="")
            elif request.resource_type in _FETCHED and (answer := await self._fetched(request)) is not None:
                headers = {name: value for name, value in answer.headers if name.lower() not in _NOT_HANDED_ON}
                await route.fulfill(status=answer.status, headers=headers, body=answer.body)
            else:
                await route.abort()

    async def _navigate(self, route: Route) -> None:
        """The page itself, once: neither frames nor a script's or a click's way elsewhere."""
        answer, self._answer = self._answer, None
        if answer is None:
            await route.fulfill(status=204)  # which leaves the page as it is; a failure would replace it
            return
        content_type = answer.header("content-type") or "text/html"
        await route.fulfill(status=200, content_type=content_type, body=answer.body)

    async def _fetched(self, request: Request) -> Answer | None:
        self._asked += 1
        if self._asked > _MOST_REQUESTS or self._size > self._limit:
            return None
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in _NOT_PASSED_ON and not name.startswith("sec-")
        }
        sent = request.post_data_buffer or b""
        task = asyncio.ensure_future(self._ask(request.url, request.method, headers, sent))
        self._open.add(task)
        try:
            answer = await task
        except (CrawlError, asyncio.CancelledError):
            return None
        finally:
            self._open.discard(task)
        self._size += len(answer.body)
        return answer if self._size <= self._limit else None

    async def rest(self, page: Page, most: float) -> None:
        """Wait until the page asks for nothing and grows no more; one that never rests is taken as it is then.

        Raises `DownloadFailed` for a page that is too large.
        """
        loop = asyncio.get_running_loop()
        end, last = loop.time() + most, None
        while loop.time() < end:
            state, size = await page.evaluate(_STATE)
            if max(size, self._size) > self._limit:
                raise too_large(self._limit)
            if state != "loading" and not self._open and last == (size, self._asked):
                return
            last = (size, self._asked)
            await asyncio.sleep(_QUIET)

    async def body(self, page: Page) -> bytes:
        """The page as HTML, in UTF-8."""
        if (await page.evaluate(_STATE))[1] > self._limit:
            raise too_large(self._limit)
        return (await page.content()).encode("utf-8", "replace")

    def end(self) -> None:
        """Ask for nothing more."""
        for task in self._open:
            task.cancel()


async def _hang_up(socket: WebSocketRoute) -> None:
    await socket.close()


def _described(headers: RawHeaders, version: str) -> RawHeaders:
    """The headers as they came, but for the type: the bytes are no longer the server's."""
    kept = [(name, value) for name, value in headers if name.lower() != "content-type"]
    return [*kept, ("Content-Type", "text/html; charset=utf-8"), ("Policywatch-Rendered-By", f"Chromium {version}")]
