"""One check: ask for a document's page, judge the answer, and have a new text confirmed by a second one."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic
from typing import ParamSpec, TypeVar

from crawler.addresses import host_of, objection
from crawler.block_detection import wall
from crawler.browser import Rendering, require
from crawler.failures import CrawlError, DownloadFailed, NoPage
from crawler.fetching import PASSING, Answer, Fetcher, MayAsk
from crawler.politeness import asked_to_wait
from crawler.robots import Robots
from crawler.targets import Fetched, FingerprintOf, Target, WhyUnstable
from messages import Message
from storage.checks import Outcome

P = ParamSpec("P")
R = TypeVar("R")

_REFUSALS = {
    401: "refusal.login",
    403: "refusal.forbidden",
    407: "refusal.proxy",
    429: "refusal.often",
    451: "refusal.law",
    503: "refusal.unavailable",
    999: "refusal.robot",
}
_COOKIES = "set-cookie"
_HELD = 1_000_000  # bytes, compressed, of a first answer that waits for the second one


@dataclass(frozen=True)
class KnownPart:
    """What the store knows of the page at one address of a document."""

    fingerprint: str | None = None  # of its text, as far as it is part of the version in force
    validated_url: str | None = None  # the validators came from this URL, and are sent to no other
    etag: str | None = None
    last_modified: str | None = None

    def validators(self, url: str) -> dict[str, str]:
        """Headers that make the request a conditional one."""
        if self.fingerprint is None or url != self.validated_url:
            return {}
        both = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in both.items() if value is not None}


@dataclass(frozen=True)
class Known:
    """What the store knows of a document before a check; a part for each of its addresses."""

    parts: tuple[KnownPart, ...] = (KnownPart(),)
    version_id: int | None = None  # the version in force
    not_before: datetime | None = None


@dataclass(frozen=True)
class Seen:
    """What one address answered, without the page itself."""

    url: str
    status: int
    final_url: str
    text: str | None  # its fingerprint; None where nothing could be read
    known: bool  # the text is the one that is known
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Finding:
    """What a check found. Without an outcome, its pages are yet to be read."""

    outcome: Outcome | None
    reason: Message | None = None
    status: int | None = None
    final_url: str | None = None
    seen: tuple[Seen, ...] = ()  # with the validators that hold if the text is believed
    pages: tuple[Fetched, ...] = ()  # to be kept
    not_before: datetime | None = None
    at: datetime | None = None
    seconds: float = 0


class Visitor:
    """Makes the checks of one crawl."""

    def __init__(
        self,
        fetcher: Fetcher,
        robots: Robots,
        rendering: Rendering,
        fingerprint_of: FingerprintOf,
        why_unstable: WhyUnstable,
        confirm_delay: float,
        now: Callable[[], datetime],
    ) -> None:
        self._fetcher = fetcher
        self._robots = robots
        self._rendering = rendering
        self._fingerprint_of = fingerprint_of
        self._why_unstable = why_unstable
        self._confirm_delay = confirm_delay
        self._now = now
        self._reading = asyncio.Lock()

    async def visit(self, target: Target, known: Known) -> Finding:
        """Check one document. What goes wrong with it is the finding's outcome, and never raised."""
        began = monotonic()
        try:
            finding = await self._find(target, known)
        except NoPage as failure:
            finding = Finding(
                failure.outcome,
                failure.reason,
                status=failure.status,
                final_url=failure.final_url,
                not_before=failure.not_before,
            )
        except DownloadFailed as failure:
            finding = Finding(Outcome.FAILED, failure.reason)
        return replace(finding, at=self._now(), seconds=monotonic() - began)

    async def _find(self, target: Target, known: Known) -> Finding:
        for url in target.addresses:
            if wrong := objection(url):
                raise NoPage(Outcome.FAILED, Message("address.wrong", url=url[:300], wrong=wrong))
        if known.not_before is not None and known.not_before > self._now():
            raise NoPage(Outcome.BLOCKED, asked_to_wait(host_of(target.url), known.not_before))
        asked = [await self._look(target, n, part) for n, part in enumerate(known.parts)]
        first = [seen for seen, _ in asked]
        if all(seen.known for seen in first):
            asked_in_vain = all(seen.status == 304 for seen in first)
            return _finding(Outcome.NOT_MODIFIED if asked_in_vain else Outcome.UNCHANGED, first)
        # the second answers are kept; the first ones wait to say, should they differ, in what
        waiting = [_packed(page) for _, page in asked]
        del asked
        await asyncio.sleep(self._confirm_delay)
        answers = [await self._look(target, n, part, confirm=True) for n, part in enumerate(known.parts)]
        second = [seen for seen, _ in answers]
        if all(seen.known for seen in second):
            return _finding(Outcome.UNCHANGED, second)
        pages = tuple(page for _, page in answers if page is not None)
        if [seen.text for seen in first] != [seen.text for seen in second]:
            reason = await self._aside(self._why_unstable, [_unpacked(page) for page in waiting], pages)
            return replace(_finding(Outcome.HELD, second, pages), reason=reason)
        return _finding(None, second, pages)

    async def _look(
        self, target: Target, number: int, known: KnownPart, *, confirm: bool = False
    ) -> tuple[Seen, Fetched | None]:
        """Ask for one part; to `confirm`, for the whole of it, whatever is known. Raises `NoPage`, `DownloadFailed`."""
        url = target.addresses[number]
        try:
            # of a page that scripts fill, a 304 says nothing
            answer = await self._ask(target, url, KnownPart() if confirm or target.render else known)
            if answer.status == 304:
                return replace(_seen(url, answer, known.fingerprint), known=True), None
            page, text = await self._read(target, url, known, answer)
        except CrawlError as failure:
            if target.more:
                failure.reason = Message(
                    "part.one", number=number + 1, count=len(target.addresses), url=url[:300], reason=failure.reason
                )
            raise
        return replace(_seen(url, answer, text), known=text is not None and text == known.fingerprint), page

    async def _aside(self, read: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Read in a thread, one page at a time, so that requests go on, and none is late, while a page takes long."""
        async with self._reading:
            return await asyncio.to_thread(read, *args, **kwargs)

    async def _ask(self, target: Target, url: str, known: KnownPart) -> Answer:
        """An answer with a page in it, or 304; raises `NoPage` for any other."""
        if target.render:
            require()
        may_ask = self._leave(target, url)

        def headers_for(url: str) -> Mapping[str, str]:
            return {
                "Accept": "text/html,application/xhtml+xml,application/pdf;q=0.9,*/*;q=0.5",
                "Accept-Language": f"{target.language},*;q=0.5",
                **known.validators(url),
            }

        answer = await self._fetcher.follow(
            url, allow_private=target.allow_private, may_ask=may_ask, headers_for=headers_for
        )
        if answer.status == 304 and known.validators(answer.url):
            return answer
        self._refuse_status(answer)
        if not answer.body.strip():
            raise NoPage(
                Outcome.UNREADABLE,
                Message("answer.empty", host=host_of(answer.url), status=answer.status),
                status=answer.status,
                final_url=answer.url,
            )
        if target.render and "html" in (answer.header("content-type") or "html"):
            return await self._filled(target, url, answer, may_ask)
        return answer

    def _leave(self, target: Target, page: str) -> MayAsk:
        """What asks robots.txt before each request for a page."""
        private_host = host_of(page) if target.allow_private else None

        async def may_ask(url: str) -> None:
            if target.robots == "obey":
                await self._robots.check(url, allow_private=host_of(url) == private_host)

        return may_ask

    async def _filled(self, target: Target, url: str, answer: Answer, may_ask: MayAsk) -> Answer:
        allow_private = target.allow_private and host_of(answer.url) == host_of(url)

        async def ask(piece: str, method: str, headers: dict[str, str], body: bytes) -> Answer:
            return await self._fetcher.piece(
                piece,
                page=answer.url,
                allow_private=allow_private,
                may_ask=may_ask,
                headers=headers,
                method=method,
                body=body,
            )

        return await self._rendering.filled(answer, ask, language=target.language, expand=target.expand)

    def _refuse_status(self, answer: Answer) -> None:
        host, status = host_of(answer.url), answer.status
        if status in {200, 203}:
            return
        not_before = self._fetcher.come_back_at(answer)
        outcome, code, more = Outcome.FAILED, "answer.useless", {}
        if status in _REFUSALS:
            outcome, code = Outcome.BLOCKED, "answer.refused"
            more = {"why": Message(_REFUSALS[status]), "advice": _advice(status, not_before)}
        elif status in {404, 410}:
            outcome, code = Outcome.GONE, "answer.gone"
        elif status in PASSING:
            code = "answer.broken"
        reason = Message(code, host=host, status=status, **more)
        raise NoPage(outcome, reason, status=status, final_url=answer.url, not_before=not_before)

    async def _read(self, target: Target, url: str, known: KnownPart, answer: Answer) -> tuple[Fetched, str | None]:
        """The page and the fingerprint of its text; raises `NoPage` where something else stands in its place."""
        page = fetched(target.document, url, answer)
        text = await self._aside(self._fingerprint_of, page)
        if text is None or text != known.fingerprint:
            what = wall(url, answer)
            if what is not None:
                reason = Message("answer.wall", host=host_of(answer.url), what=what, advice=Message("advice.ask"))
                raise NoPage(Outcome.BLOCKED, reason, status=answer.status, final_url=answer.url)
        return page, text


def _packed(page: Fetched | None) -> Fetched | None:
    """A page that takes little memory for the length of a wait; none where it would take much."""
    if page is None:
        return None
    body = zlib.compress(page.body)
    return replace(page, body=body) if len(body) <= _HELD else None


def _unpacked(page: Fetched | None) -> Fetched | None:
    return None if page is None else replace(page, body=zlib.decompress(page.body))


def _advice(status: int, not_before: datetime | None) -> Message:
    if not_before is not None:
        return Message("advice.until", until=f"{not_before:%Y-%m-%d %H:%M}")
    return Message("advice.later" if status in {429, 503} else "advice.ask")


def fetched(document: str, url: str, answer: Answer) -> Fetched:
    """The page of an answer."""
    kind = answer.header("content-type") or ""
    mime = kind.partition(";")[0].strip().lower()
    if not re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,80}", mime, re.ASCII) or mime == "application/octet-stream":
        mime = "application/pdf" if answer.body.startswith(b"%PDF-") else "text/html"
    charset = re.search(r"charset\s*=\s*[\"']?([\w.:+-]{1,40})", kind, re.ASCII | re.IGNORECASE)
    return Fetched(
        document=document,
        url=url,
        final_url=answer.url,
        status=answer.status,
        headers=[(name, "(not kept)" if name.lower() == _COOKIES else value) for name, value in answer.headers],
        mime=mime,
        charset=charset[1] if charset else None,
        body=answer.body,
    )


def _seen(url: str, answer: Answer, text: str | None) -> Seen:
    return Seen(
        url,
        answer.status,
        answer.url,
        text,
        known=False,
        etag=answer.validator("etag"),
        last_modified=answer.validator("last-modified"),
    )


def _finding(outcome: Outcome | None, seen: Sequence[Seen], pages: tuple[Fetched, ...] = ()) -> Finding:
    return Finding(outcome, status=seen[0].status, final_url=seen[0].final_url, seen=tuple(seen), pages=pages)
