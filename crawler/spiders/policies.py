"""The spider: one check of each document, with a second fetch of a new text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from time import monotonic
from typing import Any, ParamSpec, Self, TypeVar

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.misc import load_object
from twisted.python.failure import Failure

from crawler.extensions import Budget, asked_to_wait, pauses_of
from crawler.failures import CheckEnded, block_page, refusal
from crawler.items import (
    CheckResult,
    PartAnswer,
    PartState,
    PreviousState,
    fetched,
    moved_to,
    part_answer,
)
from crawler.pipelines import previous_states
from crawler.targets import CrawlJob, Target, objection
from foundation.addresses import host_of
from foundation.vocabulary import Outcome
from messages import Message, program_error
from storage.errors import LostLease, UnknownDocument

P = ParamSpec("P")
R = TypeVar("R")


class PoliciesSpider(Spider):
    """A `CheckResult` for each document of the job, or for that of `-a document=ID`, whatever happens. Unforeseen
    exceptions are also kept in `mistakes`.
    """

    name = "policies"

    def __init__(
        self,
        job: CrawlJob,
        now: Callable[[], datetime],
        document: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.now = now
        self.mistakes: list[Exception] = []
        self._targets = [
            target for target in job.targets if document in (None, target.document)
        ]
        if document is not None and not self._targets:
            raise UnknownDocument(
                document, [target.document for target in job.targets]
            )
        self._previous = (
            previous_states(job.database, self._targets, now())
            if job.database
            else {}
        )
        self._reading = asyncio.Lock()

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        job, now = (
            load_object(crawler.settings["POLICYWATCH_JOB"])(),
            crawler.settings["CLOCK"],
        )
        return super().from_crawler(crawler, *args, job=job, now=now, **kwargs)

    async def start(self) -> AsyncIterator[Request | CheckResult]:
        for target in self._targets:
            yield self._begin(target)

    def _begin(self, target: Target) -> Request | CheckResult:
        """The first request, unless an address is wrong or the server asked for a pause."""
        budget = Budget(self.settings.getfloat("CHECK_TIMEOUT"))
        check = CheckResult(
            target.document,
            target=target,
            previous=self._previous.get(target.document)
            or PreviousState(tuple(map(PartState, target.addresses))),
            budget=budget,
        )
        for url in target.addresses:
            if wrong := objection(url):
                return self._end(
                    check,
                    Outcome.FAILED,
                    Message("address.wrong", url=url[:300], wrong=wrong),
                )
        paused_until = check.previous.not_before
        if paused_until is not None and paused_until > self.now():
            return self._end(
                check,
                Outcome.BLOCKED,
                asked_to_wait(host_of(target.url), paused_until),
            )
        return self._request(check, self.parse)

    def _request(
        self, check: CheckResult, callback: Callable[..., Any], *, delay: float = 0
    ) -> Request:
        target = check.target
        # a confirmation needs the whole page, and a 304 says nothing of what scripts fill
        is_conditional = not check.unconfirmed and not target.render
        return Request(
            check.url,
            callback=callback,
            errback=self.failed,
            cb_kwargs={"check": check},
            headers={"Accept-Language": f"{target.language},*;q=0.5"},
            meta={
                "delay": delay,
                "budget": check.budget,
                "private_host": host_of(check.url)
                if target.allow_private
                else None,
                "dont_obey_robotstxt": target.robots == "ignore",
                "previous": check.previous_part if is_conditional else None,
                "render": target.render,
                "expand": target.expand,
                "language": target.language,
            },
        )

    async def parse(
        self, response: Response, check: CheckResult
    ) -> Request | CheckResult:
        """If a text is new, all parts are fetched again after a delay."""
        await self._take(response, check)
        if not check.is_complete:
            return self._request(check, self.parse)
        if check.is_unchanged:
            all_not_modified = all(answer.status == 304 for answer in check.answers)
            return self._end(
                check,
                Outcome.NOT_MODIFIED if all_not_modified else Outcome.UNCHANGED,
            )
        if self.job.database is None:
            return self._end(check, None)
        check.await_confirmation()
        return self._request(
            check,
            self.parse_confirmation,
            delay=self.settings.getfloat("CONFIRM_DELAY"),
        )

    async def parse_confirmation(
        self, response: Response, check: CheckResult
    ) -> Request | CheckResult:
        """Passages that only one answer has are held still."""
        await self._take(response, check)
        if not check.is_complete:
            return self._request(check, self.parse_confirmation)
        if check.is_unchanged:
            return self._end(check, Outcome.UNCHANGED)
        if check.is_confirmed:
            return self._end(check, None)
        first = [answer.page for answer in check.first_answers]
        settled = await self._in_thread(self.job.settle, first, check.pages)
        if isinstance(settled, Message):
            return self._end(check, Outcome.HELD, settled)
        check.differing = settled
        return self._end(check, None)

    def failed(self, failure: Failure) -> CheckResult:
        check: CheckResult = failure.request.cb_kwargs["check"]  # type: ignore[attr-defined]
        error = failure.value
        if isinstance(error, LostLease):
            return self._end(
                check, Outcome.FAILED
            )  # storing it fails, and ends the crawl
        if not isinstance(error, CheckEnded):
            assert isinstance(error, Exception)
            self.mistakes.append(error)
            self.logger.error(
                "%s: a mistake of policywatch", check.document, exc_info=error
            )
            return self._end(check, Outcome.FAILED, program_error(error))
        reason = error.reason
        if check.target.more:
            number, count = len(check.answers) + 1, len(check.target.addresses)
            reason = Message(
                "part.one",
                number=number,
                count=count,
                url=check.url[:300],
                reason=reason,
            )
        check.status, check.final_url, check.not_before = (
            error.status,
            error.final_url,
            error.not_before,
        )
        return self._end(check, error.outcome, reason)

    async def _take(self, response: Response, check: CheckResult) -> None:
        """Raises `CheckEnded`."""
        sent = response.meta["previous"]
        check.moved_to = (
            None if check.target.more else moved_to(response, check.url)
        )
        if (
            response.status == 304
            and sent is not None
            and sent.conditions(response.url)
        ):
            check.answers.append(PartAnswer(sent, response.status))
            return
        if ended := refusal(response, pauses_of(self.crawler).until(response)):
            raise ended
        page = fetched(check.document, check.url, response)
        before = check.answer_before
        if (
            before is not None
            and before.page is not None
            and before.page.reads_as(page)
        ):
            check.answers.append(before)
            return
        known = (
            before.state.fingerprint if before else check.previous_part.fingerprint
        )
        fingerprint = await self._in_thread(self.job.fingerprint_of, page, known)
        if (
            before is not None
            and fingerprint.markup is not None
            and fingerprint == known
        ):
            check.answers.append(before)  # extracted already
            return
        is_new = (
            fingerprint.text is None or fingerprint.text != check.previous_part.text
        )
        if is_new and (
            ended := await self._in_thread(
                block_page, check.url, response, self.job.isolate
            )
        ):
            raise ended
        check.answers.append(part_answer(page, response, fingerprint))

    async def _in_thread(
        self, read: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """So that requests go on meanwhile."""
        async with self._reading:
            return await asyncio.to_thread(read, *args, **kwargs)

    def _end(
        self,
        check: CheckResult,
        outcome: Outcome | None,
        reason: Message | None = None,
    ) -> CheckResult:
        check.outcome, check.reason = outcome, reason
        check.at, check.seconds = self.now(), monotonic() - check.began
        if check.is_complete:
            check.status, check.final_url = (
                check.answers[0].status,
                check.answers[0].state.final_url,
            )
        return check
