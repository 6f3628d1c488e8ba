"""Why a check brought no page: failures, refusals, login and challenge pages, with reasons that a person understands."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import unquote

from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from yarl import URL

from crawler.markup import SIGNS, sign_in_markup
from crawler.targets import Isolate, directly
from foundation.addresses import host_of
from foundation.vocabulary import Outcome
from messages import Message


class CheckEnded(IgnoreRequest):
    def __init__(
        self,
        outcome: Outcome,
        reason: Message,
        *,
        status: int | None = None,
        final_url: str | None = None,
        not_before: datetime | None = None,
    ) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason
        self.status = status
        self.final_url = final_url
        self.not_before = not_before


class DownloadFailed(CheckEnded):
    """One request brought no usable answer."""

    def __init__(self, reason: Message, *, reached: bool = True) -> None:
        """`reached`: the server answered; otherwise none of its pages can be fetched."""
        super().__init__(Outcome.FAILED, reason)
        self.reached = reached


class TemporaryFailure(DownloadFailed):
    """Worth a retry."""


_LOGIN_WORDS = frozenset(SIGNS["login"]["words"])
_WALL_WORDS = ("password", *SIGNS["captcha"]["marks"], *SIGNS["phrases"]["texts"])
_LARGEST = 512 * 1024  # bytes; larger pages are no form or challenge
_MOST_TAGS = 10_000  # also when nested
_REFUSALS = {
    401: "refusal.login",
    403: "refusal.forbidden",
    407: "refusal.proxy",
    429: "refusal.often",
    451: "refusal.law",
    503: "refusal.unavailable",
    999: "refusal.robot",
}


def refusal(response: Response, not_before: datetime | None) -> CheckEnded | None:
    """By status or an empty body; `not_before` is the end of the server's pause."""
    host, status = host_of(response.url), response.status
    outcome, reason = (
        Outcome.FAILED,
        Message("answer.useless", host=host, status=status),
    )
    if status in {200, 203}:
        if response.body.strip():
            return None
        outcome, reason = (
            Outcome.UNREADABLE,
            Message("answer.empty", host=host, status=status),
        )
    elif status in _REFUSALS:
        why, advice = Message(_REFUSALS[status]), _advice(status, not_before)
        outcome, reason = (
            Outcome.BLOCKED,
            Message(
                "answer.refused", host=host, status=status, why=why, advice=advice
            ),
        )
    elif status in {404, 410}:
        outcome, reason = (
            Outcome.GONE,
            Message("answer.gone", host=host, status=status),
        )
    elif status in {500, 502, 504}:
        reason = Message("answer.broken", host=host, status=status)
    return CheckEnded(
        outcome,
        reason,
        status=status,
        final_url=response.url,
        not_before=not_before,
    )


def _advice(status: int, not_before: datetime | None) -> Message:
    if not_before is not None:
        return Message("advice.until", until=f"{not_before:%Y-%m-%d %H:%M}")
    return Message("advice.later" if status in {429, 503} else "advice.ask")


def block_page(
    asked: str, response: Response, isolate: Isolate = directly
) -> CheckEnded | None:
    """A login or challenge page with status 200; `asked` is the document's URL."""
    sign = block_sign(asked, response, isolate)
    if sign is None:
        return None
    reason = Message(
        "answer.wall",
        host=host_of(response.url),
        what=sign,
        advice=Message("advice.ask"),
    )
    return CheckEnded(
        Outcome.BLOCKED, reason, status=response.status, final_url=response.url
    )


def block_sign(
    asked: str, response: Response, isolate: Isolate = directly
) -> Message | None:
    """As the end of "The site answered with ..."; None if it is the page."""
    if response.url != asked and (_words(response.url) & _LOGIN_WORDS) - _words(
        asked
    ):
        return Message("wall.redirected", url=response.url[:300])
    for name, values in SIGNS["headers"].items():
        if (response.headers.get(name) or b"").decode("latin-1").lower() in values:
            return Message("wall.test")
    body = response.body
    if (
        len(body) > _LARGEST
        or body.count(b"<") > _MOST_TAGS
        or b"<" not in body[:1024]
    ):
        return None
    markup = body.decode("utf-8", "replace").lower()
    if not any(words in markup for words in _WALL_WORDS):  # nearly all pages
        return None
    sign: Message | None = isolate(sign_in_markup, markup)
    return sign


def _words(url: str) -> set[str]:
    parsed = URL(url, encoded=True)
    raw = [*parsed.raw_path.split("/"), (parsed.host or "").partition(".")[0]]
    raw += [
        part
        for pair in parsed.raw_query_string.split("&")
        for part in pair.split("=", 1)
    ]
    return {
        re.sub(r"[-_]|\.[a-z]{2,5}$", "", unquote(part).lower()) for part in raw
    }
